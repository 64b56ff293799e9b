"""The tool cresset against a daemon that answers from a script: tables, JSON, exit codes, and answers nobody should give."""

import fcntl
import json
import os
import pty
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import termios
import threading
import time
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


class Reaching(ToolTest):
    def test_absent_socket(self):
        for command in (["status"], ["top"], ["queue"], ["monitor"], ["tail"], ["send", "x"], ["ack", "i", "--operator", "o"],
                        ["radio", "vhf", "info"]):
            result = run(*command, path="/nowhere/cresset.sock")
            self.assertEqual(result.code, 3, command)
            self.assertEqual(result.err, "cresset: cannot reach cressetd at /nowhere/cresset.sock: no such file. "
                                         "Is it running? systemctl status cresset\n")
            self.assertEqual(result.out, "")

    def test_dead_socket(self):
        daemon = self.daemon()
        dead = os.path.join(daemon.directory, "dead")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(dead)
        result = run("status", path=dead)
        self.assertEqual(result.code, 3)
        self.assertIn("nobody listens there any more", result.err)

    def test_path_too_long_and_hostile_path(self):
        result = run("status", "--socket", "/" + "x" * 300)
        self.assertEqual(result.code, 3)
        self.assertIn("too long", result.err)
        result = run("status", "--socket", "/\x1b[2J")
        self.assertEqual(result.code, 3)
        self.assert_harmless(result)

    def test_option_beats_environment_before_and_after_the_command(self):
        daemon = self.daemon(STATUS)
        for arguments in (["--socket", daemon.path, "status"], ["status", "--socket", daemon.path], ["status", "-s", daemon.path]):
            self.assertEqual(run(*arguments, path="/nowhere").code, 0, arguments)

    def test_daemon_that_closes_or_hangs(self):
        _, result = self.ask([None], "status")
        self.assertEqual(result.code, 3)
        self.assertIn("closed the connection", result.err)
        _, result = self.ask([b'{"half":'], "status")
        self.assertEqual(result.code, 3)
        self.assertIn("does not answer", result.err)

    def test_usage(self):
        for arguments in ([], ["frobnicate"], ["--frobnicate"], ["status", "--frobnicate"], ["status", "extra"], ["send"],
                          ["send", "two", "texts"], ["send", ""], ["send", "x" * 1024], ["send", "--id", "a b", "x"], ["send", "--kind", "ack", "x"], ["send", "--status", "System", "x"],
                          ["send", "--body", "x", "x"], ["send", "--body", "=x", "x"], ["send", "--body", "x=", "x"],
                          ["send", "-b", os.fsdecode(b"x=\xff"), "x"], ["send", "-b", "x=1"],
                          ["send", "--id", "x" * 65, "x"], ["send", os.fsdecode(b"\xff\xfe")], ["ack"], ["ack", "id"],
                          ["ack", "id", "--operator", ""], ["ack", "id", "--operator", "o" * 32],
                          ["ack", "id", "--operator", "o", "--level", "HQ_SEEN"], ["ack", "--operator", "o"],
                          ["tail", "--class", "TOP"], ["tail", "--kind", "none"], ["tail", "--kind", "gossip"]):
            result = run(*arguments, path="/nowhere")
            self.assertEqual(result.code, 2, arguments)
            self.assertEqual(result.out, "", arguments)
            self.assertNotEqual(result.err, "", arguments)

    def test_help_of_every_command(self):
        result = run("--help")
        self.assertEqual(result.code, 0)
        for command in ("status", "top", "queue", "monitor", "tail", "send", "ack"):
            self.assertIn(f"\n  {command} ", result.out)
            self.assertIn(f"Usage: cresset {command} ", run(command, "--help").out)
        self.assertRegex(run("--version").out, r"^cresset \d+\.\d+\.\d+\n$")

    def test_full_output(self):
        daemon = self.daemon(STATUS)
        with open("/dev/full", "wb") as full:
            completed = subprocess.run([CRESSET, "status", "-s", daemon.path], stdout=full, stderr=subprocess.PIPE,
                                       timeout=PATIENCE_S, check=False)
        self.assertEqual(completed.returncode, 1)
        self.assertIn(b"No space left", completed.stderr)


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


