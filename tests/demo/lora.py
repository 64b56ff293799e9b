"""The LoRa half of the demonstration: stations behind simulated E22 modules, a simulated ether between them and the gateway's own
module, and field frames sealed with real keys."""

import json
import pathlib
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "bench"))
import common  # noqa: E402

# 434.125 MHz, 2.4 kbit/s on the air, 10 dBm: 500 kHz wide, which fits into the sub-band 433.05-434.79 MHz. The registers of a station's
# module say the same as the gateway's settings.
FREQUENCY_MHZ, POWER_DBM, REGISTERS = 434.125, 10, "ffff00620318000000"
EVERY_S = 3
# Metres east and north of the base. 20 is behind the hill, seen from 17.
STATIONS = {17: (1500, 400), 18: (-2500, 900), 19: (600, -3200), 20: (-1800, -1500)}
IN_DISTRESS = 19


def degrees(station, second):
    """Where a station is by then: it walks east."""
    east_m, north_m = STATIONS[station]
    return f"{41 + north_m / 111000:.6f} {9 + (east_m + 1.4 * second) / 84000:.6f}"


class Lora:
    """Started first: the gateway needs `settings`, the people at the demonstration `account`."""
    in_distress = IN_DISTRESS

    def __init__(self, workshop):
        self.workshop = workshop
        self.keys = workshop.path("keys.json")
        made = subprocess.run([common.program("cresset"), "key", "make", self.keys], capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise common.BenchError(f"cresset key make: {made.stderr.strip()}")
        self.start_ether()
        self.start_module("base", "--lines", workshop.path("lora.pins"))
        for station in STATIONS:
            self.start_module(f"node{station}", "--registers", REGISTERS)
        ports = [f"{station}={workshop.path(f'node{station}.tty')}" for station in STATIONS]
        self.people = workshop.start("people", [common.program("field-station"), "--keys", self.keys, *ports], stdin=subprocess.PIPE)
        common.wait_until(lambda: "ready" in workshop.text("people.out"), 10, "the stations")

    def start_ether(self):
        places = "".join(f"  node{station}: {{x_m: {east}, y_m: {north}, height_m: 2}}\n" for station, (east, north) in STATIONS.items())
        scenario = self.workshop.write("scenario.yaml", "region: eu433\nseed: 1\nclutter_db: 10\nfading_db: 3\nstations:\n"
                                       f"  base: {{height_m: 10}}\n{places}links:\n  - {{from: node17, to: node20, hidden: true}}\n")
        self.socket = self.workshop.path("ether")
        self.ether = self.workshop.start("ether", [common.program("ether"), "--socket", self.socket, "--scenario", scenario])
        common.wait_until(lambda: pathlib.Path(self.socket).exists(), 10, "the ether")

    def start_module(self, name, *more):
        module = self.workshop.start(f"module-{name}", [common.program("ebyte"), "--link", self.workshop.path(f"{name}.tty"), "--ether",
                                                        self.socket, "--name", name, "--band", "400", *more], stdin=subprocess.PIPE)
        common.wait_until(lambda: "ready" in self.workshop.text(f"module-{name}.out"), 10, f"the module of {name}")
        return module

    def settings(self):
        """Lines for the gateway's settings: what stands at the top, and the radio."""
        lines = ", ".join(f'{name}: "sim:{self.workshop.path("lora.pins")}:{name}"' for name in ("m0", "m1", "aux"))
        return (f"field: {{keys: {self.keys}}}\n",
                f"""  lora:
    device: {self.workshop.path("base.tty")}
    modem: ebyte-e22
    air: field
    lines: {{{lines}}}
    ebyte-e22: {{frequency_mhz: {FREQUENCY_MHZ}, power_dbm: {POWER_DBM}}}
    field: {{station: 1}}
""")

    def say(self, line):
        self.people.stdin.write(line.encode() + b"\n")
        self.people.stdin.flush()

    def speak(self, second, seconds):
        """What the stations say in that second: one in three has something to say, and one of them once needs help."""
        names = list(STATIONS)
        # A second in which nobody else of them speaks.
        if second == seconds // 3 // EVERY_S * EVERY_S + 1:
            self.say(f"{IN_DISTRESS} distress 7 {degrees(IN_DISTRESS, second)}")
        if second % EVERY_S == 0:
            turn = second // EVERY_S
            station = names[turn % len(names)]
            self.say(f"{station} checkin 1" if turn % 3 == 0 else f"{station} position {degrees(station, second)}")

    def account(self):
        """Ends the ether and says what it and its inspector saw."""
        self.ether.send_signal(signal.SIGTERM)
        self.ether.wait(10)
        seen = json.loads(self.workshop.text("ether.out").splitlines()[-1])
        print(f"ether: {seen['transmissions']} LoRa transmissions, {seen['airtime_us'] / 1e6:.1f} s on the air, {seen['collisions']} spoilt by"
              f" collisions; duty cycles overrun: {seen['overrun_count']}")
