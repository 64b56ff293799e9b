"""scripts/layers lets through what the table allows and names what it does not."""

import os
import subprocess
import tempfile
import unittest

LAYERS = os.path.join(os.environ.get("CRESSET_SOURCE_DIR", "../.."), "scripts", "layers")

# Files that are all right: includes of each kind the table speaks of.
GOOD = {
    "drivers/codec/kiss.c": ["drivers/codec/kiss.h", "string.h"],
    "drivers/codec/kiss.h": ["stddef.h"],
    "drivers/air/aprs.c": ["drivers/air.h", "drivers/message.h", "drivers/codec/ax25.h", "math.h"],
    "hw/port.c": ["hw/port.h", "libserialport.h", "sys/socket.h", "unistd.h"],
    "gateway/schedule.c": ["gateway/schedule.h", "stdlib.h"],
    "gateway/tool/main.c": ["gateway/tool/tool.h", "argp.h"],
    "gateway/main.c": ["gateway/store.h", "drivers/modem.h", "sqlite3.h"],
    "tests/unit/test-port.c": ["hw/port.h", "cmocka.h"],
    "build/debug/generated.c": ["anything.h"],
}

# (file, include, what is said)
BAD = [
    ("drivers/codec/kiss.c", "stdlib.h", "must not know stdlib.h"),
    ("drivers/codec/kiss.c", "drivers/message.h", "must not know drivers/message.h"),
    ("drivers/codec/kiss.c", "time.h", "must not know time.h"),
    ("drivers/modem/kiss.c", "drivers/message.h", "must not know drivers/message.h"),
    ("drivers/modem/kiss.c", "drivers/air/aprs.h", "must not know drivers/air/aprs.h"),
    ("drivers/air/aprs.c", "jansson.h", "must not know jansson.h"),
    ("drivers/air/aprs.c", "hw/port.h", "must not know hw/port.h"),
    ("hw/port.c", "drivers/modem.h", "must not know drivers/modem.h"),
    ("hw/port.c", "systemd/sd-event.h", "must not know systemd/sd-event.h"),
    ("config/config.c", "drivers/keys.h", "must not know drivers/keys.h"),
    ("gateway/schedule.c", "time.h", "must not know time.h"),
    ("gateway/schedule.c", "systemd/sd-event.h", "must not know systemd/sd-event.h"),
    ("gateway/store.c", "gateway/route.h", "must not know gateway/route.h"),
    ("gateway/uplink.c", "gateway/radio.h", "must not know gateway/radio.h"),
    ("gateway/radio.c", "jansson.h", "must not know jansson.h"),
    ("gateway/control.c", "jansson.h", "must not know jansson.h"),
    ("gateway/tool/status.c", "gateway/store.h", "must not know gateway/store.h"),
    ("gateway/tool/status.c", "gateway/../gateway/store.h", "must not know gateway/../gateway/store.h"),
    ("gateway/route.c", "../drivers/message.h", "write the path from the top"),
    ("gateway/wizard.c", "stdio.h", "is in no row"),
    ("gateway/tool/deep/x.c", "stdio.h", "is in no row"),
    ("extra/x.c", "stdio.h", "is in no row"),
]


def write(directory, path, headers):
    full = os.path.join(directory, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "w", encoding="utf-8") as out:
        out.writelines(f"#include <{header}>\n" for header in headers)


def run(*arguments):
    done = subprocess.run([LAYERS, *arguments], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout


class Layers(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="cresset-layers-")
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        for path, headers in GOOD.items():
            write(self.directory, path, headers)

    def test_good_tree(self):
        self.assertEqual(run(self.directory), (0, f"layers: {len(GOOD) - 1} files, 0 faults\n"))

    def test_each_forbidden_include_is_found_alone(self):
        for path, header, words in BAD:
            with self.subTest(path=path, header=header):
                write(self.directory, path, [header])
                code, out = run(self.directory)
                self.assertEqual(code, 1)
                self.assertEqual(len(out.splitlines()), 2, out)
                self.assertTrue(out.startswith(path + ":"), out)
                self.assertIn(words, out)
                if path in GOOD:
                    write(self.directory, path, GOOD[path])
                else:
                    os.remove(os.path.join(self.directory, path))

    def test_line_number_and_spelling(self):
        with open(os.path.join(self.directory, "hw/port.c"), "w", encoding="utf-8") as out:
            out.write('/* x */\n\n  #  include "gateway/log.h"\n')
        self.assertIn("hw/port.c:3: must not know gateway/log.h\n", run(self.directory)[1])

    def test_nothing_there_is_no_success(self):
        with tempfile.TemporaryDirectory() as empty:
            self.assertEqual(run(empty)[0], 1)

    def test_own_tree(self):
        code, out = run()
        self.assertEqual(code, 0, out)


if __name__ == "__main__":
    unittest.main()
