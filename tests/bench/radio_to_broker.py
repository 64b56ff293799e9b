"""radio-to-broker: from the last byte of a distress datagram at the port to its PUBLISH out of the gateway's socket, idle and while
three other radios receive flat out; and what one more radio costs in memory."""
import importlib.machinery
import importlib.util
import json
import os
import subprocess
import sys
import time

import common
import daemon
import plot
from common import progress

RATE, SETTLE_S = 20, 3
STATION = 4660
BUSY_RADIOS = 3
MORE_RADIOS = 8  # beside one, for the memory of each
FLOOD_COUNT = 100_000_000  # more than any run takes
LIMITS_MS = {"idle": 2, "busy": 5}

GATEWAY = """gateway: {{name: gw1, operation: op, state_dir: {folder}, socket: {folder}/control.sock}}
uplink:
  brokers:
    - {{host: 127.0.0.1, port: {port}}}
field: {{keys: {keys}}}
radios:
"""
KEY_FILE = '{{"format": "cresset keys 1", "master": "{master}", "stations": []}}\n'
FIELD_RADIO = "  lora: {{device: {device}, modem: kiss, air: field, field: {{carriage: ax25}}}}\n"
APRS_RADIO = "  vhf{number}: {{device: {device}, modem: kiss, air: aprs}}\n"


