"""TNCs that stop reading or vanish while a message is on its way to them: each message gets exactly one final receipt."""

import os
import pty
import socket
import termios
import threading
import unittest

import harness

FINAL = {"confirmed", "sent", "failed", "expired", "cancelled"}


class MuteTnc(unittest.TestCase):
    def setUp(self):
        self.bench = harness.Bench()
        self.addCleanup(self.bench.__exit__)
        self.port, _ = self.bench.broker()
        self.hq = harness.Listener(self.bench, self.port)

    def start(self, device):
        config = self.bench.config([self.port], {"vhf": (device, "retries: 0\naprs: {callsign: N0CALL-10}\n"
                                                         "kiss: {baud_on_air: 115200, txdelay_ms: 0, txtail_ms: 0, persistence: 255}")})
        gateway = self.bench.gateway(config)
        harness.wait_for(lambda: "vhf: up" in self.bench.log(), "the radio to be up")
        self.hq.expect("gw/base1/state")
        return gateway

    def finals(self, command):
        return [d["body"]["stage"].split(":")[0] for d in self.hq.find(f"receipt/{command}")
                if d["body"]["stage"].split(":")[0] in FINAL]

    def send(self, *ids):
        for command in ids:
            self.bench.tool("send", "--to", "N0CALL-7", "-b", "ack_wanted=false", "--id", command, "x" * 60)
        return ids

    def deaf_tnc(self):
        """Takes connections and never reads; the smallest buffers there are."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen(4)
        connections = []

        def accept():
            while True:
                try:
                    connections.append(listener.accept()[0])
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        self.addCleanup(lambda: (listener.close(), [c.close() for c in connections]))
        return listener.getsockname()[1], connections

    def test_a_line_that_takes_nothing(self):
        """What the line has not taken must neither be called sent nor stay without an answer."""
        link = self.bench.dir / "ttyTNC"
        master, slave = pty.openpty()
        os.symlink(os.ttyname(slave), link)
        for end in (master, slave):
            self.addCleanup(os.close, end)
        gateway = self.start(str(link))
        self.send("before")
        harness.wait_for(lambda: self.finals("before") == ["sent"], "a message to be sent")
        termios.tcflow(slave, termios.TCOOFF)
        self.send("stuck", "behind")
        harness.wait_for(lambda: self.finals("stuck"), "an answer", 60)
        self.assertEqual(self.finals("stuck"), ["failed"])
        self.assertIn("takes nothing", self.bench.log())
        termios.tcflow(slave, termios.TCOON)
        harness.wait_for(lambda: self.finals("behind"), "the next message", 60)
        self.assertEqual(self.finals("stuck"), ["failed"])
        self.assertEqual(self.bench.stop(gateway), 0)

    def test_unplugged_with_a_message_half_written(self):
        link = self.bench.dir / "ttyTNC"
        master, slave = pty.openpty()
        os.symlink(os.ttyname(slave), link)
        os.close(slave)
        self.start(str(link))
        ids = self.send(*(f"m-{n:02}" for n in range(60)))
        harness.wait_for(lambda: sum(bool(self.finals(command)) for command in ids) >= 10, "some to be sent")
        link.unlink()
        os.close(master)
        harness.wait_for(lambda: "unplugged" in self.bench.log(), "the line that says so")
        master, slave = pty.openpty()
        os.symlink(os.ttyname(slave), link)
        os.close(slave)
        got = []
        threading.Thread(target=self.drain, args=(master, got), daemon=True).start()
        harness.wait_for(lambda: all(self.finals(command) for command in ids), "a final receipt for every message", 90)
        self.assertEqual({command: stages for command in ids if len(stages := self.finals(command)) != 1}, {})
        failed = [command for command in ids if self.finals(command) == ["failed"]]
        self.assertLessEqual(len(failed), 1, "only what was in the radio may fail")

    @staticmethod
    def drain(master, got):
        while True:
            try:
                got.append(os.read(master, 4096))
            except OSError:
                return

    def test_a_tcp_tnc_that_hangs_up_again_and_again(self):
        port, connections = self.deaf_tnc()
        self.start(f"tcp://127.0.0.1:{port}")
        ids = self.send(*(f"m-{n:02}" for n in range(10)))
        for _ in range(3):
            harness.wait_for(lambda: connections, "a connection")
            connections.pop().close()
        harness.wait_for(lambda: all(self.finals(command) for command in ids), "a final receipt for every message", 60)
        self.assertEqual({command: stages for command in ids if len(stages := self.finals(command)) != 1}, {})


if __name__ == "__main__":
    harness.main(at_once=3)