class Status(ToolTest):
    def test_tables(self):
        daemon, result = self.ask([STATUS], "status")
        self.assertEqual((result.code, result.err), (0, ""))
        self.assertEqual(daemon.requests, [{"command": "status"}])
        head = result.out.split("\n")[:4]
        self.assertEqual(head[0], "gateway  base1, operation demo, version 0.1.0, up 1 d 2 h, clock ntp")
        self.assertEqual(head[1], "uplink   connected to hq.example:8883, MQTT 5")
        self.assertEqual(head[2], "link     rate 61.4 kbit/s, RTT 641 ms (best 603 ms), window 4.2 kB unacknowledged, "
                                  "2 urgent waiting")
        self.assertEqual(head[3], "store    full, 12.3 kB written: no space left: going on in memory")
        _, classes = columns_of(result.out, "CLASS")
        self.assertEqual([" ".join(row.split()) for row in classes],
                         ["DISTRESS 0 0 B 0 - 4 312 ms 700 ms", "URGENT 1 210 B 0 0 s 9 9.4 ms 12.0 s",
                          "SAFETY 0 0 B 0 - 0 - -", "ROUTINE 17 3.4 kB 1 1 min 2 - -",
                          "BULK 9871 2.0 MB 0 1 h 06 min 120345 61.0 s 200 s"])
        _, radios = columns_of(result.out, "RADIO")
        self.assertEqual(" ".join(radios[0].split()), "vhf up kiss - aprs tcp://127.0.0.1:8001 1.2 MB 0 B 5120 5100 3 1 2 s")
        self.assertIn("/dev/serial/by-id/usb-Example-if00", radios[1])
        self.assertIn("down: radio uhf: /dev/serial/by-id/usb-Example-if00 is gone: plug it in\n", result.out)
        module = {**STATUS["radios"][0], "model": "E22-T22S", "state": "not ready", "text": "the module does not answer"}
        warning = {**STATUS["radios"][0], "name": "hat", "text": "AUX is not wired"}
        _, other = self.ask([{**STATUS, "radios": [module, warning]}], "status")
        self.assertIn("not ready: radio vhf: the module does not answer\nup: radio hat: AUX is not wired\n", other.out)
        self.assertIn("kiss  E22-T22S aprs", other.out)
        _, incidents = columns_of(result.out, "INCIDENT")
        self.assertEqual(incidents[0].split(), ["a-17-5", "N0CALL-7", "vhf", "Actual", "UNVERIFIED", "STORED", "-", "3",
                                                "2026-01-02T03:04:05.000Z", "2026-01-02T03:09:00.000Z", "1.50000", "-36.25000"])
        _, drops = columns_of(result.out, "DROPPED")
        self.assertEqual(drops[0].split(), ["radio.vhf", "bad_address", "41"])
        self.assertNotIn("18446744073709", result.out)
        self.assertIn("18446744073709", run("status", "--counters", path=daemon.path).out)

    def test_airtime(self):
        airtime = {"band": "eu868 P", "limit_s": 360.0, "reserve_s": 36.5, "spent_s": 323.5, "left_s": 0.0, "left_for_alerts_s": 36.5,
                   "spent_for_alerts_s": 0.0, "more_in_s": 125, "listening_share_pct": 25, "alert_waits": True,
                   "alert_waits_until": "2026-01-02T14:05:00.000Z"}
        free = {**airtime, "band": None, "limit_s": None, "reserve_s": None, "left_s": None, "left_for_alerts_s": None, "spent_s": 0.4,
                "more_in_s": None, "listening_share_pct": 100, "alert_waits": False, "alert_waits_until": None}
        radios = [{**STATUS["radios"][0], "airtime": airtime}, {**STATUS["radios"][0], "name": "hf", "airtime": free},
                  {**STATUS["radios"][0], "name": "old"}]
        for command in ("status", "top"):
            _, result = self.ask([{**STATUS, "radios": radios}], command)
            heading, rows = columns_of(result.out, "AIRTIME")
            self.assertEqual(heading.split(), ["AIRTIME", "BAND", "LIMIT", "SPENT", "LEFT", "FOR", "ALERTS", "RESERVE", "MORE", "IN", "LISTENING"])
            self.assertEqual([" ".join(row.split()) for row in rows], [
                "vhf eu868 P 360 s 324 s 0.0 s 36.5 s 36.5 s 2 min 75 %", "hf - - 0.4 s - - - - -"])
            self.assertIn("\nradio vhf: alerts wait for airtime until 14:05Z\n\n", result.out)
        for odd in (5, [], {}, {"alert_waits": True, "alert_waits_until": EVIL}, {"band": EVIL, "limit_s": 1e300, "spent_s": -1, "more_in_s": "x"}):
            _, result = self.ask([{**STATUS, "radios": [{**STATUS["radios"][0], "airtime": odd}]}], "status")
            self.assertEqual((result.code, result.err), (0, ""), odd)
            self.assert_harmless(result)

    def test_json_is_the_document(self):
        _, result = self.ask([STATUS], "status", "--json")
        self.assertEqual(json.loads(result.out), STATUS)
        self.assertEqual(result.out.count("\n"), 1)

    def test_not_connected(self):
        status = {**STATUS, "uplink": {"connected": False, "broker": "hq.example:1883", "text": "connection refused",
                                       "protocol": 4, "reason_codes": False}}
        _, result = self.ask([status], "status")
        self.assertIn("uplink   NOT connected to hq.example:1883: connection refused, MQTT 3.1.1 "
                      "(this broker cannot say that nobody listens)\n", result.out)

    def test_error_of_the_daemon(self):
        for arguments in (["status"], ["status", "--json"], ["top"]):
            _, result = self.ask([{"error": "not today" + EVIL}], *arguments)
            self.assertEqual((result.code, result.out), (1, ""))
            self.assertTrue(result.err.startswith("cresset: not today"))
            self.assert_harmless(result)

    def test_hostile_texts_stay_text(self):
        def poison(value):
            if isinstance(value, dict):
                return {key: poison(inner) for key, inner in value.items()}
            if isinstance(value, list):
                return [poison(inner) for inner in value]
            return value + EVIL if isinstance(value, str) else value
        poisoned = poison(STATUS)
        for locale in ("C.UTF-8", "C"):
            daemon, result = self.ask([poisoned], "status", "--counters", locale=locale)
            self.assertEqual(result.code, 0)
            self.assert_harmless(result)
            self.assertIn("N0CALL-7\\u001b]0;title", result.out)
            result = run("status", "--json", path=daemon.path, locale=locale)
            self.assert_harmless(result)
            self.assertEqual(json.loads(result.out), poisoned)

    def test_letters_of_all_scripts_are_shown(self):
        status = {**STATUS, "gateway": "Base-é-Ω-ع-水-😀"}
        _, result = self.ask([status], "status")
        self.assertIn("gateway  Base-é-Ω-ع-水-😀,", result.out)
        _, result = self.ask([status], "status", locale="C")
        self.assertTrue(result.out.isascii())

    def test_answers_of_wrong_shape(self):
        shapes = [{}, {"radios": {}, "classes": 5, "uplink": [], "store": "x", "drops": [1, None, [], "x", {}]},
                  {"gateway": 5, "uptime_s": "x", "uplink": {"rate_bps": -1e308, "rtt_ms": 1e308, "protocol": 1e99},
                   "radios": [{"name": [], "bytes_in": -5, "heard": 1e300, "last_heard_s": 1e300}]},
                  {"radios": [{}] * 500, "incidents": [{"lat": "x"}]}]
        for shape in shapes:
            for command in ("status", "top"):
                _, result = self.ask([shape], command)
                self.assertEqual((result.code, result.err), (0, ""), shape)

    def test_unreadable_answers(self):
        for answer in (b"\n", b"[]\n", b"nonsense\n", b'{"a":1}{"b":2}\n', b"\xff\xfe\n", b'{"a":"\xff"}\n', b"\0\0\n",
                       b"[" * 100000 + b"\n", b"x" * (5 << 20)):
            _, result = self.ask([answer], "status")
            self.assertEqual((result.code, result.out), (1, ""), answer[:20])
            self.assertIn("cannot be read", result.err)

    def test_large_answer_is_fine_below_the_limit(self):
        status = {**STATUS, "drops": [{"group": "g" * 100, "reason": "r", "count": i} for i in range(20000)]}
        _, result = self.ask([status], "status", "--json")
        self.assertEqual(len(json.loads(result.out)["drops"]), 20000)


