"""The vectors of the field frame are what their generator makes of the layout, with Python's packing and another library's AES-CCM and
HKDF; and `cresset decode` without keys makes of them what it must."""
import json
import os
import pathlib
import subprocess
import sys
import unittest

SOURCE = pathlib.Path(os.environ["CRESSET_SOURCE_DIR"])
CRESSET = pathlib.Path(os.environ["CRESSET_BINARY_DIR"]) / "cresset"
VECTORS = json.loads((SOURCE / "tests" / "vectors" / "field.json").read_text())


def kiss(frame):
    return "c000" + bytes.fromhex(frame).replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc").hex() + "c0"


def decode(frames, modem):
    lines = "\n".join(frames).encode()
    said = subprocess.run([CRESSET, "decode", "--modem", modem, "--air", "field", "--format", "hex"], input=lines,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    return [json.loads(line) for line in said.stdout.decode().splitlines()], said.returncode


class Vectors(unittest.TestCase):
    def test_the_file_is_what_the_generator_writes(self):
        said = subprocess.run([sys.executable, SOURCE / "tests" / "vectors" / "make-field", "--check"], capture_output=True, text=True)
        if "No module named 'cryptography'" in said.stderr:
            sys.exit("python3-cryptography is missing: apt-get install python3-cryptography")
        self.assertEqual((said.returncode, said.stderr), (0, ""))

    def test_without_keys_only_distress_is_told(self):
        up = [vector for vector in VECTORS["frames"] if not vector["header"]["down"]]
        for modem, wrap in (("none", str), ("kiss", kiss)):
            lines, status = decode([wrap(vector["frame"]) for vector in up], modem)
            self.assertEqual(status, 1)
            self.assertEqual(len(lines), len(up))
            for vector, line in zip(up, lines):
                if vector["kind"] != "distress":
                    self.assertEqual(line["error"], "field_no_key")
                    continue
                self.assertEqual((line["kind"], line["class"], line["authenticity"], line["station"]),
                                 ("distress", "DISTRESS", "UNVERIFIED", "f-4660"))
                self.assertTrue(line["id"].startswith(f"f-4660-{vector['header']['counter']}-"))
                readable = not vector["header"]["encrypted"]
                self.assertEqual(line["body"]["nature"], vector["decoded"]["nature"] if readable else "UNSPECIFIED")

    def test_what_gateways_say_is_not_of_a_station(self):
        down = [vector["frame"] for vector in VECTORS["frames"] if vector["header"]["down"]]
        lines, status = decode(down, "none")
        self.assertEqual((status, [line["error"] for line in lines]), (1, ["field_down"] * len(down)))


if __name__ == "__main__":
    unittest.main()
