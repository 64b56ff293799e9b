"""`cresset airtime` gives the reference values to the microsecond, and says what is wrong with what it is asked."""
import json
import subprocess
import unittest

import harness

# SF, kHz, coding rate, preamble, payload, further options, ms. From the tests of two LoRaWAN stacks and from public tables made with the
# formula of AN1200.13; the last two with that of the SX126x.
ROWS = [
    (7, 125, "4/5", 8, 10, "", 41.216),
    (8, 125, "4/5", 8, 10, "", 72.192),
    (9, 125, "4/5", 8, 10, "", 144.384),
    (10, 125, "4/5", 8, 10, "", 288.768),
    (11, 125, "4/5", 8, 10, "", 577.536),
    (12, 125, "4/5", 8, 10, "", 991.232),
    (7, 250, "4/5", 8, 10, "", 20.608),
    (7, 500, "4/5", 8, 10, "", 10.304),
    (7, 125, "4/6", 8, 10, "", 45.312),
    (7, 125, "4/7", 8, 10, "", 49.408),
    (7, 125, "4/8", 8, 10, "", 53.504),
    *[(7, 125, "4/5", 8, size, "", 46.336) for size in (13, 14, 15)],
    *[(7, 125, "4/5", 8, size, "", 51.456) for size in (16, 17, 18, 19)],
    (9, 125, "4/5", 8, 13, "", 164.864),
    (12, 125, "4/5", 8, 13, "--ldro off", 1155.072),
    (12, 125, "4/5", 8, 13, "--ldro on", 1155.072),
    # 58, 18 and 26 symbols of payload behind 12.25 of preamble
    (12, 125, "4/5", 8, 50, "", 70.25 * 32.768),
    (12, 125, "4/5", 8, 13, "--ldro off --implicit", 30.25 * 32.768),
    (12, 125, "4/6", 8, 13, "--ldro off", 38.25 * 32.768),
    (7, 125, "4/5", 8, 51, "", 102.656),
    (7, 125, "4/5", 8, 222, "", 348.416),
    (12, 125, "4/5", 8, 51, "", 2465.792),
    (12, 125, "4/5", 8, 255, "", 9019.392),
    (12, 125, "4/8", 8, 51, "", 3547.136),
    (12, 250, "4/5", 8, 20, "", 659.456),
    (11, 250, "4/5", 16, 64, "", 722.944),
    (11, 500, "4/5", 8, 32, "", 205.824),
    (11, 500, "4/5", 8, 240, "", 984.064),
    (9, 125, "4/5", 12, 48, "", 324.608),
    (9, 125, "4/5", 12, 248, "", 1246.208),
    (7, 125, "4/5", 8, 20, "--implicit", 51.456),
    (7, 125, "4/5", 8, 20, "--implicit --no-crc", 46.336),
    (7, 125, "4/8", 8, 20, "--no-crc", 69.888),
    (6, 125, "4/5", 12, 20, "", 33.920),
    (5, 125, "4/5", 12, 20, "", 18.240),
]


def airtime(*arguments):
    return subprocess.run([harness.CRESSET, "airtime", *map(str, arguments)], capture_output=True, text=True, check=False,
                          timeout=harness.PATIENCE_S)


def document(*arguments):
    return json.loads(airtime("--json", *arguments).stdout)


class Airtime(unittest.TestCase):
    def test_every_reference_value(self):
        for sf, bw, cr, preamble, size, more, expected_ms in ROWS:
            with self.subTest(sf=sf, bw=bw, cr=cr, size=size, more=more):
                said = document("--sf", sf, "--bw", bw, "--cr", cr, "--preamble", preamble, "--size", size, *more.split())
                self.assertEqual(said["airtime_us"], round(expected_ms * 1000))

    def test_text(self):
        lines = airtime("--sf", 9, "--bw", 125, "--cr", "4/5", "--size", 51).stdout.splitlines()
        self.assertEqual(lines[:3], ["airtime   328.704 ms", "symbol    4.096 ms", "bit rate  1757.8 bit/s"])
        self.assertIn("868.0-868.6     14 dBm e.r.p. 1 %            109 32.542 s", lines)

    def test_bands(self):
        bands = document("--sf", 7, "--size", 10)["bands"]
        self.assertEqual([(band["band"], band["allowed_us"], band["per_hour"], band["pause_us"]) for band in bands], [
            ("863.0-865.0", 3600000, 87, 41174784), ("865.0-868.0", 36000000, 873, 4080384),
            ("868.0-868.6", 36000000, 873, 4080384), ("868.7-869.2", 3600000, 87, 41174784),
            ("869.4-869.65", 360000000, 8734, 370944), ("869.7-870.0", 36000000, 873, 4080384),
            ("869.7-870.0", 3600000000, 87344, 0), ("433.05-434.79", 360000000, 8734, 370944)])
        # 500 kHz is wider than some.
        self.assertEqual([band["band"] for band in document("--sf", 7, "--bw", 500, "--size", 10)["bands"]],
                         ["863.0-865.0", "865.0-868.0", "868.0-868.6", "868.7-869.2", "433.05-434.79"])

    def test_narrow_bandwidths_are_parts_of_500_khz(self):
        for name, hz in (("7.8", 7813), ("10.4", 10417), ("15.6", 15625), ("20.8", 20833), ("31.25", 31250), ("41.7", 41667), ("62.5", 62500)):
            self.assertEqual(document("--sf", 7, "--bw", name, "--size", 1)["bandwidth_hz"], hz)

    def test_afsk(self):
        # 300 ms, (16 + 53 * 8 + 7 stuffed) bits at 1200 bit/s
        self.assertEqual(document("--afsk", 1200, "--size", 51)["airtime_us"], 672500)
        said = document("--afsk", 9600, "--size", 51, "--txdelay", 500, "--txtail", 30)
        self.assertEqual((said["airtime_us"], said["bit_rate_bps"]), (530000 + 46563, 9600))

    def test_modem(self):
        said = document("--modem", "kiss", "--size", 51, "txdelay_ms=300", "txtail_ms=0")
        self.assertEqual((said["modem"], said["airtime_us"]), ("kiss", 672500))

    def test_every_modem_is_asked(self):
        known = airtime("--modem", "?", "--size", 1).stderr.partition("known: ")[2].splitlines()[0].split()
        self.assertIn("kiss", known)
        for name in known:
            with self.subTest(modem=name):
                self.assertGreater(document("--modem", name, "--size", 10)["airtime_us"], 1000)

    def test_refused(self):
        for line, reason in (("--sf 13 --size 1", "--sf"), ("--sf 7", "--size"), ("--size 7", "--sf"), ("--sf 7 --afsk 1200 --size 1", "one of"),
                             ("--sf 7 --bw 100 --size 1", "--bw"), ("--sf 7 --cr 5 --size 1", "--cr"), ("--bw 125 --size 1", "--sf"),
                             ("--sf 7 --size x", "--size"), ("--sf 7 --size -1", "--size"), ("--modem tin --size 1", "kiss"),
                             ("--modem kiss --size 9999", "carries at most"), ("--modem kiss --size 1 txdelay_ms=x", "txdelay_ms"),
                             ("--modem kiss --size 1 smack=true port=9", "port must be 0 to 7"),
                             ("--modem ebyte-e22 --size 1 frequency_mhz=700", "no channel of this module"), ("--sf 7 --size 1 a=b", "--modem")):
            with self.subTest(line=line):
                made = airtime(*line.split())
                self.assertEqual(made.returncode, 2, made.stdout)
                self.assertIn(reason, made.stderr)


if __name__ == "__main__":
    harness.main()
