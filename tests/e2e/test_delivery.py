"""What becomes of a message on the air: acknowledged, repeated, given up, sent by another radio."""

import unittest

import harness

# Who is to be answered waits longer than a slow machine takes; who is not gives up soon. Each repetition is waited for longer.
PATIENT, REPEATS, GIVES_UP = "ack_timeout: 90 s\nretries: 2", "ack_timeout: 1 s\nretries: 10", "ack_timeout: 1 s\nretries: 2"


class Delivery(unittest.TestCase):
    def setUp(self):
        self.bench = harness.Bench()
        self.addCleanup(self.bench.__exit__)
        self.port, _ = self.bench.broker()
        self.hq = harness.Listener(self.bench, self.port)
        self.near, self.far = harness.Tnc(), harness.Tnc()
        for tnc in (self.near, self.far):
            self.addCleanup(tnc.close)

    def start(self, log="cressetd.log", kiss="txdelay_ms: 10, persistence: 255", **radios):
        """radios: how patient each is, by its name."""
        tncs = {"near": self.near, "far": self.far}
        more = f"aprs: {{callsign: N0CALL-10}}\nkiss: {{{kiss}}}"
        config = self.bench.config([self.port], {name: (f"tcp://127.0.0.1:{tncs[name].port}", f"{patience}\n{more}")
                                                 for name, patience in radios.items()})
        gateway = self.bench.gateway(config, log=log)
        for name in radios:
            tncs[name].connected()
        harness.wait_for(lambda: all(f"{name}: up" in self.bench.log(log) for name in radios), "the radios")
        self.hq.expect("gw/base1/state")
        return gateway

    def send(self, command="d-1", text="come home", *more):
        self.bench.tool("send", "--to", "N0CALL-7", "--id", command, "--body", "ack_wanted=true", *more, text)

    @staticmethod
    def texts(tnc, wanted="come home"):
        """Information fields that say it, in the order they were sent."""
        frames = [frame[1:] for frame in harness.kiss_frames(tnc.sent) if frame[0] == 0]
        return [frame.split(b"\x03\xf0", 1)[1] for frame in frames if wanted.encode() in frame]

    def stages(self, command="d-1"):
        return [found["body"]["stage"] + (":" + found["body"]["code"] if "code" in found["body"] else "")
                for found in self.hq.find(f"receipt/{command}")]

    def acknowledge(self, tnc, information, to="N0CALL-10", station="N0CALL-7", word="ack"):
        number = information.rsplit(b"{", 1)[1].decode()
        tnc.hear(f"{station}>APZ001::{to:9}:{word}{number}")

    def test_an_acknowledgement_confirms(self):
        self.start(near=REPEATS)
        self.send()
        harness.wait_for(lambda: self.texts(self.near), "the message on the air")
        first = self.texts(self.near)[0]
        # Those of others, or for others, say nothing about ours.
        self.acknowledge(self.near, first, station="N0CALL-8")
        self.acknowledge(self.near, first, to="N0CALL-3")
        harness.wait_for(lambda: len(self.texts(self.near)) >= 2, "the repetition")
        self.assertEqual(self.texts(self.near)[1], first, "byte by byte the same")
        self.acknowledge(self.near, first)
        harness.wait_for(lambda: self.stages() == ["queued", "on_air", "confirmed"], "the final receipt")

    def test_a_rejection_confirms_nothing(self):
        self.start(near=PATIENT, far=PATIENT)
        self.send()
        harness.wait_for(lambda: self.texts(self.near) + self.texts(self.far), "the message on the air")
        tnc, other = (self.near, self.far) if self.texts(self.near) else (self.far, self.near)
        self.acknowledge(tnc, self.texts(tnc)[0], word="rej")
        harness.wait_for(lambda: self.stages() == ["queued", "on_air", "failed:rejected"], "the final receipt")
        self.assertEqual(self.texts(other), [], "it got there: no other radio is needed")

    def test_nobody_answers(self):
        self.start(near=GIVES_UP)
        self.send()
        harness.wait_for(lambda: self.stages() == ["queued", "on_air", "failed:no_ack"], "the final receipt")
        self.assertEqual(len(self.texts(self.near)), 3, "once, and two repetitions")

    def test_the_radio_that_heard_the_station_goes_first_and_then_the_other(self):
        self.start(near=PATIENT, far=GIVES_UP)
        self.far.hear("N0CALL-7>APZ001:>here I am")
        self.hq.expect("text/N0CALL-7")
        self.send()
        harness.wait_for(lambda: self.texts(self.near), "the message by the other radio")
        self.assertEqual(len(self.texts(self.far)), 3, "all that there was to try by the radio that heard the station")
        self.acknowledge(self.near, self.texts(self.near)[0])
        harness.wait_for(lambda: self.stages() == ["queued", "on_air", "confirmed"], "the final receipt")

    def test_a_radio_that_was_named_is_the_only_one(self):
        self.start(near=GIVES_UP, far=GIVES_UP)
        self.send("d-1", "come home", "--radio", "near")
        harness.wait_for(lambda: self.stages() == ["queued", "on_air", "failed:no_ack"], "the final receipt")
        self.assertEqual(self.texts(self.far), [])

    def test_a_stop_while_the_acknowledgement_is_awaited_loses_nothing(self):
        gateway = self.start(near=PATIENT)
        self.send()
        harness.wait_for(lambda: self.texts(self.near), "the message on the air")
        before = self.texts(self.near)[0]
        self.bench.stop(gateway)
        self.near.alone()
        self.near.sent = b""
        self.start("second.log", near=PATIENT)
        harness.wait_for(lambda: self.texts(self.near), "the message on the air again")
        self.assertEqual(self.texts(self.near)[0], before, "with the same number, so that the addressee knows it again")
        self.acknowledge(self.near, before)
        harness.wait_for(lambda: "confirmed" in self.stages(), "the final receipt")

    def test_too_long_is_said_at_once_though_the_radio_is_away(self):
        self.start(near=PATIENT)
        self.near.close()
        harness.wait_for(lambda: self.bench.status()["radios"][0]["state"] == "down", "the loss")
        with self.assertRaisesRegex(AssertionError, "was not sent"):
            self.send("d-2", "x" * 68)
        harness.wait_for(lambda: self.stages("d-2") == ["queued", "failed:too_long"], "the refusal")
        for wait in ((), ("--wait",)):
            told = self.bench.tool("send", *wait, "--to", "N0CALL-7", "x" * 68, check=False)
            self.assertEqual((told.returncode, told.stdout), (1, ""))
            self.assertIn("was not sent: failed: too_long. At most 67 bytes of text go.", told.stderr)

    def test_what_is_missing_is_said_as_the_tool_takes_it(self):
        self.start()
        told = self.bench.tool("send", "--kind", "alert", "bridge is down", check=False)
        self.assertEqual(told.returncode, 1)
        self.assertIn('member "body.urgency" is missing. Members of the body are given by --body NAME=VALUE.', told.stderr)

    def test_no_radio_for_such_a_station(self):
        self.start(near=PATIENT, far=PATIENT)
        told = self.bench.tool("send", "--to", "f-17", "come home", check=False)
        self.assertEqual(told.returncode, 1)
        self.assertIn("no radio that is running speaks the language of such a station", told.stderr)

    def test_a_modem_that_dies_in_the_middle_of_a_transmission_sends_it_again(self):
        # At 300 bit/s a frame lasts two seconds.
        for wait, final in (("true", "confirmed"), ("false", "sent")):
            with self.subTest(final):
                self.setUp()
                self.start(near=REPEATS + "\nlistening_share_pct: 100", kiss="baud_on_air: 300")
                self.send("d-1", "come home", "--body", f"ack_wanted={wait}")
                harness.wait_for(lambda: self.stages() == ["queued", "on_air"] and self.texts(self.near), "the beginning")
                self.near.hang_up()
                self.near.connected()
                harness.wait_for(lambda: len(self.texts(self.near)) == 2, "the transmission from its beginning")
                first, again = self.texts(self.near)
                self.assertEqual(first, again, "the same bytes, so that whoever heard it knows it again")
                self.assertEqual(self.stages(), ["queued", "on_air"], "nothing is said to be sent that was cut short")
                if wait == "true":
                    self.acknowledge(self.near, again)
                harness.wait_for(lambda: self.stages() == ["queued", "on_air", final], "the final receipt")
                self.assertEqual(len(self.texts(self.near)), 2)

    def test_a_modem_that_is_away_sends_it_when_it_is_back(self):
        self.start(near=REPEATS)
        self.near.hang_up()
        self.send()
        self.near.connected()
        harness.wait_for(lambda: self.texts(self.near), "the message on the air")
        self.acknowledge(self.near, self.texts(self.near)[0])
        harness.wait_for(lambda: "confirmed" in self.stages(), "the final receipt")


if __name__ == "__main__":
    harness.main(at_once=4)
