"""A gateway whose panel is wired to simulated lines (tests/sim/panel.c), for the tests of the panel."""
import subprocess
import threading
import time
import unittest

import harness

INPUTS = ("panic", "tamper", "mains", "acknowledge")
OUTPUTS = ("siren", "strobe", "lamp", "lamp_alert", "lamp_radio", "lamp_uplink")
# Physical levels: buttons and contacts close to ground; the lid's switch and the mains' contact are closed while all is well.
PRESSED, RELEASED = 0, -1
CLOSED, OPEN = 0, -1


class Lines:
    """The far end of the panel's lines (tests/sim/panel.c). Every change of a level is in `edges` as (microseconds, name, level)."""

    def __init__(self, bench, path):
        self.edges, self.done = [], []
        self.process = bench.start([harness.BINARY / "tests" / "panel", path, *OUTPUTS], log="panel.log",
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        bench.closers.append(self.close)
        self.ready = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()
        if not self.ready.wait(harness.PATIENCE_S):
            raise AssertionError("the simulated lines do not start")

    def _read(self):
        for line in self.process.stdout:
            words = line.decode().split()
            if words[0] == "ready":
                self.ready.set()
            elif words[0] == "level":
                self.edges.append((int(words[3]), words[1], int(words[2])))
            else:
                self.done.append((int(words[2]), words[1]))

    def _command(self, text):
        count = len(self.done)
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()
        harness.wait_for(lambda: len(self.done) > count, f"an answer to {text}")
        return self.done[-1][0]

    def drive(self, name, level):
        """Returns when that was, in microseconds of the monotonic clock."""
        return self._command(f"drive {name} {level}")

    def occupy(self, name, consumer):
        return self._command(f"occupy {name} {consumer or '-'}")

    def level(self, name):
        return next((level for _, edge, level in reversed(self.edges) if edge == name), -1)

    def expect(self, name, level, seconds=None):
        harness.wait_for(lambda: self.level(name) == level, f"{name} to be {level}", seconds)

    def close(self):
        self.process.stdin.close()


def sleep_until(us):
    """Until that time of the monotonic clock. How long a button is held is what is tested here."""
    time.sleep(max(0.0, us / 1e6 - time.monotonic()))


class PanelTest(unittest.TestCase):
    def setUp(self):
        self.bench = harness.Bench()
        self.addCleanup(self.bench.__exit__)
        self.socket = self.bench.dir / "lines"
        self.lines = Lines(self.bench, self.socket)
        self.lines.drive("tamper", CLOSED)
        self.lines.drive("mains", CLOSED)

    def config(self, brokers=(), more="", contacts=(), without=(), rules="", radios=None):
        lines = [f"panel:\n{more}  lines:"]
        lines += [f"    {name}: \"sim:{self.socket}:{name}\"" for name in INPUTS + OUTPUTS if name not in without]
        if contacts:
            lines += ["  contacts:"] + [f"    {name}: {{line: \"sim:{self.socket}:{name}\"}}" for name in contacts]
        extra = "\n".join(lines) + "\n" + rules
        if radios:
            return self.bench.config(list(brokers), radios, extra)
        path = self.bench.config(list(brokers), {}, extra)
        path.write_text(path.read_text().replace("radios:\n", "radios: {}\n"))
        return path

    def start(self, config):
        gateway = self.bench.gateway(config)
        harness.wait_for(lambda: self.bench.tool("status", "--json", check=False).returncode == 0, "the gateway")
        return gateway

    def wired(self, *faulty):
        """Waits until all lines are open, but for these. Returns the lines by name."""
        def look():
            lines = {line["name"]: line for line in self.bench.status()["panel"]}
            return lines if all((line["state"] == "down") == (name in faulty) for name, line in lines.items()) else None
        return harness.wait_for(look, f"the panel's lines, but for {faulty}")

    def press(self, name="panic", seconds=2.15):
        pressed = self.lines.drive(name, PRESSED)
        sleep_until(pressed + seconds * 1e6)
        return pressed, self.lines.drive(name, RELEASED)

    def incidents(self, count):
        return harness.wait_for(lambda: (lambda found: found if len(found) == count else None)(self.bench.status()["incidents"]),
                                f"{count} incident(s)")

    def edges_of(self, name, count):
        """The last times between edges, in seconds, beginning with one that is lit."""
        start = len(self.lines.edges)

        def look():
            edges = [(at, level) for at, edge, level in self.lines.edges[start:] if edge == name]
            while edges and edges[0][1] != 1:
                edges.pop(0)
            return edges if len(edges) > count else None
        edges = harness.wait_for(look, f"{count} edges of {name}")
        return [(after[0] - before[0]) / 1e6 for before, after in zip(edges, edges[1:])][:count]

    def assert_rhythm(self, name, expected):
        found = self.edges_of(name, 2 * len(expected))
        # A cycle may begin at any of its flashes.
        turned = [expected[i:] + expected[:i] for i in range(0, len(expected), 2)]
        fits = any(all(abs(a - b) < 0.12 for a, b in zip(found, cycle * 2)) for cycle in turned)
        self.assertTrue(fits, f"{name}: {found}, expected {expected}")
