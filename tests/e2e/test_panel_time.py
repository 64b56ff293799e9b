# labels: timing
"""How soon the panel raises, sounds and is silent, and how seldom it wakes the machine."""
import os
import pathlib
import re
import time

import harness
from panel_rig import PanelTest


class PanelTime(PanelTest):
    def test_distress_and_siren_within_5_ms_of_the_hold(self):
        port, _ = self.bench.broker()
        hq = harness.Listener(self.bench, port)
        self.start(self.config([port], hold=None))
        self.wired()
        harness.wait_for(lambda: self.bench.status()["uplink"]["connected"], "the broker")
        late_ms = []
        for _ in range(5):
            count = len(self.lines.edges)
            pressed, _ = self.press(seconds=2.5)
            on = harness.wait_for(lambda: [at for at, name, level in self.lines.edges[count:]
                                           if name == "siren" and level == 1], "the siren")[0]
            late_ms.append((on - pressed) / 1e3 - 2000)
            incident = self.incidents(1)[0]["id"]
            self.bench.tool("ack", incident, "--level", "CLOSED", "--operator", "desk-1")
            self.lines.expect("siren", 0)
            time.sleep(0.3)  # no finger is faster, and within the debounce time the button was never let go
        hq.expect("sec/base1/distress/base1", count=5)
        print("siren", ", ".join(f"{late:.2f}" for late in late_ms), "ms after the hold", flush=True)
        # The siren is set in the turn of the loop after the message was raised. The best of five: others use this machine, too.
        self.assertGreaterEqual(min(late_ms), 0)
        self.assertLess(min(late_ms), 5)

    def test_no_wake_ups_while_all_is_well(self):
        port, _ = self.bench.broker()
        gateway = self.start(self.config([port], hold=None))
        self.wired()
        harness.wait_for(lambda: self.bench.status()["uplink"]["connected"], "the broker")
        self.lines.expect("lamp_uplink", 0)

        def switches():
            total = 0
            for task in os.listdir(f"/proc/{gateway.pid}/task"):
                text = pathlib.Path(f"/proc/{gateway.pid}/task/{task}/status").read_text(encoding="ascii")
                total += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.MULTILINE).group(1))
            return total
        time.sleep(1)
        before = switches()
        time.sleep(10)
        per_s = (switches() - before) / 10
        print(f"{per_s:.1f} wake-ups a second", flush=True)
        self.assertLess(per_s, 5)


if __name__ == "__main__":
    harness.main()
