"""RNodes, simulated on ptys, with the real daemon: field frames both ways through the air, and every fault by its name."""
import json
import threading

import harness
import modem_bench
from modem_bench import ALERT, CHECKIN, POSITION

KEYS = "{frequency_mhz: 868.2, spreading_factor: 7}"


def framed(command, body):
    return harness.kiss(body, command)


def received(content, rssi=0x3c, snr=0x19):
    """STAT_RSSI, STAT_SNR, DATA."""
    return framed(0x23, bytes([rssi])) + framed(0x24, bytes([snr])) + framed(0, content)


class Station(modem_bench.Port):
    """A node in the field, with a board set up by hand."""

    def __init__(self, test, *options, spreading=7):
        self.board = modem_bench.Modem(test.bench, "rnode", "field", "--ether", test.ether, *options)
        harness.wait_for(lambda: self.board.state()["awake"], "the station's board")
        super().__init__(self.board)
        self.write(framed(1, (868200000).to_bytes(4, "big")) + framed(2, (125000).to_bytes(4, "big")) + framed(3, b"\x0e") +
                   framed(4, bytes([spreading])) + framed(5, b"\x05") + framed(6, b"\x01"))
        harness.wait_for(lambda: self.board.state()["on"], "the station's radio")

    def speak(self, *contents):
        self.write(b"".join(framed(0, content) for content in contents))


