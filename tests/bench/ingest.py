"""ingest: KISS frames as fast as they are taken, to a broker on loopback; beside it a bare publishing loop, and aprx on the same frames."""
import json
import re
import socket
import threading
import time

import common
import daemon
import plot
from common import progress

FRAMES = 30000
RATE = 1000  # of the second case, frames a second
NUMBER = re.compile(rb">?n=(\d{8}) t=(\d+)")
PAYLOAD_NUMBER = re.compile(r"n=(\d{8}) t=(\d+)")


def flood_options(rate, count):
    return [f"--count={count}"] + ([f"--rate={rate}"] if rate else [])


def latencies_ms(pairs):
    return [(received - int(sent) / 1e9) * 1e3 for received, sent in pairs]


def run_cresset(rate, count):
    """Figures of cressetd, and topic and size of what it publishes for a frame."""
    with common.Workshop() as workshop:
        broker = daemon.local_broker(workshop, "broker")
        subscriber = daemon.Subscriber(workshop, "subscriber", broker)
        flood = daemon.Flood(workshop, "tnc", *flood_options(rate, count))
        child = daemon.start(workshop, "cressetd", flood.place["port"], broker)
        flood.go()
        before = common.cpu_us(child.pid)
        begin = time.time()
        flood.wait(300)
        subscriber.wait_for(count, b"n=0")
        spent = common.cpu_us(child.pid) - before
        workshop.check(child)
        drops = {name: value for (_, name), value in daemon.counters(workshop, "cressetd").items() if "drop." in name and value}
        if drops:
            progress(f"ingest: cressetd says what it dropped: {drops}")
        found, sample = {}, None
        for received, topic, payload in subscriber.lines():
            if match := PAYLOAD_NUMBER.search(payload):
                found.setdefault(match[1], (received, match[2]))
                sample = topic, len(payload)
    return summary(count, found, spent, begin, rate), sample


def summary(count, found, cpu_us, begin, rate):
    values = {"sent": (count, "frames"), "received": (len(found), "frames"), "lost": (count - len(found), "frames"),
              "cpu_us_per_frame": (cpu_us / count, "us")}
    if rate:
        delays = latencies_ms(found.values())
        values |= {"p50": (common.percentile(delays, .5), "ms"), "p99": (common.percentile(delays, .99), "ms")}
    else:
        took = max((received for received, _ in found.values()), default=begin) - begin
        values["throughput"] = (len(found) / took if took > 0 else 0, "frames/s")
    return values


def run_bare(count, topic, size):
    """The same payload bytes the same number of times to a broker with the same subscriber, and nothing else."""
    with common.Workshop() as workshop:
        broker = daemon.local_broker(workshop, "broker")
        daemon.Subscriber(workshop, "subscriber", broker)
        begin = time.monotonic()
        child = workshop.start("bare", [common.program("bare_publish"), f"--port={broker}", f"--topic={topic}",
                                        f"--size={size}", f"--count={count}"])
        child.wait()
        took = time.monotonic() - begin
        if child.returncode:
            workshop.check(child)
        said = json.loads(workshop.text("bare.out"))
    return {"sent": (count, "frames"), "received": (said["published"], "frames"),
            "cpu_us_per_frame": (said["cpu_us"] / count, "us"), "throughput": (count / took, "frames/s"),
            "payload": (size, "bytes")}


class AprsServer:
    """A sink that greets like an APRS-IS server, confirms the login and keeps what it is sent, with times."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.found = {}
        self.logged_in = threading.Event()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        peer, _ = self.listener.accept()
        peer.sendall(b"# aprsc 2.1.11\r\n")
        rest = b""
        while data := peer.recv(1 << 16):
            now = time.time()
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                if line.startswith(b"user "):
                    peer.sendall(b"# logresp N0AXX-1 verified, server T2BENCH\r\n")
                    self.logged_in.set()
                elif match := NUMBER.search(line):
                    self.found.setdefault(match[1], (now, match[2]))

    def wait_for(self, count, quiet_s=5):
        seen, changed = -1, time.monotonic()
        while len(self.found) < count and time.monotonic() - changed < quiet_s:
            if len(self.found) != seen:
                seen, changed = len(self.found), time.monotonic()
            time.sleep(0.1)


APRX = """mycall N0AXX-1
<aprsis>
  login N0AXX-1
  passcode 12345
  server 127.0.0.1 {port}
</aprsis>
<logging>
  pidfile {folder}/aprx.pid
  rflog {folder}/rf.log
  aprxlog {folder}/aprx.log
</logging>
<interface>
  serial-device {device} 115200 8n1 KISS
  callsign N0AXX-1
  tx-ok false
</interface>
"""


def run_aprx(rate, count):
    with common.Workshop() as workshop:
        server = AprsServer()
        flood = daemon.Flood(workshop, "tnc", "--pty", *flood_options(rate, count))
        config = workshop.write("aprx.conf", APRX.format(port=server.port, folder=workshop.folder.name,
                                                         device=flood.place["device"]))
        child = workshop.start("aprx", [common.system_program("aprx"), "-i", "-f", config])
        progress("ingest: aprx connects ten seconds after its start")
        common.wait_until(server.logged_in.is_set, 40, "aprx to log in")
        time.sleep(1)
        flood.go()
        before = common.cpu_us(child.pid)
        begin = time.time()
        flood.wait(300)
        server.wait_for(count)
        workshop.check(child)
        spent = common.cpu_us(child.pid) - before
        found = {number: (when, sent) for number, (when, sent) in server.found.items()}
    return summary(count, found, spent, begin, rate)


def run_case(case, rate, count, systems, report):
    results = {}
    if "cresset" in systems:
        progress(f"ingest: {case}, cresset")
        results["cresset"], (topic, size) = run_cresset(rate, count)
    else:
        topic, size = "cresset/v1/op/org/unassigned/gw1/text/N0AAA-15", 400
    if "bare-loop" in systems and not rate:
        progress(f"ingest: {case}, bare loop")
        results["bare-loop"] = run_bare(count, topic, size)
    if "aprx" in systems:
        progress(f"ingest: {case}, aprx")
        results["aprx"] = run_aprx(rate, count)
    for system, values in results.items():
        for metric, (value, unit) in values.items():
            report.add(system, case, metric, value, unit)
    return results


def run(options, report):
    systems = options.chosen(options.systems, ["cresset", "bare-loop", "aprx"])
    seconds = options.seconds or 10
    cases = {"flat-out": (0, FRAMES), "1000/s": (RATE, int(RATE * seconds))}
    for case in options.chosen(options.cases, list(cases)):
        run_case(case, *cases[case], systems, report)
        report.target(case, "lost", "==", 0, "none lost")
    bare = report.value("bare-loop", "flat-out", "cpu_us_per_frame")
    report.target("flat-out", "cpu_us_per_frame", "<=", bare and 2.5 * bare, "2.5 x the bare loop")
    if options.plot:
        plot.bars(options.plot, "processor time a frame, flat out", "us", {
            system: value for system in systems if (value := report.value(system, "flat-out", "cpu_us_per_frame"))})
