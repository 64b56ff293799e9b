"""mesh-handshake: an ALERT right behind a Meshtastic node's database, from the port to the broker's socket; and what 500 nodes cost."""
import os
import subprocess
import time

import common
import daemon
import plot
from common import progress
from radio_to_broker import daemon_said

ENTRIES, KNOWN = 200, 500
SETTLE_S = 3
ALERT_PORT = 11

GATEWAY = """gateway: {{name: gw1, operation: op, state_dir: {folder}, socket: {folder}/control.sock}}
uplink:
  brokers:
    - {{host: 127.0.0.1, port: {port}}}
radios:
  mesh: {{device: {device}, modem: meshtastic, air: meshtastic}}
"""


# ---- frames, by the numbers of the protocol ----

def varint(value):
    data = b""
    while value > 127:
        data += bytes([value & 127 | 128])
        value >>= 7
    return data + bytes([value])


def field(number, value):
    """An integer as varint, bytes with their length."""
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value)


def fixed(number, value):
    return varint(number << 3 | 5) + value.to_bytes(4, "little")


def frame(content):
    return b"\x94\xc3" + len(content).to_bytes(2, "big") + content


def short_name(number):
    return f"{number & 0xffff:04x}"


def node_info(number):
    user = field(1, f"!{number:08x}".encode()) + field(2, f"Team {number & 0xffff}".encode()) + field(3, short_name(number).encode()) + \
        field(5, 43) + field(8, bytes(range(32)))
    position = fixed(1, 155963000) + fixed(2, 325342000) + fixed(4, int(time.time()))
    return frame(field(4, field(1, number) + field(2, user) + field(3, position) + fixed(5, int(time.time()))))


def alert(station, packet_id):
    data = field(1, ALERT_PORT) + field(2, b"fire at the depot")
    packet = fixed(1, station) + fixed(2, 0xffffffff) + field(4, data) + fixed(6, packet_id) + fixed(7, int(time.time())) + field(9, 2) + field(15, 3)
    return frame(field(2, packet))


def line(index):
    """What distress_path reads: the database, then the alert, and the id by which the gateway will name it."""
    station = 0x43000000 + index
    entries = b"".join(node_info(0x50000000 + number) for number in range(ENTRIES))
    return f"{entries.hex()}+{alert(station, 0x1000 + index).hex()} mt-{station:08x}-{0x1000 + index:08x}"


class Gateway:
    """A cressetd with one node on a timed pty, between a timed connection and a real broker."""

    def __init__(self, workshop):
        self.workshop = workshop
        broker = daemon.local_broker(workshop, "broker")
        self.subscriber = daemon.Subscriber(workshop, "subscriber", broker, "cresset/v1/+/sec/#")
        self.path = workshop.start("path", [common.program("distress_path"), f"--broker={broker}", "--rate=1"],
                                   stdin=subprocess.PIPE, text=True)
        said = common.wait_until(lambda: daemon_said(workshop, "path.out"), 5, "distress_path")[0]
        folder = workshop.path("state")
        os.mkdir(folder)
        config = workshop.write("cressetd.yaml", GATEWAY.format(folder=folder, port=said["port"], device=said["device"]))
        self.child = workshop.start("cressetd", [common.program("cressetd"), "--config", config])
        common.wait_until(lambda: "connected" in workshop.text("cressetd.err"), 30, "cressetd finds the broker")
        time.sleep(SETTLE_S)

    def shoot(self, lines):
        """How long each took, in ms; -1 = it did not come."""
        self.path.stdin.write("\n".join(lines) + "\n\n")
        self.path.stdin.flush()
        answers = common.wait_until(lambda: len(found := daemon_said(self.workshop, "path.out")[1:]) == len(lines) and found,
                                    len(lines) + 60, "all alerts to pass")
        self.workshop.check(self.child)
        return [answer["us"] / 1e3 for answer in answers]

    def resident_kib(self):
        return common.status_number(self.child.pid, "VmRSS")


def report_burst(count, report):
    progress(f"mesh-handshake: {count} times {ENTRIES} entries and an ALERT")
    with common.Workshop() as workshop:
        gateway = Gateway(workshop)
        latencies = gateway.shoot([line(index) for index in range(count)])
        passed = [ms for ms in latencies if ms >= 0]
        arrived = gateway.subscriber.wait_for(count, b'"kind":"alert"')
    report.add("cresset", "burst", "sent", count, "alerts")
    report.add("cresset", "burst", "received", min(arrived, len(passed)), "alerts")
    for metric, part in (("p50", .5), ("p99", .99), ("max", 1)):
        report.add("cresset", "burst", metric, common.percentile(passed, part), "ms")
    report.target("burst", "received", "==", count, "every ALERT passes")
    report.target("burst", "p99", "<=", 5, "from the port to the socket")
    return passed


def report_nodes(report):
    progress(f"mesh-handshake: memory with {KNOWN} nodes")
    with common.Workshop() as workshop:
        gateway = Gateway(workshop)
        before = gateway.resident_kib()
        first = 0x50000000
        entries = b"".join(node_info(first + number) for number in range(KNOWN))
        if gateway.shoot([f"{entries.hex()}+{alert(first, 1).hex()} mt-{first:08x}-00000001"])[0] < 0:
            raise common.BenchError("the alert behind the entries did not come")
        report.add("cresset", "nodes", "rss_kib", gateway.resident_kib() - before, "KiB")
        # By the name of the first entry it can be seen that all are known still.
        if gateway.subscriber.wait_for(1, f'"callsign":"{short_name(first)}"'.encode()) < 1:
            raise common.BenchError("the alert came without the name of its sender: the entries are not known")
    report.target("nodes", "rss_kib", "<=", 2048, f"{KNOWN} nodes known")


def run(options, report):
    cases = options.chosen(options.cases, ["burst", "nodes"])
    results = {}
    if "burst" in cases:
        results["burst"] = report_burst(int(options.seconds or 60), report)
    if "nodes" in cases:
        report_nodes(report)
    if options.plot and results:
        plot.latencies(options.plot, {"ALERT, port to socket": (0.1, results)})
