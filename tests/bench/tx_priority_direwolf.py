"""The real-time part of tx-priority: a gateway with texts without end at one Direwolf, and when its alerts begin at another; beside it the
same frames handed to Direwolf's own queue, as programs without a scheduler do."""
import contextlib
import json
import os
import random
import socket
import time

import common
import daemon
import direwolf_pair
from common import progress

SLOT_S = 0.1
QUIET_MS = 300
TXDELAY_MS = 300
FRAME_AND_A_BIT = 1.02
TEXT = "load {:05d} " + "the road is open as far as the second bridge, ask again from there " + "." * 40
ALERT = {"command": "send", "kind": "alert", "text": "leave", "body": {"urgency": "Immediate", "severity": "Extreme"}}
CASE = "direwolf"
KIND_ALERT, KIND_TEXT = 2, 7
QUEUED = 20  # frames that wait in Direwolf before the alert of the comparison

CONFIG = """gateway: {{name: gw1, operation: op, state_dir: {folder}, socket: {folder}/control.sock}}
uplink:
  brokers:
    - {{host: 127.0.0.1, port: {broker}}}
field: {{keys: {keys}}}
radios:
  vhf:
    device: tcp://127.0.0.1:{tnc}
    modem: kiss
    air: field
    listening_share_pct: 100
    field: {{station: 61000, carriage: ax25, callsign: N0CALL-10, encrypt: false}}
    kiss: {{txdelay_ms: %d, persistence: 255, slottime_ms: %d, direwolf_txbuf: true}}
""" % (TXDELAY_MS, SLOT_S * 1000)


def kind_of(frame):
    """Kind of the field frame in an AX.25 frame; None = there is none."""
    end = next((i for i in range(6, len(frame), 7) if frame[i] & 1), None)
    information = frame[end + 3:] if end is not None and frame[end + 1:end + 3] == b"\x03\xf0" else b""
    return information[0] & 0x0F if information else None


class Tool:
    """A connection to the gateway's socket."""

    def __init__(self, path):
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.settimeout(30)
        self.connection.connect(path)
        self.lines = self.connection.makefile("r", encoding="utf-8")

    def ask(self, request):
        self.connection.sendall(json.dumps(request).encode() + b"\n")
        answer = json.loads(self.lines.readline())
        if "error" in answer:
            raise common.BenchError(f"the gateway refuses {request['command']}: {answer['error']}")
        return answer


