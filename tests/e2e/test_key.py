"""`cresset key`: files that only their owner reads and that are never lost, keys as others derive them, a QR code that a reader reads."""
import concurrent.futures
import hashlib
import hmac
import json
import os
import pathlib
import re
import stat
import struct
import subprocess
import tempfile
import unittest

CRESSET = pathlib.Path(os.environ["CRESSET_BINARY_DIR"]) / "cresset"
SOURCE = pathlib.Path(os.environ["CRESSET_SOURCE_DIR"])
GROUP = 65535


def derived(master, station, epoch):
    """RFC 5869 by hand: no salt, one block of output."""
    extracted = hmac.new(bytes(32), bytes.fromhex(master), hashlib.sha256).digest()
    info = b"cresset field v1" + struct.pack("<BH", epoch, station)
    return hmac.new(extracted, info + b"\1", hashlib.sha256).digest()[:16].hex().upper()


def pixels(drawing):
    """What is drawn as rows of light (255) and dark (0), each module a square of eight."""
    light = {" ": (0, 0), "\u2580": (1, 0), "\u2584": (0, 1), "\u2588": (1, 1)}
    rows = []
    for line in drawing:
        if set(line) <= {"#", " "}:
            rows.append([line[i] == "#" for i in range(0, len(line), 2)])
            continue
        rows.append([light[character][0] for character in line])
        rows.append([light[character][1] for character in line])
    wide = [b"".join(bytes([255 if module else 0]) * 8 for module in row) for row in rows for _ in range(8)]
    return len(rows[0]) * 8, len(wide), b"".join(wide)


def read_qr(drawing):
    try:
        import zbar
    except ImportError:
        raise unittest.SkipTest("python3-zbar is not installed: run scripts/setup") from None
    width, height, data = pixels(drawing)
    image = zbar.Image(width, height, "Y800", data)
    scanner = zbar.ImageScanner()
    scanner.scan(image)
    return [symbol.data for symbol in image]


