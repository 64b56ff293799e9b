"""alert-latency: alerts through an uplink that bulk saturates, against brokers that bridge.

Every system gets a link of its own (link.c) with a real broker and one subscriber at headquarters. Percentiles are over all alerts
sent: one that has not arrived when the run ends counts with the time it has waited until then, so that losing alerts never makes
a figure better.
"""
import collections
import time

import common
import plot
import rate_change
from common import BenchError, progress

BULK_BYTES, ALERT_BYTES, ALERT_RATE = 200, 100, 5
ALERT_TOPIC = "cresset/v1/op/sec/gw1/distress/N0CALL-7"
TCP_IP_BYTES = 20 + 20 + 12  # IPv4, TCP, the time stamp option
SETTLE_S, DRAIN_S = 20, 8
BACKLOG = 1000
STATIONS = 16
LATER = 10
LATE_SHARE = 0.002
NS = 1e9

Case = collections.namedtuple("Case", "name rate_bps delay_ms loss")
CASES = (Case("64k", 64000, 0, 0), Case("64k-600ms-1%", 64000, 300, 0.01), Case("256k-600ms-1%", 256000, 300, 0.01))
Arrival = collections.namedtuple("Arrival", "number sent_ns received_ns size")

HQ = """listener 1883 0.0.0.0
max_topic_alias 1000
allow_anonymous true
persistence false
max_inflight_messages 1000
max_queued_messages 0
set_tcp_nodelay true
"""
FIELD = "listener 1883 127.0.0.1\nallow_anonymous true\npersistence false\n"


def bridge(name, topics):
    return f"connection {name}\naddress 10.77.0.2:1883\ntopic cresset/v1/op/{topics}/# out 1\n"


UNLIMITED = "max_queued_messages 0\nset_tcp_nodelay true\n"
TWO = bridge("alerts", "sec") + bridge("bulk", "track")
# What each peer's field broker adds to FIELD.
PEERS = {
    "bridge-default": "connection hq\naddress 10.77.0.2:1883\ntopic cresset/v1/op/# out 1\n",
    "bridge-unlimited": UNLIMITED + "max_inflight_messages 0\nconnection hq\naddress 10.77.0.2:1883\n"
                                    "topic cresset/v1/op/# out 1\n",
    "two-bridges": UNLIMITED + "max_inflight_messages 1\n" + TWO,
    "two-bridges-20": UNLIMITED + "max_inflight_messages 20\n" + TWO,
}


def alert_wire_bytes():
    """An alert as MQTT 3.1.1 carries it, alone in its packet; the same floor for all, whatever their own packets hold."""
    remaining = 2 + len(ALERT_TOPIC) + 2 + ALERT_BYTES
    return 1 + (1 if remaining < 128 else 2) + remaining + TCP_IP_BYTES


def floor_ms(case):
    return case.delay_ms + alert_wire_bytes() * 8e3 / case.rate_bps


def offered_bulk(case):
    """Messages a second, about 1.5 times what the link carries: the backlog never empties."""
    return 1.5 * case.rate_bps / 8 / 240


