"""What the tests of the tool cresset share: a daemon that answers from a script, and what it could say."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import unittest

CRESSET = os.path.join(os.environ.get("CRESSET_BINARY_DIR", "build/debug"), "cresset")
PATIENCE_S = 30

STATUS = {
    "gateway": "base1", "operation": "demo", "version": "0.1.0", "uptime_s": 93784, "clock": "ntp",
    "uplink": {"connected": True, "broker": "hq.example:8883", "protocol": 5, "reason_codes": True, "rate_bps": 61440.0,
               "min_rtt_ms": 603.2, "rtt_ms": 640.9, "unacknowledged_bytes": 4180, "urgent_waiting": 2,
               "text": "connected"},
    "store": {"health": "full", "text": "no space left: going on in memory", "bytes_written": 12345},
    "classes": [
        {"class": "DISTRESS", "queued": 0, "queued_bytes": 0, "held": 0, "oldest_s": None, "delivered": 4,
         "latency_p50_ms": 312.4, "latency_p95_ms": 700.0},
        {"class": "URGENT", "queued": 1, "queued_bytes": 210, "held": 0, "oldest_s": 0, "delivered": 9,
         "latency_p50_ms": 9.4, "latency_p95_ms": 12000.0},
        {"class": "SAFETY", "queued": 0, "queued_bytes": 0, "held": 0, "oldest_s": None, "delivered": 0,
         "latency_p50_ms": None, "latency_p95_ms": None},
        {"class": "ROUTINE", "queued": 17, "queued_bytes": 3400, "held": 1, "oldest_s": 75, "delivered": 2,
         "latency_p50_ms": None, "latency_p95_ms": None},
        {"class": "BULK", "queued": 9871, "queued_bytes": 1974200, "held": 0, "oldest_s": 4000, "delivered": 120345,
         "latency_p50_ms": 61000.0, "latency_p95_ms": 200000.0}],
    "radios": [
        {"name": "vhf", "modem": "kiss", "air": "aprs", "device": "tcp://127.0.0.1:8001", "resolved": "127.0.0.1:8001",
         "state": "up", "fault": None, "text": "", "bytes_in": 1234567, "bytes_out": 0, "datagrams": 5120, "heard": 5100,
         "sent": 3, "queued": 1, "last_heard_s": 2},
        {"name": "uhf", "modem": "kiss", "air": "aprs", "device": "/dev/serial/by-id/usb-Example-if00",
         "resolved": None, "state": "down", "fault": "absent", "text": "/dev/serial/by-id/usb-Example-if00 is gone: plug it in",
         "bytes_in": 0, "bytes_out": 0, "datagrams": 0, "heard": 0, "sent": 0, "queued": 0, "last_heard_s": None}],
    "incidents": [{"id": "a-17-5", "station": "N0CALL-7", "radio": "vhf", "status": "Actual", "authenticity": "UNVERIFIED",
                   "level": "STORED", "operator": "", "count": 3, "first_at": "2026-01-02T03:04:05.000Z",
                   "last_at": "2026-01-02T03:09:00.000Z", "lat": 1.5, "lon": -36.25}],
    "drops": [{"group": "radio.vhf", "reason": "bad_address", "count": 41}],
    "counters": [{"group": "uplink", "name": "published", "value": 18446744073709}],
}

# What a station could put into its name or text to take over a terminal.
EVIL = "\x1b]0;title\x07\x1b[2J\x9b31m\u202egpj.exe\u200b\x7f\r\n"
FORBIDDEN = ["\x1b", "\x07", "\x9b", "\u202e", "\u200b", "\x7f", "\r"]


class Daemon:
    """Listens at a socket and answers each request line with what reply(request) yields: an object, bytes as they are, or None
    to close."""

    def __init__(self, reply):
        self.directory = tempfile.mkdtemp(prefix="cresset-tool-")
        self.path = os.path.join(self.directory, "socket")
        self.reply = reply
        self.requests = []
        self.connections = []
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(8)
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection, connection.makefile("rb") as lines:
            try:
                for line in lines:
                    request = json.loads(line)
                    self.requests.append(request)
                    for answer in self.reply(request):
                        if answer is None:
                            connection.shutdown(socket.SHUT_RDWR)
                            return
                        connection.sendall(answer if isinstance(answer, bytes) else json.dumps(answer).encode() + b"\n")
            except OSError:
                pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        shutil.rmtree(self.directory)


class Result:
    def __init__(self, completed):
        self.code = completed.returncode
        self.out = completed.stdout.decode("utf-8")
        self.err = completed.stderr.decode("utf-8")


def run(*arguments, path=None, environment=None, locale="C.UTF-8"):
    settings = {"PATH": os.environ["PATH"], "LC_ALL": locale}
    if path:
        settings["CRESSET_SOCKET"] = path
    settings.update(environment or {})
    return Result(subprocess.run([CRESSET, *arguments], stdin=subprocess.DEVNULL, capture_output=True, env=settings,
                                 timeout=PATIENCE_S, check=False))


class ToolTest(unittest.TestCase):
    def daemon(self, *answers):
        return self.answering(lambda request: answers)

    def answering(self, reply):
        daemon = Daemon(reply)
        self.addCleanup(daemon.close)
        return daemon

    def ask(self, answers, *arguments, **more):
        daemon = self.daemon(*answers)
        result = run(*arguments, path=daemon.path, **more)
        return daemon, result

    def assert_harmless(self, result):
        for character in FORBIDDEN:
            self.assertNotIn(character, result.out + result.err)


def columns_of(text, heading):
    """The table under a heading as dictionaries: columns begin where their titles do or end where they end."""
    lines = text.split("\n")
    start = next(i for i, line in enumerate(lines) if line.split()[:1] == [heading])
    rows = []
    for line in lines[start + 1:]:
        if not line.strip():
            break
        rows.append(line)
    return lines[start], rows
