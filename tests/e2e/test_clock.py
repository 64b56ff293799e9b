# labels: long
"""The wall clock jumps, as it does minutes after the start of a machine without a battery for it: nothing is lost or held up for that."""

import signal
import unittest

import clock_jumps
import harness

HOUR_S, YEAR_S = 3600, 365 * 24 * 3600
STATUS = "N0CALL-{n}>APZ001,WIDE1-1:>report {text}"
POSITION = "N0CALL-7>APZ001,WIDE1-1:!4903.50N/07201.75W>on the road"
EMERGENCY = "N0CALL-9>APZ001:>!EMERGENCY! stuck"


class Clock(clock_jumps.ClockJumps, unittest.TestCase):
    def setUp(self):
        self.bench = harness.Bench()
        self.addCleanup(self.bench.__exit__)
        self.tnc = self.bench.tnc()

    def gateway(self, brokers, extra=""):
        config = self.bench.config(brokers, {"vhf": f"tcp://127.0.0.1:{self.tnc.port}"}, extra)
        gateway = self.bench.gateway(config, env=self.clock_environment())
        self.tnc.connected()
        self.bench.answering()
        return gateway

    def queue_all_sorts(self):
        self.tnc.hear(POSITION, EMERGENCY, *(STATUS.format(n=n, text=f"waiting {n}") for n in range(5)))
        self.tnc.hear("N0CALL-3>APZ001:>SOS come quickly")
        harness.wait_for(lambda: self.bench.counter("route", "accepted") == 8, "eight messages taken")

    def expect_all_sorts(self, hq):
        hq.expect("text/", count=5)
        hq.expect("track/base1/N0CALL-7")
        hq.expect("sec/base1/alert/N0CALL-3")
        hq.expect("sec/base1/distress/N0CALL-9")
        self.assertEqual(self.bench.status()["drops"], [])

    def test_what_waits_survives_a_year_forward_and_a_kill(self):
        port = harness.free_port()
        gateway = self.gateway([port])
        self.queue_all_sorts()
        harness.wait_for(lambda: self.bench.counter("store", "written") >= 8, "all of it on disk")
        before = self.bench.counter("store", "groups")
        self.jump_to(YEAR_S)
        self.assertIn(self.bench.status()["classes"][4]["oldest_s"], range(60), "an age without the jump")
        harness.wait_for(lambda: self.bench.counter("store", "groups") > before, "the jump on disk")
        self.bench.stop(gateway, signal.SIGKILL)
        harness.wait_for(lambda: not self.tnc.clients, "the TNC to notice")
        self.bench.broker(port)
        hq = harness.Listener(self.bench, port)
        self.gateway([port])
        self.expect_all_sorts(hq)

    def test_jumps_back_and_forth(self):
        port, _ = self.bench.broker()
        hq = harness.Listener(self.bench, port)
        self.gateway([port])
        for n, seconds in enumerate((HOUR_S, -HOUR_S, YEAR_S, -YEAR_S, 0)):
            self.jump_to(seconds)
            self.tnc.hear(STATUS.format(n=n, text=f"after jump {n}"), STATUS.format(n=n, text=f"after jump {n}"))
            self.assertEqual(len(hq.expect("text/", lambda d, n=n: d["text"] == f"report after jump {n}")), 1)
            self.assertEqual(self.bench.counter("route", "duplicates"), n + 1)
        self.assertEqual(self.bench.status()["drops"], [])

    def test_what_was_refused_is_tried_again_although_the_clock_went_back(self):
        acl = self.bench.dir / "acl"
        acl.write_text("topic readwrite cresset/v1/test/gw/#\ntopic read #\n")
        acl.chmod(0o644)
        port, broker = self.bench.broker(lines=[f"acl_file {acl}"])
        hq = harness.Listener(self.bench, port)
        self.gateway([port])
        self.tnc.hear(EMERGENCY)
        harness.wait_for(lambda: self.bench.status()["classes"][0]["held"] == 1, "the alert to be refused and held")
        self.jump_to(-HOUR_S)
        acl.write_text("topic readwrite #\n")
        broker.send_signal(signal.SIGHUP)
        hq.expect("sec/base1/distress/N0CALL-9")

    def test_time_that_really_passes_still_counts(self):
        self.gateway([], "classes:\n  expiry: {bulk: 2 s}\n")
        self.tnc.hear(POSITION)
        drops = harness.wait_for(lambda: self.bench.status()["drops"], "the position to expire")
        self.assertEqual([(drop["reason"], drop["count"]) for drop in drops], [("BULK.expired", 1)])


if __name__ == "__main__":
    harness.main(at_once=4)