def waiting(**members):
    return {"radio": "vhf", "class": "ROUTINE", "kind": "text", "id": "c-1", "to": "N0CALL-7", "since_s": 12, "stage": "waiting",
            "parts": 0, "parts_done": 0, "repeats": 0, "go_in_s": None, "why": "turn", "expires_in_s": 86399, **members}


QUEUE = {
    "messages": [
        waiting(**{"class": "URGENT"}, kind="alert", id="c-2", to="", go_in_s=240, why="airtime", expires_in_s=3600),
        waiting(id="c-3", stage="on_air", parts=3, parts_done=1),
        waiting(id="c-4", stage="sending", parts=3, parts_done=2, go_in_s=0, why="listening"),
        waiting(id="c-5", stage="awaiting", parts=1, repeats=2, go_in_s=31, why="acknowledgement", expires_in_s=None),
        waiting(exercise=True),
        waiting(id="c-6", radio="uhf", why="radio")],
    "more": 412,
    "uplink": [{"class": "DISTRESS", "queued": 0, "queued_bytes": 0, "held": 0, "oldest_s": None},
               {"class": "BULK", "queued": 9871, "queued_bytes": 1974200, "held": 0, "oldest_s": 4000}],
}


class Queue(ToolTest):
    def test_table(self):
        daemon, result = self.ask([QUEUE], "queue")
        self.assertEqual((result.code, result.err), (0, ""))
        self.assertEqual(daemon.requests, [{"command": "queue"}])
        _, uplink = columns_of(result.out, "FOR")
        self.assertEqual([" ".join(row.split()) for row in uplink], ["BULK 9871 2.0 MB 1 h 06 min"])
        _, rows = columns_of(result.out, "RADIO")
        self.assertEqual([" ".join(row.split()) for row in rows], [
            "vhf URGENT alert all c-2 12 s waiting in 4 min airtime in 1 h 00 min",
            "vhf ROUTINE text N0CALL-7 c-3 12 s on air 1/3 now - in 23 h 59 min",
            "vhf ROUTINE text N0CALL-7 c-4 12 s sending 2/3 next listening time in 23 h 59 min",
            "vhf ROUTINE text N0CALL-7 c-5 12 s awaiting, 2 repeats in 31 s acknowledgement never",
            "vhf ROUTINE (exercise) text N0CALL-7 c-1 12 s waiting in its turn - in 23 h 59 min",
            "uhf ROUTINE text N0CALL-7 c-6 12 s waiting - the radio in 23 h 59 min",
            "412 more are not shown: on each radio those that go first."])

    def test_json_is_the_document(self):
        daemon, result = self.ask([QUEUE], "queue", "--json", "--radio", "vhf")
        self.assertEqual(json.loads(result.out), QUEUE)
        self.assertEqual(daemon.requests, [{"command": "queue", "radio": "vhf"}])

    def test_hostile_and_misshapen_answers(self):
        evil = {**QUEUE, "messages": [waiting(**{name: "x" * 40 + EVIL for name in ("radio", "class", "kind", "id", "to", "stage", "why")})]}
        _, result = self.ask([evil], "queue")
        self.assertEqual(result.code, 0)
        self.assert_harmless(result)
        odd = waiting(since_s=[], stage=5, parts=1e300, parts_done=-1e300, repeats=1e300, go_in_s=-5, why=None, expires_in_s="x")
        for shape in ({}, {"messages": 5, "uplink": "x", "more": -1}, {"messages": [1, None, {}, [], odd], "uplink": [{}, 7], "more": 1e300}):
            _, result = self.ask([shape], "queue")
            self.assertEqual((result.code, result.err), (0, ""), shape)


