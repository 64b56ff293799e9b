"""Starting under odd conditions: nothing configured, very much configured, a second daemon, no place for the store."""

import shutil
import signal
import sqlite3
import unittest

import harness

STATUS = "N0CALL-{n}>APZ001,WIDE1-1:>report {text}"
SLOWSYNC = str(harness.BINARY / "tests" / "slowsync.so")


class Start(unittest.TestCase):
    def setUp(self):
        self.bench = harness.Bench()
        self.addCleanup(self.bench.__exit__)

    def up(self, gateway, name="base1"):
        harness.wait_for(lambda: self.bench.answers(name) or gateway.poll() is not None, "the socket")
        self.assertIsNone(gateway.poll(), self.bench.log()[-3000:])

    def ends_well(self, gateway):
        self.assertEqual(self.bench.stop(gateway), 0, self.bench.log()[-3000:])

    def test_without_any_radio(self):
        port, _ = self.bench.broker()
        hq = harness.Listener(self.bench, port)
        gateway = self.bench.gateway(self.bench.config([port], {}))
        self.up(gateway)
        hq.expect("gw/base1/state", lambda document: document["state"] == "online")
        answer = self.bench.tool("send", "--to", "N0CALL-7", "x", check=False)
        self.assertEqual(answer.returncode, 1)
        self.assertIn("no radio that is running speaks the language of such a station", answer.stderr)
        self.ends_well(gateway)

    def test_without_any_broker_messages_wait_in_the_store(self):
        tnc = self.bench.tnc()
        config = self.bench.config([], {"vhf": f"tcp://127.0.0.1:{tnc.port}"})
        gateway = self.bench.gateway(config)
        self.up(gateway)
        tnc.connected()
        tnc.hear(*(STATUS.format(n=n, text=n) for n in range(10)))
        harness.wait_for(lambda: self.bench.status()["classes"][3]["queued"] == 10, "ten messages in the queue")
        self.assertFalse(self.bench.status()["uplink"]["connected"])
        self.ends_well(gateway)
        port, _ = self.bench.broker()
        hq = harness.Listener(self.bench, port)
        self.bench.gateway(self.bench.config([port], {"vhf": f"tcp://127.0.0.1:{tnc.port}"}))
        self.assertEqual(len(hq.expect("text/", count=10)), 10)

    def test_as_many_radios_as_there_may_be(self):
        port, _ = self.bench.broker()
        hq = harness.Listener(self.bench, port)
        tncs = [self.bench.tnc() for _ in range(32)]
        radios = {f"r{n}": f"tcp://127.0.0.1:{tnc.port}" for n, tnc in enumerate(tncs)}
        gateway = self.bench.gateway(self.bench.config([port], radios))
        for tnc in tncs:
            tnc.connected()
        harness.wait_for(lambda: self.bench.log().count(": up on") == 32, "all radios up")
        for n, tnc in enumerate(tncs):
            tnc.hear(f"N{n:02}CAL>APZ001:>by radio {n}")
        hq.expect("text/", count=32)
        self.ends_well(gateway)

    def test_a_second_daemon_does_not_start(self):
        port, _ = self.bench.broker()
        hq = harness.Listener(self.bench, port)
        tnc = self.bench.tnc()
        config = self.bench.config([port], {"vhf": f"tcp://127.0.0.1:{tnc.port}"})
        first = self.bench.gateway(config)
        self.up(first)
        tnc.connected()
        hq.expect("gw/base1/state", lambda document: document["state"] == "online")
        second = self.bench.gateway(config, log="second.log")
        self.assertNotEqual(second.wait(harness.PATIENCE_S), 0)
        self.assertIn("another cressetd is running", self.bench.log("second.log"))
        self.assertNotIn("out of memory", self.bench.log("second.log"))
        self.assertEqual(self.bench.counter("uplink", "connection_lost"), 0)
        tnc.hear(STATUS.format(n=1, text="still the first"))
        hq.expect("text/N0CALL-1")
        self.ends_well(first)

    def test_a_socket_left_by_a_killed_daemon_is_taken_over(self):
        config = self.bench.config([], {})
        first = self.bench.gateway(config)
        self.up(first)
        self.bench.stop(first, signal.SIGKILL)
        second = self.bench.gateway(config)
        self.up(second)
        self.bench.answering()
        self.ends_well(second)

    def goes_on_in_memory(self, health, env=None):
        """Whatever is wrong with the store, it is said, counted and traffic goes on; `send` does not claim STORED."""
        port, _ = self.bench.broker()
        hq = harness.Listener(self.bench, port)
        tnc = self.bench.tnc()
        config = self.bench.config([port], {"vhf": (f"tcp://127.0.0.1:{tnc.port}", "aprs: {callsign: N0CALL-10}")})
        gateway = self.bench.gateway(config, env=env)
        self.up(gateway)
        tnc.connected()
        tnc.hear(STATUS.format(n=1, text="no disk"))
        hq.expect("text/N0CALL-1")
        self.assertIn(self.bench.status()["store"]["health"], health)
        self.assertIn("store: ", self.bench.log())
        said = self.bench.tool("send", "--to", "N0CALL-7", "--json", "x", check=False)
        self.assertNotIn("STORED", said.stdout)
        self.assertIn("ACCEPTED", said.stdout)
        self.ends_well(gateway)

    def test_the_place_of_the_store_is_a_file(self):
        (self.bench.dir / "base1").write_text("not a directory\n")
        self.goes_on_in_memory(("failed",))

    def test_the_store_is_a_directory(self):
        (self.bench.dir / "base1" / "cresset.db").mkdir(parents=True)
        self.goes_on_in_memory(("failed",))

    def test_the_store_is_of_another_program(self):
        (self.bench.dir / "base1").mkdir()
        path = self.bench.dir / "base1" / "cresset.db"
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE mine (x)")
        before = path.read_bytes()
        self.goes_on_in_memory(("failed",))
        self.assertEqual(path.read_bytes(), before)

    def test_the_disk_is_full_from_the_start(self):
        self.goes_on_in_memory(("full", "failed"), env={
            "LD_PRELOAD": SLOWSYNC, "SLOWSYNC_FULL_BELOW": str(self.bench.dir / "base1"),
            "ASAN_OPTIONS": "verify_asan_link_order=0"})

    def test_incidents_of_a_store_that_comes_late_are_not_forgotten(self):
        tnc = self.bench.tnc()
        config = self.bench.config([], {"vhf": f"tcp://127.0.0.1:{tnc.port}"})
        first = self.bench.gateway(config)
        self.up(first)
        tnc.connected()
        tnc.hear("N0CALL-9>APZ001:>!EMERGENCY! stuck")
        incident = harness.wait_for(lambda: self.bench.status()["incidents"], "an incident")[0]["id"]
        self.ends_well(first)
        place, away = self.bench.dir / "base1", self.bench.dir / "away"
        shutil.move(place, away)
        place.write_text("nothing mounted here\n")
        second = self.bench.gateway(config)
        self.up(second)
        self.assertEqual(self.bench.status()["incidents"], [])
        place.unlink()
        shutil.move(away, place)
        harness.wait_for(lambda: self.bench.status()["store"]["health"] == "ok", "the store to be found", 60)
        harness.wait_for(lambda: incident in {known["id"] for known in self.bench.status()["incidents"]}, "the old incident")
        self.ends_well(second)


if __name__ == "__main__":
    harness.main(at_once=2)
