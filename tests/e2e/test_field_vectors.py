"""tests/vectors/field.json is what its generator makes of the layout, with Python's packing and another library's AES-CCM and HKDF."""
import os
import pathlib
import subprocess
import sys
import unittest

SOURCE = pathlib.Path(os.environ["CRESSET_SOURCE_DIR"])


class Vectors(unittest.TestCase):
    def test_the_file_is_what_the_generator_writes(self):
        said = subprocess.run([sys.executable, SOURCE / "tests" / "vectors" / "make-field", "--check"], capture_output=True, text=True)
        if "No module named 'cryptography'" in said.stderr:
            sys.exit("python3-cryptography is missing: apt-get install python3-cryptography")
        self.assertEqual((said.returncode, said.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
