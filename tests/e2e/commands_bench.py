"""What the tests of commands share: headquarters with a real mosquitto, a gateway behind it with stations behind KISS, and receipts as
headquarters keeps them."""

import json
import subprocess
import unittest

import harness

DOWN = "cresset/v1/test/gw/base1/down/"
FINAL = {"confirmed", "sent", "failed", "expired", "cancelled"}
STATIONS = ("stations:\n- {station: N0CALL-7, organisation: example-org}\n- {station: N0CALL-8, organisation: other-org}\n")


class Rig(unittest.TestCase):
    protocol = "5"

    def setUp(self):
        self.bench = harness.Bench()
        self.addCleanup(self.bench.__exit__)
        self.tnc = self.bench.tnc()
        self.broker_lines = ["persistence true", f"persistence_location {self.bench.dir}/", "autosave_interval 1"]
        self.port, self.broker = self.bench.broker(lines=self.broker_lines)
        self.hq = harness.Listener(self.bench, self.port)
        self.config = None
        self.door = self.port  # where the gateway knocks

    # ---- the rig ----

    def device(self):
        return f"tcp://127.0.0.1:{self.tnc.port}", "aprs: {callsign: N0CALL-10}"

    def start(self, radios=None, extra=STATIONS, wait=True, **options):
        self.config = self.bench.config([self.door], radios or {"vhf": self.device()}, extra)
        # expires_at says nothing to a gateway that does not know the time.
        self.config.write_text(self.config.read_text().replace("gateway:\n", "gateway:\n  clock: ntp\n", 1))
        return self.start_again(wait, **options)

    def start_again(self, wait=True, **options):
        gateway = self.bench.gateway(self.config, **options)
        if wait:
            self.bench.answering()
            harness.wait_for(lambda: self.bench.status()["uplink"]["connected"], "the broker")
        return gateway

    def publish(self, topic, payload, *options):
        payload = payload if isinstance(payload, (str, bytes)) else json.dumps(payload)
        subprocess.run([harness.find_program("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(self.port), "-V", self.protocol, "-q", "1", "-t",
                        DOWN + topic, "-s" if payload else "-n", *options], input=payload if isinstance(payload, bytes) else payload.encode(), check=True,
                       timeout=harness.PATIENCE_S)

    def publish_lines(self, topic, lines):
        """Each line a message, all by one connection and so at once."""
        subprocess.run([harness.find_program("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(self.port), "-V", self.protocol, "-q", "1", "-t",
                        DOWN + topic, "-l"], input=b"".join(line + b"\n" for line in lines), check=True, timeout=harness.PATIENCE_S)

    def documents(self, command):
        """Receipts of a command, doubles left out by their id as headquarters does it; those of one id must say the same."""
        found = {}
        for document in self.hq.find("/receipt/", lambda document: document["body"]["command"] == command):
            double = found.setdefault(document["id"], document)
            if "waiting" not in document["body"]:
                self.assertEqual(double, document)
        return list(found.values())

    def stages(self, command):
        return [document["body"]["stage"] for document in self.documents(command)]

    def final(self, command, seconds=None):
        harness.wait_for(lambda: FINAL & set(self.stages(command)), f"the final receipt of {command}", seconds)
        finals = [document for document in self.documents(command) if document["body"]["final"]]
        self.assertEqual(len(finals), 1, finals)
        return finals[0]["body"]

    def fails(self, command, code):
        body = self.final(command)
        self.assertEqual((body["stage"], body.get("code")), ("failed", code), body)
        return body

    def frames(self, text):
        return [frame for frame in harness.kiss_frames(self.tnc.sent) if frame[0] == 0 and text.encode() in frame]

    def settled(self):
        """Everything published before has been seen: the gateway answers in order."""
        self.mark = getattr(self, "mark", 0) + 1
        name = f"mark-{self.mark}"
        self.publish("coord/list", {"id": name})
        self.fails(name, "not_allowed")
