"""RYLR modules, simulated on ptys, with the real daemon: field frames both ways through the air, and every fault by its name."""
import base64
import json
import threading

import harness
import modem_bench
from modem_bench import ALERT, CHECKIN, POSITION

KEYS = "{frequency_mhz: 868.1, spreading_factor: 7}"


def text(content):
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def received(content):
    return b"+RCV=7,%d,%s,-99,-12\r\n" % (len(text(content)), text(content))


class Station(modem_bench.Port):
    """A node in the field, with a module set up by hand."""

    def __init__(self, test, *settings, options=()):
        self.module = modem_bench.Modem(test.bench, "rylr", "field", "--ether", test.ether, *options)
        harness.wait_for(lambda: self.module.state()["awake"], "the station's module")
        super().__init__(self.module)
        for setting in settings:
            self.heard = b""
            self.write(f"AT+{setting}\r\n".encode())
            self.until(b"+OK\r\n")
        self.heard = b""

    def speak(self, content):
        self.heard = b""
        self.write(b"AT+SEND=0,%d,%s\r\n" % (len(text(content)), text(content)))
        self.until(b"+OK\r\n")


class Rylr(modem_bench.ModemTest):
    driver, program, keys = "rylr998", "rylr", KEYS

    def station(self):
        return Station(self, "BAND=868100000", "PARAMETER=7,7,1,12")

    def both_ways(self, station):
        station.speak(CHECKIN)
        checkin = self.expect_checkin()
        self.assertLess(checkin["heard"]["rssi_dbm"], 0)
        self.assertIsInstance(checkin["heard"]["snr_db"], (int, float))
        said = self.send()
        self.assertIn('"sent"', said)
        self.assertIn('"assumed":true', said)
        harness.wait_for(lambda: b"+RCV=0," in station.heard and station.heard.endswith(b"\r\n"), "the text in the field")
        line = station.heard[station.heard.index(b"+RCV="):].split(b",")
        self.assertEqual(len(line[2]), int(line[1]))
        base64.urlsafe_b64decode(line[2] + b"==")

    def test_both_ways(self):
        self.base()
        radio = self.radio()
        self.assertEqual((radio["model"], radio["firmware"], radio["text"]), ("RYLR998", "REYAX_V1.2.2", ""))
        self.both_ways(self.station())
        state = self.modem.state()
        self.assertEqual((state["parameter"], state["band"], state["power"]), ("7,7,1,12", 868100000, 14))
        # Address and network were right: the flash was not touched.
        self.assertEqual(state["flash_writes"], 0)

    def test_both_ways_with_a_password_and_the_older_family(self):
        password = "00112233445566778899AABBCCDDEEFF"
        self.base("--family", "896", driver="rylr896",
                  keys=f"{{frequency_mhz: 868.1, spreading_factor: 7, password: '{password}', network_id: 5}}")
        self.assertEqual(self.radio()["model"], "RYLR89C")
        self.both_ways(Station(self, "BAND=868100000", "PARAMETER=7,7,1,7", "NETWORKID=5", f"CPIN={password}",
                               options=("--family", "896")))
        self.assertEqual(self.modem.state()["flash_writes"], 1)
        self.assertNotIn(password, self.bench.log())

    def test_variants_of_firmware(self):
        self.base("--fault", "network-short", "--fault", "spaces", "--fault", "late-ok", "--fault", "old", "--fault", "ready-only")
        self.both_ways(self.station())

    def test_nothing_is_written_twice(self):
        self.base(keys=KEYS[:-1] + ", network_id: 5, address: 77}")
        self.assertEqual(self.modem.state()["flash_writes"], 2)
        self.bench.stop(self.gateway)
        self.gateway = self.bench.gateway(self.config)
        self.bench.answering()
        self.until("up")
        self.assertEqual(self.modem.state()["flash_writes"], 2)

    def test_absent_and_back(self):
        self.base("--fault", "absent", wait=None)
        self.assert_fault("rylr_absent", "no RYLR998 answers at any rate")
        self.modem.say("no-fault absent")
        self.until("up")

    def test_reset_by_its_line(self):
        lines = self.bench.dir / "lines.sock"
        self.base("--fault", "absent", "--lines", lines, lines=f'lines: {{reset: "sim:{lines}:reset"}}', wait=None)
        self.assert_fault("rylr_absent", "no RYLR998 answers")
        self.modem.say("no-fault absent")
        self.until("up")

    def test_wrong_baud(self):
        self.base("--baud", "9600", wait=None)
        self.assert_fault("rylr_wrong_baud", "speaks at 9600 baud", state="up")
        self.both_ways(self.station())

    def test_wrong_family(self):
        self.base("--family", "896", wait=None)
        self.assert_fault("rylr_wrong_family", "`modem: rylr896`")

    def test_rnode_on_the_port(self):
        self.base("--saved", "868.1", program="rnode", wait=None)
        self.assert_fault("rylr_wrong_device", "looks like an RNode")

    def test_other_device_on_the_port(self):
        """One of those that unit.modem-rylr has all of."""
        self.base("--fault", "absent", wait=None)
        harness.wait_for(lambda: self.modem.say_bytes(b"$GPGGA,123519,4807.038,N\r\n") and "a GPS receiver" in self.radio()["text"],
                         "the name of the device")
        self.until_dropped("rylr_wrong_device")

    def test_setting_not_stored(self):
        self.base("--fault", "deaf", wait=None)
        self.assert_fault("rylr_not_stored", "PARAMETER was set but is 9,7,1,12 afterwards. Check spreading_factor")

    def test_restart_of_the_module(self):
        self.base()
        self.modem.say("restart")
        self.until_dropped("rylr_module_reset")
        harness.wait_for(lambda: self.modem.state()["band"] == 868100000, "the frequency is set again")
        self.until("up")

    def test_restart_in_the_middle_of_a_transmission(self):
        self.base(keys="{frequency_mhz: 868.1, spreading_factor: 9}")
        said = []
        sending = threading.Thread(target=lambda: said.append(self.send()))
        sending.start()
        harness.wait_for(lambda: self.modem.state()["sends"] == 1, "the transmission")
        self.modem.say("restart")
        self.until_dropped("rylr_module_reset")
        sending.join()
        stages = [json.loads(line).get("stage") for line in said[0].splitlines()]
        self.assertEqual(stages[1:], ["queued", "on_air", "sent"], said)
        self.assertEqual(self.modem.state()["sends"], 2)

    def test_transmitter_times_out(self):
        self.base()
        self.modem.say("fault tx-timeout")
        self.assertIn("tx_timeout", self.send())
        self.modem.say("no-fault tx-timeout")
        self.assertIn('"sent"', self.send())

    def test_examination(self):
        self.base()
        said = self.bench.tool("radio", "lora", "test").stdout
        for words in ("7,7,1,12, as configured", "868100000, as configured", "104737333437353600170029"):
            self.assertIn(words, said)
        self.assertNotEqual(self.bench.tool("radio", "lora", "scan", check=False).returncode, 0)
        self.until("up")

    def test_unplugged_in_the_middle_of_a_frame(self):
        self.base()
        self.modem.say_bytes(received(ALERT)[:40])
        self.modem.say("unplug")
        self.until("down")
        self.modem.say("plug")
        self.until("up")
        self.modem.say_bytes(received(CHECKIN))
        self.expect_checkin()
        self.assertEqual(self.listener.find("/alert/"), [])
        self.assertEqual(self.modem.state()["flash_writes"], 0)

    def test_bytes_lost_and_packets_run_together(self):
        self.base()
        one, two, three = (received(content) for content in (CHECKIN, POSITION, ALERT))
        # Of the first some bytes are lost, of the second its end of line; the third is whole.
        self.modem.say_bytes(one[:20] + one[25:] + two.rstrip() + three)
        self.listener.expect("track/base1/f-4660")
        [alert] = self.listener.expect("/alert/")
        self.assertEqual((alert["heard"]["rssi_dbm"], alert["heard"]["snr_db"]), (-99, -12))
        self.assertEqual(self.dropped("rylr_bad_packet"), 1)
        self.assertEqual(self.listener.find("/checkin/"), [])

    def test_half_a_packet_does_not_hold_the_next(self):
        self.base()
        self.modem.say_bytes(b"+RCV=7,200,AAAA" + received(CHECKIN))
        self.expect_checkin()
        self.assertEqual(self.dropped("rylr_bad_packet"), 1)

    def test_what_is_not_ours(self):
        self.base()
        self.modem.say_bytes(b"+RCV=7,5,HELLO,-99,-12\r\n+ERR=12\r\n+ERR=19\r\n")
        for reason in ("rylr_bad_text", "rylr_rx_crc", "rylr_rx_header"):
            self.until_dropped(reason)
        self.until("up")

    def test_noisy_line(self):
        """One byte in 97 is lost both while it is set up and later; nothing is made up of the rest."""
        self.base()
        self.modem.say("lose 97")
        for _ in range(20):
            self.modem.say_bytes(received(CHECKIN))
            self.modem.say_bytes(received(POSITION))
        self.expect_checkin()
        self.assertTrue(all(found["authenticity"] == "VERIFIED" for found in self.listener.find("/checkin/")))


if __name__ == "__main__":
    harness.main(modem_bench.AT_ONCE)
