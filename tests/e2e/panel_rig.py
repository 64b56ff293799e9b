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

    def expect_steady(self, name, level):
        """At that level for a second, and so not a flash of it."""
        def steady():
            last = next(((at, now) for at, edge, now in reversed(self.edges) if edge == name), None)
            return last and last[1] == level and time.monotonic() * 1e6 - last[0] > 1e6
        harness.wait_for(steady, f"{name} to stay {level}")

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

    def config(self, brokers=(), more="", contacts=(), without=(), rules="", radios=None, hold="500 ms"):
        """hold: of the panic button; None: as where nothing is said."""
        lines = ["panel:\n" + (f"  hold: {hold}\n" if hold else "") + f"{more}  lines:"]
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
        self.bench.answering()
        return gateway

    def wired(self, *faulty):
        """Waits until all lines are open, but for these. Returns the lines by name."""
        def look():
            lines = {line["name"]: line for line in self.bench.status()["panel"]}
            return lines if all((line["state"] == "down") == (name in faulty) for name, line in lines.items()) else None
        return harness.wait_for(look, f"the panel's lines, but for {faulty}")

    def press(self, name="panic", *, seconds):
        pressed = self.lines.drive(name, PRESSED)
        sleep_until(pressed + seconds * 1e6)
        return pressed, self.lines.drive(name, RELEASED)

    def press_until(self, name, condition, what):
        """Lets go of the button when it has done what it should: a busy gateway may be late to see it."""
        pressed = self.lines.drive(name, PRESSED)
        harness.wait_for(condition, what)
        return pressed, self.lines.drive(name, RELEASED)

    def call(self):
        """Holds the panic button until the gateway takes it for a distress call."""
        before = self.bench.counter("panel", "panic.raised")
        return self.press_until("panic", lambda: self.bench.counter("panel", "panic.raised") > before, "the call to be raised")

    def acknowledge(self):
        """By the panel's button."""
        self.press_until("acknowledge", lambda: all(known["operator"] for known in self.bench.status()["incidents"]), "the acknowledgement")

    def incidents(self, count):
        return harness.wait_for(lambda: (lambda found: found if len(found) == count else None)(self.bench.status()["incidents"]),
                                f"{count} incident(s)")

    def assert_rhythm(self, name, expected, since=None):
        """Two turns of it come as they should, beginning with any of its flashes. A busy machine is late with some; a wrong rhythm never fits.
        since: how many edges of all lines there were before; None: all that there are."""
        start, count = len(self.lines.edges) if since is None else since, 2 * len(expected)
        turned = [(expected[i:] + expected[:i]) * 2 for i in range(0, len(expected), 2)]

        def times():
            edges = [(at, level) for at, edge, level in self.lines.edges[start:] if edge == name]
            return [(before[1], (after[0] - before[0]) / 1e6) for before, after in zip(edges, edges[1:])]

        def fits():
            found = times()
            windows = [[seconds for _, seconds in found[i:i + count]] for i, (level, _) in enumerate(found) if level == 1]
            return any(all(abs(a - b) < 0.12 for a, b in zip(window, cycle)) for window in windows if len(window) == count for cycle in turned)
        harness.wait_for(fits, lambda: f"{name} with {expected}; there was (level, seconds) {times()}")
