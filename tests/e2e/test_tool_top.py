"""The page that cresset top keeps up to date, on a terminal of its own, with a daemon that answers from a script."""

import fcntl
import json
import os
import pty
import select
import signal
import socket
import struct
import subprocess
import termios
import time
import unittest

from tool_bench import CRESSET, EVIL, FORBIDDEN, PATIENCE_S, STATUS, ToolTest


class Terminal:
    """The tool on a terminal of its own."""

    def __init__(self, *arguments, path, rows=24, columns=80):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.slave = slave
        self.before = termios.tcgetattr(slave)
        self.process = subprocess.Popen([CRESSET, *arguments], stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
                                        env={"LC_ALL": "C.UTF-8", "TERM": "xterm", "CRESSET_SOCKET": path})
        self.seen = ""

    def read_until(self, wanted):
        deadline = time.monotonic() + PATIENCE_S
        while wanted not in self.seen:
            ready, _, _ = select.select([self.master], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise AssertionError(f"{wanted!r} did not come, only {self.seen!r}")
            self.seen += os.read(self.master, 65536).decode("utf-8", "replace")
        before, _, self.seen = self.seen.partition(wanted)
        return before

    def press(self, keys):
        os.write(self.master, keys)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)


class Top(ToolTest):
    def terminal(self, *arguments, **more):
        terminal = Terminal(*arguments, **more)
        self.addCleanup(terminal.close)
        return terminal

    def changing(self):
        """Each answer counts one more delivered DISTRESS, so that a refresh can be told from the page before."""
        count = [100000]

        def reply(_):
            count[0] += 1
            first = {**STATUS["classes"][0], "delivered": count[0]}
            return [{**STATUS, "classes": [first, *STATUS["classes"][1:]]}]
        return self.answering(reply)

    def test_once_without_terminal(self):
        daemon, result = self.ask([STATUS], "top")
        self.assertEqual(result.code, 0)
        self.assertEqual(len(daemon.requests), 1)
        self.assertNotIn("\x1b", result.out)
        for word in ("DISTRESS", "vhf", "bad_address", "61.4 kbit/s", "window 4.2 kB"):
            self.assertIn(word, result.out)
        _, result = self.ask([STATUS], "top", "--json")
        self.assertEqual(json.loads(result.out), STATUS)

    def test_refreshes_and_q_leaves_the_terminal_as_it_was(self):
        daemon = self.changing()
        terminal = self.terminal("top", path=daemon.path)
        terminal.read_until("\x1b[?1049h")
        terminal.read_until("100001")
        terminal.read_until("100003")
        terminal.press(b"q")
        terminal.read_until("\x1b[?7h\x1b[?25h\x1b[?1049l")
        self.assertEqual(terminal.process.wait(PATIENCE_S), 0)
        self.assertEqual(termios.tcgetattr(terminal.slave), terminal.before)

    def test_an_alert_that_waits_for_airtime_is_red(self):
        airtime = {"alert_waits": True, "alert_waits_until": "2026-01-02T14:05:00.000Z"}
        daemon = self.daemon({**STATUS, "radios": [{**STATUS["radios"][0], "airtime": airtime}, STATUS["radios"][1]]})
        terminal = self.terminal("top", path=daemon.path)
        terminal.read_until("\x1b[1;31mradio vhf: alerts wait for airtime until 14:05Z\x1b[0m")
        terminal.press(b"q")
        self.assertEqual(terminal.process.wait(PATIENCE_S), 0)

    def test_control_c_and_term_leave_too(self):
        daemon = self.changing()
        for leave in (lambda terminal: terminal.press(b"\x03"), lambda terminal: terminal.process.send_signal(signal.SIGTERM)):
            terminal = self.terminal("top", path=daemon.path)
            terminal.read_until("DISTRESS")
            leave(terminal)
            terminal.read_until("\x1b[?1049l")
            self.assertEqual(terminal.process.wait(PATIENCE_S), 0)
            self.assertEqual(termios.tcgetattr(terminal.slave), terminal.before)

    def test_page_fits_the_terminal(self):
        daemon = self.changing()
        terminal = self.terminal("top", path=daemon.path, rows=10, columns=60)
        terminal.read_until("\x1b[H")
        page = terminal.read_until("\x1b[J")
        self.assertEqual(page.count("\r\n"), 9)
        fcntl.ioctl(terminal.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        terminal.read_until("bad_address")
        terminal.press(b"q")
        self.assertEqual(terminal.process.wait(PATIENCE_S), 0)

    def test_goes_on_when_the_daemon_comes_back(self):
        daemon = self.changing()
        terminal = self.terminal("top", path=daemon.path)
        terminal.read_until("100001")
        moved = daemon.path + ".away"
        os.rename(daemon.path, moved)
        for connection in daemon.connections:
            connection.shutdown(socket.SHUT_RDWR)
        terminal.read_until("no such file")
        os.rename(moved, daemon.path)
        terminal.read_until("leaves\x1b[K")
        terminal.read_until("DISTRESS")
        terminal.press(b"q")
        self.assertEqual(terminal.process.wait(PATIENCE_S), 0)

    def test_hostile_texts_on_the_screen(self):
        radio = {**STATUS["radios"][1], "name": "r" + EVIL, "text": EVIL}
        daemon = self.daemon({**STATUS, "radios": [radio], "gateway": EVIL})
        terminal = self.terminal("top", path=daemon.path, rows=60, columns=200)
        terminal.read_until("\x1b[H")
        page = terminal.read_until("\x1b[J").replace("\x1b[K", "").replace("\r\n", "\n")
        for character in FORBIDDEN:
            self.assertNotIn(character, page)
        terminal.press(b"q")
        self.assertEqual(terminal.process.wait(PATIENCE_S), 0)


if __name__ == "__main__":
    unittest.main()
