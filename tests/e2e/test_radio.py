"""`cresset radio` through the real daemon, and output lines that are put to their safe levels after a crash."""
import json
import pathlib
import signal
import socket
import subprocess
import unittest

import harness
from modem_bench import Modem

EBYTE = "{frequency_mhz: 868.125, air_rate: 19.2k, settle_ms: 10, blind_ms: 50}"


class WithRadios(unittest.TestCase):
    def setUp(self):
        self.bench = harness.Bench()
        self.addCleanup(self.bench.__exit__)
        self.tnc = self.bench.tnc()
        self.lines = self.bench.dir / "lines.sock"
        self.module = Modem(self.bench, "ebyte", "module", "--lines", self.lines, "--family", "e22", "--band", "900")
        self.config = self.bench.dir / "cresset.yaml"
        self.config.write_text(f"""
gateway: {{name: base1, operation: test, state_dir: {self.bench.dir}/base1, socket: {self.bench.dir}/base1.sock}}
uplink: {{brokers: []}}
radios:
  vhf: {{device: "tcp://127.0.0.1:{self.tnc.port}", modem: kiss, air: aprs}}
  lora:
    board: waveshare-sx126x-hat
    device: {self.module.link}
    air: field
    lines: {{m0: "sim:{self.lines}:m0", m1: "sim:{self.lines}:m1"}}
    ebyte-e22: {EBYTE}
""")

    def start(self):
        self.gateway = self.bench.gateway(self.config)
        self.bench.answering()
        harness.wait_for(lambda: [radio["state"] for radio in self.bench.status()["radios"]] == ["up", "up"], "both radios")


class Command(WithRadios):
    def radio(self, *arguments, status=0):
        result = self.bench.tool("radio", *arguments, check=False)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result

    def connect(self):
        connection = socket.socket(socket.AF_UNIX)
        self.addCleanup(connection.close)
        connection.settimeout(harness.PATIENCE_S)
        connection.connect(str(self.bench.dir / "base1.sock"))
        return connection, connection.makefile("rw")

    def test_info(self):
        self.start()
        info = json.loads(self.radio("lora", "info", "--json").stdout)
        self.assertEqual((info["name"], info["modem"], info["air"], info["state"], info["ready"]),
                         ("lora", "ebyte-e22", "field", "up", True))
        self.assertTrue(info["model"].startswith("E22"))
        lines = {line["name"]: line for line in info["lines"]}
        self.assertEqual([(lines[name]["output"], lines[name]["level"]) for name in ("m0", "m1", "aux")],
                         [(True, 0), (True, 0), (False, None)])
        self.assertEqual(lines["aux"]["wired"], "")
        self.assertGreaterEqual({item["name"]: item["value"] for item in info["counters"]}["port.opened"], 1)
        self.assertIn("model     E22", self.radio("lora", "info").stdout)
        self.assertIn("state     up", self.radio("vhf", "info").stdout)

    def test_examination(self):
        self.start()
        found = self.radio("lora", "test").stdout
        self.assertGreater(len(found.splitlines()), 3)
        last = self.radio("lora", "test", "--json").stdout.splitlines()[-1]
        self.assertEqual(json.loads(last), {"end": True, "failed": ""})
        self.assertEqual([radio["state"] for radio in self.bench.status()["radios"]], ["up", "up"])

    def test_what_cannot_be_done_is_said(self):
        self.start()
        self.assertIn("cannot do that", self.radio("vhf", "test", status=1).stderr)
        self.assertIn("no such radio", self.radio("uhf", "info", status=1).stderr)
        _, stream = self.connect()
        for request in ({"command": "radio"}, {"command": "radio", "radio": 7, "do": "info"},
                        {"command": "radio", "radio": "vhf", "do": "reset"}, {"command": "radio", "radio": "vhf"}):
            stream.write(json.dumps(request) + "\n")
            stream.flush()
            self.assertIn("error", json.loads(stream.readline()))

    def test_one_examination_at_a_time(self):
        self.start()
        request = json.dumps({"command": "radio", "radio": "lora", "do": "test"}) + "\n"
        connection, stream = self.connect()
        stream.write(request + request)
        stream.flush()
        answers = []
        while not any("end" in answer for answer in answers):
            answers.append(json.loads(stream.readline()))
        self.assertEqual(len([answer for answer in answers if "under way" in answer.get("error", "")]), 1)
        # Who asked goes away in the middle; the examination goes on and the next one is taken when it has ended.
        stream.write(request)
        stream.flush()
        stream.close()
        connection.close()
        harness.wait_for(lambda: self.bench.tool("radio", "lora", "test", check=False).returncode == 0, "the next examination")

    def test_lost_port_ends_it(self):
        self.start()
        _, stream = self.connect()
        stream.write((json.dumps({"command": "radio", "radio": "lora", "do": "test"}) + "\n") * 2)
        stream.flush()
        answers = []
        # It is under way once a second one is turned away for that.
        while not any("under way" in answer.get("error", "") for answer in answers):
            answers.append(json.loads(stream.readline()))
        self.bench.stop(self.module.process, signal.SIGKILL)
        while not any("end" in answer for answer in answers):
            answers.append(json.loads(stream.readline()))
        self.assertNotEqual(answers[-1]["failed"], "")
        self.assertIn("not ready", self.radio("lora", "test", status=1).stderr)


class Release(WithRadios):
    def release(self, config=None):
        return subprocess.run([harness.CRESSETD, "--release-lines", config or self.config], capture_output=True, text=True,
                              timeout=harness.PATIENCE_S, check=False)

    def mode(self):
        return self.module.state()["mode"]

    def test_after_a_crash(self):
        self.start()
        self.assertEqual(self.mode(), 0)
        self.bench.stop(self.gateway, signal.SIGKILL)
        self.assertEqual(self.mode(), 0, "the pins stay as they were")
        result = self.release()
        self.assertEqual((result.returncode, result.stdout), (0, ""), result.stderr)
        self.assertIn("2 of 2 output lines", result.stderr)
        harness.wait_for(lambda: self.mode() == 3, "both pins to be at their safe level")

    def test_at_the_end_the_daemon_does_it_itself(self):
        self.start()
        self.bench.stop(self.gateway)
        harness.wait_for(lambda: self.mode() == 3, "both pins to be at their safe level")

    def test_what_cannot_be_put_back_is_named(self):
        text = self.config.read_text().replace(f"sim:{self.lines}:m1", f"sim:{self.bench.dir}/nowhere:m1")
        self.config.write_text(text)
        result = self.release()
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"sim:{self.bench.dir}/nowhere:m1", result.stderr)
        self.assertIn("1 of 2 output lines", result.stderr)
        harness.wait_for(lambda: self.module.say("state") and True, "the module")

    def test_errors_in_the_file_keep_nothing_from_being_released(self):
        self.start()
        self.bench.stop(self.gateway, signal.SIGKILL)
        self.config.write_text(self.config.read_text() + "nonsense: 1\n")
        result = self.release()
        self.assertEqual(result.returncode, 1)
        self.assertIn("nonsense: unknown key", result.stderr)
        harness.wait_for(lambda: self.mode() == 3, "both pins to be at their safe level")

    def test_nothing_to_release(self):
        config = self.bench.config([], {"vhf": f"tcp://127.0.0.1:{self.tnc.port}"}, file="other.yaml")
        result = self.release(config)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(self.release(pathlib.Path("/nowhere.yaml")).returncode, 1)


if __name__ == "__main__":
    harness.main()
