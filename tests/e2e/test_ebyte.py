"""Ebyte modules, simulated on ptys, with the real daemon: field frames both ways through the air, and every fault by its name."""
import binascii
import termios
import time

import harness
import modem_bench
from modem_bench import ALERT, CHECKIN, POSITION

# What the stations have in common. The same as registers of an E22, and as the block of an E32.
E22_KEYS = "{frequency_mhz: 868.125, air_rate: 19.2k, settle_ms: 10, blind_ms: 50}"
E22_REGISTERS = "ffff00650012000000"
E32_KEYS = "{frequency_mhz: 868, air_rate: 19.2k, settle_ms: 10, blind_ms: 50}"
E32_BLOCK = "ffff1d0644"


def carried(content):
    body = bytes([len(content)]) + content
    return b"\xc5\x5e" + body + binascii.crc_hqx(body, 0xffff).to_bytes(2, "little")


class Station(modem_bench.Port):
    """A node in the field: a module in its normal mode."""

    def __init__(self, test, family):
        settings = ("--band", "900", "--registers", E22_REGISTERS) if family == "e22" else ("--band", "868", "--registers", E32_BLOCK)
        self.module = modem_bench.Modem(test.bench, "ebyte", "field", "--ether", test.ether, "--family", family, *settings)
        super().__init__(self.module, termios.B9600)
        harness.wait_for(lambda: (lambda state: state["mode"] == 0 and state["ready"])(self.module.state()), "the station's normal mode")

    def speak(self, *contents):
        self.write(b"".join(carried(content) for content in contents))

    def until_text(self):
        harness.wait_for(lambda: len(self.heard) > 3 and len(self.heard) >= self.heard[2] + 5, "the text in the field")


