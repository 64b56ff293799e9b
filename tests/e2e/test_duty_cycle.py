"""The limits of a sub-band, with the real daemon, a simulated RNode and the ether's own inspector: 0.1 % of 868.7-869.2 MHz are 3.6 s an hour."""
import json

import harness
import modem_bench

# SF7, 125 kHz: a text of 60 bytes takes some 150 ms, an alert of 48 bytes 92 ms; 12 alerts are the reserve, the rest is for some 15 texts.
KEYS = "{frequency_mhz: 868.9, spreading_factor: 7, power_dbm: 10}"


class DutyCycle(modem_bench.ModemTest):
    driver, program, keys = "rnode", "rnode", KEYS
    scenario = "region: eu868\n"
    radio_keys = "region: eu868\n    listening_share_pct: 100"

    def text(self, number):
        self.bench.tool("send", "--radio", "lora", "--to", "f-17", "--body", "ack_wanted=false", "--id", f"t-{number}", "x" * 60)

    def alert(self, number):
        self.bench.tool("send", "--radio", "lora", "--to", "f-17", "--kind", "alert", "--body", "ack_wanted=false", "--body",
                        "urgency=Immediate", "--body", "severity=Extreme", "--id", f"a-{number}", "leave")

    def finals(self, letter):
        return {found["body"]["command"]: found["body"]["stage"] for found in self.listener.find(f"receipt/{letter}-")
                if found["body"]["final"]}

    def waiting(self):
        queue = json.loads(self.bench.tool("queue", "--json").stdout)
        # Less than a minute is the wait for the disk, where airtime is booked ahead.
        return [item for item in queue["messages"] if item["why"] == "airtime" and item["go_in_s"] > 60]

    def all_wait(self):
        waiting = self.waiting()
        return waiting and len(waiting) == len(json.loads(self.bench.tool("queue", "--json").stdout)["messages"])

    def saturate(self, texts=40):
        for number in range(texts):
            self.text(number)
        harness.wait_for(self.all_wait, "nothing but texts that wait for airtime")
        harness.wait_for(lambda: len(self.finals("t")) + len(self.waiting()) == texts, "the receipts of all others")

    def assert_nothing_overrun(self):
        """By the account of the inspector, who writes it as the ether ends, and gives 3 as its status where a rule was broken."""
        ether = next(child for child in self.bench.children if child.args[0].endswith("/ether"))
        self.assertEqual(self.bench.stop(ether), 0)

    def test_texts_stop_at_their_share_and_alerts_go_on(self):
        self.base()
        self.saturate()
        sent = len(self.finals("t"))
        self.assertGreater(sent, 8)
        self.assertLess(sent, 40)
        for number in range(12):
            self.alert(number)
            harness.wait_for(lambda: f"a-{number}" in self.finals("a"), "an alert")
        # Such a wait is one for minutes, and is said.
        self.assertEqual(self.bench.counter("route", "alerts.delayed"), 0, "an alert never waits for airtime")
        self.assertEqual(set(self.finals("a").values()), {"sent"})
        self.assertEqual(len(self.finals("t")), sent, "the reserve is not for texts")
        self.assertTrue(self.all_wait(), "what waits says when it will go")
        self.assert_nothing_overrun()

    def test_a_kill_does_not_give_the_hour_back(self):
        self.base()
        self.saturate()
        sent = len(self.finals("t"))
        self.gateway.kill()
        self.gateway.wait()
        self.bench.gateway(self.config)
        self.bench.answering()
        self.until("up")
        harness.wait_for(self.all_wait, "texts that still wait")
        self.alert(1)
        harness.wait_for(lambda: "a-1" in self.finals("a"), "an alert out of the reserve")
        self.assertLessEqual(len(self.finals("t")), sent + 1, "one may have been in the radio")
        self.assert_nothing_overrun()

    def test_an_hour_that_nobody_knows_counts_as_used(self):
        self.base()
        self.text(1)
        harness.wait_for(lambda: "t-1" in self.finals("t"), "a text while all is known")
        self.gateway.kill()
        self.gateway.wait()
        database = self.bench.dir / "base1" / "cresset.db"
        database.write_bytes(bytes(database.stat().st_size))
        self.bench.gateway(self.config)
        harness.wait_for(lambda: self.bench.tool("status", check=False).returncode == 0, "the socket")
        self.until("up")
        self.text(2)
        harness.wait_for(self.waiting, "the text that waits")
        self.assertGreater(self.waiting()[0]["go_in_s"], 3000)
        self.alert(1)
        harness.wait_for(lambda: "a-1" in self.finals("a"), "an alert out of the reserve")
        self.assertNotIn("t-2", self.finals("t"))
        self.assertEqual(self.bench.counter("airtime", "assumed_used"), 1)

    def test_refused_at_the_start_where_twelve_alerts_find_no_room(self):
        config = self.bench.dir / "cresset.yaml"
        config.write_text("gateway: {name: base1, operation: test}\nradios:\n  lora: {device: /dev/ttyUSB0, modem: rnode, air: field, region: eu868, "
                          "field: {station: 61000}, rnode: {frequency_mhz: 868.9, spreading_factor: 12}}\n")
        self.assertEqual(self.bench.gateway(config, log="refused.log").wait(harness.PATIENCE_S), 1)
        self.assertIn("radios.lora.region: 12 alerts of 48 bytes take 12 x 2630 ms = 31.6 s an hour, band N allows 3.6 s. Choose a channel of "
                      "869.4-869.65 MHz (10 %), or a faster setting.", self.bench.log("refused.log"))


if __name__ == "__main__":
    harness.main(at_once=2)
