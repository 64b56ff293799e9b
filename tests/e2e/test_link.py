"""The link emulator does what it says: it serializes at its rate, delays, drops at the tail and loses at random."""
import json
import os
import socket
import struct
import subprocess
import sys
import time
import unittest

BINARY = os.path.join(os.environ["CRESSET_BINARY_DIR"], "tests", "link")
HEADER_BYTES = 28  # IPv4 and UDP
SO_TIMESTAMPNS = 35  # the kernel's time of arrival, not that of a late reader
SO_RCVBUFFORCE = 33
NOT_PERMITTED = 77
PATIENCE_S = 30
UNREAD_MAX = 200  # packets that a device without an emulator's reading holds, also without root


class Link:
    """A running emulator with a UDP socket at each end."""

    def __init__(self, *options):
        self.process = subprocess.Popen([BINARY, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            self.process.stdin.close()
            self.process.stdout.close()
            raise OSError(self.process.wait(), "the link emulator did not start")
        self.sides = json.loads(line)
        self.sender = self.open_socket("a", None)
        self.receiver = self.open_socket("b", ("10.77.0.2", 9))

    def open_socket(self, side, address):
        """A socket made inside the namespace of a side by a child and passed out of it."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        # Room for a whole train, so that nothing is lost to a reader who comes late. Beyond the machine's limit only where that is allowed.
        script = ("import contextlib, socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); "
                  f"s.setsockopt(socket.SOL_SOCKET, {SO_TIMESTAMPNS}, 1)\n"
                  f"with contextlib.suppress(OSError): s.setsockopt(socket.SOL_SOCKET, {SO_RCVBUFFORCE}, 1 << 24)\n"
                  + (f"s.bind({address!r}); " if address else "")
                  + f"socket.send_fds(socket.socket(fileno={theirs.fileno()}), [b'x'], [s.fileno()])")
        enter = ["nsenter", f"--target={self.sides[side]}", "--net"]
        if self.sides["userns"]:
            enter += ["--user", "--preserve-credentials"]
        subprocess.run([*enter, sys.executable, "-c", script], pass_fds=[theirs.fileno()], check=True)
        _, fds, _, _ = socket.recv_fds(ours, 1, 1)
        ours.close()
        theirs.close()
        return socket.socket(fileno=fds[0])

    def send(self, number, size):
        """One packet of `size` bytes on the wire with its number and the time of sending."""
        head = struct.pack("!IQ", number, time.time_ns())
        self.sender.sendto(head.ljust(size - HEADER_BYTES, b"."), ("10.77.0.2", 9))

    def receive(self, timeout_s):
        """(number, sent ns, received ns) of the next packet, None if there is none in time."""
        self.receiver.settimeout(timeout_s)
        try:
            data, control, _, _ = self.receiver.recvmsg(2048, 64)
        except (socket.timeout, BlockingIOError):
            return None
        seconds, nanoseconds = struct.unpack("qq", control[0][2])
        return (*struct.unpack("!IQ", data[:12]), seconds * 10**9 + nanoseconds)

    def train(self, count, size):
        """Sends packets back to back; returns those that arrive, read all along so that no socket buffer overflows."""
        packets = []
        for number in range(count):
            self.send(number, size)
            while packet := self.receive(0):
                packets.append(packet)
            if number % (UNREAD_MAX // 2) == 0:
                self.until(lambda: self.taken(size) >= number - UNREAD_MAX // 2)
        self.until(lambda: self.taken(size) >= count - 1)
        return packets + self.rest(len(packets))

    def taken(self, size):
        """How many packets of that size the emulator has read from its device, but for the one that it is sending."""
        way = self.stats()["a_to_b"]
        return way["packets"] + way["dropped"] + way["waiting_bytes"] // size

    def rest(self, before):
        """Packets until all are there that the emulator has let through. before: how many were received."""
        packets = []

        def over():
            while packet := self.receive(0.3):
                packets.append(packet)
            way = self.stats()["a_to_b"]
            return not way["waiting_bytes"] and before + len(packets) == way["packets"] - way["lost"]
        self.until(over)
        return packets

    @staticmethod
    def until(condition):
        give_up = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > give_up:
                raise AssertionError("waited in vain for the emulator")
            time.sleep(0.001)

    def command(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def stats(self):
        self.command("stats")
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.sender.close()
        self.receiver.close()
        self.process.stdin.close()
        self.process.stdout.close()
        code = self.process.wait(PATIENCE_S)
        give_up = time.monotonic() + PATIENCE_S
        while any(os.path.exists(f"/proc/{self.sides[side]}/ns/net") for side in "ab"):
            if time.monotonic() > give_up:
                raise AssertionError("a namespace was left behind")
            time.sleep(0.01)
        return code


def deviation(packets, size, rate_bps):
    """How far the packets are from that rate, as a share of it. A busy machine hands over some of them late: of the first and of the last
    eighth those count that are least so."""
    each_ns = size * 8e9 / rate_bps
    late_ns = [packet[2] - index * each_ns for index, packet in enumerate(packets)]
    part = max(len(packets) // 8, 1)
    return abs(min(late_ns[-part:]) - min(late_ns[:part])) / ((len(packets) - 2 * part) * each_ns)


class LinkTest(unittest.TestCase):
    def open(self, *options):
        link = Link(*options)
        self.addCleanup(lambda: link.process.poll() is None and link.close())
        return link

    def test_serializes_at_the_rate(self):
        for rate, size, count in ((64000, 200, 100), (256000, 1000, 60), (20_000_000, 1400, 2000)):
            with self.subTest(rate=rate):
                # Slow until all wait, so that it never finds the queue empty.
                link = self.open("--rate", "16000", "--fifo", "4000000")
                link.send(0, size)
                link.command(f"rate {rate}")
                packets = link.train(count, size)
                self.assertEqual([p[0] for p in packets], [0, *range(count)])
                self.assertLess(deviation(packets[1:], size, rate), 0.02)
                self.assertEqual(link.close(), 0)

    def test_a_lone_packet_pays_its_wire_time_and_the_delay(self):
        link = self.open("--rate", "64000", "--delay-ms", "300")
        delays_ms = []
        for number in range(5):
            link.send(number, 200)
            _, sent, received = link.receive(PATIENCE_S)
            delays_ms.append((received - sent) / 1e6)
        # The quickest: a busy machine reads some of them late.
        self.assertGreaterEqual(min(delays_ms), 325 - 0.1)
        self.assertLess(min(delays_ms), 325 + 2)

    def test_drops_at_the_tail_what_the_queue_cannot_hold(self):
        link = self.open("--rate", "8000", "--fifo", "2000")
        numbers = [p[0] for p in link.train(50, 200)]
        # Ten wait and one is being serialized; a second may have left while the others came.
        self.assertIn(len(numbers), (11, 12))
        self.assertEqual(numbers[:11], list(range(11)))
        self.assertEqual(link.stats()["a_to_b"]["dropped"], 50 - len(numbers))

    def test_loses_at_random_and_the_same_with_the_same_seed(self):
        runs = []
        for seed in ("7", "7", "8"):
            link = self.open("--rate", "20000000", "--loss", "0.05", "--fifo", "4000000", "--seed", seed)
            runs.append([p[0] for p in link.train(4000, 100)])
            stats = link.stats()["a_to_b"]
            self.assertEqual(stats["dropped"], 0)
            self.assertEqual(stats["lost"], 4000 - len(runs[-1]))
            link.close()
        # 200 expected, standard deviation 13.8: four of them.
        self.assertLess(abs(4000 - len(runs[0]) - 200), 56)
        self.assertEqual(runs[0], runs[1])
        self.assertNotEqual(runs[0], runs[2])

    def test_the_rate_changes_while_it_runs(self):
        link = self.open("--rate", "64000", "--fifo", "4000000")
        for number in range(50):
            link.send(number, 200)
        before = [link.receive(PATIENCE_S) for _ in range(20)]
        link.command("rate 32000")
        after = [link.receive(PATIENCE_S) for _ in range(30)]
        self.assertLess(deviation(before, 200, 64000), 0.02)
        # Those that were on their way already left at the old rate.
        self.assertLess(deviation(after[-20:], 200, 32000), 0.02)

    def test_both_directions_and_loopback(self):
        link = self.open("--rate", "1000000")
        link.send(1, 100)
        self.assertIsNotNone(link.receive(PATIENCE_S))
        _, address = self.echo(link)
        self.assertEqual(address[0], "10.77.0.1")

    def echo(self, link):
        link.sender.sendto(b"ping", ("10.77.0.2", 9))
        link.receiver.settimeout(PATIENCE_S)
        data, address = link.receiver.recvfrom(100)
        link.receiver.sendto(data, address)
        link.sender.settimeout(PATIENCE_S)
        self.assertEqual(link.sender.recv(100), b"ping")
        return data, address


def skip_where_not_permitted():
    try:
        Link().close()
    except OSError as error:
        if error.errno == NOT_PERMITTED:
            sys.exit(NOT_PERMITTED)
        raise


if __name__ == "__main__":
    skip_where_not_permitted()
    unittest.main()