class Send(ToolTest):
    def test_request_and_answer(self):
        daemon, result = self.ask([{"id": "c-1", "status": "STORED"}], "send", "--radio", "vhf", "--to", "N0CALL-7", "--id",
                                  "c-1", "Road is open")
        self.assertEqual((result.code, result.out, result.err), (0, "c-1: stored\n", ""))
        self.assertEqual(daemon.requests, [{"command": "send", "radio": "vhf", "to": "N0CALL-7", "text": "Road is open",
                                            "id": "c-1", "wait": False}])

    def test_only_text_is_needed(self):
        daemon, result = self.ask([{"id": "c-1", "status": "STORED"}], "send", "--kind", "alert", "--status", "Exercise", "-b",
                                  "severity=Severe", "-b", "radius_m=500", "-b", "ack_wanted=true", "-b", "ref=c-1=", "Bridge")
        self.assertEqual(daemon.requests, [{"command": "send", "text": "Bridge", "wait": False, "kind": "alert", "status": "Exercise",
                                            "body": {"severity": "Severe", "radius_m": 500, "ack_wanted": True, "ref": "c-1="}}])
        daemon, result = self.ask([{"id": "c-1", "status": "STORED"}], "send", "--kind", "rollcall", "-b", "id=7")
        self.assertEqual(daemon.requests, [{"command": "send", "wait": False, "kind": "rollcall", "body": {"id": 7}}])
        daemon, result = self.ask([{"id": "c-2", "status": "ACCEPTED"}], "send", "--", "-5 °C")
        self.assertEqual(daemon.requests, [{"command": "send", "text": "-5 °C", "wait": False}])
        self.assertEqual(result.out, "c-2: accepted, but kept in memory only: a power cut would lose it\n")

    def test_longest_text(self):
        daemon, result = self.ask([{"id": "c", "status": "STORED"}], "send", "é" * 511 + "x")
        self.assertEqual(result.code, 0)
        self.assertEqual(daemon.requests[0]["text"], "é" * 511 + "x")

    def test_wait_until_the_last_word(self):
        ends = [("confirmed", 0, "confirmed: the addressee acknowledged it"),
                ("sent", 0, "sent; this network cannot confirm that it arrived"), ("failed", 1, "FAILED: no_ack"),
                ("expired", 1, "EXPIRED before it could be sent"), ("cancelled", 1, "cancelled")]
        for stage, code, words in ends:
            last = {"id": "c", "stage": stage, "code": "no_ack" if stage == "failed" else ""}
            lines = [{"id": "c", "status": "STORED"}, {"id": "c", "stage": "queued"},
                     {"id": "c", "stage": "on_air", "assumed": True}, {"id": "c", "stage": "of another version"}, last,
                     {"id": "c", "stage": "never read"}]
            daemon, result = self.ask(lines, "send", "--wait", "x")
            self.assertEqual(result.out, "c: stored\nc: waits for its turn\n"
                                         f"c: on the air (assumed: this modem cannot tell)\nc: {words}\n")
            self.assertEqual(result.code, code)
            self.assertIs(daemon.requests[0]["wait"], True)
            _, result = self.ask(lines, "send", "--json", "--wait", "x")
            self.assertEqual([json.loads(line) for line in result.out.splitlines()], lines[:-1])
            self.assertEqual(result.code, code)

    def test_daemon_lost_while_waiting(self):
        _, result = self.ask([{"id": "c", "status": "STORED"}, None], "send", "--wait", "x")
        self.assertEqual((result.code, result.out), (3, "c: stored\n"))

    def test_refused(self):
        _, result = self.ask([{"error": "no radio is called uhf2; there are: vhf"}], "send", "--radio", "uhf2", "x")
        self.assertEqual((result.code, result.out, result.err), (1, "", "cresset: no radio is called uhf2; there are: vhf\n"))

    def test_hostile_answer(self):
        _, result = self.ask([{"id": EVIL, "status": EVIL}, {"id": EVIL, "stage": "failed", "code": EVIL}], "send", "--wait", "x")
        self.assert_harmless(result)
        self.assertEqual(result.code, 1)


