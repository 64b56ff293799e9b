"""Stopping under load, with a disk so slow that every sync takes two seconds: soon over, and nothing acknowledged lost."""

import json
import socket
import threading
import time
import unittest

import harness


class Stop(unittest.TestCase):
    def setUp(self):
        self.bench = harness.Bench()
        self.addCleanup(self.bench.__exit__)
        self.tnc = self.bench.tnc()
        self.stop = False
        self.stored = []

    def config(self):
        return self.bench.config([], {"vhf": f"tcp://127.0.0.1:{self.tnc.port}",
                                      "slow": (f"tcp://127.0.0.1:{harness.free_port()}", "aprs: {callsign: N0CALL-10}")})

    def pour(self):
        number = 0
        while not self.stop:
            number += 1
            try:
                self.tnc.hear(f"N0CALL-{number % 16}>APZ001:>number {number}")
            except OSError:
                return
            time.sleep(0.002)

    def command_all_the_time(self):
        """Straight to the socket: hundreds of commands, whose answers are read as they come."""
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(self.bench.dir / "base1.sock"))
        answers = client.makefile()
        threading.Thread(target=self.listen, args=(answers,), daemon=True).start()
        for number in range(400):
            line = {"command": "send", "radio": "slow", "to": "N0CALL-7", "text": f"command {number}", "id": f"s-{number}"}
            try:
                client.sendall(json.dumps(line).encode() + b"\n")
            except OSError:
                return
            time.sleep(0.01)

    def listen(self, answers):
        for line in answers:
            answer = json.loads(line)
            if answer.get("status") == "STORED":
                self.stored.append(answer["id"])

    def test_stop_under_load(self):
        config = self.config()
        gateway = self.bench.gateway(config, env={
            "LD_PRELOAD": str(harness.BINARY / "tests" / "slowsync.so"), "SLOWSYNC_MS": "2000",
            "ASAN_OPTIONS": "verify_asan_link_order=0"})
        self.tnc.connected()
        self.bench.answering()
        threads = [threading.Thread(target=work, daemon=True) for work in (self.pour, self.command_all_the_time)]
        for thread in threads:
            thread.start()
        harness.wait_for(lambda: len(self.stored) > 50, "commands to be stored")
        begun = time.monotonic()
        gateway.terminate()
        self.assertEqual(gateway.wait(30), 0, self.bench.log()[-3000:])
        self.assertLess(time.monotonic() - begun, 20)
        self.stop = True
        for thread in threads:
            thread.join()
        again = self.bench.gateway(config)
        self.bench.answering()
        waiting = {radio["name"]: radio["queued"] for radio in self.bench.status()["radios"]}["slow"]
        self.assertGreaterEqual(waiting, len(self.stored))
        for command in self.stored[:3] + self.stored[-3:]:
            said = self.bench.tool("send", "--radio", "slow", "--to", "N0CALL-7", "--id", command, "x", check=False)
            self.assertIn("taken before", said.stderr)
        self.assertEqual(self.bench.stop(again), 0, self.bench.log()[-3000:])

    def test_a_client_that_never_reads_holds_up_nobody(self):
        gateway = self.bench.gateway(self.config())
        self.tnc.connected()
        self.bench.answering()
        lazy = []
        for command in ("monitor", "tail", "status"):
            client = socket.socket(socket.AF_UNIX)
            client.connect(str(self.bench.dir / "base1.sock"))
            client.settimeout(0.2)
            lazy.append(client)
            try:
                client.sendall((json.dumps({"command": command}).encode() + b"\n") * (2000 if command == "status" else 1))
            except TimeoutError:
                pass
        pourer = threading.Thread(target=self.pour, daemon=True)
        pourer.start()
        harness.wait_for(lambda: self.bench.counter("route", "accepted") > 3000, "traffic to go on")
        self.stop = True
        pourer.join()
        resident = int(next(line.split()[1] for line in open(f"/proc/{gateway.pid}/status") if line.startswith("VmRSS")))
        self.assertLess(resident, 400000, "kB; a sanitizer build takes ten times the memory")
        self.assertEqual(self.bench.stop(gateway), 0, self.bench.log()[-3000:])
        for client in lazy:
            client.close()


if __name__ == "__main__":
    harness.main(at_once=2)