class Ebyte(modem_bench.ModemTest):
    program = "ebyte"

    def base(self, *options, family="e22", modem=None, keys=None, aux=True, wait="up"):
        modem = modem or f"ebyte-{family}"
        lines = self.bench.dir / "lines.sock"
        wired = ", ".join(f'{name}: "sim:{lines}:{name}"' for name in ("m0", "m1", *(("aux",) if aux else ())))
        super().base("--lines", lines, "--family", family, "--band", "900" if family == "e22" else "868", *options, driver=modem,
                     keys=keys or (E22_KEYS if modem == "ebyte-e22" else E32_KEYS), lines=f"lines: {{{wired}}}", wait=wait)

    def field_station(self, family="e22"):
        return Station(self, family)

    def both_ways(self, family):
        self.base(family=family)
        radio = self.radio()
        self.assertTrue(radio["model"].startswith(family.upper()))
        self.assertEqual(radio["text"], "")
        station = self.field_station(family=family)
        station.speak(CHECKIN)
        checkin = self.expect_checkin()
        said = self.send()
        self.assertIn('"sent"', said)
        self.assertIn("assumed", said)
        station.until_text()
        self.assertEqual(station.heard, carried(station.heard[3:3 + station.heard[2]]))
        return checkin

    def test_e22_both_ways(self):
        checkin = self.both_ways("e22")
        self.assertLess(checkin["heard"]["rssi_dbm"], 0)
        # Noise query and RSSI byte on; the rest is as the station has it.
        self.assertEqual(self.modem.state()["flash"], "ffff00652012830000")

    def test_e32_both_ways(self):
        checkin = self.both_ways("e32")
        self.assertNotIn("rssi_dbm", checkin["heard"])
        self.assertEqual(self.modem.state()["flash_writes"], 1)

    def test_first_text_to_each_station_waits_for_the_disk_alone(self):
        self.base()
        ends = []
        for number in range(4660, 4664):
            said = self.bench.tool("send", "--to", f"f-{number}", "-b", "ack_wanted=false", "--wait", "--json", "north road").stdout
            self.assertIn('"sent"', said)
            ends.append(time.monotonic())
        # Each needs counters of its own. The gateway looks round by itself only every five seconds; the quickest, for others use this machine, too.
        self.assertLess(min(after - before for before, after in zip(ends, ends[1:])), 4)

    def test_e22_without_aux_line(self):
        self.base(aux=False)
        station = self.field_station()
        station.speak(CHECKIN)
        self.expect_checkin()
        self.assertIn('"sent"', self.send())

    def test_e22_listens_before_it_talks(self):
        self.base(keys=E22_KEYS[:-1] + ", lbt: true}")
        station = self.field_station()
        self.assertIn('"sent"', self.send())
        station.until_text()
        self.assertEqual(self.modem.state()["ram"][12:14], "93")

    def test_absent_and_back(self):
        self.base("--fault", "absent", wait=None)
        self.assert_fault("ebyte_absent", "does not answer")
        self.modem.say("no-fault absent")
        self.until("up")

    def test_wrong_family(self):
        self.base(family="e32", modem="ebyte-e22", wait=None)
        self.assert_fault("ebyte_wrong_family", "Set modem: ebyte-e32")

    def test_wrong_family_the_other_way(self):
        self.base(family="e22", modem="ebyte-e32", wait=None)
        self.assert_fault("ebyte_wrong_family", "Set modem: ebyte-e22")

    def test_wrong_baud(self):
        self.base("--setup-baud", "115200", wait=None)
        self.assert_fault("ebyte_wrong_baud", "does not run at 9600 baud")

    def test_rate_not_stored(self):
        self.base("--hardware", "v2", "--fault", "forget-rate", keys=E22_KEYS.replace("19.2k", "0.3k"), wait=None)
        self.assert_fault("ebyte_not_stored", "did not store: air_rate")
        self.assertEqual(self.modem.state()["flash_writes"], 1)

    def test_rate_not_done(self):
        self.base("--hardware", "v2", "--fault", "slow-rate", keys=E22_KEYS.replace("19.2k", "1.2k"), wait=None)
        self.assert_fault("ebyte_slow_rate", "transmits at 2.4k", state="up")

    def test_aux_stays_low(self):
        self.base("--fault", "aux-low", wait=None)
        self.assert_fault("ebyte_aux_stuck", "aux stays low", state="up")
        station = self.field_station()
        station.speak(CHECKIN)
        self.expect_checkin()

    def test_aux_not_wired(self):
        self.base("--fault", "no-aux")
        for _ in range(3):
            self.assertIn('"sent"', self.send())
        self.assert_fault("ebyte_aux_silent", "aux never moves", state="up")

    def test_unplugged_in_the_middle_of_a_frame(self):
        self.base()
        station = self.field_station()
        half = carried(ALERT)[:20]
        self.modem.say_bytes(half)
        self.modem.say("unplug")
        self.until("down")
        self.modem.say("plug")
        self.until("up")
        station.speak(CHECKIN)
        self.expect_checkin()
        self.assertEqual(self.modem.state()["flash_writes"], 1)

    def test_restart_of_the_module(self):
        self.base(keys=E22_KEYS[:-1] + ", store: ram}")
        before = self.modem.state()
        self.modem.say("restart")
        harness.wait_for(lambda: self.modem.state()["ram"] == before["ram"], "the settings are back")
        self.assertEqual(self.modem.state()["flash_writes"], 0)
        self.until("up")

    def test_bytes_lost_and_packets_run_together(self):
        self.base()
        one, two, three = (carried(content) for content in (CHECKIN, POSITION, ALERT))
        # Two packets in one piece with their RSSI bytes, of the first some bytes lost; then one whole.
        self.modem.say_bytes(one[:9] + one[14:] + b"\xa0" + two + b"\xb0" + three + b"\xb1")
        self.listener.expect("track/base1/f-4660")
        [alert] = self.listener.expect("/alert/")
        self.assertEqual(alert["heard"]["rssi_dbm"], -79)
        self.assertEqual(self.dropped("ebyte_broken_frame"), 1)
        self.assertEqual(self.listener.find("/checkin/"), [])

    def test_rssi_byte_missing_and_unexpected(self):
        self.base()
        station = self.field_station()
        self.modem.say("fault no-rssi")
        station.speak(CHECKIN)
        checkin = self.expect_checkin()
        self.assertNotIn("rssi_dbm", checkin["heard"])
        self.assertEqual(self.dropped("ebyte_rssi_missing"), 1)

    def test_rssi_off(self):
        self.base(keys=E22_KEYS[:-1] + ", rssi: false}")
        station = self.field_station()
        station.speak(CHECKIN)
        checkin = self.expect_checkin()
        self.assertNotIn("rssi_dbm", checkin["heard"])
        self.assertEqual(self.dropped("ebyte_noise"), 0)
        # The module appends it all the same.
        self.modem.say_bytes(carried(POSITION) + b"\xb0")
        self.listener.expect("track/base1/f-4660")
        self.until_dropped("ebyte_noise")

    def test_broken_field_frames(self):
        """Forged, replayed, truncated: whole at the module, refused by the air protocol."""
        self.base()
        station = self.field_station()
        station.speak(CHECKIN[:-1] + bytes([CHECKIN[-1] ^ 1]))
        harness.wait_for(lambda: self.radio()["datagrams"] == 1, "the forged frame")
        station.speak(CHECKIN)
        self.expect_checkin()
        station.speak(CHECKIN)
        harness.wait_for(lambda: self.radio()["datagrams"] == 3, "the replayed frame")
        station.speak(CHECKIN[:10])
        harness.wait_for(lambda: self.radio()["datagrams"] == 4, "the truncated frame")
        self.assertEqual(len(self.listener.find("/checkin/")), 1)


if __name__ == "__main__":
    harness.main(modem_bench.AT_ONCE)
