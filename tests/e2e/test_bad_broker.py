"""Brokers that do what no broker should: fall silent at any stage, hang up, talk nonsense. A second, good one gets everything."""

import collections
import os
import random
import socket
import struct
import threading
import time
import unittest

import harness

STATUS = "N0CALL-{n}>APZ001,WIDE1-1:>report {text}"
EMERGENCY = "N0CALL-9>APZ001:>!EMERGENCY! stuck"
CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, PINGREQ = 1, 2, 3, 4, 8, 12


def packet(kind, body, flags=0):
    size, length = len(body), b""
    while True:
        size, low = divmod(size, 128)
        length += bytes([low | (0x80 if size else 0)])
        if not size:
            return bytes([kind << 4 | flags]) + length + body


class FakeBroker:
    """Speaks just enough MQTT to be believed; `on_publish(broker, connection, mid)` and `after_connack(connection)` misbehave."""

    def __init__(self, on_publish=None, after_connack=None, connack=True, ping=True):
        self.on_publish, self.after_connack, self.connack, self.ping = on_publish, after_connack, connack, ping
        self.published = collections.Counter()  # payloads
        self.connects = 0
        self.connections = []
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(16)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connects += 1
            self.connections.append(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            self.talk(connection)
        except (OSError, EOFError):
            pass
        connection.close()

    @staticmethod
    def take(connection, size):
        data = b""
        while len(data) < size:
            part = connection.recv(size - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def packet_of(self, connection):
        head, size, shift = self.take(connection, 1)[0], 0, 0
        while True:
            byte = self.take(connection, 1)[0]
            size |= (byte & 127) << shift
            shift += 7
            if not byte & 128:
                return head >> 4, head & 15, self.take(connection, size)

    def talk(self, connection):
        while True:
            kind, flags, body = self.packet_of(connection)
            if kind == CONNECT:
                self.greet(connection, body)
            elif kind == PUBLISH and flags & 6:
                at = 2 + struct.unpack(">H", body[:2])[0]
                mid = body[at:at + 2]
                self.published[body[at + 2:]] += 1
                self.on_publish(self, connection, mid) if self.on_publish else self.answer(connection, mid)
            elif kind == PINGREQ and self.ping:
                connection.sendall(packet(13, b""))

    def greet(self, connection, body):
        if not self.connack:
            return
        connection.sendall(packet(CONNACK, b"\0\0\0" if body[6] == 5 else b"\0\0"))
        if self.after_connack:
            self.after_connack(connection)

    @staticmethod
    def answer(connection, mid):
        connection.sendall(packet(PUBACK, mid))

    def close(self):
        self.listener.close()
        for connection in self.connections:
            connection.close()


def never(*_):
    """Not a word."""


def hang_up(_, connection, __):
    raise EOFError


def hang_up_at_the_fifth(broker, connection, mid):
    broker.answer(connection, mid)
    if sum(broker.published.values()) % 5 == 0:
        raise EOFError


def answer_something_else(broker, connection, mid):
    for wrong in range(5000, 5050):
        broker.answer(connection, struct.pack(">H", wrong))


def nonsense(connection):
    connection.sendall(random.Random(1).randbytes(4000))


def endless_packet(connection):
    """Announces a packet of 256 MB and sends it a little at a time."""
    connection.sendall(bytes([PUBLISH << 4, 0xff, 0xff, 0xff, 0x7f]))
    for _ in range(200):
        connection.sendall(b"x" * 1000)
        time.sleep(0.05)


def uninvited_commands(connection):
    topic = b"cresset/v1/test/gw/base1/down/sec/text"
    for mid in range(1, 200):
        body = struct.pack(">H", len(topic)) + topic + struct.pack(">H", mid) + b"\0" + os.urandom(50) * (mid * 20)
        connection.sendall(packet(PUBLISH, body, 3))


class BadBroker(unittest.TestCase):
    def setUp(self):
        self.bench = harness.Bench()
        self.addCleanup(self.bench.__exit__)
        self.tnc = self.bench.tnc()

    def fake(self, **how):
        broker = FakeBroker(**how)
        self.bench.closers.append(broker.close)
        return broker

    def start(self, *ports):
        config = self.bench.config(ports, {"vhf": f"tcp://127.0.0.1:{self.tnc.port}"})
        config.write_text(config.read_text().replace("uplink:\n", "uplink:\n  connect_timeout: 2 s\n  keepalive: 5 s\n"))
        gateway = self.bench.gateway(config)
        self.tnc.connected()
        return gateway

    def everything_arrives_at_the_second(self, **how):
        """Twenty texts and an alert, given while the bad broker is thought good."""
        bad = self.fake(**how)
        good, _ = self.bench.broker()
        hq = harness.Listener(self.bench, good)
        gateway = self.start(bad.port, good)
        harness.wait_for(lambda: bad.connects, "the bad broker to be tried")
        self.tnc.hear(EMERGENCY, *(STATUS.format(n=n, text=f"number {n}") for n in range(10)))
        harness.wait_for(lambda: self.bench.counter("route", "accepted") == 11, "eleven messages taken")
        hq.expect("sec/base1/distress")
        hq.expect("text/", count=10)
        self.assertEqual(len({d["id"] for d in hq.find("text/")}), 10)
        status = self.bench.status()
        # The radio has no call sign, so the station cannot be told that its distress is stored.
        self.assertEqual([drop for drop in status["drops"] if (drop["group"], drop["reason"]) != ("answer", "cannot_say")], [])
        self.assertEqual(sum(level["queued"] for level in status["classes"]), 0)
        self.assertEqual(self.bench.stop(gateway), 0, self.bench.log()[-3000:])
        return bad

    def test_never_answers_connect(self):
        self.everything_arrives_at_the_second(connack=False)

    def test_never_answers_a_message_but_every_ping(self):
        self.everything_arrives_at_the_second(on_publish=never)
        self.assertIn("does not answer messages", self.bench.log())

    def test_never_answers_anything_after_connack(self):
        self.everything_arrives_at_the_second(on_publish=never, ping=False)

    def test_hangs_up_at_each_message(self):
        bad = self.everything_arrives_at_the_second(on_publish=hang_up)
        self.assertLess(bad.connects, 60, "no storm of connections")

    def test_answers_to_messages_that_never_were(self):
        self.everything_arrives_at_the_second(on_publish=answer_something_else)

    def test_talks_nonsense(self):
        self.everything_arrives_at_the_second(after_connack=nonsense)

    def test_announces_a_packet_without_end(self):
        self.everything_arrives_at_the_second(after_connack=endless_packet, on_publish=never)

    def test_sends_uninvited_commands(self):
        bad = self.fake(after_connack=uninvited_commands)
        self.start(bad.port)
        self.tnc.hear(EMERGENCY)
        harness.wait_for(lambda: any(b"distress" in payload for payload in bad.published), "the alert")
        self.assertEqual(self.tnc.sent.count(b"\xc0\x00"), 0, "nothing goes on the air for it")

    def test_a_few_messages_a_connection_are_still_progress(self):
        bad = self.fake(on_publish=hang_up_at_the_fifth)
        gateway = self.start(bad.port)
        self.tnc.hear(EMERGENCY)
        harness.wait_for(lambda: any(b'"kind":"distress"' in payload for payload in bad.published), "the alert", 60)
        self.assertEqual(self.bench.stop(gateway), 0)


if __name__ == "__main__":
    harness.main(at_once=3)
