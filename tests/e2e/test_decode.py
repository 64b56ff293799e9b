"""`cresset decode`: every form of capture gives the same lines, and what is wrong is said and never swallowed."""
import json
import os
import pathlib
import random
import subprocess
import tempfile
import unittest

CRESSET = pathlib.Path(os.environ["CRESSET_BINARY_DIR"]) / "cresset"

LINE = "N0CALL-7>APRS:>status"
FRAME = bytes.fromhex("82a0a4a64040e09c60868298986f03f03e737461747573")
EMERGENCY = bytes.fromhex("82a0b4606062e09c60868298986eae92888a6240 62ae92888a64406303f0 3d343930332e35304e2f30373230312e373557"
                          "5b21454d455247454e43592120 78")


def kiss(frame):
    return b"\xc0\x00" + frame.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"


def ebyte(frame):
    """As an Ebyte module passes it on: magic, length, frame, CRC-16/CCITT-FALSE over length and frame."""
    body, crc = bytes([len(frame)]) + frame, 0xFFFF
    for byte in body:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
    return b"\xc5\x5e" + body + crc.to_bytes(2, "little")


class Decode(unittest.TestCase):
    def decode(self, data, *arguments, modem="none", status=0):
        data = data.encode() if isinstance(data, str) else data
        result = subprocess.run([CRESSET, "decode", "--modem", modem, "--air", "aprs", *arguments], input=data,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(result.returncode, status, result.stderr.decode())
        return [json.loads(line) for line in result.stdout.decode().splitlines()]

    def assert_status(self, lines):
        self.assertEqual([(line["kind"], line["class"], line["station"], line["text"]) for line in lines],
                         [("text", "ROUTINE", "N0CALL-7", "status")])

    def test_every_form_gives_the_same(self):
        spaced = " ".join(f"{byte:02X}" for byte in kiss(FRAME))
        forms = [
            (LINE + "\n", "none"), (LINE + "\r\n", "none"), (LINE, "none"),
            (json.dumps({"name": "a vector", "frame": LINE}) + "\n", "none"),
            (FRAME.hex() + "\n", "none"),
            (kiss(FRAME), "kiss"), (kiss(FRAME).hex(), "kiss"), (spaced, "kiss"),
            (kiss(FRAME).hex()[:20] + "\n" + kiss(FRAME).hex()[20:], "kiss"),
            ("# a remark\n\n" + spaced, "kiss"),
        ]
        first = self.decode(forms[0][0])
        self.assert_status(first)
        for data, modem in forms:
            self.assertEqual(self.decode(data, modem=modem), first, data)

    def test_modules_that_want_to_be_set_up_decode_without(self):
        """Nobody answers the module's driver, and what must be given in a configuration is not given here."""
        for capture in (ebyte(FRAME), ebyte(FRAME) + b"\xff\xc5\x5e\x17"):
            result = self.decode(capture.hex(), modem="ebyte-e32", status=0 if capture == ebyte(FRAME) else 1)
            self.assert_status([line for line in result if "error" not in line])
        strong = self.decode(ebyte(FRAME) + b"\xa0" + ebyte(FRAME) + b"\x90", "--format", "raw", modem="ebyte-e22")
        self.assertEqual([line["heard"]["rssi_dbm"] for line in strong], [-96, -112])
        # Without the byte behind it, the frame is given when no more of it comes.
        last = self.decode(ebyte(FRAME).hex(), modem="ebyte-e22", status=1)
        self.assertEqual([line.get("error", line.get("text")) for line in last], ["ebyte_rssi_missing", "status"])

    def test_a_name_that_is_not_known_is_told_those_there_are(self):
        for option, names in (("--modem", "none, kiss"), ("--air", "aprs, field")):
            result = subprocess.run([CRESSET, "decode", "--modem", "none", "--air", "aprs", option, "morse"],
                                    capture_output=True, text=True, timeout=60)
            self.assertEqual(result.returncode, 2)
            self.assertIn(f"{option} morse: not known; there are ", result.stderr)
            for name in names.split(", "):
                self.assertIn(name, result.stderr)

    def test_format_can_be_said(self):
        self.assert_status(self.decode(LINE, "--format", "tnc2"))
        self.assert_status(self.decode(FRAME.hex(), "--format", "hex"))
        self.assert_status(self.decode(kiss(FRAME).hex(), "--format", "hex", modem="kiss"))
        self.assert_status(self.decode(kiss(FRAME), "--format", "raw", modem="kiss"))

    def test_several_in_a_line_and_none(self):
        lines = self.decode(kiss(FRAME).hex() + kiss(EMERGENCY).hex() + "\nc0c0c0\n", modem="kiss")
        self.assertEqual([(line["kind"], line["class"]) for line in lines],
                         [("text", "ROUTINE"), ("distress", "DISTRESS")])

    def test_nothing_that_only_a_gateway_knows(self):
        for line in self.decode(kiss(FRAME) + kiss(EMERGENCY), modem="kiss"):
            self.assertFalse({"id", "alt_id", "gateway", "radio", "received_at", "clock"} & set(line))

    def test_not_too_often_where_there_is_no_time(self):
        lines = self.decode("N0CALL-7>APRS:>SOS here\n" * 10)
        self.assertEqual([line["class"] for line in lines], ["URGENT"] * 10)

    def test_errors(self):
        cases = [
            ("no packet at all", "none"), ("N0CALL>APRS:!60ff.51N/0250akh3r99hfae", "none"), ("abc", "none"),
            ("{\"frame\":7}", "none"), ("{", "none"), ("00", "none"), ("c0001122c0", "kiss"), ("xyz", "kiss"),
        ]
        for data, modem in cases:
            lines = self.decode(data, *(("--format", "hex") if modem == "kiss" else ()), modem=modem, status=1)
            self.assertEqual(len(lines), 1, data)
            self.assertEqual(set(lines[0]), {"error", "input"})
            self.assertEqual(lines[0]["input"], data)
            self.assertTrue(lines[0]["error"])

    def test_goes_on_after_an_error(self):
        lines = self.decode("rubbish\n" + LINE + "\n", status=1)
        self.assertEqual([("error" in line) for line in lines], [True, False])
        lines = self.decode(kiss(b"\x01" * 20) + kiss(FRAME), modem="kiss", status=1)
        self.assertEqual([("error" in line) for line in lines], [True, False])
        self.assertEqual(bytes.fromhex(lines[0]["input"]), kiss(b"\x01" * 20))

    def test_not_utf8_and_very_long(self):
        lines = self.decode(b"N0CALL-7>APRS:>caf\xe9 \xff\x1b[2J\n")
        self.assertEqual(lines[0]["text"], "caf\ufffd \ufffd\x1b[2J")
        lines = self.decode("x" * 200000 + "\n" + LINE, status=1)
        self.assertIn("65536", lines[0]["error"])
        self.assertLess(len(lines[0]["input"]), 5000)
        self.assert_status(lines[1:])

    def test_noise(self):
        noise = random.Random(7).randbytes(300000)
        lines = self.decode(noise + kiss(FRAME) + kiss(FRAME), "--format", "raw", modem="kiss", status=1)
        self.assert_status(lines[-1:])
        self.assertEqual([line for line in lines if line.get("class") == "DISTRESS"], [])

    def test_files(self):
        with tempfile.TemporaryDirectory() as directory:
            first, second = pathlib.Path(directory, "first"), pathlib.Path(directory, "second")
            first.write_text(LINE + "\n")
            second.write_text(FRAME.hex())
            self.assertEqual(len(self.decode("", str(first), str(second))), 2)
            self.assertEqual(len(self.decode(LINE, str(first), "-")), 2)
            missing = str(pathlib.Path(directory, "missing"))
            self.assertEqual(len(self.decode("", missing, str(first), status=1)), 1)
            self.decode("", directory, status=1)

    def test_usage(self):
        for arguments in ([], ["--modem", "kiss"], ["--air", "aprs"], ["--modem", "nosuch", "--air", "aprs"],
                          ["--modem", "kiss", "--air", "nosuch"], ["--modem", "kiss", "--air", "aprs", "--format", "tnc2"],
                          ["--modem", "none", "--air", "aprs", "--format", "raw"],
                          ["--modem", "none", "--air", "aprs", "--format", "nosuch"]):
            result = subprocess.run([CRESSET, "decode", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE)
            self.assertEqual((result.returncode, result.stdout), (2, b""), arguments)
            self.assertTrue(result.stderr)


if __name__ == "__main__":
    unittest.main()