class Ack(ToolTest):
    def test_levels(self):
        for arguments, level in (([], "BASE_SEEN"), (["--level", "responding"], "RESPONDING"), (["--level", "CLOSED"], "CLOSED")):
            daemon, result = self.ask([{"id": "a-17-5", "level": level}], "ack", "a-17-5", "--operator", "desk-2", *arguments)
            self.assertEqual((result.code, result.out), (0, f"a-17-5: {level}\n"))
            self.assertEqual(daemon.requests, [{"command": "ack", "id": "a-17-5", "operator": "desk-2", "level": level}])

    def test_json_and_refusal(self):
        _, result = self.ask([{"id": "i", "level": "CLOSED"}], "ack", "i", "--operator", "o", "--json")
        self.assertEqual(json.loads(result.out), {"id": "i", "level": "CLOSED"})
        _, result = self.ask([{"error": "there is no open incident i"}], "ack", "i", "--operator", "o")
        self.assertEqual((result.code, result.err), (1, "cresset: there is no open incident i\n"))

    def test_operator_that_is_no_text(self):
        self.assertEqual(run("ack", "i", "--operator", os.fsdecode(b"\xff"), path="/nowhere").code, 2)


INFO = {**STATUS["radios"][1], "state": "not ready", "fault": "", "model": "E22-900T22S", "firmware": "2.0", "resolved": "/dev/ttyS0",
        "text": "the module did not store: air_rate", "control": "", "control_device": "", "control_resolved": "", "ready": False,
        "lines": [{"name": "m0", "driver": "modem", "output": True, "wired": "pinctrl-rp1:22 (GPIO22)", "level": 1},
                  {"name": "aux", "driver": "modem", "output": False, "wired": "", "level": None}],
        "counters": [{"name": "heard", "value": 3}]}


