"""What the tests of simulated LoRa modems share: an ether, a gateway with one radio on a simulated modem, and its faults by name.

Such tests wait most of their time, for modules that start or do not answer: AT_ONCE of them run together."""
import json
import os
import pathlib
import subprocess
import termios
import threading
import unittest

import harness

VECTORS = json.loads((pathlib.Path(os.environ["CRESSET_SOURCE_DIR"]) / "tests" / "vectors" / "field.json").read_text())


def frame(name):
    return next(bytes.fromhex(vector["frame"]) for vector in VECTORS["frames"] if vector["name"] == name)


CHECKIN = frame("checkin without position, encrypted")
POSITION = frame("position, encrypted")
ALERT = frame("alert, encrypted")
AT_ONCE = 4


class Modem:
    """A simulated modem; commands are answered by a line each."""

    def __init__(self, bench, program, name, *options):
        self.link = bench.dir / f"{name}.tty"
        self.process = bench.start([harness.BINARY / "tests" / program, "--link", self.link, "--name", name, *options],
                                   log=f"{name}.log", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        bench.closers.append(self.process.stdin.close)
        first = self.process.stdout.readline().decode()
        if not first.startswith("ready"):
            raise AssertionError(f"{name}: {first}")

    def say(self, command):
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().decode().strip()
        if answer == "not understood":
            raise AssertionError(command)
        return answer

    def say_bytes(self, data):
        return self.say("say " + data.hex())

    def state(self):
        return json.loads(self.say("state"))


class Port:
    """The host's end of a modem's serial line, for a station in the field: what passes over it."""

    def __init__(self, modem, speed=termios.B115200):
        self.fd = os.open(modem.link, os.O_RDWR | os.O_NOCTTY)
        line = termios.tcgetattr(self.fd)
        line[0] = line[1] = line[3] = 0
        line[2] = termios.CS8 | termios.CREAD | termios.CLOCAL
        line[4] = line[5] = speed
        termios.tcsetattr(self.fd, termios.TCSANOW, line)
        self.heard = b""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            while part := os.read(self.fd, 4096):
                self.heard += part
        except OSError:
            pass

    def write(self, data):
        os.write(self.fd, data)

    def until(self, data):
        harness.wait_for(lambda: data in self.heard, f"{data} in {self.heard}")


class ModemTest(unittest.TestCase):
    """driver: the modem's name in the configuration; program: the simulator's; keys: its settings. scenario: of the ether;
    radio_keys, keys_of_field: of the radio and of the field besides."""
    scenario = "region: none\n"
    radio_keys = keys_of_field = ""

    def setUp(self):
        self.bench = harness.Bench()
        self.addCleanup(self.bench.__exit__)
        self.ether = self.bench.dir / "ether.sock"
        scenario = self.bench.dir / "scenario.yaml"
        scenario.write_text(self.scenario)
        self.bench.start([harness.BINARY / "tests" / "ether", "--socket", self.ether, "--scenario", scenario], log="ether.log")
        harness.wait_for(self.ether.exists, "the ether's socket")

    def base(self, *options, driver=None, program=None, keys=None, lines="", wait="up"):
        """A gateway with one radio; the modem it has on its port."""
        driver = driver or self.driver
        self.modem = Modem(self.bench, program or self.program, "base", "--ether", self.ether, *options)
        key_file = self.bench.dir / "keys.json"
        key_file.write_text(json.dumps({"format": "cresset keys 1", "master": VECTORS["master"]}))
        key_file.chmod(0o600)
        self.port, _ = self.bench.broker()
        self.config = self.bench.dir / "cresset.yaml"
        self.config.write_text(f"""
gateway: {{name: base1, operation: test, state_dir: {self.bench.dir}/base1, socket: {self.bench.dir}/base1.sock}}
uplink: {{brokers: [{{host: 127.0.0.1, port: {self.port}}}]}}
field: {{keys: {key_file}{", " if self.keys_of_field else ""}{self.keys_of_field}}}
radios:
  lora:
    device: {self.modem.link}
    modem: {driver}
    air: field
    {lines}
    {self.radio_keys}
    field: {{station: 61000}}
    {driver}: {keys or self.keys}
""")
        self.listener = harness.Listener(self.bench, self.port)
        self.gateway = self.bench.gateway(self.config)
        self.bench.answering()
        if wait:
            self.until(wait)

    def radio(self):
        return self.bench.status()["radios"][0]

    def until(self, state, text=""):
        return harness.wait_for(lambda: (lambda radio: radio["state"] == state and text in radio["text"] and radio)(self.radio()),
                                f"radio {state}, {text!r}; it is {self.radio()}")

    def dropped(self, reason):
        return self.bench.counter("radio.lora", f"drop.{reason}")

    def until_dropped(self, reason, count=1):
        harness.wait_for(lambda: self.dropped(reason) >= count, f"{reason} is counted")

    def assert_fault(self, reason, text, state="not ready"):
        radio = self.until(state, text)
        self.until_dropped(reason)
        self.assertIn(text, self.bench.log())
        return radio

    def send(self, text="return to base by the north road"):
        return self.bench.tool("send", "--to", "f-4660", "-b", "ack_wanted=false", "--wait", "--json", text, check=False).stdout

    def expect_checkin(self, count=1):
        checkins = self.listener.expect("/checkin/", count=count)
        self.assertEqual(len(checkins), count)
        self.assertEqual((checkins[0]["station"], checkins[0]["authenticity"]), ("f-4660", "VERIFIED"))
        return checkins[0]
