"""Several gateways behind KISS that deliver for one another, one mosquitto with the access list, and what the tests of that share."""

import json
import math
import re
import signal
import socket
import subprocess
import threading
import time
import unittest

import harness

FINAL = {"confirmed", "sent", "failed", "expired", "cancelled"}
NAMES = ("base1", "base2", "base3")
REPORT_EVERY_S = 1
# A radio whose station is to answer waits longer than a slow machine takes; a hasty one gives up after one repetition.
PATIENT, HASTY = "ack_timeout: 90 s\nretries: 1", "ack_timeout: 1 s\nretries: 1"
CALLS = {"base1": "N0CALL-1", "base2": "N0CALL-2", "base3": "N0CALL-3"}


def access_list():
    """The one that is delivered, with the neighbours' block switched on for each gateway."""
    text = (harness.SOURCE / "config" / "mosquitto" / "acl").read_text().replace("/demo/", "/test/")
    block = re.search(r"#user base1\n(?:#topic \S+ \S*(?:/reach/|/state|/down/gw/)\S*\n)+", text).group().replace("#", "")
    return text + "\n" + "\n".join(block.replace("base1", name) for name in NAMES)


class Line:
    """A gateway's line to the broker, which can be cut while both ends live on."""

    def __init__(self, port):
        self.far = port
        self.up = True
        self.ends = []
        self.firsts = {}
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            if not self.up:
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self.far))
            self.ends += [near, far]
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self.carry, args=pair, daemon=True).start()

    def carry(self, source, sink):
        try:
            while data := source.recv(65536):
                self.firsts.setdefault(source, data)
                sink.sendall(data)
        except OSError:
            pass
        self.end(source, sink)

    @staticmethod
    def end(*ends):
        for end in ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        self.up = False
        self.end(*self.ends)

    def cut_one(self, word):
        """Ends the connection that began with such a word; the others live on, and none comes up."""
        self.up = False
        self.end(*[source for source, first in list(self.firsts.items()) if word in first])

    def mend(self):
        self.up = True

    def close(self):
        self.cut()
        self.end(self.listener)
        for end in (self.listener, *self.ends):
            end.close()


class NeighboursBench(unittest.TestCase):
    def setUp(self):
        self.bench = harness.Bench()
        self.addCleanup(self.bench.__exit__)
        acl = self.bench.dir / "acl"
        acl.write_text(access_list())
        acl.chmod(0o600)
        self.port, self.broker = self.bench.broker(lines=[f"acl_file {acl}"])
        self.hq = harness.Listener(self.bench, self.port, options=["-u", "security"])
        self.tncs = {name: self.bench.tnc() for name in NAMES}
        self.running = {}
        self.lines = {}
        self.password = self.bench.dir / "password"
        self.password.write_text("not asked for\n")
        self.password.chmod(0o600)

    # ---- the rig ----

    def configure(self, name, settings="enabled: true", hold="2 min", hasty=(), mute=()):
        keys = f"enabled: {'false' if name in mute else 'true'}\n{HASTY if name in hasty else PATIENT}\naprs: {{callsign: {CALLS[name]}}}\nkiss: {{txdelay_ms: 10, persistence: 255}}"
        port = self.lines[name].port if name in self.lines else self.port
        config = self.bench.config([f"{{host: 127.0.0.1, port: {port}, username: {name}, password_file: {self.password}}}"],
                                   {"vhf": (f"tcp://127.0.0.1:{self.tncs[name].port}", keys)},
                                   f"neighbours: {{{settings}, hold: {hold}, report_every: {REPORT_EVERY_S} s}}\n", name=name, file=f"{name}.yaml")
        config.write_text(config.read_text().replace("gateway:\n", "gateway:\n  clock: ntp\n", 1))
        return config

    def start(self, *names, **options):
        for name in names:
            self.running[name] = self.bench.gateway(self.configure(name, **options), log=f"{name}.log")
        for name in names:
            self.bench.answering(name)
            harness.wait_for(lambda: self.bench.status(name)["uplink"]["connected"], f"the broker at {name}")

    def kill(self, name):
        self.bench.stop(self.running.pop(name), signal.SIGKILL)
        self.tncs[name].alone()
        self.tncs[name].sent = b""

    def count(self, name, counter):
        return self.bench.counter("neighbours", counter, name)

    def hear(self, name, line="N0CALL-7>APZ001:>here I am"):
        """The gateway hears the station, and the others that run know it."""
        others = [other for other in self.running if other != name]
        before = {other: self.count(other, "heard") for other in others}
        self.tncs[name].connected()
        harness.wait_for(lambda: "vhf: up" in self.bench.log(f"{name}.log"), f"the radio of {name}")
        heard_at = -math.inf

        def all_know():
            nonlocal heard_at
            # Whom it has just told of is not told of again.
            if time.monotonic() - heard_at > 2 * REPORT_EVERY_S:
                heard_at = time.monotonic()
                self.tncs[name].hear(line)
            return all(self.count(other, "heard") > before[other] for other in others)

        harness.wait_for(all_know, f"{' and '.join(others)} to know whom {name} heard")

    def misses_its_radio(self):
        harness.wait_for(lambda: self.bench.status()["radios"][0]["state"] != "up", "the radio to be missed")

    def command(self, command="c-1", what="text", **members):
        self.publish("security", f"gw/base1/down/sec/{what}", {"id": command, "to": "N0CALL-7", "text": "come home", **members})

    def publish(self, user, topic, document):
        return subprocess.run([harness.find_program("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(self.port), "-u", user, "-V", "5", "-q", "1",
                               "-t", f"cresset/v1/test/{topic}", "-m", json.dumps(document)], capture_output=True, text=True,
                              timeout=harness.PATIENCE_S)

    def texts(self, name, wanted="come home"):
        frames = [frame[1:] for frame in harness.kiss_frames(self.tncs[name].sent) if frame[0] == 0]
        return [frame.split(b"\x03\xf0", 1)[1] for frame in frames if wanted.encode() in frame]

    def on_air(self, name):
        return harness.wait_for(lambda: self.texts(name), f"the message on the air at {name}")

    def acknowledge(self, name):
        number = self.texts(name)[-1].rsplit(b"{", 1)[1].decode()
        self.tncs[name].hear(f"N0CALL-7>APZ001::{CALLS[name]:9}:ack{number}")

    def receipts(self, command):
        found = {document["id"]: document for document in self.hq.find(f"gw/base1/receipt/{command}")}
        return [document["body"] for document in found.values()]

    def final(self, command="c-1", seconds=None):
        harness.wait_for(lambda: FINAL & {body["stage"] for body in self.receipts(command)}, f"the final receipt of {command}", seconds)
        finals = [body for body in self.receipts(command) if body["final"]]
        self.assertEqual(len(finals), 1, finals)
        return finals[0]

    def confirmed_by(self, name, command="c-1"):
        body = self.final(command)
        self.assertEqual((body["stage"], body.get("via")), ("confirmed", name), body)

    def misses(self, name):
        """base1 knows that the other one has gone."""
        harness.wait_for(lambda: f"neighbours: {name} is gone" in self.bench.log("base1.log"), f"base1 to miss {name}")
