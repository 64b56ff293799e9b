# labels: long
"""Killed at any moment, 200 times under traffic: nothing acknowledged is lost, and nothing comes twice under different ids."""

import json
import os
import random
import signal
import sqlite3
import threading
import time
import unittest

import harness

CYCLES = int(os.environ.get("CRESSET_KILL_CYCLES", "200"))


class Kill(unittest.TestCase):
    def setUp(self):
        self.bench = harness.Bench()
        self.addCleanup(self.bench.__exit__)
        self.tnc = self.bench.tnc()
        self.stored = []     # ids that `cresset send` was told STORED for
        self.stop_sending = False
        self.sent = 0

    def gateway_once(self, config):
        gateway = self.bench.gateway(config)
        harness.wait_for(lambda: len(self.tnc.clients) > 0 or gateway.poll() is not None, "the gateway at the TNC")
        self.assertIsNone(gateway.poll(), self.bench.log()[-2000:])
        return gateway

    def send_all_the_time(self):
        """The tool's own words decide what counts as acknowledged. The radio `slow` never comes up, so what is stored stays stored."""
        while not self.stop_sending:
            self.sent += 1
            command_id = f"s-{self.sent}"
            answer = self.bench.tool("send", "--radio", "slow", "--to", "N0CALL-7", "--id", command_id, "--json",
                                     f"number {self.sent}", check=False)
            if answer.returncode == 0 and '"STORED"' in answer.stdout:
                self.stored.append(command_id)
            # A few a cycle: what waits is read again at each start.
            time.sleep(0.1)

    def test_one_half(self):
        self.cycle(CYCLES // 2, 7)

    def test_other_half(self):
        self.cycle(CYCLES - CYCLES // 2, 8)

    def cycle(self, cycles, seed):
        chance = random.Random(seed)
        port, _ = self.bench.broker(lines=["persistence false"])
        hq = harness.Listener(self.bench, port)
        # Nothing listens on the second radio's port: what is sent to it must wait on disk.
        config = self.bench.config([port], {"vhf": (f"tcp://127.0.0.1:{self.tnc.port}", "aprs: {callsign: N0CALL-10}"),
                                            "slow": (f"tcp://127.0.0.1:{harness.free_port()}", "aprs: {callsign: N0CALL-10}")})
        sender = threading.Thread(target=self.send_all_the_time, daemon=True)
        sender.start()
        heard = 0
        for cycle in range(cycles):
            gateway = self.gateway_once(config)
            until = time.monotonic() + chance.uniform(0.05, 0.6)
            while time.monotonic() < until:
                heard += 1
                try:
                    self.tnc.hear(f"N0CALL-{heard % 16}>APZ001:>cycle {cycle} number {heard}")
                except OSError:
                    pass
                time.sleep(0.01)
            gateway.send_signal(signal.SIGKILL)
            gateway.wait()
            harness.wait_for(lambda: not self.tnc.clients, "the TNC to notice")
            if cycle % 20 == 19:
                print(f"{cycle + 1} of {cycles} kills, {len(self.stored)} acknowledged", flush=True)
        self.stop_sending = True
        sender.join()
        self.assertGreater(len(self.stored), cycles / 2, "the test must have acknowledged something")
        self.check_nothing_is_lost(config)
        self.check_no_doubles(hq, cycles)

    def check_nothing_is_lost(self, config):
        """Nothing listens on the second radio's port, so every acknowledged message must still wait for it: in the gateway that comes
        up after the last kill, and, once that was stopped, in the file."""
        gateway = self.gateway_once(config)
        self.bench.answering()
        queued = next(radio["queued"] for radio in self.bench.status()["radios"] if radio["name"] == "slow")
        self.bench.stop(gateway)
        self.assertEqual(gateway.returncode, 0)
        with sqlite3.connect(self.bench.dir / "base1" / "cresset.db") as database:
            waiting = {row[0] for row in database.execute("SELECT id FROM entry WHERE outlet = 'slow'")}
        self.assertEqual(set(self.stored) - waiting, set(), "acknowledged and lost")
        self.assertEqual(queued, len(waiting))

    def check_no_doubles(self, hq, cycles):
        ids = {}
        for _, topic, payload, _ in list(hq.messages):
            if "/text/" in topic:
                document = json.loads(payload)
                ids.setdefault(document["text"], set()).add(document["id"])
        self.assertGreater(len(ids), cycles)
        self.assertEqual({text: names for text, names in ids.items() if len(names) > 1}, {})


if __name__ == "__main__":
    harness.main(at_once=2)
