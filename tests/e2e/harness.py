"""What every end-to-end test needs: real children on loopback, ended by pid; an independent AX.25 and KISS encoder; a KISS TNC on TCP."""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

SOURCE = pathlib.Path(os.environ.get("CRESSET_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
BINARY = pathlib.Path(os.environ.get("CRESSET_BINARY_DIR", SOURCE / "build" / "release"))
CRESSETD = BINARY / "cressetd"
os.environ.setdefault("CRESSET_BOARDS", str(SOURCE / "config" / "boards"))
CRESSET = BINARY / "cresset"
# A sanitizer build on a busy machine is several times slower; time limits are for hanging, not for speed.
PATIENCE_S = float(os.environ.get("CRESSET_TEST_PATIENCE", "90"))
SKIP = 77


def find_program(name):
    """Path of a program, also in the sbin directories that a user's PATH may lack."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")
    if not path:
        raise FileNotFoundError(f"{name} is not installed: run scripts/setup")
    return path


_claims = []


def claim(port):
    """Whether no other test on this machine has that port. It is ours until this process ends, whether or not anybody listens there."""
    name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        name.bind(f"\0cresset test, port {port}")
    except OSError:
        name.close()
        return False
    _claims.append(name)
    return True


def free_port():
    """A loopback port that nobody has and nobody else is given: neither by this function nor by the system, whose own begin above."""
    systems_own = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    while True:
        port = random.SystemRandom().randrange(10000, max(systems_own, 20000))
        with socket.socket() as probe, contextlib.suppress(OSError):
            # Not in the way of who takes the port, should a child that begins just now still have it open.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            if claim(port):
                return port


def wait_for(condition, what, seconds=None):
    """Calls condition until it gives something true and returns that; says what was waited for otherwise. what: text, or a function for it
    that is called at the end. seconds: for what takes longer than patience by itself."""
    deadline = time.monotonic() + max(seconds or 0, PATIENCE_S)
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.02)
    raise AssertionError(f"waited in vain for {what() if callable(what) else what}")


# ---- an encoder of our own, so that the codecs under test are not their own judge ----

def ax25_address(call, last, flag=False):
    name, _, ssid = call.partition("-")
    used = name.endswith("*") or ssid.endswith("*")
    name, ssid = name.rstrip("*"), ssid.rstrip("*")
    octets = bytes(ord(c) << 1 for c in name.ljust(6))
    return octets + bytes([0x60 | (int(ssid or 0) << 1) | (1 if last else 0) | (0x80 if used or flag else 0)])


def ax25(tnc2):
    """AX.25 UI frame (without FCS) of a TNC2 line "SRC>DST,PATH:information" (str, or bytes for any information)."""
    line = tnc2.encode("utf-8", "surrogateescape") if isinstance(tnc2, str) else tnc2
    header, _, information = line.partition(b":")
    source, _, rest = header.decode("ascii").partition(">")
    destination, *path = rest.split(",")
    calls = [destination, source, *path]
    addresses = [ax25_address(call, i == len(calls) - 1, flag=i == 0) for i, call in enumerate(calls)]
    return b"".join(addresses) + b"\x03\xf0" + information


def kiss(frame, command=0):
    body = bytes([command]) + frame
    return b"\xc0" + body.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"


def kiss_frames(stream):
    """Frames (command octet first) in a byte string."""
    frames = []
    for part in stream.split(b"\xc0"):
        if part:
            frames.append(part.replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb"))
    return frames


class Tnc:
    """A KISS TNC on a TCP port: what is given to hear() reaches whoever is connected; what they send is in `sent`."""

    def __init__(self, port=0):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.port = port or free_port()
        self.listener.bind(("127.0.0.1", self.port))
        self.listener.listen(8)
        self.clients = []
        self.sent = b""
        self.lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.clients.append(client)
            threading.Thread(target=self._read, args=(client,), daemon=True).start()

    def _read(self, client):
        with contextlib.suppress(OSError):
            while data := client.recv(4096):
                with self.lock:
                    self.sent += data
        with self.lock:
            if client in self.clients:
                self.clients.remove(client)
        client.close()

    def hear(self, *lines):
        self.hear_bytes(b"".join(kiss(ax25(line)) for line in lines))

    def hear_bytes(self, data):
        with self.lock:
            clients = list(self.clients)
        for client in clients:
            client.sendall(data)

    def connected(self, count=1):
        wait_for(lambda: len(self.clients) >= count, "a client of the TNC")

    def alone(self):
        """Waits until nobody is connected any more; only then does what comes next come from the next."""
        wait_for(lambda: not self.clients, "the TNC to be left alone")

    def hang_up(self):
        with self.lock:
            clients, self.clients = self.clients, []
        for client in clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
            client.close()

    def close(self):
        # Without this the thread in accept() keeps the port taken.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.hang_up()


class Listener:
    """mosquitto_sub at headquarters: every message as (arrival time, topic, payload). It has subscribed once it is made."""

    def __init__(self, bench, port, topic="cresset/v1/#", options=()):
        self.messages = []
        name = f"hq-{len(bench.children)}"
        self.process = bench.start(
            [find_program("mosquitto_sub"), "-h", "127.0.0.1", "-p", str(port), "-i", name, "-t", topic, "-q", "1", "-V", "5",
             "-F", "%t\t%r\t%p", *options], stdout=subprocess.PIPE)
        threading.Thread(target=self._read, daemon=True).start()
        # What is published before that would pass it by.
        wait_for(lambda: any(f"{name} 1 {topic}\n" in log.read_text() for log in bench.dir.glob("mosquitto-*.log")),
                 f"the subscription of {name} to {topic}")

    def _read(self):
        for line in self.process.stdout:
            topic, retained, payload = line.rstrip(b"\n").split(b"\t", 2)
            self.messages.append((time.time(), topic.decode(), payload, retained == b"1"))

    def find(self, topic_part, condition=lambda document: True):
        """Documents (parsed JSON) whose topic holds that text. What is urgent and not answered in time, as on a busy machine, a gateway says once
        more by its second connection: such doubles are left out, as headquarters does it."""
        found, urgent = [], set()
        for _, topic, payload, _ in list(self.messages):
            if topic_part not in topic or (topic, payload) in urgent:
                continue
            document = json.loads(payload)
            if document.get("class") in ("DISTRESS", "URGENT"):
                urgent.add((topic, payload))
            if condition(document):
                found.append(document)
        return found

    def expect(self, topic_part, condition=lambda document: True, count=1, seconds=None):
        return wait_for(lambda: (lambda found: found if len(found) >= count else None)(self.find(topic_part, condition)),
                        f"{count} message(s) on ...{topic_part}...", seconds)


class Bench(contextlib.AbstractContextManager):
    """A place for one test: a directory, and children that end with it."""

    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="cresset-test-"))
        self.children = []
        self.closers = []

    def __exit__(self, *_):
        for close in reversed(self.closers):
            close()
        for child in reversed(self.children):
            self.stop(child)
        shutil.rmtree(self.dir, ignore_errors=True)

    def start(self, command, log=None, **options):
        with open(self.dir / log if log else os.devnull, "ab") as errors:
            return self._start(command, errors, options)

    def _start(self, command, errors, options):
        options.setdefault("stderr", errors)
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.DEVNULL)
        child = subprocess.Popen([str(part) for part in command], **options)
        self.children.append(child)
        return child

    @staticmethod
    def stop(child, how=signal.SIGTERM):
        if child.poll() is None:
            child.send_signal(how)
            try:
                child.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        if child.stdout:
            child.stdout.close()
        return child.returncode

    def broker(self, port=None, lines=(), version_check=True):
        """A real mosquitto; returns (port, process)."""
        port = port or free_port()
        config = self.dir / f"mosquitto-{port}.conf"
        text = [f"listener {port} 127.0.0.1"] if not any(str(line).startswith("listener") for line in lines) else []
        if not any(str(line).startswith("allow_anonymous") for line in lines):
            text.append("allow_anonymous true")
        text += [f"log_type {what}" for what in ("error", "warning", "notice", "information", "subscribe")]
        text += ["max_topic_alias 1000", "max_inflight_messages 1000", "max_queued_messages 0", *map(str, lines)]
        if os.geteuid() == 0:
            text.append("user root")
        config.write_text("\n".join(text) + "\n")
        process = self.start([find_program("mosquitto"), "-c", config], log=f"mosquitto-{port}.log")
        if version_check:
            wait_for(lambda: listening(port), f"mosquitto on port {port}")
        return port, process

    def tnc(self, port=0):
        tnc = Tnc(port)
        self.closers.append(tnc.close)
        return tnc

    def config(self, brokers, radios, extra="", name="base1", file="cresset.yaml"):
        """Writes a configuration; radios is {name: device or (device, extra lines)}, brokers a list of ports or YAML lines."""
        lines = ["gateway:", f"  name: {name}", "  operation: test", f"  state_dir: {self.dir}/{name}",
                 f"  socket: {self.dir}/{name}.sock", "uplink:", "  brokers:" if brokers else "  brokers: []"]
        for broker in brokers:
            if isinstance(broker, int):
                broker = f"{{host: 127.0.0.1, port: {broker}}}"
            lines.append(f"    - {broker}")
        lines.append("radios:")
        for radio, device in radios.items():
            device, more = device if isinstance(device, tuple) else (device, "")
            lines += [f"  {radio}:", f"    device: {device}", "    modem: kiss", "    air: aprs"]
            lines += [f"    {line}" for line in more.splitlines()]
        path = self.dir / file
        path.write_text("\n".join(lines) + "\n" + extra)
        return path

    def gateway(self, config, env=None, log="cressetd.log"):
        return self.start([CRESSETD, "--config", config], log=log, env={**os.environ, **(env or {})})

    def answering(self, name="base1"):
        """Waits until the gateway answers the tool: its socket is there before it does, while it opens its store, and still after a kill."""
        wait_for(lambda: self.answers(name), lambda: f"{name} to answer; {self.log()[-2000:]}")

    def answers(self, name="base1"):
        with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
            probe.settimeout(PATIENCE_S)
            probe.connect(str(self.dir / f"{name}.sock"))
            probe.sendall(b'{"command":"status"}\n')
            return bool(probe.recv(1))
        return False

    def log(self, name="cressetd.log"):
        path = self.dir / name
        return path.read_text(errors="replace") if path.exists() else ""

    def tool(self, *arguments, name="base1", check=True, timeout=None):
        result = subprocess.run([str(CRESSET), *map(str, arguments)], capture_output=True, text=True,
                                timeout=timeout or PATIENCE_S,
                                env={**os.environ, "CRESSET_SOCKET": str(self.dir / f"{name}.sock")})
        if check and result.returncode != 0:
            raise AssertionError(f"cresset {arguments}: {result.returncode}: {result.stdout}{result.stderr}")
        return result

    def status(self, name="base1"):
        return json.loads(self.tool("status", "--json", name=name).stdout)

    def counter(self, group, counter, name="base1"):
        for item in self.status(name)["counters"]:
            if item["group"] == group and item["name"] == counter:
                return item["value"]
        return 0


def listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


# ---- running ----

class _Notes:
    """Takes down what a test tells its result, so that it can be told to the real one later."""
    failfast = shouldStop = False

    def __init__(self, test):
        self.calls = []
        test.run(self)

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *arguments: self.calls.append((name, arguments))


class _AtOnce(unittest.TestSuite):
    """Runs some of its tests at once, each in a thread of its own, and tells of them in order. Not for fixtures of classes."""

    def __init__(self, tests, at_once):
        super().__init__(tests)
        self.at_once = at_once

    def run(self, result, debug=False):
        with concurrent.futures.ThreadPoolExecutor(self.at_once) as pool:
            for notes in pool.map(_Notes, self):
                for name, arguments in notes.calls:
                    getattr(result, name)(*arguments)
        return result


def _single(suite):
    for test in suite:
        yield from _single(test) if isinstance(test, unittest.TestSuite) else (test,)


def main(at_once=1):
    """Runs the calling file's tests; the runner sees the count and the exit status. at_once: how many together, where most of their time
    is waiting for a device or a broker that does not answer."""
    runner = unittest.TextTestRunner(verbosity=2)
    if at_once > 1:
        run = runner.run
        runner.run = lambda tests: run(_AtOnce(_single(tests), at_once))
    result = unittest.main(testRunner=runner, exit=False).result
    # What could try nothing has not passed.
    nothing = result.skipped and len(result.skipped) >= result.testsRun
    sys.exit(1 if not result.wasSuccessful() else SKIP if nothing else 0)
