# labels: long
"""Lines against the GPIO of a real kernel, once with libgpiod 1.6 and once with 2: Debian's kernel in a virtual machine whose only
program is tests/kernel/lines.c. Kernel and headers are Debian's packages, unpacked below the build directory (90 MB, once)."""

import glob
import io
import lzma
import os
import platform
import re
import shutil
import stat
import subprocess
import sys
import tarfile
import unittest
from pathlib import Path

import harness

SOURCE = Path(os.environ.get("CRESSET_SOURCE_DIR", "../..")).resolve()
# One for all presets.
WORK = Path(os.environ.get("CRESSET_BINARY_DIR", SOURCE / "build/asan")).resolve().parent / "gpio-kernel"
KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
MODULES = ["uhid", "hid_cp2112"]
# One processor whose clock counts its instructions: what is slow outside is not slow inside, and waiting takes no time.
MACHINE = ["-accel", "tcg", "-icount", "shift=3,sleep=off", "-m", "256"]
# The release of Debian, and the back-end that its libgpiod takes.
FLAVOURS = {"bookworm": "line_gpiod1.c", "trixie": "line_gpiod2.c"}
KERNEL_RELEASE = "bookworm"  # its kernel speaks to both


class CannotRun(Exception):
    pass


def need(condition, reason):
    if not condition:
        raise CannotRun(reason)


def run(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True, **options).stdout


class Packages:
    """Debian's packages of both releases, from the machine's own mirror, without touching its lists or what it has installed."""

    def __init__(self):
        self.home = WORK / "apt"
        for folder in ("lists/partial", "cache/archives/partial", "etc"):
            (self.home / folder).mkdir(parents=True, exist_ok=True)
        mirror = self.mirror()
        (self.home / "etc/debian.sources").write_text(
            f"Types: deb\nURIs: {mirror}\nSuites: {' '.join(FLAVOURS)}\nComponents: main\nArchitectures: amd64\nSigned-By: {KEYS}\n")
        (self.home / "apt.conf").write_text(
            f'Dir::Etc::SourceList "/dev/null";\nDir::Etc::SourceParts "{self.home}/etc";\nDir::State::Lists "{self.home}/lists";\n'
            f'Dir::Cache "{self.home}/cache";\nDir::State::Status "/dev/null";\nAcquire::Languages "none";\n'
            'Acquire::Retries "2";\nAcquire::http::Timeout "30";\nAPT::Sandbox::User "root";\n')
        self.environment = {**os.environ, "APT_CONFIG": str(self.home / "apt.conf")}
        if not list((self.home / "lists").glob("*_Packages*")):
            self.apt("apt-get", "-qq", "--error-on=any", "update")

    @staticmethod
    def mirror():
        for line in run("apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN) $(CODENAME) $(COMPONENT)",
                        "Created-By: Packages").splitlines():
            uri, origin, release, component = line.split(" ")
            if origin == "Debian" and component == "main" and release in FLAVOURS:
                return uri
        raise CannotRun("the machine's package sources know no release of Debian that is wanted here")

    def apt(self, *command, **options):
        try:
            return run(*command, env=self.environment, timeout=600, **options)
        except subprocess.TimeoutExpired as error:
            raise CannotRun(f"{command[0]}: the line is too slow to fetch 90 MB in time") from error
        except subprocess.CalledProcessError as error:
            raise CannotRun(f"{command[0]}: is there a network? {error.stderr.strip()[-300:]}") from error

    def fetch(self, name, release):
        """Path of the package, downloaded unless it is there."""
        folder = WORK / release
        folder.mkdir(exist_ok=True)
        found = list(folder.glob(f"{name}_*.deb"))
        if not found:
            self.apt("apt-get", "-qq", "download", f"{name}/{release}", cwd=folder)
            found = list(folder.glob(f"{name}_*.deb"))
        return found[0]

    def kernel(self):
        shown = self.apt("apt-cache", "show", "--no-all-versions", f"linux-image-amd64/{KERNEL_RELEASE}")
        return self.fetch(re.search(r"Depends:.*?(linux-image-\S+)", shown).group(1), KERNEL_RELEASE)


