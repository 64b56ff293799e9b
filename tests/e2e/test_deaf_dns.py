# labels: long
"""A name server that never answers: look-ups hang for ever, and neither alerts nor radios wait for them."""

import os
import time
import unittest

import harness

EMERGENCY = "N0CALL-{n}>APZ001:>!EMERGENCY! number {n}"


class DeafDns(unittest.TestCase):
    def setUp(self):
        self.bench = harness.Bench()
        self.addCleanup(self.bench.__exit__)
        self.tnc = self.bench.tnc()
        self.answer = self.bench.dir / "answer"

    def start(self, brokers, radios=None):
        config = self.bench.config(brokers, {"vhf": f"tcp://127.0.0.1:{self.tnc.port}", **(radios or {})})
        config.write_text(config.read_text().replace("uplink:\n", "uplink:\n  connect_timeout: 1 s\n  back_to_better: 10 s\n"))
        gateway = self.bench.gateway(config, env={
            "LD_PRELOAD": str(harness.BINARY / "tests" / "deafdns.so"), "DEAFDNS_NAME": "deaf",
            "DEAFDNS_UNTIL": str(self.answer), "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"})
        self.tnc.connected()
        return gateway

    def threads(self, gateway):
        return len(os.listdir(f"/proc/{gateway.pid}/task"))

    def test_alerts_go_to_the_second_broker_again_and_again(self):
        port, broker = self.bench.broker()
        hq = harness.Listener(self.bench, port)
        gateway = self.start(["{host: deaf.example, port: 1883}", port])
        for n in range(1, 6):
            self.tnc.hear(EMERGENCY.format(n=n))
            hq.expect(f"sec/base1/distress/N0CALL-{n}")
            # Lost again: the deaf one is tried first once more.
            self.bench.stop(broker)
            self.bench.stop(hq.process)
            _, broker = self.bench.broker(port)
            hq = harness.Listener(self.bench, port)
        self.assertLess(self.threads(gateway), 16)
        self.assertEqual(self.bench.stop(gateway), 0)

    def test_a_radio_is_opened_however_many_lookups_hang(self):
        gateway = self.start(["{host: deaf.example, port: 1883}", "{host: deaf2.example, port: 1883}"])
        # Long enough for many attempts of one second each.
        harness.wait_for(lambda: (time.sleep(0.5), self.bench.counter("uplink", "connect_failed") >= 10)[1], "many attempts", 120)
        self.assertLess(self.threads(gateway), 12)
        opened = self.bench.counter("radio.vhf", "port.opened")
        self.tnc.hang_up()
        harness.wait_for(lambda: self.bench.counter("radio.vhf", "port.opened") > opened, "the port to be opened again")
        self.assertLess(self.threads(gateway), 16)
        # One that waited for them would be killed in the end.
        self.assertEqual(self.bench.stop(gateway), 0)

    def test_when_the_name_server_is_back_the_broker_is_found(self):
        port, _ = self.bench.broker()
        hq = harness.Listener(self.bench, port)
        self.start([f"{{host: deaf.example, port: {port}}}"])
        self.tnc.hear(EMERGENCY.format(n=1))
        harness.wait_for(lambda: self.bench.counter("uplink", "connect_failed") >= 4, "failed attempts", 60)
        self.answer.touch()
        hq.expect("sec/base1/distress/N0CALL-1")

    def test_a_radio_with_such_a_name_holds_up_no_other(self):
        port, _ = self.bench.broker()
        hq = harness.Listener(self.bench, port)
        self.start([port], {"far": "tcp://deaf.example:8001"})
        self.tnc.hear(EMERGENCY.format(n=1))
        hq.expect("sec/base1/distress/N0CALL-1")
        state = {radio["name"]: radio["state"] for radio in self.bench.status()["radios"]}
        self.assertEqual(state, {"vhf": "up", "far": "down"})


if __name__ == "__main__":
    harness.main(at_once=4)
