"""A simulated SA818 keyed beside a KISS TNC: set up, keyed only around what is sent, silent on a busy channel, and again after it hung."""
import json
import subprocess
import threading
import unittest

import harness

LINES = ("ptt", "pd", "high_power", "squelch")


class Module:
    """The simulated module; `said` is what happened to it so far."""

    def __init__(self, bench, *options):
        self.link, self.pins = bench.dir / "sa818", bench.dir / "pins.sock"
        self.said = []
        self.process = bench.start([harness.BINARY / "tests" / "sa818", "--link", self.link, "--lines", self.pins, *options],
                                   log="sa818.log", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        threading.Thread(target=self.read, daemon=True).start()
        harness.wait_for(lambda: self.said and self.said[0].startswith("ready"), "the module")

    def read(self):
        for line in self.process.stdout:
            self.said.append(line.decode().rstrip())

    def order(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def expect(self, line, count=1):
        harness.wait_for(lambda: self.said.count(line) >= count, f"the module's {line!r}")

    def close(self):
        self.process.stdin.close()

    def wrong(self):
        return [line for line in self.said if line.startswith("wrong")]


class Sa818(unittest.TestCase):
    def setUp(self):
        self.bench = harness.Bench()
        self.addCleanup(self.bench.__exit__)

    def settings(self, module, tnc, more="frequency_mhz: 144.8", power="high"):
        lines = ", ".join(f'{name}: "sim:{module.pins}:{name}"' for name in LINES)
        return self.bench.config([], {"vhf": (f"tcp://127.0.0.1:{tnc.port}", f"""control: sa818
control_device: {module.link}
lines: {{{lines}}}
sa818: {{{more}, power: {power}}}
kiss: {{txdelay_ms: 100, txtail_ms: 0, persistence: 255}}
aprs: {{callsign: N0CALL-10}}""")})

    def start(self, *options, **more):
        self.module = Module(self.bench, *options)
        self.addCleanup(self.module.close)
        self.tnc = self.bench.tnc()
        self.gateway = self.bench.gateway(self.settings(self.module, self.tnc, **more))
        self.tnc.connected()

    def is_up(self):
        self.module.expect("tail 0")

    def frames(self):
        return [frame for frame in harness.kiss_frames(self.tnc.sent) if frame[:1] == b"\x00"]

    def send(self, text):
        return self.bench.start([harness.CRESSET, "--socket", self.bench.dir / "base1.sock", "send", "--wait", "--to", "N0CALL-7", text],
                                stdout=subprocess.PIPE)

    def test_sets_up_and_keys(self):
        self.start(power="low")
        self.is_up()
        for line in ("group 0,144.8000,144.8000,0000,2,0000", "volume 6", "filter 1,1,1", "power low"):
            self.assertIn(line, self.module.said)
        self.assertNotIn("ptt 1 144.8000", self.module.said)
        sender = self.send("hello")
        self.module.expect("ptt 1 144.8000")
        self.module.expect("ptt 0 144.8000")
        self.assertEqual(len(self.frames()), 1)
        self.assertIn(b"hello", self.frames()[0])
        self.bench.stop(sender)
        # The end of the service switches the module off.
        self.bench.stop(self.gateway)
        harness.wait_for(lambda: self.module.said[-1] == "pd 0", "the module switched off")
        self.assertEqual(self.module.wrong(), [])

    def test_waits_for_a_free_channel(self):
        self.start()
        self.is_up()
        self.module.order("signal 144.8")
        self.module.expect("squelch open")
        sender = self.send("patience")
        harness.wait_for(lambda: self.bench.status()["classes"][3]["queued"] == 1, "the text in the queue")
        self.assertEqual(self.frames(), [])
        self.module.order("signal 0")
        self.module.expect("ptt 1 144.8000")
        harness.wait_for(lambda: self.frames(), "the frame")
        self.bench.stop(sender)
        self.assertEqual(self.module.wrong(), [])

    def test_a_module_that_hangs_is_switched_off_and_on(self):
        self.start("--mute", "3", "--variant", "dra818", "--fault", "rssi-colon", "--fault", "blank", "--fault", "empty-lines", more="frequency_mhz: 144.8, variant: dra818")
        self.module.expect("filter 1,1,1")
        self.assertGreaterEqual(self.module.said.count("pd 0"), 2)

    def test_wrong_band_is_named(self):
        self.start("--band", "uhf")
        harness.wait_for(lambda: "refuses 144.8000" in str(self.bench.status()["radios"]), "the refusal in the status")

    def examine(self, what):
        """What the examination finds, by name; it must end without a failure."""
        done = harness.wait_for(lambda: (lambda result: result if result.returncode == 0 else None)(
            self.bench.tool("radio", "vhf", what, "--json", check=False)), f"the {what}, once the module is set up")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(lines[-1], {"end": True, "failed": ""})
        return {line["name"]: line["value"] for line in lines[:-1]}

    def test_examinations(self):
        self.start(more='frequency_mhz: 144.8, scan_mhz: "144.8, 145.5"')
        self.is_up()
        self.module.order("signal 145.5")
        groups = self.module.said.count("group 0,144.8000,144.8000,0000,2,0000")
        found = self.examine("test")
        self.assertEqual((found["version"], found["group"], found["channel"], found["rssi_uncalibrated_db"]),
                         ("SA818_V4.2", "as configured", "set", "35"))
        self.assertEqual(self.bench.status()["radios"][0]["firmware"], "SA818_V4.2")
        self.assertEqual(self.examine("scan"), {"144.8000_mhz": "quiet", "145.5000_mhz": "signal", "channel": "set"})
        self.assertEqual(self.bench.log().count("radio vhf: scans; meanwhile it may hear nothing"), 1)
        # The channel was set again behind each of them.
        self.assertEqual(self.module.said.count("group 0,144.8000,144.8000,0000,2,0000"), groups + 2)
        self.assertEqual(self.module.wrong(), [])

    def test_is_no_modem(self):
        path = self.bench.config([], {"vhf": "/dev/null"})
        path.write_text(path.read_text().replace("modem: kiss", "modem: sa818"))
        made = subprocess.run([harness.CRESSETD, "--check", path], capture_output=True, text=True, check=False)
        self.assertNotEqual(made.returncode, 0)
        self.assertIn("radios.vhf.modem", made.stdout + made.stderr)


if __name__ == "__main__":
    harness.main(at_once=3)
