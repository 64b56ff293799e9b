"""The tool cresset against a daemon that answers from a script: whether it can be reached, what it asks for, exit codes, and answers nobody
should give."""

import json
import os
import socket
import subprocess
import unittest

from tool_bench import CRESSET, EVIL, PATIENCE_S, STATUS, ToolTest, run


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
                ("sent", 0, "sent; this network cannot confirm that it arrived"), ("failed", 1, "FAILED: no_ack: it was transmitted, and nobody acknowledged it."),
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

    def test_why_it_failed_and_what_to_do(self):
        lines = [{"id": "c", "status": "STORED"}, {"id": "c", "stage": "failed", "code": "too_long", "limit": 67}]
        _, result = self.ask(lines, "send", "--wait", "x")
        self.assertEqual(result.out.splitlines()[1], "c: FAILED: too_long: it is too long for this network. Say it shorter, "
                                                     "or in several messages. At most 67 bytes of text go.")
        lines[1] = {"id": "c", "stage": "failed", "code": "SOMETHING_OF_A_MODEM"}
        _, result = self.ask(lines, "send", "--wait", "x")
        self.assertEqual(result.out.splitlines()[1], "c: FAILED: SOMETHING_OF_A_MODEM")

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


if __name__ == "__main__":
    unittest.main()
