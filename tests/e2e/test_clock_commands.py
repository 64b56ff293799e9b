# labels: long
"""The wall clock is set back or forward while commands wait: nothing expires, lives longer, goes twice or gets more airtime for that."""

import json

import harness
from clock_jumps import ClockJumps
from commands_bench import Rig

HOUR_S, YEAR_S = 3600, 365 * 24 * 3600


class ClockOfCommands(ClockJumps, Rig):
    def start(self, radios=None, extra="", wait=True, **options):
        return super().start(radios, extra, wait, env=self.clock_environment(), **options)

    def rows(self):
        return {row["id"]: row for row in json.loads(self.bench.tool("queue", "--json").stdout)["messages"]}

    def test_what_waits_neither_lives_longer_nor_expires(self):
        dead = harness.free_port()
        self.start({"vhf": (f"tcp://127.0.0.1:{dead}", "aprs: {callsign: N0CALL-10}")})
        text = {"to": "N0CALL-7", "body": {"ack_wanted": False}}
        self.publish("sec/text", {"id": "day", "text": "of the whole day", **text})
        self.publish("sec/text", {"id": "soon", "text": "of six seconds", **text}, "-D", "publish", "message-expiry-interval", "6")
        # On a busy machine the short one may be over by the time that somebody looks.
        harness.wait_for(lambda: self.stages("day") == ["queued"] and self.stages("soon")[:1] == ["queued"], "the receipts")
        said = self.documents("day")
        self.jump_to(-YEAR_S)
        self.assertEqual(self.final("soon")["stage"], "expired")
        for seconds in (YEAR_S, -HOUR_S):
            self.jump_to(seconds)
            self.assertGreater(self.rows()["day"]["expires_in_s"], 23 * HOUR_S)
        # What is asked for again is known by its id, and answered with the same words: Rig.documents compares them.
        self.publish("sec/text", {"id": "day", "text": "of the whole day", **text})
        self.settled()
        self.assertEqual(self.documents("day"), said)
        self.tnc.close()
        self.tnc = self.bench.tnc(dead)
        self.assertEqual(self.final("day")["stage"], "sent")
        self.assertEqual((len(self.frames("of the whole day")), self.frames("of six seconds")), (1, []))

    def test_the_hour_on_the_air_is_not_told_by_the_wall(self):
        # A text of 60 bytes takes some 140 ms, so of 3.6 s an hour some ten are left beside the reserve.
        device = f"tcp://127.0.0.1:{self.tnc.port}"
        self.start({"vhf": (device, "aprs: {callsign: N0CALL-10}\nkiss: {baud_on_air: 9600, txdelay_ms: 10}\nlistening_share_pct: 100\n"
                                    "duty_cycle_pct: 0.1")})
        for n in range(30):
            self.publish("sec/text", {"id": f"t-{n}", "to": "N0CALL-7", "text": "x" * 60, "body": {"ack_wanted": False}})

        def all_wait():
            rows = self.rows()
            return rows and all(row["why"] == "airtime" and row["go_in_s"] > 60 for row in rows.values())
        harness.wait_for(all_wait, "nothing but texts that wait for airtime")
        sent = len(self.frames("x" * 60))
        self.assertIn(sent, range(3, 25))
        for seconds in (-2 * HOUR_S, 2 * HOUR_S):
            self.jump_to(seconds)
            self.assertTrue(all_wait(), self.rows())
            self.publish("sec/alert", {"id": f"alert{seconds}", "radio": "vhf", "text": "leave",
                                       "body": {"urgency": "Immediate", "severity": "Severe"}})
            self.assertEqual(self.final(f"alert{seconds}")["stage"], "sent")
        self.assertEqual(len(self.frames("x" * 60)), sent)


if __name__ == "__main__":
    harness.main(at_once=2)