class Kernel:
    """The image and, from the same package, the modules with all they need, in the order to load them."""

    def __init__(self, package):
        self.image, self.found = WORK / "vmlinuz", {}
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as data, \
                tarfile.open(fileobj=data.stdout, mode="r|") as archive:
            for entry in archive:
                name = os.path.basename(entry.name)
                if "/boot/vmlinuz" in entry.name:
                    self.image.write_bytes(archive.extractfile(entry).read())
                elif re.search(r"/drivers/hid/[^/]*\.ko(\.xz)?$", entry.name):
                    content = archive.extractfile(entry).read()
                    self.found[name.split(".")[0].replace("-", "_")] = lzma.decompress(content) if name.endswith("xz") else content
        self.modules = []
        for name in MODULES:
            self.add(name)

    def add(self, name):
        content = self.found[name]
        for other in filter(None, re.search(rb"\0depends=([^\0]*)\0", content).group(1).decode().split(",")):
            self.add(other.replace("-", "_"))
        if content not in self.modules:
            self.modules.append(content)


def cpio(entries):
    """An initramfs of (name, mode, content)."""
    out = io.BytesIO()
    for number, (name, mode, content) in enumerate([*entries, ("TRAILER!!!", 0, b"")], 1):
        fields = [number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0]
        out.write(b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0")
        out.write(bytes(-out.tell() % 4) + content)
        out.write(bytes(-out.tell() % 4))
    return out.getvalue()


def build(release, packages):
    """The program, linked statically with the release's libgpiod."""
    folder = WORK / release / "libgpiod"
    shutil.rmtree(folder, ignore_errors=True)
    run("dpkg-deb", "-x", packages.fetch("libgpiod-dev", release), folder)
    library = next(folder.glob("usr/lib/*/libgpiod.a"))
    others = set(FLAVOURS.values()) - {FLAVOURS[release]}
    hw = [path for path in glob.glob(f"{SOURCE}/hw/line*.c") + [f"{SOURCE}/hw/rights.c"] if os.path.basename(path) not in others]
    program = WORK / release / "init"
    compiled = subprocess.run(["cc", "-std=gnu17", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror", "-static", f"-I{SOURCE}",
                               "-isystem", folder / "usr/include", "-o", program, *glob.glob(f"{SOURCE}/tests/kernel/*.c"), *hw,
                               library, "-lpthread"], capture_output=True, text=True)
    if compiled.returncode != 0:
        raise AssertionError(compiled.stderr)
    return program


def boot(kernel, program):
    """What the machine's console says."""
    entries = [("modules", stat.S_IFDIR | 0o755, b"")]
    entries += [(f"modules/{number:02}.ko", stat.S_IFREG | 0o644, content) for number, content in enumerate(kernel.modules)]
    entries.append(("init", stat.S_IFREG | 0o755, program.read_bytes()))
    image = program.with_suffix(".cpio")
    image.write_bytes(cpio(entries))
    try:
        done = subprocess.run([harness.find_program("qemu-system-x86_64"), *MACHINE,
                               "-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio", "-no-reboot",
                               "-kernel", kernel.image, "-initrd", image, "-append", "console=ttyS0 quiet panic=-1"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=180)
        return done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as error:
        return (error.stdout or b"").decode(errors="replace") + "\nthe machine did not come to an end"


class GpioKernel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kernel = Kernel(PACKAGES.kernel())

    def hold(self, release):
        said = boot(self.kernel, build(release, PACKAGES))
        print(said)
        result = re.search(r"result: (\d+) of (\d+) passed", said)
        self.assertTrue(result, "no result")
        self.assertEqual(result.group(1), result.group(2))
        self.assertNotIn("FAILED", said)

    def test_lines_with_libgpiod_1(self):
        self.hold("bookworm")

    def test_lines_with_libgpiod_2(self):
        self.hold("trixie")


def check_machine():
    need(platform.machine() == "x86_64", "the virtual machine is made for amd64")
    for program in ("qemu-system-x86_64", "apt-get", "dpkg-deb", "cc"):
        try:
            harness.find_program(program)
        except FileNotFoundError as error:
            raise CannotRun(error) from error
    need(os.path.exists(KEYS), f"there is no {KEYS} to check Debian's packages with")


if __name__ == "__main__":
    try:
        check_machine()
        PACKAGES = Packages()
        PACKAGES.kernel()
        for name in FLAVOURS:
            PACKAGES.fetch("libgpiod-dev", name)
    except CannotRun as reason:
        print(f"skipped: {reason}")
        sys.exit(harness.SKIP)
    harness.main()