class Channel:
    """Both TNCs, the sound between them, and what the second one hears."""

    def __init__(self, workshop):
        self.tncs = [direwolf_pair.Tnc(workshop, name, call) for name, call in (("tnc-a", "N0CALL-10"), ("tnc-b", "N0CALL-11"))]
        self.pumps = [direwolf_pair.Pump(*self.tncs), direwolf_pair.Pump(*self.tncs[::-1])]
        self.ear = direwolf_pair.Ear(self.tncs[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for pump in self.pumps:
            pump.end()
        for tnc in self.tncs:
            tnc.close()

    def transmission(self, heard_at):
        """Number of the transmission that was decoded then, which is at its end: the last one that is not younger than a short frame."""
        begins = [begin for begin, _ in self.pumps[0].transmissions]
        return max(i for i, begin in enumerate(begins) if begin < heard_at - TXDELAY_MS / 1000)

    def alerts(self):
        """(time heard, number of its transmission) of each that was heard."""
        return [(at, self.transmission(at)) for at, frame in list(self.ear.heard) if kind_of(frame) == KIND_ALERT]

    def wait_for_alert(self, number, seconds):
        return common.wait_until(lambda: self.alerts()[number:], seconds, f"alert {number + 1} at the second Direwolf")[0]

    def wait_of(self, index, before):
        """How long a transmission waited since `before`, and how much of that the channel was quiet, in s."""
        said = self.pumps[0].transmissions
        begin = said[index][0]
        busy = sum(max(0, min(start + seconds, begin) - max(start, before)) for start, seconds in said[:index])
        return begin - before, begin - before - busy

    def texts(self):
        return sum(kind_of(frame) == KIND_TEXT for _, frame in list(self.ear.heard))

    def longest_s(self):
        return max(seconds for _, seconds in self.pumps[0].transmissions)


def start_gateway(workshop, tnc_port):
    keys = workshop.write("keys.json", json.dumps({"format": "cresset keys 1", "master": bytes(range(32)).hex(), "stations": []}))
    os.chmod(keys, 0o600)
    broker = daemon.local_broker(workshop, "broker")
    daemon.start(workshop, "gateway", tnc_port, broker, config=CONFIG.replace("{keys}", keys))
    path = workshop.path("gateway.d/control.sock")
    common.wait_until(lambda: os.path.exists(path), 10, "the gateway's socket")
    tool = Tool(path)
    common.wait_until(lambda: tool.ask({"command": "status"})["radios"][0]["state"] == "up", 20, "the gateway at the TNC")
    return tool


def run_cresset(seconds):
    """[(wait, quiet in it)] of alerts in s, and what else there is to say."""
    with common.Workshop() as workshop, Channel(workshop) as channel:
        tool = start_gateway(workshop, channel.tncs[0].kiss)
        for number in range(int(seconds)):  # more than the channel carries
            tool.ask({"command": "send", "text": TEXT.format(number)})
        common.wait_until(lambda: channel.texts() >= 2, 30, "texts at the second Direwolf")
        waits, dice, end = [], random.Random(1), time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(2 + 3 * dice.random())
            before = time.monotonic()
            tool.ask(ALERT)
            _, index = channel.wait_for_alert(len(waits), 60)
            waits.append(channel.wait_of(index, before))
        queue = tool.ask({"command": "queue"})
        return {"waits": waits, "longest_s": channel.longest_s(), "alert_s": channel.pumps[0].transmissions[index][1],
                "texts": channel.texts(), "pump_late_s": channel.pumps[0].late,
                "left": len(queue["messages"]) + (queue.get("more") or 0), "frames": [frame for _, frame in channel.ear.heard]}


def run_queue(frames, alert_s):
    """QUEUED of the same texts in Direwolf's own queue, and one of the alerts behind them: its wait in s. Direwolf sends them all in one
    transmission, so its beginning is reckoned from the end; with the time for keying in it, which makes the wait a little too short."""
    alert = next(frame for frame in frames if kind_of(frame) == KIND_ALERT)
    texts = [frame for frame in frames if kind_of(frame) == KIND_TEXT][:QUEUED]
    with common.Workshop() as workshop, Channel(workshop) as channel, contextlib.closing(channel.tncs[0].connect()) as client:
        for parameter, value in ((1, TXDELAY_MS // 10), (2, 255), (3, int(SLOT_S * 100))):
            client.sendall(direwolf_pair.kiss(bytes([value]), parameter))
        for frame in texts:
            client.sendall(direwolf_pair.kiss(frame))
        before = time.monotonic()
        client.sendall(direwolf_pair.kiss(alert))
        heard_at, _ = channel.wait_for_alert(0, 180)
        return heard_at - before - alert_s, len(texts)


def report_cresset(report, ours):
    longest, waits = ours["longest_s"], [wait for wait, _ in ours["waits"]]
    wait, quiet = max(ours["waits"])
    report.add("cresset", CASE, "alert_wait_ratio_max", wait / longest, "")
    report.add("cresset", CASE, "carrier_sense_in_it", quiet / longest, "")
    report.add("cresset", CASE, "alert_wait_median", common.percentile(waits, 0.5) / longest, "frames")
    report.add("cresset", CASE, "alerts_late", sum(one - silence > FRAME_AND_A_BIT * longest for one, silence in ours["waits"]),
               f"of {len(waits)}")
    report.add("cresset", CASE, "quiet_max", 1000 * max(silence for _, silence in ours["waits"]), "ms")
    report.add("cresset", CASE, "texts_sent", ours["texts"], "")
    report.add("machine", CASE, "longest_frame", longest * 1000, "ms")
    report.add("machine", CASE, "sound_late_max", ours["pump_late_s"] * 1000, "ms")
    report.target(CASE, "alert_wait_ratio_max", "<=", FRAME_AND_A_BIT + quiet / longest,
                  "1.02 x the longest frame, and the carrier sense in that wait")
    report.target(CASE, "alerts_late", "==", 0, "none later than 1.02 frames and its own carrier sense")
    report.target(CASE, "quiet_max", "<=", QUIET_MS, "two slots of the TNC, and 100 ms to hand frames over")


def run(report, seconds, systems):
    progress(f"tx-priority: direwolf, {seconds:.0f} s in real time, alerts through the gateway")
    ours = run_cresset(seconds)
    if ours["left"] == 0:
        raise common.BenchError("the channel was not saturated: no text is left")
    report_cresset(report, ours)
    if "fifo" in systems:
        progress(f"tx-priority: direwolf, an alert behind {QUEUED} of the same frames in its own queue")
        wait, queued = run_queue(ours["frames"], ours["alert_s"])
        report.add("fifo", CASE, "alert_wait_ratio_max", wait / ours["longest_s"], "")
        report.add("machine", CASE, "queued_before_it_in_fifo", queued, "frames")