class Rnode(modem_bench.ModemTest):
    driver, program, keys = "rnode", "rnode", KEYS

    def heard_by(self, station):
        return [part[1:] for part in harness.kiss_frames(station.heard) if part[:1] == b"\0"]

    def test_both_ways(self):
        self.base()
        radio = self.radio()
        self.assertEqual((radio["model"], radio["firmware"], radio["text"]), ("RNode (ESP32)", "1.86", ""))
        station = Station(self)
        station.speak(CHECKIN)
        checkin = self.expect_checkin()
        self.assertLess(checkin["heard"]["rssi_dbm"], 0)
        self.assertIn("snr_db", checkin["heard"])
        said = self.send()
        self.assertIn('"sent"', said)
        # Its own airtime has shown that it was transmitted.
        self.assertNotIn('"assumed":true', said)
        harness.wait_for(lambda: self.heard_by(station), "the text in the field")
        state = self.modem.state()
        self.assertEqual((state["frequency_hz"], state["bandwidth_hz"], state["spreading"], state["power_dbm"]),
                         (868200000, 125000, 7, 14))
        self.assertEqual(state["unknown"], 0)
        self.bench.stop(self.gateway)
        harness.wait_for(lambda: self.modem.state()["left"], "the leave-taking")

    def test_both_ways_on_a_board_that_tells_nothing(self):
        self.base("--board", "avr")
        self.assertEqual(self.radio()["model"], "RNode (AVR)")
        station = Station(self)
        station.speak(CHECKIN)
        self.expect_checkin()
        said = self.send()
        self.assertIn('"sent"', said)
        self.assertIn('"assumed":true', said)
        harness.wait_for(lambda: self.heard_by(station), "the text in the field")

    def test_one_datagram_at_a_time(self):
        self.base()
        senders = [threading.Thread(target=self.send, args=(f"text {number}",)) for number in range(6)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        state = self.modem.state()
        self.assertEqual((state["sent"], state["queue_max"], state["discarded"]), (6, 1, 0))

    def test_split_packets_and_the_longest(self):
        self.base()
        station = Station(self)
        station.speak(bytes(508))
        harness.wait_for(lambda: self.radio()["datagrams"] == 1, "the joined packet")
        station.speak(CHECKIN)
        self.expect_checkin()

    def test_board_with_settings_of_its_own(self):
        self.base("--saved", "433.775")
        self.assertEqual(self.modem.state()["frequency_hz"], 868200000)
        self.assertEqual(self.modem.state()["spreading"], 7)
        station = Station(self)
        station.speak(CHECKIN)
        self.expect_checkin()

    def test_levels_that_look_like_framing(self):
        self.base()
        self.modem.say_bytes(received(CHECKIN, snr=0xc0) + received(ALERT, snr=0xdb) + framed(0, POSITION))
        self.assertEqual(self.expect_checkin()["heard"]["snr_db"], -16)
        [alert] = self.listener.expect("/alert/")
        self.assertEqual((alert["heard"]["rssi_dbm"], alert["heard"]["snr_db"]), (-97, -9.25))
        [position] = self.listener.expect("track/base1/f-4660")
        self.assertNotIn("snr_db", position["properties"].get("heard", {}))

    def test_absent_and_back(self):
        self.base("--fault", "absent", wait=None)
        self.assert_fault("rnode_absent", "no RNode answers")
        self.modem.say("no-fault absent")
        self.until("up")

    def test_wrong_baud(self):
        self.base(lines="baud: 9600", wait=None)
        self.assert_fault("rnode_absent", "that `baud` is 115200")

    def test_rylr_on_the_port(self):
        self.base(program="rylr", wait=None)
        harness.wait_for(lambda: self.modem.say_bytes(b"+RCV=7,5,HELLO,-99,-12\r\n") and "looks like an RYLR" in self.radio()["text"],
                         "the name of the module")
        self.until_dropped("rnode_wrong_device")

    def test_other_device_on_the_port(self):
        """One of those that unit.modem-rnode has all of."""
        self.base("--fault", "absent", wait=None)
        harness.wait_for(lambda: self.modem.say_bytes(b"$GPGGA,123519,4807.038,N\r\n") and "a GPS receiver" in self.radio()["text"],
                         "the name of the device")
        self.until_dropped("rnode_wrong_device")

    def test_old_firmware(self):
        self.base("--fault", "old", wait=None)
        self.assert_fault("rnode_old_firmware", "firmware 1.51 of the RNode is too old")

    def test_hardware_cannot_do_it(self):
        self.base(keys="{frequency_mhz: 868.2, power_dbm: 27}", wait=None)
        self.assert_fault("rnode_mismatch", "power_dbm: 27 was asked for, but the RNode has 22")

    def test_eeprom_locked(self):
        self.base("--fault", "locked", wait=None)
        self.assert_fault("rnode_mismatch", "the radio of the RNode stays off")

    def test_radio_does_not_start(self):
        self.base("--fault", "no-radio", wait=None)
        self.assert_fault("rnode_error", "the radio could not be started")
        self.modem.say("no-fault no-radio")
        self.until("up")

    def test_reboot(self):
        self.base()
        self.modem.say("reboot")
        self.until_dropped("rnode_reboot")
        harness.wait_for(lambda: self.modem.state()["on"] and self.radio()["state"] == "up", "it is set up again")
        self.assertEqual(self.modem.state()["frequency_hz"], 868200000)

    def test_reboot_in_the_middle_of_a_transmission(self):
        self.base(keys="{frequency_mhz: 868.2, spreading_factor: 11}")
        said = []
        sending = threading.Thread(target=lambda: said.append(self.send()))
        sending.start()
        harness.wait_for(lambda: self.modem.state()["queue_max"] == 1, "the datagram in the modem")
        self.modem.say("reboot")
        self.until_dropped("rnode_reboot")
        sending.join()
        stages = [json.loads(line).get("stage") for line in said[0].splitlines()]
        self.assertEqual((stages[1], stages[-1]), ("queued", "sent"), said)
        self.assertEqual(stages.count("sent"), 1)
        harness.wait_for(lambda: self.modem.state()["on"] and self.radio()["state"] == "up", "it is set up again")

    def test_chip_hangs(self):
        self.base()
        self.modem.say("fault tx-hangs")
        self.assertIn("modem_timeout", self.send())
        self.modem.say("no-fault tx-hangs")
        self.until("up")
        self.assertIn('"sent"', self.send())

    def test_transmission_fails(self):
        self.base()
        self.modem.say("fault tx-fails")
        self.assertIn("tx_failed", self.send())
        self.modem.say("no-fault tx-fails")
        self.until("up")
        self.assertIn('"sent"', self.send())

    def test_queue_full(self):
        self.base()
        self.modem.say("fault queue-full")
        self.assertIn("modem_full", self.send())
        self.modem.say("no-fault queue-full")
        self.until("up")
        self.assertEqual(self.modem.state()["discarded"], 0)
        self.assertIn('"sent"', self.send())

    def test_examination(self):
        self.base()
        said = self.bench.tool("radio", "lora", "test").stdout
        for words in ("as configured", "noise_dbm", "-110"):
            self.assertIn(words, said)
        said = self.bench.tool("radio", "lora", "scan").stdout
        self.assertIn("interference_dbm", said)
        self.until("up")

    def test_unplugged_in_the_middle_of_a_frame(self):
        self.base()
        self.modem.say_bytes(received(ALERT)[:30])
        self.modem.say("unplug")
        self.until("down")
        self.modem.say("plug")
        self.until("up")
        self.modem.say_bytes(received(CHECKIN))
        self.expect_checkin()
        self.assertEqual(self.listener.find("/alert/"), [])

    def test_bytes_lost_and_packets_run_together(self):
        self.base()
        one, two, three = (received(content) for content in (CHECKIN, POSITION, ALERT))
        # Of the first bytes are lost in the middle, of the second the C0 that opens it; the third is whole.
        self.modem.say_bytes(one[:20] + one[25:] + two[1:] + three)
        self.listener.expect("track/base1/f-4660")
        self.listener.expect("/alert/")
        self.assertEqual(self.listener.find("/checkin/"), [])
        self.until_dropped("rnode_noise")

    def test_noisy_line(self):
        """One byte in 97 is lost; nothing is made up of the rest."""
        self.base()
        self.modem.say("lose 97")
        for _ in range(20):
            self.modem.say_bytes(received(CHECKIN) + received(POSITION))
        self.expect_checkin()
        self.assertTrue(all(found["authenticity"] == "VERIFIED" for found in self.listener.find("/checkin/")))


if __name__ == "__main__":
    harness.main(modem_bench.AT_ONCE)
