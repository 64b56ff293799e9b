"""The simulated ether as a program: transceivers on its socket, its report and its exit status."""
import json
import signal
import socket
import subprocess
import unittest

import harness

SF12 = "868100000 125000 12 5 8 18 14"


class Transceiver:
    def __init__(self, path, name):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.connect(str(path))
        self.socket.settimeout(harness.PATIENCE_S)
        self.welcome = self.ask(f"join {name}")

    def say(self, line):
        self.socket.send(line.encode())

    def hear(self):
        return self.socket.recv(2048).decode()

    def ask(self, line):
        self.say(line)
        return self.hear()


class Ether(unittest.TestCase):
    def setUp(self):
        self.bench = harness.Bench()
        self.addCleanup(self.bench.__exit__)
        self.path = self.bench.dir / "ether.sock"

    def start(self, *options, scenario=""):
        file = self.bench.dir / "scenario.yaml"
        file.write_text(scenario or "region: none\n")
        self.ether = self.bench.start([harness.BINARY / "tests" / "ether", "--socket", self.path, "--scenario", file, *options],
                                      log="ether.log", stdout=subprocess.PIPE)
        harness.wait_for(self.path.exists, "the ether's socket")
        harness.wait_for(self.listens, "the ether")

    def listens(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as probe:
            return probe.connect_ex(str(self.path)) == 0

    def join(self, name, tuning=SF12):
        station = Transceiver(self.path, name)
        self.addCleanup(station.socket.close)
        station.say(f"tune {tuning}")
        # The answer to a question that follows says that the tuning was taken.
        self.assertIn(station.ask("listen"), ("carrier 0", "carrier 1"))
        return station

    def end(self):
        """The report and the exit status."""
        self.ether.send_signal(signal.SIGTERM)
        lines = self.ether.stdout.read().decode().splitlines()
        return json.loads(lines[-1]), self.ether.wait()

    def test_delivers(self):
        self.start("--speed", "100")
        one, other = self.join("one"), self.join("other")
        self.assertEqual(one.welcome, "welcome 100")
        one.say("send 00ff10")
        self.assertEqual(other.hear().split()[0::3], ["heard", "00ff10"])
        self.assertEqual(one.hear(), "sent 827392")
        report, status = self.end()
        self.assertEqual(status, 0)
        self.assertEqual((report["transmissions"], report["airtime_us"], report["heard"]), (1, 827392, 1))

    def test_carrier_and_collision(self):
        self.start(scenario="links:\n  - {from: one, to: two, hidden: true}\n  - {from: one, to: base, loss_db: 100}\n"
                            "  - {from: two, to: base, loss_db: 105}\n")
        one, two, base = self.join("one"), self.join("two"), self.join("base")
        # Four seconds on the air: time enough for what follows.
        one.say("send " + "01" * 100)
        self.assertEqual(one.ask("send 02"), "error send: still sending")
        self.assertEqual(two.ask("listen"), "carrier 0")
        self.assertEqual(base.ask("listen"), "carrier 1")
        two.say("send 03")
        self.assertEqual([base.hear().split()[0] for _ in range(2)], ["spoilt", "spoilt"])
        report, status = self.end()
        self.assertEqual((report["collisions"], report["heard"], status), (2, 0, 0))

    def test_overrun_is_reported(self):
        self.start("--speed", "2000", scenario="region: eu868\n")
        one = self.join("one")
        for n in range(4):
            one.say("send " + "55" * 255)
            self.assertEqual(one.hear(), "sent 9019392")
        # 36.08 s by now, of 36.
        report, status = self.end()
        self.assertEqual(status, 3)
        self.assertEqual([(run["station"], run["rule"], run["used"]) for run in report["overruns"]],
                         [("one", "hour_us", 4 * 9019392.0)])

    def test_refuses(self):
        self.start()
        one = self.join("one")
        double = Transceiver(self.path, "one")
        self.addCleanup(double.socket.close)
        self.assertIn("is here", double.welcome)
        self.assertEqual(double.ask("send 00"), "error not joined")
        self.assertEqual(one.ask("join one"), "error already joined")
        self.assertEqual(one.ask("tune 868100000 125000 13 5 8 18 14"), "error tune: no such figures")
        self.assertEqual(one.ask("tune 868100000"), "error tune: not understood")
        self.assertEqual(one.ask("send"), "error no such word")
        self.assertEqual(one.ask("send zz"), "error send: bad size")
        # A name is free again once its transceiver has gone.
        one.socket.close()
        harness.wait_for(lambda: Transceiver(self.path, "one").welcome == "welcome 1", "the free name")

    def test_bad_scenario(self):
        file = self.bench.dir / "bad.yaml"
        file.write_text("region: eu999\n")
        made = subprocess.run([harness.BINARY / "tests" / "ether", "--socket", self.path, "--scenario", file],
                              capture_output=True, text=True, check=False)
        self.assertEqual(made.returncode, 1)
        self.assertIn("bad.yaml:1", made.stderr)


if __name__ == "__main__":
    harness.main()
