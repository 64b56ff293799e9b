"""Ten million random bytes on a port, cut anywhere: no crash, no alert out of nothing, and real frames in between are heard."""

import os
import random
import unittest

import harness

TOTAL = int(os.environ.get("CRESSET_RANDOM_BYTES", "10000000"))


class Random(unittest.TestCase):
    def test_random_bytes(self):
        seed = int(os.environ.get("CRESSET_SEED", "1"))
        chance = random.Random(seed)
        with harness.Bench() as bench:
            port, _ = bench.broker()
            tnc = bench.tnc()
            hq = harness.Listener(bench, port)
            gateway = bench.gateway(bench.config([port], {"vhf": (f"tcp://127.0.0.1:{tnc.port}", "raw: true")}))
            tnc.connected()
            hq.expect("gw/base1/state")
            sent = real = 0
            while sent < TOTAL:
                # Much of it framed, so that it gets past the first check.
                noise = chance.randbytes(chance.randrange(1, 60000))
                if chance.random() < 0.5:
                    noise = harness.kiss(noise[:chance.randrange(1, 330)])
                tnc.hear_bytes(noise)
                sent += len(noise)
                if real < sent // 1000000:
                    real += 1
                    tnc.hear_bytes(b"\xc0" + harness.kiss(harness.ax25(f"N0CALL-5>APZ001:>real {real}")))
                self.assertIsNone(gateway.poll(), f"seed {seed}: the gateway ended: " + bench.log()[-3000:])
            hq.expect("text/N0CALL-5", lambda document: document["text"] == f"real {real}", seconds=120)
            self.assertEqual(len(hq.find("text/N0CALL-5")), real)
            self.assertEqual(hq.find("/distress/"), [])
            self.assertEqual(hq.find("/alert/"), [])
            self.assertEqual(bench.counter("radio.vhf", "bytes_in") >= TOTAL, True)
            bench.stop(gateway)
            self.assertEqual(gateway.returncode, 0)


if __name__ == "__main__":
    harness.main()