class Key(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="cresset-key-")
        self.addCleanup(self.directory.cleanup)
        self.folder = pathlib.Path(self.directory.name)
        self.file = self.folder / "keys.json"

    def key(self, *arguments, status=0, locale="C.UTF-8"):
        # A mask that would leave everything open to everybody.
        result = subprocess.run([CRESSET, "key", *map(str, arguments)], capture_output=True, text=True, timeout=60, umask=0,
                                env={**os.environ, "LC_ALL": locale}, encoding="utf-8", check=False)
        self.assertEqual(result.returncode, status, result.stderr)
        return result.stdout if status == 0 else result.stderr

    def make(self):
        self.key("make", self.file)
        return json.loads(self.file.read_text())["master"]

    def derive(self, *arguments):
        return json.loads(self.key("derive", *arguments, "--json"))

    def assert_private(self, path):
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)

    def test_make_never_overwrites(self):
        master = self.make()
        self.assertRegex(master, "^[0-9a-f]{64}$")
        self.assert_private(self.file)
        before = self.file.read_bytes()
        self.assertIn("keys.json: is there already", self.key("make", self.file, status=1))
        self.assertEqual(self.file.read_bytes(), before)
        other = self.folder / "other.json"
        self.key("make", other)
        self.assertNotEqual(json.loads(other.read_text())["master"], master)
        self.assertEqual(sorted(os.listdir(self.folder)), ["keys.json", "other.json"])

    def test_of_many_that_make_one_wins(self):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            results = list(pool.map(lambda _: subprocess.run([CRESSET, "key", "make", self.file], capture_output=True,
                                                             timeout=60, check=False).returncode, range(8)))
        self.assertEqual(sorted(results), [0] + 7 * [1])
        self.key("list", self.file)

    def test_derives_what_others_derive(self):
        master = self.make()
        for station, epoch in ((0, 0), (17, 0), (17, 1), (0x1234, 255), (65534, 7)):
            found = self.derive(self.file, "--station", station, "--epoch", epoch)
            key = derived(master, station, epoch)
            self.assertEqual(found, {"station": station, "epoch": epoch, "key": key,
                                     "line": f"CRESSET1:{station}:{epoch}:{key}"})
        self.assertEqual(self.derive(self.file, "--station", "group"), self.derive(self.file, "--station", GROUP))
        self.assertEqual(self.derive(self.file, "--station", "group")["key"], derived(master, GROUP, 0))

    def test_qr_is_read_by_a_reader(self):
        self.make()
        for station in (1, 17, 12345, GROUP):
            for locale in ("C.UTF-8", "C"):
                lines = self.key("derive", self.file, "--station", station, "--qr", locale=locale).splitlines()
                expected = self.derive(self.file, "--station", station)["line"]
                self.assertEqual(lines[3], f"line    {expected}")
                self.assertEqual(read_qr(lines[4:]), [expected])

    def test_rotate_and_revoke(self):
        master = self.make()
        self.key("rotate", self.file, "--station", 17)
        self.assert_private(self.file)
        self.assertEqual(self.derive(self.file, "--station", 17)["key"], derived(master, 17, 1))
        self.key("revoke", self.file, "--station", 17)
        self.assertIn("station 17 is revoked already", self.key("revoke", self.file, "--station", 17, status=1))
        self.assertIn("station 17 is revoked. cresset key rotate", self.key("derive", self.file, "--station", 17, status=1))
        self.assertEqual(json.loads(self.key("list", self.file, "--json"))["stations"],
                         [{"station": 17, "epoch": 2, "revoked": True, "before": True, "state": "revoked"}])
        # The epoch that the revocation raised was given to nobody; the new handset gets it.
        self.key("rotate", self.file, "--station", 17)
        self.assertEqual(self.derive(self.file, "--station", 17)["key"], derived(master, 17, 2))
        self.assertEqual(self.derive(self.file, "--station", 18)["epoch"], 0)
        self.assertEqual(json.loads(self.file.read_text())["master"], master)

    def test_the_last_epoch(self):
        self.make()
        document = json.loads(self.file.read_text())
        document["stations"] = [{"station": 17, "epoch": 255}]
        self.file.write_text(json.dumps(document))
        self.assertIn("epoch 255 of station 17 was the last", self.key("rotate", self.file, "--station", 17, status=1))
        self.assertEqual(json.loads(self.file.read_text()), document)

    def test_two_that_change_do_not_undo_each_other(self):
        self.make()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda station: self.key("revoke", self.file, "--station", station), range(24)))
        stations = json.loads(self.key("list", self.file, "--json"))["stations"]
        self.assertEqual([entry["station"] for entry in stations if entry["revoked"]], list(range(24)))

    def test_export(self):
        master = self.make()
        out = self.folder / "out.json"
        self.key("rotate", self.file, "--station", 2)
        self.key("export", self.file, "--stations", "1-3,7,group", out)
        self.assert_private(out)
        text = out.read_text()
        self.assertNotIn(master, text)
        self.assertNotIn("master", json.loads(text))
        self.assertEqual([entry["station"] for entry in json.loads(text)["stations"]], [1, 2, 3, 7, GROUP])
        for station in (1, 2, 3, 7, GROUP):
            self.assertEqual(self.derive(out, "--station", station), self.derive(self.file, "--station", station))
        self.assertEqual(self.derive(out, "--station", 2, "--epoch", 0)["key"], derived(master, 2, 0))
        self.assertIn("no key of station 4", self.key("derive", out, "--station", 4, status=1))
        self.assertIn("no key of station 7 in epoch 1", self.key("derive", out, "--station", 7, "--epoch", 1, status=1))
        for action in ("rotate", "revoke"):
            self.assertIn("holds no master", self.key(action, out, "--station", 1, status=1))
        # Exported again it is replaced; a master, or what is no key file, is not.
        self.key("revoke", self.file, "--station", 1)
        self.key("export", self.file, "--stations", "1", out)
        self.assertTrue(json.loads(out.read_text())["stations"][0]["revoked"])
        before = self.file.read_bytes()
        self.assertIn("it is not replaced", self.key("export", self.file, "--stations", "1", self.file, status=1))
        self.assertEqual(self.file.read_bytes(), before)
        other = self.folder / "notes.txt"
        other.write_text("notes")
        other.chmod(0o600)
        self.key("export", self.file, "--stations", "1", other, status=1)
        self.assertEqual(other.read_text(), "notes")
        self.assertIn("no key of station 9", self.key("export", out, "--stations", "1,9", self.folder / "x", status=1))
        self.assertFalse((self.folder / "x").exists())

    def test_others_may_not_read_it(self):
        master = self.make()
        for mode in (0o644, 0o640, 0o660, 0o602):
            self.file.chmod(mode)
            for arguments in (("list",), ("derive", "--station", 1), ("rotate", "--station", 1)):
                said = self.key(arguments[0], self.file, *arguments[1:], status=1)
                self.assertIn(f"(mode {mode:04o})", said)
                self.assertIn(str(self.file), said)
        self.assertEqual(json.loads(self.file.read_text())["master"], master)

    def test_the_owner_stays(self):
        if os.getuid() != 0:
            self.skipTest("only root can give a file away")
        self.make()
        os.chown(self.file, 12345, 12346)
        self.key("rotate", self.file, "--station", 1)
        self.assertEqual((self.file.stat().st_uid, self.file.stat().st_gid), (12345, 12346))
        self.assert_private(self.file)

    def test_list_has_no_secrets(self):
        self.make()
        self.key("rotate", self.file, "--station", 17)
        out = self.folder / "out.json"
        self.key("export", self.file, "--stations", "17,18", out)
        for path in (self.file, out):
            for text in (self.key("list", path), self.key("list", path, "--json")):
                self.assertNotRegex(text, "[0-9a-fA-F]{16}")
        self.assertIn("derived keys of these stations", self.key("list", out))
        self.key("export", self.file, "--stations", "18,group", out)
        self.assertEqual([line.split()[0] for line in self.key("list", out).splitlines()[2:]], ["18", "group"])

    def test_wrong_command_lines(self):
        self.make()
        wrong = [(), ("make",), ("list",), ("unmake", self.file), ("make", self.file, "more"), ("derive", self.file),
                 ("derive", self.file, "--station", "65536"), ("derive", self.file, "--station", "-1"),
                 ("derive", self.file, "--station", "1x"), ("derive", self.file, "--station", ""),
                 ("derive", self.file, "--station", "1", "--epoch", "256"), ("list", self.file, "--station", "1"),
                 ("rotate", self.file, "--station", "1", "--qr"), ("export", self.file, "--stations", "1"),
                 ("export", self.file, "out"), ("list", self.file, "--stations", "1"),
                 ("derive", self.file, "--station", "1", "--qr", "--json")]
        wrong += [("export", self.file, "--stations", text, "out") for text in
                  ("", "1,", ",1", "3-1", "1-", "1--2", "1 2", "1-65536", "groups", "0-5000")]
        for arguments in wrong:
            with self.subTest(arguments=arguments):
                self.key(*arguments, status=2)
        self.assertEqual(os.listdir(self.folder), ["keys.json"])

    def test_a_broken_file_is_named_and_not_quoted(self):
        self.file.write_text('{"format": "cresset keys 1", "stations": [{"station": 1, "epoch": 0, "key": "00112233"}]}')
        self.file.chmod(0o600)
        said = self.key("list", self.file, status=1)
        self.assertIn("keys.json: stations[1].key: must be 32 hex digits", said)
        self.assertNotIn("00112233", said)


