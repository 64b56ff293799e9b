"""Ebyte modules, simulated on ptys, with the real daemon: field frames both ways through the air, and every fault by its name."""
import binascii
import json
import os
import pathlib
import subprocess
import termios
import threading
import unittest

import harness

VECTORS = json.loads((pathlib.Path(os.environ["CRESSET_SOURCE_DIR"]) / "tests" / "vectors" / "field.json").read_text())

# What the stations have in common. The same as registers of an E22, and as the block of an E32.
E22_KEYS = "{frequency_mhz: 868.125, air_rate: 19.2k, settle_ms: 10, blind_ms: 50}"
E22_REGISTERS = "ffff00650012000000"
E32_KEYS = "{frequency_mhz: 868, air_rate: 19.2k, settle_ms: 10, blind_ms: 50}"
E32_BLOCK = "ffff1d0644"


def frame(name):
    return next(bytes.fromhex(vector["frame"]) for vector in VECTORS["frames"] if vector["name"] == name)


def carried(content):
    body = bytes([len(content)]) + content
    return b"\xc5\x5e" + body + binascii.crc_hqx(body, 0xffff).to_bytes(2, "little")


class Module:
    """A simulated module; commands are answered by a line each."""

    def __init__(self, bench, name, *options):
        self.link = bench.dir / f"{name}.tty"
        self.process = bench.start([harness.BINARY / "tests" / "ebyte", "--link", self.link, "--name", name, *options],
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

    def state(self):
        return json.loads(self.say("state"))


class Station:
    """A node in the field: a module in its normal mode, and what passes over its serial line."""

    def __init__(self, bench, name, *options):
        self.module = Module(bench, name, *options)
        self.fd = os.open(self.module.link, os.O_RDWR | os.O_NOCTTY)
        line = termios.tcgetattr(self.fd)
        line[0] = line[1] = line[3] = 0
        line[2] = termios.CS8 | termios.CREAD | termios.CLOCAL
        line[4] = line[5] = termios.B9600
        termios.tcsetattr(self.fd, termios.TCSANOW, line)
        self.heard = b""
        harness.wait_for(lambda: (lambda state: state["mode"] == 0 and state["ready"])(self.module.state()), f"{name} in its normal mode")
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            while part := os.read(self.fd, 4096):
                self.heard += part
        except OSError:
            pass

    def speak(self, *contents):
        os.write(self.fd, b"".join(carried(content) for content in contents))


class Ebyte(unittest.TestCase):
    def setUp(self):
        self.bench = harness.Bench()
        self.addCleanup(self.bench.__exit__)
        self.ether = self.bench.dir / "ether.sock"
        scenario = self.bench.dir / "scenario.yaml"
        scenario.write_text("region: none\n")
        self.bench.start([harness.BINARY / "tests" / "ether", "--socket", self.ether, "--scenario", scenario], log="ether.log")
        harness.wait_for(self.ether.exists, "the ether's socket")

    def base(self, *options, family="e22", modem=None, keys=None, aux=True, wait="up"):
        """A gateway with one radio; the module it has on its port."""
        lines = self.bench.dir / "lines.sock"
        band = ("--band", "900") if family == "e22" else ("--band", "868")
        self.module = Module(self.bench, "base", "--lines", lines, "--ether", self.ether, "--family", family, *band, *options)
        key_file = self.bench.dir / "keys.json"
        key_file.write_text(json.dumps({"format": "cresset keys 1", "master": VECTORS["master"]}))
        key_file.chmod(0o600)
        self.port, _ = self.bench.broker()
        modem = modem or f"ebyte-{family}"
        keys = keys or (E22_KEYS if modem == "ebyte-e22" else E32_KEYS)
        config = self.bench.dir / "cresset.yaml"
        config.write_text(f"""
gateway: {{name: base1, operation: test, state_dir: {self.bench.dir}/base1, socket: {self.bench.dir}/base1.sock}}
uplink: {{brokers: [{{host: 127.0.0.1, port: {self.port}}}]}}
field: {{keys: {key_file}}}
radios:
  lora:
    device: {self.module.link}
    modem: {modem}
    air: field
    lines: {{m0: "sim:{lines}:m0", m1: "sim:{lines}:m1"{f', aux: "sim:{lines}:aux"' if aux else ''}}}
    field: {{station: 61000}}
    {modem}: {keys}
""")
        self.listener = harness.Listener(self.bench, self.port)
        self.gateway = self.bench.gateway(config)
        harness.wait_for((self.bench.dir / "base1.sock").exists, "the tool's socket")
        if wait:
            self.until(wait)

    def field_station(self, name="field", family="e22", *options):
        settings = ("--band", "900", "--registers", E22_REGISTERS) if family == "e22" else ("--band", "868", "--registers", E32_BLOCK)
        return Station(self.bench, name, "--ether", self.ether, "--family", family, *settings, *options)

    def radio(self):
        return self.bench.status()["radios"][0]

    def until(self, state, text=""):
        return harness.wait_for(lambda: (lambda radio: radio["state"] == state and text in radio["text"] and radio)(self.radio()),
                                f"radio {state}, {text!r}; it is {self.radio()}")

    def dropped(self, reason):
        return self.bench.counter("radio.lora", f"drop.{reason}")

    def assert_fault(self, reason, text, state="not ready"):
        radio = self.until(state, text)
        harness.wait_for(lambda: self.dropped(reason), f"{reason} is counted")
        self.assertIn(text, self.bench.log())
        return radio

    def both_ways(self, family):
        self.base(family=family)
        radio = self.radio()
        self.assertTrue(radio["model"].startswith(family.upper()))
        self.assertEqual(radio["text"], "")
        station = self.field_station(family=family)
        station.speak(frame("checkin without position, encrypted"))
        [checkin] = self.listener.expect("/checkin/")
        self.assertEqual((checkin["station"], checkin["authenticity"]), ("f-4660", "VERIFIED"))
        said = self.bench.tool("send", "--to", "f-4660", "--wait", "--json", "return to base by the north road").stdout
        self.assertIn('"sent"', said)
        self.assertIn("assumed", said)
        harness.wait_for(lambda: len(station.heard) > 3 and len(station.heard) >= station.heard[2] + 5, "the text in the field")
        self.assertEqual(station.heard, carried(station.heard[3:3 + station.heard[2]]))
        return checkin

    def test_e22_both_ways(self):
        checkin = self.both_ways("e22")
        self.assertLess(checkin["heard"]["rssi_dbm"], 0)
        # Noise query and RSSI byte on; the rest is as the station has it.
        self.assertEqual(self.module.state()["flash"], "ffff00652012830000")

    def test_e32_both_ways(self):
        checkin = self.both_ways("e32")
        self.assertNotIn("rssi_dbm", checkin["heard"])
        self.assertEqual(self.module.state()["flash_writes"], 1)

    def test_e22_without_aux_line(self):
        self.base(aux=False)
        station = self.field_station()
        station.speak(frame("checkin without position, encrypted"))
        self.listener.expect("/checkin/")
        self.bench.tool("send", "--to", "f-4660", "--wait", "--json", "north road")

    def test_e22_listens_before_it_talks(self):
        self.base(keys=E22_KEYS[:-1] + ", lbt: true}")
        station = self.field_station()
        self.bench.tool("send", "--to", "f-4660", "--wait", "--json", "north road")
        harness.wait_for(lambda: len(station.heard) > 3 and len(station.heard) >= station.heard[2] + 5, "the text in the field")
        self.assertEqual(self.module.state()["ram"][12:14], "93")

    def test_absent_and_back(self):
        self.base("--absent", wait=None)
        self.assert_fault("ebyte_absent", "does not answer")
        self.module.say("on")
        self.until("up")

    def test_wrong_family(self):
        self.base(family="e32", modem="ebyte-e22", wait=None)
        self.assert_fault("ebyte_wrong_family", "Set modem: ebyte-e32")

    def test_wrong_family_the_other_way(self):
        self.base(family="e22", modem="ebyte-e32", wait=None)
        self.assert_fault("ebyte_wrong_family", "Set modem: ebyte-e22")

    def test_wrong_baud(self):
        self.base("--wrong-baud", "115200", wait=None)
        self.assert_fault("ebyte_wrong_baud", "does not run at 9600 baud")

    def test_rate_not_stored(self):
        self.base("--hardware", "v2", "--forget-rate", keys=E22_KEYS.replace("19.2k", "0.3k"), wait=None)
        self.assert_fault("ebyte_not_stored", "did not store: air_rate")
        self.assertEqual(self.module.state()["flash_writes"], 1)

    def test_rate_not_done(self):
        self.base("--hardware", "v2", "--slow-rate", keys=E22_KEYS.replace("19.2k", "1.2k"), wait=None)
        self.assert_fault("ebyte_slow_rate", "transmits at 2.4k", state="up")

    def test_aux_stays_low(self):
        self.base("--aux-low", wait=None)
        self.assert_fault("ebyte_aux_stuck", "aux stays low", state="up")
        station = self.field_station()
        station.speak(frame("checkin without position, encrypted"))
        self.listener.expect("/checkin/")

    def test_aux_not_wired(self):
        self.base("--no-aux")
        for _ in range(3):
            self.bench.tool("send", "--to", "f-4660", "--wait", "--json", "north road")
        self.assert_fault("ebyte_aux_silent", "aux never moves", state="up")

    def test_unplugged_in_the_middle_of_a_frame(self):
        self.base()
        station = self.field_station()
        half = carried(frame("alert, encrypted"))[:20]
        self.module.say("say " + half.hex())
        self.module.say("unplug")
        self.until("down")
        self.module.say("plug")
        self.until("up")
        station.speak(frame("checkin without position, encrypted"))
        [checkin] = self.listener.expect("/checkin/")
        self.assertEqual(checkin["station"], "f-4660")
        self.assertEqual(self.module.state()["flash_writes"], 1)

    def test_restart_of_the_module(self):
        self.base(keys=E22_KEYS[:-1] + ", store: ram}")
        before = self.module.state()
        self.module.say("restart")
        harness.wait_for(lambda: self.module.state()["ram"] == before["ram"], "the settings are back")
        self.assertEqual(self.module.state()["flash_writes"], 0)
        self.until("up")

    def test_bytes_lost_and_packets_run_together(self):
        self.base()
        names = ["checkin without position, encrypted", "position, encrypted", "alert, encrypted"]
        one, two, three = (carried(frame(name)) for name in names)
        # Two packets in one piece with their RSSI bytes, of the first some bytes lost; then one whole.
        self.module.say("say " + (one[:9] + one[14:] + b"\xa0" + two + b"\xb0" + three + b"\xb1").hex())
        self.listener.expect("track/base1/f-4660")
        [alert] = self.listener.expect("/alert/")
        self.assertEqual(alert["heard"]["rssi_dbm"], -79)
        self.assertEqual(self.dropped("ebyte_broken_frame"), 1)
        self.assertEqual(self.listener.find("/checkin/"), [])

    def test_rssi_byte_missing_and_unexpected(self):
        self.base()
        station = self.field_station()
        self.module.say("rssi off")
        station.speak(frame("checkin without position, encrypted"))
        [checkin] = self.listener.expect("/checkin/")
        self.assertNotIn("rssi_dbm", checkin["heard"])
        self.assertEqual(self.dropped("ebyte_rssi_missing"), 1)

    def test_rssi_off(self):
        self.base(keys=E22_KEYS[:-1] + ", rssi: false}")
        station = self.field_station()
        station.speak(frame("checkin without position, encrypted"))
        [checkin] = self.listener.expect("/checkin/")
        self.assertNotIn("rssi_dbm", checkin["heard"])
        self.assertEqual(self.dropped("ebyte_noise"), 0)
        # The module appends it all the same.
        self.module.say("say " + (carried(frame("position, encrypted")) + b"\xb0").hex())
        self.listener.expect("track/base1/f-4660")
        harness.wait_for(lambda: self.dropped("ebyte_noise") == 1, "the byte is counted as noise")

    def test_broken_field_frames(self):
        """Forged, replayed, truncated: whole at the module, refused by the air protocol."""
        self.base()
        station = self.field_station()
        good = frame("checkin without position, encrypted")
        station.speak(good[:-1] + bytes([good[-1] ^ 1]))
        harness.wait_for(lambda: self.bench.status()["radios"][0]["datagrams"] == 1, "the forged frame")
        station.speak(good)
        self.listener.expect("/checkin/")
        station.speak(good)
        harness.wait_for(lambda: self.bench.status()["radios"][0]["datagrams"] == 3, "the replayed frame")
        station.speak(good[:10])
        harness.wait_for(lambda: self.bench.status()["radios"][0]["datagrams"] == 4, "the truncated frame")
        self.assertEqual(len(self.listener.find("/checkin/")), 1)


if __name__ == "__main__":
    harness.main()
