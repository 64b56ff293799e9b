"""The benchmark tx-priority, ten simulated minutes of it: it runs, and says what it is meant to say."""
import json
import os
import subprocess
import unittest

import harness

METRICS = {"distress_wait_ratio_max", "urgent_wait_frames_p99", "overruns", "alerts_refused", "bulk_sent", "turn_delay_frames_max",
           "field_alert_delivery_ratio"}


class Priority(unittest.TestCase):
    def test_every_figure_is_there(self):
        script = harness.SOURCE / "tests" / "bench" / "bench.py"
        run = subprocess.run(["/usr/bin/python3", script, "tx-priority", "--json", "--seconds", "600", "--cases", "eu868-1pct,afsk1200"],
                             capture_output=True, text=True, check=False, env={**os.environ, "CRESSET_BINARY_DIR": str(harness.BINARY)})
        self.assertEqual(run.returncode, 0, run.stderr)
        lines = [json.loads(line) for line in run.stdout.splitlines()]
        figures = {(line["case"], line["system"], line["metric"]): line["value"] for line in lines}
        for case in ("eu868-1pct", "afsk1200"):
            for system in ("cresset", "fifo"):
                self.assertLessEqual(METRICS, {metric for where, who, metric in figures if (where, who) == (case, system)})
            targets = [line for line in lines if (line["case"], line["system"]) == (case, "target")]
            self.assertLessEqual(METRICS, {line["metric"] for line in targets})
            self.assertEqual(figures[case, "cresset", "overruns"], 0)
            self.assertEqual(figures[case, "cresset", "distress_late"], 0)
            self.assertGreater(figures[case, "fifo", "distress_late"], 0)


if __name__ == "__main__":
    harness.main()
