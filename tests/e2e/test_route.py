"""The whole route on one bench: a KISS TNC, the gateway, a real broker, a listener at headquarters."""

import json
import unittest

import harness

EMERGENCY = b"N0CALL-9>414W2V,WIDE2-1:`c51!f?>/]\"3x}="
POSITION = "N0CALL-7>APZ001,WIDE1-1:=4903.50N/07201.75W[on patrol route"


class Route(unittest.TestCase):
    def setUp(self):
        self.bench = harness.Bench()
        self.addCleanup(self.bench.__exit__)
        self.port, _ = self.bench.broker()
        self.tnc = self.bench.tnc()
        self.hq = harness.Listener(self.bench, self.port)
        config = self.bench.config([self.port], {"vhf": f"tcp://127.0.0.1:{self.tnc.port}"})
        self.gateway = self.bench.gateway(config)
        self.tnc.connected()
        self.hq.expect("gw/base1/state")

    def test_position_reaches_its_topic_as_geojson(self):
        self.tnc.hear(POSITION)
        feature = self.hq.expect("track/base1/N0CALL-7")[0]
        self.assertEqual(feature["type"], "Feature")
        self.assertAlmostEqual(feature["geometry"]["coordinates"][0], -72.0291667, places=6)
        self.assertAlmostEqual(feature["geometry"]["coordinates"][1], 49.0583333, places=6)
        self.assertEqual(feature["properties"]["class"], "BULK")
        self.assertEqual(feature["properties"]["radio"], "vhf")

    def test_emergency_is_a_distress_of_the_security_desk(self):
        self.tnc.hear(EMERGENCY)
        distress = self.hq.expect("sec/base1/distress/N0CALL-9")[0]
        self.assertEqual((distress["kind"], distress["class"]), ("distress", "DISTRESS"))
        self.assertEqual(distress["authenticity"], "UNVERIFIED")
        self.assertAlmostEqual(distress["position"]["lat"], 41.7876667, places=6)

    def test_one_transmission_heard_twice_is_one_message(self):
        self.tnc.hear(POSITION, POSITION.replace("WIDE1-1", "N0DIGI*"))
        self.tnc.hear("N0CALL-8>APZ001:>the last one")
        self.hq.expect("text/N0CALL-8")
        self.hq.expect("track/base1/N0CALL-7")
        self.assertEqual(len(self.hq.find("track/base1/N0CALL-7")), 1)
        self.assertEqual(self.bench.counter("route", "duplicates"), 1)

    def test_an_incident_is_acknowledged_by_a_person_and_closed(self):
        self.tnc.hear(EMERGENCY)
        self.hq.expect("sec/base1/distress/N0CALL-9")
        incident = self.bench.status()["incidents"][0]
        self.assertEqual((incident["level"], incident["count"]), ("STORED", 1))
        self.bench.tool("ack", incident["id"], "--operator", "desk-1")
        seen = self.hq.expect("sec/base1/incident/")[0]
        self.assertIn("BASE_SEEN", json.dumps(seen))
        again = self.bench.tool("ack", incident["id"], "--operator", "desk-1", check=False)
        self.assertEqual(again.returncode, 1)
        self.bench.tool("ack", incident["id"], "--operator", "desk-1", "--level", "CLOSED")
        self.assertEqual(self.bench.status()["incidents"], [])

    def test_send_goes_out_as_an_aprs_message(self):
        self.bench.stop(self.gateway)
        config = self.bench.config([self.port], {"vhf": (f"tcp://127.0.0.1:{self.tnc.port}",
                                                         "aprs: {callsign: N0CALL-10, path: WIDE1-1}")})
        self.bench.gateway(config)
        self.tnc.connected()
        harness.wait_for(lambda: self.bench.status()["radios"][0]["state"] == "up", "the radio")
        said = self.bench.tool("send", "--to", "N0CALL-7", "--id", "t-1", "--wait", "--json", "-b", "ack_wanted=false",
                               "road closed at km 12").stdout
        lines = [json.loads(line) for line in said.splitlines()]
        self.assertEqual(lines[0].get("status"), "STORED")
        self.assertEqual(lines[-1]["stage"], "sent")
        self.assertTrue(lines[-1]["assumed"])
        frames = [frame for frame in harness.kiss_frames(self.tnc.sent) if frame[0] == 0]
        expected = harness.ax25("N0CALL-10>APZCRS,WIDE1-1::N0CALL-7 :road closed at km 12")
        self.assertEqual([frame[1 + 14:] for frame in frames], [expected[14:]])
        receipts = self.hq.expect("gw/base1/receipt/t-1", count=3)
        self.assertEqual([r["body"]["stage"] for r in receipts], ["queued", "on_air", "sent"])
        self.assertEqual(self.bench.tool("send", "--to", "N0CALL-7", "--id", "t-1", "x", check=False).returncode, 1)

    def test_an_id_that_was_turned_away_is_not_taken(self):
        self.bench.stop(self.gateway)
        config = self.bench.config([self.port], {
            "vhf": (f"tcp://127.0.0.1:{self.tnc.port}", "aprs: {callsign: N0CALL-10}"),
            "other": (f"tcp://127.0.0.1:{harness.free_port()}", "aprs: {callsign: N0CALL-10}")})
        self.bench.gateway(config)
        self.tnc.connected()
        self.bench.answering()
        unclear = self.bench.tool("send", "--id", "t-2", "to all", check=False)
        self.assertIn("more than one radio", unclear.stderr)
        wrong = self.bench.tool("send", "--to", "N0CALL-7", "--id", "t-2", "--radio", "nil", "x", check=False)
        self.assertIn("no such radio", wrong.stderr)
        self.bench.tool("send", "--to", "N0CALL-7", "--id", "t-2", "--radio", "vhf", "x")

    def test_a_command_is_taken_once_whatever_happens_in_between(self):
        self.bench.stop(self.gateway)
        config = self.bench.config([self.port], {"vhf": (f"tcp://127.0.0.1:{harness.free_port()}", "aprs: {callsign: N0CALL-10}")},
                                   "dedupe:\n  window: 30 s\n")
        gateway = self.bench.gateway(config)
        self.bench.answering()
        self.bench.tool("send", "--to", "N0CALL-7", "--id", "t-3", "x")
        self.bench.stop(gateway, harness.signal.SIGKILL)
        self.bench.gateway(config)
        self.bench.answering()
        again = self.bench.tool("send", "--to", "N0CALL-7", "--id", "t-3", "x", check=False)
        self.assertIn("taken before", again.stderr)

    def test_monitor_and_tail_show_what_passes(self):
        monitor = self.bench.start([harness.CRESSET, "--socket", self.bench.dir / "base1.sock", "monitor", "--json"],
                                   stdout=harness.subprocess.PIPE)
        tail = self.bench.start([harness.CRESSET, "--socket", self.bench.dir / "base1.sock", "tail", "--json"],
                                stdout=harness.subprocess.PIPE)
        lines = []
        for child in (monitor, tail):
            harness.threading.Thread(target=lambda c=child: lines.extend(iter(c.stdout.readline, b"")), daemon=True).start()
        def both():
            self.tnc.hear(f"N0CALL-7>APZ001:>number {len(lines)} {harness.time.monotonic()}")
            harness.time.sleep(0.2)
            text = b"".join(lines)
            return b'"hex"' in text and b'"topic"' in text
        harness.wait_for(both, "lines of monitor and tail")

    def test_monitor_of_one_radio(self):
        refused = self.bench.tool("monitor", "--radio", "hf", check=False)
        self.assertEqual((refused.returncode, refused.stdout), (1, ""))
        self.assertIn("no radio has this name", refused.stderr)
        self.bench.stop(self.gateway)
        other = self.bench.tnc()
        self.bench.gateway(self.bench.config([self.port], {"vhf": f"tcp://127.0.0.1:{self.tnc.port}", "uhf": f"tcp://127.0.0.1:{other.port}"}))
        self.bench.answering()
        harness.wait_for(lambda: {radio["state"] for radio in self.bench.status()["radios"]} == {"up"}, "both radios")
        monitor = self.bench.start([harness.CRESSET, "--socket", self.bench.dir / "base1.sock", "monitor", "--json", "--radio", "vhf"],
                                   stdout=harness.subprocess.PIPE)
        lines = []
        harness.threading.Thread(target=lambda: lines.extend(iter(monitor.stdout.readline, b"")), daemon=True).start()

        def shown():
            for tnc in (other, self.tnc):
                tnc.hear(f"N0CALL-7>APZ001:>number {harness.time.monotonic()}")
            harness.time.sleep(0.2)
            return len(lines) >= 3
        harness.wait_for(shown, "lines of that radio")
        self.assertEqual({json.loads(line)["radio"] for line in lines}, {"vhf"})


if __name__ == "__main__":
    harness.main()