class Radio(ToolTest):
    def test_info(self):
        daemon, result = self.ask([INFO], "radio", "uhf", "info")
        self.assertEqual(daemon.requests, [{"command": "radio", "radio": "uhf", "do": "info"}])
        self.assertEqual(result.code, 0)
        for line in ("state     not ready", "wrong     the module did not store: air_rate", "model     E22-900T22S",
                     "device    /dev/serial/by-id/usb-Example-if00 (/dev/ttyS0)",
                     "lines     m0     output on   pinctrl-rp1:22 (GPIO22)", "          aux    input  not wired"):
            self.assertIn(line + "\n", result.out)
        self.assertNotIn("control", result.out)
        self.assertRegex(result.out, r"heard +3\n")
        _, result = self.ask([INFO], "radio", "--json", "uhf", "info")
        self.assertEqual(json.loads(result.out), INFO)

    def test_findings_come_one_by_one(self):
        lines = [{"name": "noise_dbm", "value": "-104"}, {"name": "air_rate", "value": "2.4k"}, {"end": True, "failed": ""}]
        for action in ("test", "scan"):
            daemon, result = self.ask([*lines, {"name": "never", "value": "read"}], "radio", "lora", action)
            self.assertEqual(daemon.requests, [{"command": "radio", "radio": "lora", "do": action}])
            self.assertEqual((result.code, result.out),
                             (0, "noise_dbm                -104\nair_rate                 2.4k\n"))
        _, result = self.ask(lines, "radio", "lora", "test", "--json")
        self.assertEqual([json.loads(line) for line in result.out.splitlines()], lines)

    def test_failures(self):
        _, result = self.ask([{"name": "aux", "value": "stuck"}, {"end": True, "failed": "the module does not answer"}],
                             "radio", "lora", "test")
        self.assertEqual((result.code, result.err), (1, "cresset: the examination failed: the module does not answer\n"))
        _, result = self.ask([{"error": "this radio's modem cannot do that"}], "radio", "vhf", "scan")
        self.assertEqual((result.code, result.out, result.err), (1, "", "cresset: this radio's modem cannot do that\n"))
        _, result = self.ask([{"name": "aux", "value": "high"}, None], "radio", "lora", "test")
        self.assertEqual(result.code, 3)

    def test_wrong_use(self):
        for arguments in ([], ["vhf"], ["vhf", "reset"], ["vhf", "info", "test"]):
            self.assertEqual(run("radio", *arguments, path="/nowhere").code, 2)

    def test_hostile_answers(self):
        evil = {**INFO, "name": EVIL, "text": EVIL, "model": EVIL, "lines": [{"name": EVIL, "wired": EVIL, "level": "x"}, 7],
                "counters": EVIL}
        _, result = self.ask([evil], "radio", "vhf", "info")
        self.assert_harmless(result)
        _, result = self.ask([{"name": EVIL, "value": EVIL}, {"end": True, "failed": EVIL}], "radio", "vhf", "test")
        self.assert_harmless(result)
        self.assertEqual(result.code, 1)


DATAGRAM = {"at": "2026-01-02T03:04:05.678Z", "radio": "vhf", "direction": "rx", "size": 20,
            "hex": b"N0CALL>APRS:hi\x1b[2J\xff".hex() + "00", "rssi_dbm": -87.4, "snr_db": 9.25}
