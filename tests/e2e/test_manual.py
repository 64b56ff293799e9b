"""The manual pages and the completion say what the programs take: no option more, none less."""

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import unittest

BINARIES = os.environ.get("CRESSET_BINARY_DIR", "build/debug")
SOURCE = os.environ.get("CRESSET_SOURCE_DIR", "../..")
COMPLETION = os.path.join(SOURCE, "config", "completion", "cresset")
OPTION = re.compile(r"--([a-z]+(?:-[a-z]+)*)")
COMMON = {"socket", "json", "help", "usage", "version"}


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, **more).stdout


def page(name):
    with open(os.path.join(SOURCE, "config", "man", name), encoding="utf-8") as text:
        return text.read().replace("\\-", "-")


def help_options(*command):
    """Options as argp lists them: indented, at the start of a line."""
    text = run(*command, "--help")
    return {found for line in text.splitlines() if re.match(r" +-", line) for found in OPTION.findall(line)}


def commands():
    text = run(os.path.join(BINARIES, "cresset"), "--help")
    return re.findall(r"^  ([a-z]+) +[a-zA-Z]", text.partition("Commands:\n")[2], re.MULTILINE)


def tagged_options(text):
    return {found for line in re.findall(r"^\.TP\n(.*)$", text, re.MULTILINE) if line.startswith((".BR -", ".B -"))
            for found in OPTION.findall(line)}


class Pages(unittest.TestCase):
    def test_cresset_page_has_every_command_with_its_options(self):
        text = page("cresset.1")
        parts = dict(re.findall(r"^\.SS (\w+)\n(.*?)(?=^\.S[SH] )", text, re.MULTILINE | re.DOTALL))
        self.assertGreaterEqual(len(commands()), 6)
        for command in commands():
            with self.subTest(command=command):
                options = help_options(os.path.join(BINARIES, "cresset"), command) - COMMON
                self.assertEqual(tagged_options(parts[command]), options)
                synopsis = text.partition(".SH SYNOPSIS")[2].partition(".SH DESCRIPTION")[0]
                self.assertRegex(synopsis, rf"(?m)^\.B cresset {command}$")
                part = re.split(r"\.br\n", synopsis.partition(f"cresset {command}")[2])[0]
                self.assertEqual(set(OPTION.findall(part)), options)
        common = text.partition(".SH COMMON OPTIONS")[2].partition(".SH COMMANDS")[0]
        self.assertEqual(tagged_options(common), COMMON)
        self.assertEqual(help_options(os.path.join(BINARIES, "cresset")), COMMON)

    def test_cressetd_page(self):
        daemon = os.path.join(BINARIES, "cressetd")
        if not os.path.exists(daemon):
            self.skipTest("cressetd is not built here")
        self.assertEqual(tagged_options(page("cressetd.8")), help_options(daemon))

    def test_pages_are_well_formed(self):
        if not shutil.which("groff"):
            self.skipTest("there is no groff here")
        for name in ("cresset.1", "cresset.yaml.5", "cressetd.8"):
            done = subprocess.run(["groff", "-man", "-ww", "-z", "-Tutf8", os.path.join(SOURCE, "config", "man", name)],
                                  capture_output=True, text=True, timeout=60, check=True)
            self.assertEqual(done.stderr, "")


class Completion(unittest.TestCase):
    def complete(self, *words, environment=None):
        """What is offered for the last word."""
        script = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _cresset; '
                  '[ ${#COMPREPLY[@]} -eq 0 ] || printf "%s\\n" "${COMPREPLY[@]}"')
        out = run("bash", "-uc", script, "bash", COMPLETION, os.path.join(BINARIES, "cresset"), *words,
                  env={"PATH": os.environ["PATH"], "CRESSET_SOCKET": "/nowhere", **(environment or {})})
        return set(out.split())

    def test_commands(self):
        self.assertEqual(self.complete("") | {"decode", "schema"}, set(commands()) | {"decode", "schema"})
        self.assertEqual(self.complete("st"), {"status"})
        self.assertEqual(self.complete("--socket", "/x", "to"), {"top"})
        self.assertEqual(self.complete("--socket", "=", "/x", "to"), {"top"})
        self.assertEqual(self.complete("xyz"), set())

    def test_options_are_those_of_the_commands(self):
        for command in commands():
            offered = {option.removeprefix("--") for option in self.complete(command, "--")}
            own = help_options(os.path.join(BINARIES, "cresset"), command)
            self.assertEqual(offered, own, command)
        for command in ("key", "airtime"):
            self.assertNotIn("socket", help_options(os.path.join(BINARIES, "cresset"), command), "it asks no daemon")

    def test_values(self):
        self.assertEqual(self.complete("tail", "--class", "U"), {"URGENT"})
        self.assertEqual(self.complete("tail", "--class", "=", "S"), {"SAFETY"})
        self.assertEqual(self.complete("tail", "--class", "="), {"DISTRESS", "URGENT", "SAFETY", "ROUTINE", "BULK"})
        self.assertEqual(self.complete("tail", "-k", "te"), {"text", "telemetry"})
        self.assertEqual(self.complete("ack", "-l", ""), {"BASE_SEEN", "RESPONDING", "CLOSED"})
        self.assertEqual(self.complete("status", "-c", "--js"), {"--json"})
        self.assertEqual(self.complete("send", "--radio", ""), set())
        self.assertEqual(self.complete("radio", "vhf", ""), {"info", "test", "scan"})
        self.assertEqual(self.complete("radio", "vhf", "s"), {"scan"})
        self.assertEqual(self.complete("key", "r"), {"rotate", "revoke"})
        self.assertEqual(self.complete("key", "list", os.path.join(SOURCE, "READ")), {os.path.join(SOURCE, "README.md")})

    def test_names_come_from_the_daemon(self):
        status = {"radios": [{"name": "vhf", "modem": "kiss"}, {"name": "uhf", "modem": "kiss"},
                             {"name": "$(touch x)", "modem": "kiss"}],
                  "incidents": [{"id": "a-17-5", "station": "N0CALL-7"}]}
        with tempfile.TemporaryDirectory(prefix="cresset-manual-") as directory:
            path = os.path.join(directory, "socket")
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
                listener.bind(path)
                listener.listen(4)
                listener.settimeout(60)

                def serve():
                    for _ in range(4):
                        connection, _address = listener.accept()
                        with connection:
                            connection.recv(4096)
                            connection.sendall(json.dumps(status).encode() + b"\n")
                thread = threading.Thread(target=serve, daemon=True)
                thread.start()
                environment = {"CRESSET_SOCKET": path}
                self.assertEqual(self.complete("send", "--radio", "", environment=environment), {"vhf", "uhf"})
                self.assertEqual(self.complete("monitor", "-r", "v", environment=environment), {"vhf"})
                self.assertEqual(self.complete("ack", "", environment=environment), {"a-17-5"})
                self.assertEqual(self.complete("radio", "u", environment=environment), {"uhf"})
                thread.join(60)


if __name__ == "__main__":
    unittest.main()
