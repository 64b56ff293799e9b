# labels: timing
"""What the service may cost a small machine: memory idle and with a backlog, wake-ups, open files."""

import os
import time
import unittest

import harness

IDLE_KB, QUEUED_KB, WAKEUPS_PER_S = 4096, 12288, 5


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return {key: value.strip() for key, _, value in (line.partition(":") for line in file)}


def anonymous_kb(pid):
    return int(status_of(pid)["RssAnon"].split()[0])


class Limits(unittest.TestCase):
    def setUp(self):
        self.bench = harness.Bench()
        self.addCleanup(self.bench.__exit__)
        self.port, self.broker = self.bench.broker()
        self.tnc = self.bench.tnc()
        self.gateway = self.bench.gateway(self.bench.config([self.port], {"vhf": f"tcp://127.0.0.1:{self.tnc.port}"}))
        self.tnc.connected()
        self.bench.answering()
        harness.wait_for(lambda: self.bench.status()["uplink"]["connected"], "a connection")

    def test_idle(self):
        before = int(status_of(self.gateway.pid)["voluntary_ctxt_switches"])
        time.sleep(10)
        wakeups = (int(status_of(self.gateway.pid)["voluntary_ctxt_switches"]) - before) / 10
        print(f"idle: {anonymous_kb(self.gateway.pid)} kB anonymous, {wakeups:.1f} wake-ups/s", flush=True)
        self.assertLessEqual(anonymous_kb(self.gateway.pid), IDLE_KB)
        self.assertLessEqual(wakeups, WAKEUPS_PER_S)

    def test_ten_thousand_waiting(self):
        self.bench.stop(self.broker)
        for n in range(10000):
            self.tnc.hear(f"N0CALL-{n % 16}>APZ001,WIDE1-1:=49{n % 60:02d}.50N/07201.{n % 100:02d}W[on the road {n}")
        harness.wait_for(lambda: self.bench.counter("route", "accepted") == 10000, "10 000 messages taken", 120)
        print(f"10 000 waiting: {anonymous_kb(self.gateway.pid)} kB anonymous", flush=True)
        self.assertLessEqual(anonymous_kb(self.gateway.pid), QUEUED_KB)

    def test_no_descriptor_is_left_behind(self):
        def descriptors():
            return len(os.listdir(f"/proc/{self.gateway.pid}/fd"))
        before = descriptors()
        for _ in range(5):
            self.tnc.hang_up()
            self.tnc.connected()
        self.bench.stop(self.broker)
        harness.wait_for(lambda: not self.bench.status()["uplink"]["connected"], "the loss to be noticed")
        self.bench.broker(self.port)
        harness.wait_for(lambda: self.bench.status()["uplink"]["connected"], "a new connection", 60)
        harness.wait_for(lambda: self.bench.status()["radios"][0]["state"] == "up", "the radio")
        harness.wait_for(lambda: descriptors() <= before + 1, f"{before} descriptors, there are {descriptors()}")


if __name__ == "__main__":
    harness.main()