class Decode(unittest.TestCase):
    """The golden vectors through `cresset decode --keys`."""

    vectors = json.loads((SOURCE / "tests" / "vectors" / "field.json").read_text())

    def decode(self, frames, keys, status=0):
        with tempfile.TemporaryDirectory(prefix="cresset-key-") as folder:
            path = pathlib.Path(folder) / "keys.json"
            path.write_text(json.dumps({"format": "cresset keys 1", **keys}))
            path.chmod(0o600)
            done = subprocess.run([CRESSET, "decode", "--modem", "none", "--air", "field", "--keys", path],
                                  input="\n".join(frames), capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, status, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def up_frames(self, back):
        """Those a gateway hears from the epoch that lies so far back."""
        current = self.vectors["current_epochs"]
        return [vector for vector in self.vectors["frames"] if not vector["header"]["down"] and
                current.get(str(vector["header"]["station"]), 0) - vector["epoch"] == back]

    def test_golden_vectors(self):
        stations = [{"station": int(station), "epoch": epoch} for station, epoch in self.vectors["current_epochs"].items()]
        keys = {"master": self.vectors["master"], "stations": stations}
        for back, expected in ((0, "VERIFIED"), (1, "SUSPECT")):
            vectors = self.up_frames(back)
            lines = self.decode([vector["frame"] for vector in vectors], keys)
            self.assertEqual([(line["kind"], line["authenticity"], line["station"]) for line in lines],
                             [(vector["kind"], expected, f"f-{vector['header']['station']}") for vector in vectors])
        self.assertGreater(len(self.up_frames(0)), 20)

    def test_derived_keys_alone_do(self):
        vectors = self.up_frames(0)
        keys = {entry["station"]: entry for entry in self.vectors["keys"]
                if self.vectors["current_epochs"].get(str(entry["station"])) == entry["epoch"]}
        stations = [{"station": entry["station"], "epoch": entry["epoch"], "key": entry["key"]} for entry in keys.values()]
        lines = self.decode([vector["frame"] for vector in vectors], {"stations": stations})
        self.assertEqual({line["authenticity"] for line in lines}, {"VERIFIED"})

    def test_wrong_keys(self):
        frames = [vector["frame"] for vector in self.up_frames(0)]
        lines = self.decode(frames, {"master": "11" * 32}, status=1)
        self.assertEqual({line["authenticity"] for line in lines if "kind" in line}, {"UNVERIFIED"})
        self.assertTrue(any(re.search("error", json.dumps(line)) for line in lines))

    def test_keys_are_for_the_field(self):
        done = subprocess.run([CRESSET, "decode", "--modem", "none", "--air", "aprs", "--keys", "/nowhere"], input="",
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("/nowhere: cannot be read: No such file", done.stderr)


if __name__ == "__main__":
    unittest.main()
