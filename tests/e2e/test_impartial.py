"""Names change nothing in the order: the same commands to stations and organisations of other names go out in the same order."""

import re

import harness
from commands_bench import Rig

STATIONS = ["N0CALL-1", "N0CALL-2", "AA0AAA-1", "ZZ9ZZZ-9", "N1CALL-1"]
ORGANISATIONS = ["aaa", "zzz", "example-org", "other-org", "mmm"]
ALERT = {"urgency": "Immediate", "severity": "Severe"}
MODERATE = {"urgency": "Expected", "severity": "Moderate"}
# Who is spoken to (0 gets a flood), by whom, and what.
ASKED = [*[(0, "sec/text", {})] * 5, (1, "org", {}), (2, "sec/text", {}), (1, "org", {}), (3, "sec/alert", MODERATE), (0, "sec/alert", MODERATE),
         (4, "coord/text", {}), (2, "sec/alert", ALERT), (0, "sec/text", {}), (0, "sec/alert", ALERT), (4, "org", {}), (0, "org", {}),
         (3, "sec/text", {}), (3, "org", {})]


class Impartial(Rig):
    def order(self, stations, organisations):
        self.setUp()
        extra = "stations:\n" + "".join(f"- {{station: {name}, organisation: {organisation}}}\n"
                                        for name, organisation in zip(stations, organisations, strict=True))
        dead = harness.free_port()
        keys = "aprs: {callsign: N0CALL-10}\nkiss: {baud_on_air: 9600, txdelay_ms: 10}\nlistening_share_pct: 100"
        gateway = self.start({"vhf": (f"tcp://127.0.0.1:{dead}", keys)}, extra)
        for number, (station, audience, body) in enumerate(ASKED):
            topic = f"org/{organisations[station]}/text" if audience == "org" else audience
            self.publish(topic, {"id": f"c-{number}", "to": stations[station], "text": f"number {number:02d}",
                                 "body": {**body, "ack_wanted": False}})
        self.settled()
        for number in range(len(ASKED)):
            self.assertEqual(self.stages(f"c-{number}"), ["queued"])
        self.tnc.close()
        self.tnc = self.bench.tnc(dead)
        harness.wait_for(lambda: len(self.frames("number ")) == len(ASKED), "all of it on the air")
        self.bench.stop(gateway)
        return [int(re.search(rb"number (\d\d)", frame)[1]) for frame in self.frames("number ")]

    def test_names_change_nothing(self):
        first = self.order(STATIONS, ORGANISATIONS)
        # It is an order, and not that of their coming.
        self.assertEqual([ASKED[number][2] for number in first[:2]], [ALERT, ALERT])
        self.assertNotEqual(first[2:], sorted(first[2:]))
        for turn in (1, 3):
            self.assertEqual(self.order(STATIONS[turn:] + STATIONS[:turn], ORGANISATIONS), first)
            self.assertEqual(self.order(STATIONS[::-1], ORGANISATIONS[turn:] + ORGANISATIONS[:turn]), first)


if __name__ == "__main__":
    harness.main()
