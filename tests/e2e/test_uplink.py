"""The uplink among brokers: an old one that knows only MQTT 3.1.1, a better one that comes back, the will of a killed gateway."""

import signal
import socket
import threading
import unittest

import harness
import mqtt_peer

STATUS = "N0CALL-{n}>APZ001,WIDE1-1:>report {text}"
CONNECT, PUBLISH, SUBSCRIBE, PING = 1, 3, 8, 12


class OldBroker(mqtt_peer.Peer):
    """Speaks MQTT 3.1.1 only: refuses level 5 with return code 1, answers publishes, keeps their topics."""

    def __init__(self):
        self.levels, self.topics = [], []
        super().__init__(socket.create_server(("127.0.0.1", 0)))

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def answer(self, connection, first, body):
        kind = first >> 4
        if kind == CONNECT:
            self.levels.append(body[6])
            connection.sendall(b"\x20\x02\x00\x00" if body[6] == 4 else b"\x20\x02\x00\x01")
            return body[6] == 4
        if kind == PUBLISH:
            length = int.from_bytes(body[:2], "big")
            self.topics.append(body[2:2 + length].decode())
            connection.sendall(b"\x40\x02" + body[2 + length:4 + length])
        elif kind == SUBSCRIBE:
            connection.sendall(b"\x90\x03" + body[:2] + b"\x01")
        elif kind == PING:
            connection.sendall(b"\xd0\x00")
        return True


class Uplink(unittest.TestCase):
    def setUp(self):
        self.bench = harness.Bench()
        self.addCleanup(self.bench.__exit__)
        self.tnc = self.bench.tnc()

    def start(self, brokers, more=""):
        config = self.bench.config(brokers, {"vhf": f"tcp://127.0.0.1:{self.tnc.port}"})
        if more:
            config.write_text(config.read_text().replace("uplink:\n", f"uplink:\n  {more}\n"))
        gateway = self.bench.gateway(config)
        self.tnc.connected()
        self.bench.answering()
        return gateway

    def test_a_broker_without_mqtt_5_is_spoken_to_in_3_1_1(self):
        old = OldBroker()
        self.addCleanup(old.close)
        self.start([old.port])
        harness.wait_for(lambda: self.bench.status()["uplink"]["connected"], "a connection")
        self.tnc.hear(STATUS.format(n=7, text="to an old broker"))
        harness.wait_for(lambda: any(topic.endswith("text/N0CALL-7") for topic in old.topics), "the message")
        uplink = self.bench.status()["uplink"]
        self.assertEqual((uplink["protocol"], uplink["reason_codes"]), (4, False))
        self.assertEqual(old.levels[0], 5, "MQTT 5 is tried first")
        self.assertEqual(self.bench.log().count("3.1.1"), 2, "said once as a reason, once as the connection")

    def test_the_second_broker_takes_over_and_the_first_is_gone_back_to(self):
        first, broker = self.bench.broker()
        second, _ = self.bench.broker()
        self.start([first, second], "back_to_better: 10 s")
        harness.wait_for(lambda: self.bench.status()["uplink"]["broker"] == f"127.0.0.1:{first}", "the first broker")
        self.bench.stop(broker)
        hq = harness.Listener(self.bench, second)
        self.tnc.hear(STATUS.format(n=1, text="by the second"))
        hq.expect("text/N0CALL-1")
        self.bench.broker(first)
        hq = harness.Listener(self.bench, first)
        harness.wait_for(lambda: self.bench.status()["uplink"]["broker"] == f"127.0.0.1:{first}", "the way back", 90)
        self.tnc.hear(STATUS.format(n=2, text="by the first again"))
        hq.expect("text/N0CALL-2")

    def test_birth_and_will_carry_the_session(self):
        port, _ = self.bench.broker()
        hq = harness.Listener(self.bench, port)
        gateway = self.start([port])
        born = hq.expect("gw/base1/state", lambda document: document["state"] == "online")[0]
        gateway.send_signal(signal.SIGKILL)
        gateway.wait()
        gone = hq.expect("gw/base1/state", lambda document: document["state"] == "offline")[0]
        self.assertEqual(gone["session"], born["session"])
        late = harness.Listener(self.bench, port)
        late.expect("gw/base1/state", lambda document: document["state"] == "offline")
        self.assertTrue(any(retained for _, topic, _, retained in late.messages if topic.endswith("gw/base1/state")))
        self.start([port])
        again = hq.expect("gw/base1/state", lambda document: document["state"] == "online" and
                          document["session"] != born["session"])[0]
        self.assertGreater(again["session"], born["session"])

    def test_mqtt_5_says_content_type_class_and_id(self):
        port, _ = self.bench.broker()
        hq = self.bench.start([harness.find_program("mosquitto_sub"), "-h", "127.0.0.1", "-p", str(port), "-V", "5", "-q", "1", "-t",
                               "cresset/v1/test/sec/#", "-F", "%C|%P"], stdout=harness.subprocess.PIPE)
        self.start([port])
        harness.wait_for(lambda: self.bench.status()["uplink"]["connected"], "a connection")
        lines = []
        threading.Thread(target=lambda: lines.extend(iter(hq.stdout.readline, b"")), daemon=True).start()
        self.tnc.hear(b"N0CALL-9>414W2V,WIDE2-1:`c51!f?>/]\"3x}=")
        harness.wait_for(lambda: lines, "the distress")
        content, _, users = lines[0].decode().partition("|")
        self.assertEqual(content, "application/json")
        self.assertIn("class:DISTRESS", users)
        self.assertIn("id:a-", users)


if __name__ == "__main__":
    harness.main(at_once=4)
