"""Neighbour gateways that go away: none is chosen that has gone, what it has goes another way, and the caller still has one true final receipt."""

import signal

import harness
from neighbours_bench import CALLS, Line, NeighboursBench


class NeighboursAway(NeighboursBench):
    def test_one_that_has_gone_is_not_chosen_and_is_again_when_it_is_back(self):
        self.start("base1", "base2", hold="10 min")
        self.hear("base2")
        self.hear("base1", "N0CALL-7>APZ001,N0CALL-9*:>here I am")
        self.kill("base2")
        self.misses("base2")
        self.command("c-1")
        self.on_air("base1")
        self.acknowledge("base1")
        body = self.final("c-1")
        self.assertEqual((body["stage"], body.get("via")), ("confirmed", None))
        self.assertEqual(self.count("base1", "handed"), 0)
        self.start("base2", hold="10 min")
        harness.wait_for(lambda: "neighbours: base2 is back" in self.bench.log("base1.log"), "base1 to see that base2 is back")
        self.hear("base2")
        # Its acknowledgement was heard here directly.
        self.hear("base1", "N0CALL-7>APZ001,N0CALL-9*:>here I am")
        self.command("c-2")
        self.on_air("base2")
        self.acknowledge("base2")
        self.confirmed_by("base2", "c-2")

    def test_what_one_has_that_goes_away_goes_another_way_at_once(self):
        self.start("base1", "base2", "base3", hold="10 min")
        self.hear("base2")
        self.hear("base3", "N0CALL-7>APZ001,N0CALL-9*:>here I am")
        # It cannot take what it is given, and then it has gone.
        self.running["base2"].send_signal(signal.SIGSTOP)
        self.command("c-1")
        self.command("c-2", what="alert", text="stay in", body={"urgency": "Immediate", "severity": "Severe"})
        harness.wait_for(lambda: self.count("base1", "handed") == 2, "both to be handed over")
        self.kill("base2")
        harness.wait_for(lambda: self.texts("base3") and self.texts("base3", "stay in"), "both on the air at base3")
        self.acknowledge("base3")
        self.confirmed_by("base3", "c-1")
        number = self.texts("base3", "stay in")[-1].rsplit(b"{", 1)[1].decode()
        self.tncs["base3"].hear(f"N0CALL-7>APZ001::{CALLS['base3']:9}:ack{number}")
        self.confirmed_by("base3", "c-2")
        self.assertEqual(self.count("base1", "given_back"), 2)
        # The broker kept the text for it, and that it was taken back.
        before = self.count("base1", "drop.late")
        self.start("base2", hold="10 min")
        harness.wait_for(lambda: self.count("base1", "drop.late") > before, "base2 to speak of what was taken back")
        self.assertEqual(self.texts("base2"), [])

    def test_what_is_on_the_air_at_one_that_goes_away_is_not_sent_twice(self):
        self.start("base1", "base2", "base3")
        self.hear("base2")
        self.hear("base3", "N0CALL-7>APZ001,N0CALL-9*:>here I am")
        self.command()
        self.on_air("base2")
        harness.wait_for(lambda: len(self.receipts("c-1")) == 2, "the receipt on_air")
        self.kill("base2")
        self.misses("base2")
        self.publish("security", "gw/base1/down/sec/list", {"id": "list"})
        self.assertEqual(self.final("list")["waiting"][0]["via"], "base2")
        self.start("base2")
        self.on_air("base2")
        self.acknowledge("base2")
        self.confirmed_by("base2")
        self.assertEqual(self.texts("base3"), [])

    def test_one_that_was_cut_off_has_sent_the_alert_all_the_same(self):
        self.lines["base2"] = Line(self.port)
        self.addCleanup(self.lines["base2"].close)
        self.start("base1", "base2", "base3", hold="10 min")
        self.hear("base2")
        self.hear("base3", "N0CALL-7>APZ001,N0CALL-9*:>here I am")
        # It has taken both, and its radio is away for a while.
        self.tncs["base2"].close()
        harness.wait_for(lambda: self.bench.status("base2")["radios"][0]["state"] != "up", "the radio of base2 to be missed")
        words = harness.Listener(self.bench, self.port, "cresset/v1/test/gw/base1/down/gw/base2/receipt", ["-u", "base1", "-F", "%t\t%r\t%p"])
        self.command("c-1", what="alert", text="stay in", body={"urgency": "Immediate", "severity": "Severe"})
        self.command("c-2")
        harness.wait_for(lambda: len({found["body"]["command"] for found in words.find("/receipt", lambda found: found["body"]["stage"] == "queued")}) == 2,
                         "base2 to say that it has both")
        self.lines["base2"].cut()
        self.misses("base2")
        # An alert is rather heard twice than late; the text waits for what base2 makes of it.
        harness.wait_for(lambda: self.texts("base3", "stay in"), "the alert on the air at base3")
        self.assertEqual((self.texts("base3"), self.count("base1", "given_back")), ([], 1))
        self.tncs["base2"] = self.bench.tnc(self.tncs["base2"].port)
        for text, command in (("stay in", "c-1"), ("come home", "c-2")):
            frames = harness.wait_for(lambda: self.texts("base2", text), "base2 to send")
            number = frames[-1].rsplit(b"{", 1)[1].decode()
            self.tncs["base2"].hear(f"N0CALL-7>APZ001::{CALLS['base2']:9}:ack{number}")
        self.lines["base2"].mend()
        # Its word is believed, though the alert is on another way now.
        self.confirmed_by("base2", "c-1")
        self.confirmed_by("base2", "c-2")
        self.assertEqual(self.texts("base3"), [])

    def test_one_that_has_lost_one_of_its_connections_says_that_it_goes(self):
        self.lines["base2"] = Line(self.port)
        self.addCleanup(self.lines["base2"].close)
        self.start("base1", "base2")
        self.hear("base2")
        self.lines["base2"].cut_one(b"base2-b")
        self.misses("base2")

    def test_the_only_way_has_gone_and_is_back(self):
        self.start("base1", hold="10 min", mute=("base1",))
        self.start("base2", hold="10 min")
        self.hear("base2")
        self.kill("base2")
        self.misses("base2")
        self.command()
        harness.wait_for(lambda: self.receipts("c-1"), "the receipt queued")
        self.assertEqual(self.count("base1", "handed"), 0)
        self.start("base2", hold="10 min")
        self.on_air("base2")
        self.acknowledge("base2")
        self.confirmed_by("base2")

    def test_one_whose_state_does_not_come_is_given_nothing(self):
        acl = self.bench.dir / "acl"
        acl.write_text(acl.read_text().replace("topic read cresset/v1/test/gw/+/state\ntopic write cresset/v1/test/gw/+/down/gw/base1/text",
                                               "topic write cresset/v1/test/gw/+/down/gw/base1/text"))
        self.broker.send_signal(signal.SIGHUP)
        self.start("base1", "base2")
        self.hear("base2")
        self.hear("base1", "N0CALL-7>APZ001,N0CALL-9*:>here I am")
        harness.wait_for(lambda: self.tells_again("base2") and self.count("base1", "drop.unseen") > 0, "base1 to miss its state", 90)
        self.assertIn("check \"read gw/+/state\" in the broker's access list", self.bench.log("base1.log"))
        self.command()
        self.on_air("base1")
        self.assertEqual(self.count("base1", "handed"), 0)

    def tells_again(self, name):
        self.tncs[name].hear("N0CALL-7>APZ001:>here I am")
        return True


if __name__ == "__main__":
    harness.main(at_once=4)