MESSAGE = {"topic": "track/base1/N0CALL-7", "class": "BULK",
           "message": {"id": "a-1-2", "kind": "position", "class": "BULK", "status": "Actual", "station": "N0CALL-7",
                       "received_at": "2026-01-02T03:04:05.678Z", "authenticity": "UNVERIFIED",
                       "position": {"lat": 1.5, "lon": 36.75}, "text": "on the way"}}
ALERT = {"topic": "sec/base1/alert/N0CALL-9", "class": "URGENT",
         "message": {"id": "a-3", "kind": "alert", "status": "Exercise", "station": "N0CALL-9", "text": EVIL,
                     "received_at": "2026-01-02T03:05:00.000Z", "authenticity": "UNVERIFIED"}}


class Streams(ToolTest):
    def test_monitor(self):
        other = {**DATAGRAM, "radio": "uhf", "direction": "tx", "hex": "zz", "rssi_dbm": None, "snr_db": None}
        daemon, result = self.ask([{"ok": True}, DATAGRAM, other, None], "monitor")
        self.assertEqual(daemon.requests, [{"command": "monitor"}])
        self.assertEqual(result.out,
                         "2026-01-02T03:04:05.678Z vhf rx 20 bytes -87 dBm SNR 9.2 dB  N0CALL>APRS:hi.[2J..\n"
                         "2026-01-02T03:04:05.678Z uhf tx 20 bytes  \n")
        self.assertEqual(result.code, 3)
        self.assertIn("closed the connection", result.err)

    def test_monitor_hex_of_one_radio(self):
        other = {**DATAGRAM, "radio": "uhf"}
        _, result = self.ask([{"ok": True}, other, DATAGRAM, None], "monitor", "--hex", "--radio", "vhf")
        self.assertEqual(result.out,
                         "2026-01-02T03:04:05.678Z vhf rx 20 bytes -87 dBm SNR 9.2 dB\n"
                         "  0000  4e 30 43 41 4c 4c 3e 41 50 52 53 3a 68 69 1b 5b  N0CALL>APRS:hi.[\n"
                         "  0010  32 4a ff 00                                      2J..\n")

    def test_monitor_json(self):
        _, result = self.ask([{"ok": True}, DATAGRAM, None], "monitor", "--json")
        self.assertEqual(json.loads(result.out), DATAGRAM)

    def test_tail(self):
        daemon, result = self.ask([{"ok": True}, MESSAGE, ALERT, {"lost": 12}, None], "tail")
        self.assertEqual(daemon.requests, [{"command": "tail"}])
        lines = result.out.splitlines()
        self.assertEqual(lines[0], "2026-01-02T03:04:05.678Z BULK     position  N0CALL-7 UNVERIFIED 1.50000,36.75000 on the way")
        self.assertTrue(lines[1].startswith("2026-01-02T03:05:00.000Z URGENT   alert     N0CALL-9 Exercise UNVERIFIED \\u001b]0;"))
        self.assertEqual(len(lines), 2)
        self.assert_harmless(result)
        self.assertIn("12 lines left out", result.err)

    def test_tail_filters(self):
        for arguments, expected in ((["--class", "urgent"], [ALERT]), (["--kind", "POSITION"], [MESSAGE]),
                                    (["--class", "URGENT", "--kind", "position"], []), ([], [MESSAGE, ALERT])):
            _, result = self.ask([{"ok": True}, MESSAGE, ALERT, None], "tail", "--json", *arguments)
            self.assertEqual([json.loads(line) for line in result.out.splitlines()], expected)

    def test_refused_stream(self):
        _, result = self.ask([{"error": "no"}], "tail")
        self.assertEqual((result.code, result.err), (1, "cresset: no\n"))

    def test_lines_of_wrong_shape(self):
        odd = [{}, {"message": []}, {"class": 5, "message": {"text": 7, "position": "x"}}, {"hex": "4"}, {"hex": "é", "size": -1}]
        for command in (["tail"], ["monitor"], ["monitor", "--hex"]):
            _, result = self.ask([{"ok": True}, *odd, None], *command)
            self.assertEqual(result.code, 3)


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