class Run:
    """One system on one link, from its start to its figures."""

    def __init__(self, workshop, system, case, seconds):
        self.workshop, self.system, self.case, self.seconds = workshop, system, case, seconds
        self.name = f"{system}-{case.name}"
        self.link = common.Link(workshop, self.name + "-link", case.rate_bps, case.delay_ms, case.loss)
        workshop.broker(self.name + "-hq", HQ, self.link.hq)
        self.listener = workshop.start(self.name + "-listen", [common.program("hq_listen")], self.link.hq)
        common.wait_until(lambda: "ready" in workshop.text(self.name + "-listen.out"), 10, "the subscriber")
        self.feed = self.start_feed()

    def start_feed(self):
        options = [f"--seconds={SETTLE_S + self.seconds + DRAIN_S}", f"--bulk-size={BULK_BYTES}",
                   f"--alert-size={ALERT_BYTES}", f"--alerts={self.alerts()}", f"--alert-rate={ALERT_RATE}",
                   f"--settle={SETTLE_S}"]
        if self.system == "cresset":
            command = [common.program("uplink_feed"), "--host=10.77.0.2", "--port=1883", *options]
            return self.workshop.start(self.name + "-feed", command, self.link.field)
        self.workshop.broker(self.name + "-field", FIELD + PEERS[self.system], self.link.field)
        command = [common.program("peer_feed"), f"--backlog={BACKLOG}", f"--bulk-rate={offered_bulk(self.case)}", *options]
        return self.workshop.start(self.name + "-feed", command, self.link.field)

    def alerts(self):
        return int(self.seconds * ALERT_RATE)

    def done(self):
        self.workshop.check(self.listener)
        if self.feed.poll() not in (None, 0):
            self.workshop.check(self.feed)
        return self.feed.poll() is not None

    def arrivals(self):
        """Messages that arrived, each number once, by class."""
        found = {"alert": {}, "bulk": {}}
        for line in self.workshop.text(self.name + "-listen.out").splitlines():
            fields = line.split()
            if len(fields) == 5:
                arrival = Arrival(*map(int, fields[1:]))
                found[fields[0]].setdefault(arrival.number, arrival)
        return found

    def figures(self, end_ns):
        """The metrics of this run, {name: (value, unit)}, and the latencies in ms of all alerts, those that still wait included."""
        found = self.arrivals()
        alerts, bulk = found["alert"], found["bulk"]
        latencies, begin_ns = self.latencies(alerts, end_ns)
        last_ns = begin_ns + self.seconds * NS
        counted = [a for a in bulk.values() if begin_ns <= a.received_ns < last_ns]
        stats = self.link.stats()
        late, packets = (sum(stats[way][what] for way in ("a_to_b", "b_to_a")) for what in ("late_packets", "packets"))
        values = {name: (common.percentile(latencies, share), "ms")
                  for name, share in (("p50", .5), ("p95", .95), ("p99", .99), ("max", 1))}
        values |= {"floor": (floor_ms(self.case), "ms"), "sent": (self.alerts(), "alerts"), "received": (len(alerts), "alerts"),
                   "bulk_rate": (len(counted) / self.seconds, "messages/s"), "bulk_lost": (overtaken(bulk), "messages"),
                   "emulator_late": (late / max(packets, 1), "of packets")}
        return values, latencies

    def latencies(self, alerts, end_ns):
        """Latency of every alert sent (ms) and when the first was sent. They are sent on the dot, so one tells when all were."""
        if not alerts:
            begin_ns = end_ns - (self.seconds + DRAIN_S) * NS
        else:
            first = min(alerts.values())
            begin_ns = first.sent_ns - first.number * NS / ALERT_RATE
        latencies = []
        for number in range(self.alerts()):
            arrival = alerts.get(number)
            sent_ns = arrival.sent_ns if arrival else begin_ns + number * NS / ALERT_RATE
            latencies.append(((arrival.received_ns if arrival else end_ns) - sent_ns) / 1e6)
        return latencies, begin_ns


def overtaken(bulk):
    """Messages lost: those that never came although LATER later ones of the same station did. One or two do not count, because a
    mosquitto whose window is full now and then sends a new message ahead of its queue."""
    missing = 0
    for station in range(STATIONS):
        numbers = sorted(number for number in bulk if number % STATIONS == station)
        if len(numbers) > LATER:
            settled = numbers[:-LATER]
            missing += (settled[-1] - station) // STATIONS + 1 - len(settled)
    return missing


def run_case(case, systems, seconds):
    """All systems at once, each on its own link. Returns {system: (figures, latencies)}, the shares of the processors that were busy
    and stolen, and the congestion control of TCP."""
    with common.Workshop() as workshop:
        busy = common.processor_shares()
        runs = [Run(workshop, system, case, seconds) for system in systems]
        begin = time.monotonic()
        length = SETTLE_S + seconds + DRAIN_S
        told = begin
        while not all([run.done() for run in runs]):
            if time.monotonic() > begin + length + 30:
                raise BenchError(f"{case.name}: a feed does not end")
            if time.monotonic() > told + 10:
                told = time.monotonic()
                progress(f"{case.name}: {told - begin:.0f} of {length:.0f} s, "
                         + ", ".join(f"{r.system} {len(r.arrivals()['alert'])}" for r in runs) + " alerts there")
            time.sleep(0.2)
        end_ns = time.monotonic_ns()
        shares = busy()
        return {run.system: run.figures(end_ns) for run in runs}, shares, runs[0].link.congestion


