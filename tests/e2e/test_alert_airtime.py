"""An alert beyond what the hour allows: it waits, says until when to who sent it, at the panel and in every list; the others go at once."""

import json
import time

import harness
import test_field_kinds as field_kinds
from panel_rig import PanelTest

MASTER = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
# Of one hour; twelve alerts of 48 bytes and one more fit at 1200 bit/s.
DUTY_CYCLE_PCT = 0.3
RADIO = f"""duty_cycle_pct: {DUTY_CYCLE_PCT}
listening_share_pct: 100
ack_timeout: 30 s
field: {{station: 61000}}
kiss: {{txdelay_ms: 10, persistence: 255}}"""


class AlertAirtime(PanelTest):
    def setUp(self):
        super().setUp()
        keys = self.bench.dir / "keys.json"
        keys.write_text(json.dumps({"format": "cresset keys 1", "master": MASTER}))
        keys.chmod(0o600)
        self.tnc = self.bench.tnc()
        port, _ = self.bench.broker()
        self.hq = harness.Listener(self.bench, port)
        config = self.config([port], rules=f"field: {{keys: {keys}}}\n", radios={"vhf": (f"tcp://127.0.0.1:{self.tnc.port}", RADIO)})
        config.write_text(config.read_text().replace("air: aprs", "air: field"))
        self.start(config)
        self.tnc.connected()
        harness.wait_for(lambda: "vhf: up" in self.bench.log(), "the radio")

    def airtime(self):
        return self.bench.status()["radios"][0]["airtime"]

    def alert(self, id, *more):
        self.bench.tool("send", "--kind", "alert", "--id", id, "-b", "urgency=Immediate", "-b", "severity=Severe", *more, "road")

    def stages(self, id):
        """In order; the uplink may bring a receipt twice."""
        found = {receipt["id"]: receipt["body"]["stage"] for receipt in self.hq.find(f"receipt/{id}")}
        return list(found.values())

    def send_until_one_waits(self, first=0):
        """Returns how many alerts went."""
        for count in range(first, 40):
            self.alert(f"a-{count}")
            harness.wait_for(lambda: "sent" in self.stages(f"a-{count}") or self.airtime()["alert_waits"], f"alert {count}")
            if self.airtime()["alert_waits"]:
                return count
        raise AssertionError("no alert has to wait")

    def test_beyond_the_hour_it_waits_and_says_until_when(self):
        before = self.airtime()
        self.assertEqual((before["band"], before["limit_s"], before["spent_s"], before["alert_waits"]),
                         (None, round(36 * DUTY_CYCLE_PCT, 1), 0, False))
        self.assertEqual(before["left_for_alerts_s"], before["limit_s"])
        went = self.send_until_one_waits()
        self.assertGreaterEqual(went, 12, "so many an hour never wait")
        id, now = f"a-{went}", time.time()

        after = self.airtime()
        self.assertLessEqual(after["spent_s"], after["limit_s"])
        self.assertAlmostEqual(after["spent_s"], after["spent_for_alerts_s"])
        self.assertTrue(0 < after["more_in_s"] <= 3600, after)
        until = time.mktime(time.strptime(after["alert_waits_until"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
        self.assertTrue(now < until <= now + 3602, after)

        row = json.loads(self.bench.tool("queue", "--json").stdout)["messages"][0]
        self.assertEqual((row["id"], row["class"], row["why"], row["stage"]), (id, "URGENT", "airtime", "waiting"))
        self.assertAlmostEqual(row["go_in_s"], until - time.time(), delta=5)
        self.assertRegex(self.bench.tool("queue").stdout, rf" {id} .* in (59 min|1 h 00 min) +airtime ")
        self.assertIn(f"radio vhf: alerts wait for airtime until {after['alert_waits_until'][11:16]}Z", self.bench.tool("status").stdout)

        told = self.hq.expect(f"receipt/{id}", lambda receipt: "go_at" in receipt["body"])[0]
        field_kinds.check(told, "receipt")
        self.assertEqual((told["body"]["stage"], told["body"]["final"]), ("queued", False))
        self.assertEqual(self.stages(id), ["queued", "queued"], "the second word is not taken for the first come twice")
        self.assertEqual(self.bench.counter("route", "alerts.delayed"), 1)

        since = len(self.lines.edges)
        self.assert_rhythm("lamp_radio", [1.6, 0.4], since)
        self.assert_rhythm("lamp", [1.6, 0.4], since)

        # What is not urgent waits behind it, and another alert is told too.
        self.bench.tool("send", "--id", "t-1", "--to", "f-17", "come home")
        self.alert("a-last")
        self.hq.expect("receipt/a-last", lambda receipt: "go_at" in receipt["body"])
        rows = {row["id"]: row for row in json.loads(self.bench.tool("queue", "--json").stdout)["messages"]}
        self.assertEqual((rows["t-1"]["why"], rows["a-last"]["why"]), ("airtime", "airtime"))
        self.assertGreaterEqual(rows["a-last"]["go_in_s"], rows[id]["go_in_s"])
        harness.wait_for(lambda: self.stages("t-1") == ["queued"], "the receipt of what waits in its turn")

    def test_what_cannot_be_sent_at_all_is_answered(self):
        """An alert of more than 48 bytes: its end comes before the disk has it."""
        for more in ((), ("--wait",)):
            refused = self.bench.tool("send", "--kind", "alert", "-b", "urgency=Immediate", "-b", "severity=Severe", *more, "the north road",
                                      check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn(" was not sent: failed: too_long", refused.stderr)

    def test_taken_back_it_waits_no_more(self):
        went = self.send_until_one_waits()
        self.hq.expect(f"receipt/a-{went}", lambda receipt: "go_at" in receipt["body"])
        self.bench.tool("cancel", f"a-{went}")
        harness.wait_for(lambda: self.stages(f"a-{went}") == ["queued", "queued", "cancelled"], "the final receipt")
        harness.wait_for(lambda: not self.airtime()["alert_waits"], "the end of the waiting")
        self.lines.expect("lamp_radio", 0)

    def test_who_waits_for_it_reads_it(self):
        went = self.send_until_one_waits()
        waiting = self.bench.start([harness.CRESSET, "send", "--wait", "--kind", "alert", "--id", "w-1", "-b", "urgency=Immediate", "-b",
                                    "severity=Severe", "road"], stdout=harness.subprocess.PIPE,
                                   env={"CRESSET_SOCKET": str(self.bench.dir / "base1.sock")})
        lines = [waiting.stdout.readline().decode() for _ in range(3)]
        self.assertRegex(lines[2], r"^w-1: waits for its turn: for airtime, until \d\d:\d\dZ$")
        self.assertGreaterEqual(went, 12)

    def test_headquarters_reads_what_is_left_and_not_at_every_frame(self):
        def states():
            return self.hq.find("radio/vhf/state")

        first = self.hq.expect("radio/vhf/state", lambda state: "airtime" in state and state["state"] == "up")[-1]
        field_kinds.check(first, "radio-state")
        self.assertEqual(first["airtime"]["left_for_alerts_s"], first["airtime"]["limit_s"])
        count = len(states())
        for number in range(3):
            self.alert(f"a-{number}")
            harness.wait_for(lambda: "sent" in self.stages(f"a-{number}"), "an alert sent")
        self.assertLessEqual(len(states()), count + 1, "not a word at every frame, at most one a minute")
        self.send_until_one_waits(3)
        told = self.hq.expect("radio/vhf/state", lambda state: state["airtime"]["left_for_alerts_s"] < 1)
        field_kinds.check(told[-1], "radio-state")


if __name__ == "__main__":
    harness.main(at_once=2)
