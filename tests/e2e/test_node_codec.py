"""The codec of the field frame as a node takes it: the three files alone, without an operating system, want nothing but to move bytes."""
import pathlib
import subprocess
import tempfile
import unittest

import harness

FILES = ("field.c", "field_bodies.c", "field_reports.c")
# What a compiler may ask for in any case (GCC: "Standards").
ALLOWED = {"memcpy", "memmove", "memset", "memcmp", "__stack_chk_fail"}


class NodeCodec(unittest.TestCase):
    def test_compiles_alone(self):
        with tempfile.TemporaryDirectory(prefix="cresset-test-") as directory:
            wanted, given = set(), set()
            for file in FILES:
                source, made = harness.SOURCE / "drivers" / "codec" / file, pathlib.Path(directory) / f"{file}.o"
                subprocess.run([harness.find_program("cc"), "-std=c17", "-ffreestanding", "-fno-pic", "-Os", "-Wall", "-Werror",
                                "-I", harness.SOURCE, "-c", source, "-o", made], check=True, timeout=120)
                for line in subprocess.run([harness.find_program("nm"), made], capture_output=True, text=True, check=True,
                                           timeout=60).stdout.splitlines():
                    *_, kind, symbol = line.split()
                    (wanted if kind == "U" else given).add(symbol)
                    # No memory of its own: what is written to is the caller's.
                    self.assertNotIn(kind, "bBdDC", symbol)
            self.assertEqual(wanted - given - ALLOWED, set())
            self.assertIn("field_header_encode", given)


if __name__ == "__main__":
    harness.main()
