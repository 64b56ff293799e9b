"""Floods from the air: the one real emergency among them is quick, memory and disk stay bounded, and every message is accounted for."""

import os
import socket
import threading
import unittest

import harness

TOPICS = "cresset/v1/test/sec/#"


def call(number):
    """A call sign of its own for each number."""
    return "N" + "".join(chr(65 + number // 26 ** place % 26) for place in range(4))


def cpu_s(process):
    """How long it has been running on a processor."""
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
        return sum(map(int, stat.read().rpartition(")")[2].split()[11:13])) / os.sysconf("SC_CLK_TCK")


def frames(lines):
    return b"".join(harness.kiss(harness.ax25(line)) for line in lines)


class Flood(unittest.TestCase):
    def setUp(self):
        self.bench = harness.Bench()
        self.addCleanup(self.bench.__exit__)
        self.tncs = [self.bench.tnc() for _ in range(4)]
        for tnc in self.tncs:
            tnc.listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)  # of its connections: no minutes of flood in there
        self.stop = False

    def start(self, brokers, extra=""):
        radios = {f"r{n}": f"tcp://127.0.0.1:{tnc.port}" for n, tnc in enumerate(self.tncs)}
        config = self.bench.config(brokers, radios, extra)
        gateway = self.bench.gateway(config)
        for tnc in self.tncs:
            tnc.connected()
        self.bench.answering()
        return gateway

    def counters(self):
        return {(item["group"], item["name"]): item["value"] for item in self.bench.status()["counters"]}

    def heard(self, counters):
        return sum(value for (group, name), value in counters.items() if group.startswith("radio.") and name == "heard")

    def settled(self, count):
        harness.wait_for(lambda: self.heard(self.counters()) == count, f"{count} messages heard", 60)

    def settled_and_accounted_for(self):
        """Once all that was poured out is read: every message is accounted for, and those that wait become fewer."""
        seen = []

        def quiet():
            seen.append(self.account())
            return len(seen) > 1 and seen[-1][0] == seen[-2][0] and seen[-1][0] == seen[-1][1]
        harness.wait_for(quiet, lambda: f"every message to be accounted for; heard, accounted for, queued: {seen[-10:]}")
        waiting = seen[-1][2]
        harness.wait_for(lambda: not waiting or self.account()[2] < waiting, f"fewer than {waiting} to wait")

    def account(self):
        """(what was heard, what became of it, how much of that waits): the first two must be equal once nothing is on the wire."""
        status = self.bench.status()
        counters = {(item["group"], item["name"]): item["value"] for item in status["counters"]}
        gone = sum(value for (group, name), value in counters.items() if name.startswith("drop.") and group in ("route", "uplink"))
        queued = sum(level["queued"] for level in status["classes"])
        own = sum(level["delivered"] for level in status["classes"])
        return self.heard(counters), own + queued + gone + counters.get(("route", "duplicates"), 0), queued

    def pour(self, tnc, first):
        number = first
        while not self.stop:
            try:
                tnc.hear_bytes(frames(f"{call(k)}>APZ001:>all is well {k}" for k in range(number, number + 100)))
            except OSError:
                return
            number += 100

    def test_an_emergency_by_the_slow_port_while_three_others_are_flat_out(self):
        port, _ = self.bench.broker()
        hq = harness.Listener(self.bench, port, TOPICS)
        gateway = self.start([port])
        harness.wait_for(lambda: self.bench.status()["uplink"]["connected"], "a connection")
        pourers = [threading.Thread(target=self.pour, args=(tnc, n * 100000), daemon=True) for n, tnc in enumerate(self.tncs[:3])]
        for pourer in pourers:
            pourer.start()
        late_s = []
        for n in range(10):
            begun_s = cpu_s(gateway)
            self.tncs[3].hear(f"N0CALL-{n}>APZ001:>!EMERGENCY! number {n}")
            hq.expect(f"distress/N0CALL-{n}" if n else "distress/N0CALL")
            late_s.append(cpu_s(gateway) - begun_s)
        self.stop = True
        self.assertGreater(sum(late_s), 0)
        # The spec's p95 with the link up is 2 s. Of the gateway's own time, which passes like any other while it is flat out, but where others
        # have the processor.
        self.assertLess(sorted(late_s)[-2], 2)
        for tnc in self.tncs:
            tnc.hang_up()
        for pourer in pourers:
            pourer.join()
        self.settled_and_accounted_for()
        self.assertEqual(self.bench.stop(gateway), 0, self.bench.log()[-3000:])

    def test_one_stuck_beacon_does_not_fill_the_queue_of_distress(self):
        bounds = "store:\n  bounds: {distress: 128 kB}\n"
        gateway = self.start([], bounds)
        self.tncs[0].hear_bytes(frames(f"{call(1)}>APZ001:>!EMERGENCY! stuck {n}" for n in range(1000)))
        self.settled(1000)
        for n in range(10, 30):
            self.tncs[1].hear(f"{call(n)}>APZ001:>!EMERGENCY! another")
        self.settled(1020)
        level = self.bench.status()["classes"][0]
        self.assertLessEqual(level["queued_bytes"], 128000)
        self.assertIn("store.bounds.distress", self.bench.log())
        incidents = {incident["radio"]: incident["count"] for incident in self.bench.status()["incidents"]}
        self.assertEqual(incidents, {"r0": 1000, "r1": 20})
        self.assertEqual(*self.account()[:2])
        self.assertEqual(self.bench.stop(gateway), 0)
        # Headquarters gets each station at least once, and the full count.
        port, _ = self.bench.broker()
        hq = harness.Listener(self.bench, port, TOPICS)
        self.start([port], bounds)
        hq.expect("distress/", lambda document: document["station"] == call(1))
        for n in range(10, 30):
            hq.expect(f"distress/{call(n)}")

    def test_headquarters_learns_the_count_when_the_queue_is_short_again(self):
        port = harness.free_port()
        self.start([port], "store:\n  bounds: {distress: 128 kB}\n")
        self.tncs[0].hear_bytes(frames(f"{call(1)}>APZ001:>!EMERGENCY! stuck {n}" for n in range(1000)))
        self.settled(1000)
        self.bench.broker(port)
        hq = harness.Listener(self.bench, port, TOPICS)
        hq.expect("incident/", lambda document: b"1000" in [str(v).encode() for v in document["body"].values()])

    def test_distress_of_many_made_up_stations_stays_bounded(self):
        self.start([], "store:\n  bounds: {distress: 80 kB}\n")
        for first in range(0, 3000, 100):
            self.tncs[0].hear_bytes(frames(f"{call(k)}>APZ001:>!EMERGENCY! {k}" for k in range(first, first + 100)))
        self.settled(3000)
        level = self.bench.status()["classes"][0]
        self.assertLess(level["queued_bytes"], 80000 + 2000)
        self.assertEqual(*self.account()[:2])
        # Another radio's first still has its place.
        self.tncs[3].hear("N0CALL-9>APZ001:>!EMERGENCY! real")
        self.settled(3001)
        self.assertEqual(self.bench.status()["classes"][0]["queued"], level["queued"] + 1)

    def test_urgent_of_many_made_up_stations_overflows_into_safety(self):
        self.start([], "store:\n  bounds: {urgent: 80 kB, safety: 128 kB}\n")
        for first in range(0, 3000, 100):
            self.tncs[0].hear_bytes(frames(f"{call(k)}>APZ001:>SOS {k}" for k in range(first, first + 100)))
        self.settled(3000)
        levels = self.bench.status()["classes"]
        self.assertLess(levels[1]["queued_bytes"], 80000 + 2000)
        self.assertLessEqual(levels[2]["queued_bytes"], 128000)
        self.assertGreater(levels[2]["queued"], 10)
        self.assertEqual(*self.account()[:2])
        self.assertIn("store.bounds.urgent", self.bench.log())


if __name__ == "__main__":
    harness.main()
