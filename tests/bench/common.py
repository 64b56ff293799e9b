"""What all benchmarks share: starting children that never outlive us, brokers, links, CPU and memory of a process."""
import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

SOURCE_DIR = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY_DIR = os.environ.get("CRESSET_BINARY_DIR", os.path.join(SOURCE_DIR, "build", "release"))
NOT_PERMITTED = 77
PR_SET_PDEATHSIG = 1
BROKER_HEAD = "user root\nlog_dest stderr\n" + "".join(f"log_type {kind}\n" for kind in ("information", "notice", "warning", "error"))

libc = ctypes.CDLL(None, use_errno=True)


class BenchError(Exception):
    """A benchmark cannot run or its figures would mean nothing; the text says why."""


class NotPermitted(BenchError):
    """This machine does not permit what the measurement needs."""


def program(name):
    """A test program of the build, or one of the project's own."""
    for path in (os.path.join(BINARY_DIR, "tests", name), os.path.join(BINARY_DIR, name)):
        if os.path.exists(path):
            return path
    raise BenchError(f"{name} is not built: cmake --build --preset release")


def system_program(name):
    """A program of the machine; administration programs may not be in a user's PATH."""
    for folder in os.environ.get("PATH", "").split(":") + ["/usr/sbin", "/sbin"]:
        path = os.path.join(folder, name)
        if os.access(path, os.X_OK):
            return path
    raise BenchError(f"{name} is not installed: apt install {name}")


def progress(text):
    print(text, file=sys.stderr, flush=True)


def wait_until(condition, seconds, what):
    """Polls until the condition holds and returns its value."""
    give_up = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > give_up:
            raise BenchError(f"{what}: not within {seconds} s")
        time.sleep(0.02)
    return value


def free_port(highest=65535):
    """A loopback port that nobody listens on. Direwolf takes none above 49151, of which the system gives out many."""
    with contextlib.ExitStack() as probes:
        while True:
            probe = probes.enter_context(socket.socket())
            probe.bind(("127.0.0.1", 0))
            if (port := probe.getsockname()[1]) <= highest:
                return port


def die_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Workshop:
    """A temporary directory and the children started in it; at its end all of them are ended and waited for."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="cresset-bench-")
        self.children = []
        return self

    def __exit__(self, *_):
        for child in reversed(self.children):
            stop(child)
        self.folder.cleanup()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def start(self, name, command, inside=(), **options):
        """Starts a child; what it prints goes to NAME.out and NAME.err unless stdin or stdout are asked for."""
        with open(self.path(name + ".err"), "wb") as errors, open(self.path(name + ".out"), "wb") as output:
            options.setdefault("stdout", output)
            options.setdefault("stdin", subprocess.DEVNULL)
            child = subprocess.Popen([*inside, *command], stderr=errors, preexec_fn=die_with_parent, **options)
        child.name = name
        self.children.append(child)
        return child

    def text(self, name):
        """What a child printed so far: NAME.out or NAME.err."""
        with open(self.path(name), encoding="utf-8", errors="replace") as file:
            return file.read()

    def check(self, child):
        """Raises when a child that should run has ended, with the last it said."""
        if child.poll() is not None:
            said = self.text(child.name + ".err").strip().splitlines()[-3:]
            raise BenchError(f"{child.name} ended with status {child.returncode}: {' / '.join(said)}")

    def broker(self, name, settings, inside=()):
        """A mosquitto with these settings, running."""
        config = self.write(name + ".conf", BROKER_HEAD + settings)
        child = self.start(name, [system_program("mosquitto"), "-c", config], inside)

        def running():
            self.check(child)
            return " running" in self.text(name + ".err")

        wait_until(running, 10, name)
        return child


def stop(child):
    """Ends a child, politely first."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    for stream in (child.stdin, child.stdout):
        if stream:
            stream.close()


class Link:
    """A running link emulator (link.c); `field` and `hq` are the command prefixes that run a program at its ends."""

    def __init__(self, workshop, name, rate_bps, delay_ms=0, loss=0, seed=1):
        self.child = workshop.start(
            name, [program("link"), f"--rate={rate_bps}", f"--delay-ms={delay_ms}", f"--loss={loss}", f"--seed={seed}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.child.stdout.readline()
        if not line:
            code = self.child.wait()
            text = workshop.text(name + ".err").strip()
            raise NotPermitted(text) if code == NOT_PERMITTED else BenchError(text)
        sides = json.loads(line)
        self.field = self.enter(sides["a"], sides["userns"])
        self.hq = self.enter(sides["b"], sides["userns"])
        self.congestion = self.choose_congestion("cubic")

    def choose_congestion(self, name):
        """Gives both ends the congestion control of a Raspberry Pi, by the route: only that is permitted in a namespace whatever
        the machine allows. Returns what is in force."""
        for side, address in ((self.field, "10.77.0.1"), (self.hq, "10.77.0.2")):
            route = [*side, system_program("ip"), "route", "change", "10.77.0.0/30", "dev", "slow0", "scope", "link",
                     "src", address, "congctl", name]
            if subprocess.run(route, capture_output=True, check=False).returncode:
                with open("/proc/sys/net/ipv4/tcp_congestion_control", encoding="ascii") as file:
                    return file.read().strip()
        return name

    @staticmethod
    def enter(pid, userns):
        command = [system_program("nsenter"), f"--target={pid}", "--net"]
        return command + ["--user", "--preserve-credentials"] if userns else command

    def command(self, text):
        self.child.stdin.write(text + "\n")
        self.child.stdin.flush()

    def stats(self):
        self.command("stats")
        return json.loads(self.child.stdout.readline())


def cpu_us(pid):
    """User and system time of a process so far, all its threads, to the nanosecond (clock_getcpuclockid(3), done by hand)."""
    return time.clock_gettime_ns((~pid << 3) | 2) / 1e3


def status_number(pid, key):
    """A number of /proc/PID/status, e.g. RssAnon (kB)."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(key + ":"):
                return int(line.split()[1])
    raise BenchError(f"/proc/{pid}/status has no {key}")


def written_bytes(pid):
    """Bytes a process has caused to be sent to the disk."""
    with open(f"/proc/{pid}/io", encoding="ascii") as file:
        numbers = dict(line.split(": ") for line in file.read().splitlines())
    return int(numbers["write_bytes"]) - int(numbers["cancelled_write_bytes"])


def processor_shares():
    """A function that gives, since now, the share of all processors that was busy and the share that a hypervisor took away."""
    def read():
        with open("/proc/stat", encoding="ascii") as file:
            numbers = [int(n) for n in file.readline().split()[1:9]]
        return sum(numbers), numbers[3] + numbers[4], numbers[7]

    before = read()

    def since():
        total, idle, stolen = (a - b for a, b in zip(read(), before))
        return (1 - (idle + stolen) / total, stolen / total) if total else (0, 0)

    return since


def percentile(values, share):
    """The smallest value that at least this share of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-int(share * 1000 * len(ordered)) // 1000) - 1)] if ordered else float("nan")