def vectors():
    """tests/vectors/make-field as a module: a maker of field frames that shares nothing with the gateway."""
    sys.dont_write_bytecode = True
    loader = importlib.machinery.SourceFileLoader("make_field", os.path.join(common.SOURCE_DIR, "tests", "vectors", "make-field"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("make_field", loader))
    loader.exec_module(module)
    return module


def ax25(information):
    """A UI frame from N0CALL-7, PID F0, and KISS around it."""
    def address(call, ssid, last):
        return bytes(ord(letter) << 1 for letter in call.ljust(6)) + bytes([0x60 | ssid << 1 | last])
    frame = b"\0" + address("APZCRF", 0, 0) + address("N0CALL", 7, 1) + b"\x03\xf0" + information
    return b"\xc0" + frame.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"


def distress_lines(count):
    """What distress_path reads: KISS bytes, and the id by which the gateway will name each."""
    make = vectors()
    body = make.pack_body("distress", {"nature": 7, "persons": 1, "battery_pct": 80, "lat_e7": 33456789, "lon_e7": 365432100,
                                       "fix_age_10s": 1, "accuracy_10m": 1})
    lines = []
    for counter in range(100001, 100001 + count):
        frame = make.Frame("distress", STATION, counter, body, position=1, time=int(time.time()), epoch=0)
        lines.append(f"{ax25(frame.seal()).hex()} f-{STATION}-{counter}")
    return lines, make.MASTER


def key_file(workshop, master):
    path = workshop.write("keys.json", KEY_FILE.format(master=master.hex()))
    os.chmod(path, 0o600)
    return path


class Gateway:
    """A cressetd between a timed pty and a timed connection, with a real broker behind."""

    def __init__(self, workshop, count, flooded, idle_radios=0):
        self.workshop = workshop
        broker = daemon.local_broker(workshop, "broker")
        self.subscriber = daemon.Subscriber(workshop, "subscriber", broker, "cresset/v1/+/sec/#")
        self.lines, master = distress_lines(count)
        self.path = workshop.start("path", [common.program("distress_path"), f"--broker={broker}", f"--rate={RATE}"],
                                   stdin=subprocess.PIPE, text=True)
        said = common.wait_until(lambda: daemon_said(workshop, "path.out"), 5, "distress_path")[0]
        self.floods = [daemon.Flood(workshop, f"tnc{i}", "--pty", f"--count={FLOOD_COUNT}") for i in range(flooded)]
        idle = [daemon.Flood(workshop, f"quiet{i}", "--pty") for i in range(idle_radios)]
        radios = FIELD_RADIO.format(device=said["device"]) + "".join(
            APRS_RADIO.format(number=i, device=flood.place["device"]) for i, flood in enumerate(self.floods + idle))
        folder = workshop.folder.name + "/state"
        os.mkdir(folder)
        config = workshop.write("cressetd.yaml", GATEWAY.format(folder=folder, port=said["port"],
                                                                keys=key_file(workshop, master)) + radios)
        self.child = workshop.start("cressetd", [common.program("cressetd"), "--config", config])
        common.wait_until(lambda: "connected" in workshop.text("cressetd.err"), 30, "cressetd finds the broker")
        for number in range(flooded + idle_radios):
            common.wait_until(lambda number=number: f"vhf{number}: up" in workshop.text("cressetd.err"), 30, f"radio vhf{number}")
        common.wait_until(lambda: "lora: up" in workshop.text("cressetd.err"), 30, "radio lora")
        time.sleep(SETTLE_S)

    def latencies_ms(self):
        for flood in self.floods:
            flood.go()
        if self.floods:
            time.sleep(SETTLE_S)
        self.path.stdin.write("\n".join(self.lines) + "\n\n")
        self.path.stdin.flush()
        answers = common.wait_until(lambda: len(found := daemon_said(self.workshop, "path.out")[1:]) == len(self.lines) and found,
                                    len(self.lines) / RATE + 60, "all distress to pass")
        self.workshop.check(self.child)
        return [answer["us"] / 1e3 for answer in answers]

    def heard(self):
        """Frames that the flooded radios heard so far."""
        said = subprocess.run([common.program("cresset"), "status", "--json", "--socket", self.workshop.folder.name + "/state/control.sock"],
                              capture_output=True, text=True, check=True).stdout
        return sum(radio["datagrams"] for radio in json.loads(said)["radios"] if radio["name"] != "lora")


def daemon_said(workshop, name):
    return [json.loads(line) for line in workshop.text(name).splitlines() if line.endswith("}")]


def report_case(case, count, report):
    progress(f"radio-to-broker: {count} times DISTRESS, {case}")
    with common.Workshop() as workshop:
        gateway = Gateway(workshop, count, BUSY_RADIOS if case == "busy" else 0)
        busy, begun, before = common.processor_shares(), time.monotonic(), gateway.heard()
        latencies = gateway.latencies_ms()
        beside = (gateway.heard() - before) / (time.monotonic() - begun)
        share, _ = busy()
        passed = [ms for ms in latencies if ms >= 0]
        arrived = gateway.subscriber.wait_for(count, b'"kind":"distress"')
    report.add("cresset", case, "sent", count, "alerts")
    report.add("cresset", case, "received", min(arrived, len(passed)), "alerts")
    for metric, part in (("p50", .5), ("p99", .99), ("max", 1)):
        report.add("cresset", case, metric, common.percentile(passed, part), "ms")
    report.add("cresset", case, "beside", beside, "frames/s")
    report.add("machine", case, "processors_busy", share, "of 1")
    report.target(case, "received", "==", count, "every DISTRESS passes")
    report.target(case, "p99", "<=", LIMITS_MS[case], "from the port to the socket")
    return passed


def resident_kib(radios):
    with common.Workshop() as workshop:
        gateway = Gateway(workshop, 0, 0, radios)
        return common.status_number(gateway.child.pid, "VmRSS")


def report_memory(report):
    progress(f"radio-to-broker: memory with one radio, then with {MORE_RADIOS} more")
    each = (resident_kib(MORE_RADIOS) - resident_kib(0)) / MORE_RADIOS
    report.add("cresset", "one-more-radio", "rss_kib", each, "KiB")
    report.target("one-more-radio", "rss_kib", "<=", 100, "one more radio")


def run(options, report):
    cases = options.chosen(options.cases, ["idle", "busy", "one-more-radio"])
    count = int(RATE * (options.seconds or 50))
    results = {case: report_case(case, count, report) for case in cases if case in LIMITS_MS}
    if "one-more-radio" in cases:
        report_memory(report)
    if options.plot and results:
        plot.latencies(options.plot, {"DISTRESS, port to socket": (0.1, results)})