def bulk_share(case):
    """The part of the unlimited bridge's bulk that we want to carry beside fast alerts."""
    return 0.8 if case.rate_bps <= 64000 else 0.9


def report_case(case, results, report):
    late = max(values["emulator_late"][0] for values, _ in results.values())
    if late > LATE_SHARE:
        progress(f"{case.name}: this machine was too busy: up to {late:.1%} of the packets left the link emulator more than "
                 "5 ms late. Alerts look later than they were; measure again when nothing else runs.")
    for system, (values, _) in results.items():
        for metric, (value, unit) in values.items():
            report.add(system, case.name, metric, value, unit)
    floor, fifo = floor_ms(case), report.value("bridge-unlimited", case.name, "bulk_rate")
    report.target(case.name, "received", "==", report.value("cresset", case.name, "sent"), "all alerts arrive")
    report.target(case.name, "bulk_lost", "==", 0, "no bulk is lost")
    if case.delay_ms:
        share = bulk_share(case)
        report.target(case.name, "p50", "<=", 1.3 * floor, "1.3 x floor")
        report.target(case.name, "p95", "<=", 2.2 * floor, "2.2 x floor")
        report.target(case.name, "bulk_rate", ">=", fifo and share * fifo, f"{share:.0%} of bridge-unlimited")
    else:
        report.target(case.name, "p99", "<=", 60, "60 ms")
        report.target(case.name, "bulk_rate", ">", report.value("two-bridges", case.name, "bulk_rate"), "more than two-bridges")


def bulk_wire_bytes():
    """A bulk message as MQTT 3.1.1 carries it, alone in its packet."""
    remaining = 2 + len("cresset/v1/op/track/gw1/N0CALL-00") + 2 + BULK_BYTES
    return 1 + (1 if remaining < 128 else 2) + remaining + TCP_IP_BYTES


def room_for_bulk(case, factor, report):
    """Bulk a second that fits on that part of the link beside all alerts, as the unlimited bridge fills the whole link: alerts do not
    become fewer because the link became slower."""
    fifo = report.value("bridge-unlimited", case.name, "bulk_rate")
    if not fifo:
        return None
    alert_as_bulk = alert_wire_bytes() / bulk_wire_bytes()
    alerts = report.value("bridge-unlimited", case.name, "received") / (report.value("bridge-unlimited", case.name, "sent") / ALERT_RATE)
    return fifo if factor == 1 else factor * (fifo + alerts * alert_as_bulk) - ALERT_RATE * alert_as_bulk


def report_rate_changes(cases, report):
    results = rate_change.measure(lambda workshop, case, seconds: Run(workshop, "cresset", case, seconds), cases, SETTLE_S,
                                  ALERT_RATE)
    for case in cases:
        for phase, _, _, factor in rate_change.PHASES:
            name = f"{case.name}-{phase}"
            for metric, (value, unit) in results[case.name][phase].items():
                report.add("cresset", name, metric, value, unit)
            share, room = bulk_share(case), room_for_bulk(case, factor, report)
            report.target(name, "rate_found", "<=", 30, "the rate of the link is found")
            report.target(name, "bulk_rate", ">=", room and share * room, f"{share:.0%} of what fits beside the alerts")


def run(options, report):
    systems = options.chosen(options.systems, ["cresset", *PEERS])
    cases = options.chosen(options.cases, [case.name for case in CASES])
    seconds = options.seconds or 60
    latencies = {}
    for case in CASES:
        if case.name not in cases:
            continue
        results, (busy, stolen), congestion = run_case(case, systems, seconds)
        if not latencies:
            report.add("machine", "", "congestion_control", congestion, "")
        report.add("machine", case.name, "processors_busy", busy, "of 1")
        report.add("machine", case.name, "processors_stolen", stolen, "of 1")
        report_case(case, results, report)
        latencies[case] = {system: values for system, (_, values) in results.items()}
    changing = [case for case in latencies if case.delay_ms]
    if "cresset" in systems and changing and not options.seconds:
        report_rate_changes(changing, report)
    if options.plot:
        plot.latencies(options.plot, {case.name: (floor_ms(case), values) for case, values in latencies.items()})
