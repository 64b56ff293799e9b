"""What the tests of handsets share: the program tests/field-station on a simulated module of its own, and a gateway beside it."""
import json
import subprocess
import threading

import harness
import modem_bench
from test_ebyte import E22_KEYS, E22_REGISTERS


class Handset:
    """The program tests/field-station with one station on a module of its own, and what its user is told."""

    def __init__(self, test, *options, number=4660):
        bench = test.bench
        self.number = number
        self.module = modem_bench.Modem(bench, "ebyte", f"node{number}", "--ether", test.ether, "--family", "e22", "--band", "900",
                                        "--registers", E22_REGISTERS)
        self.process = bench.start([harness.BINARY / "tests" / "field-station", "--keys", bench.dir / "keys.json", "--bitrate", "4000",
                                    "--quiet-ms", "2000", "--ack-ms", "3000", "--repeats", "12", *options, f"{number}={self.module.link}"],
                                   log=f"handset{number}.log", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        bench.closers.append(self.process.stdin.close)
        self.answers, self.events = [], []
        threading.Thread(target=self._read, daemon=True).start()
        harness.wait_for(lambda: "ready" in self.answers, "the handset")
        harness.wait_for(lambda: (lambda state: state["mode"] == 0 and state["ready"])(self.module.state()), "the handset's module")

    def _read(self):
        for line in self.process.stdout:
            if line.startswith(b"{"):
                self.events.append(json.loads(line))
            else:
                self.answers.append(line.decode().strip())

    def say(self, words):
        before = len(self.answers)
        self.process.stdin.write(f"{self.number} {words}\n".encode())
        self.process.stdin.flush()
        harness.wait_for(lambda: len(self.answers) > before, f"an answer to {words[:20]}")
        return self.answers[-1]

    def told(self, what):
        return [event for event in self.events if event["event"] == what]

    def expect(self, what, condition=lambda event: True):
        return harness.wait_for(lambda: [event for event in self.told(what) if condition(event)], f"{what}; there is {self.events}")[0]

    def counts(self):
        return [int(count) for count in self.say("count").split()[1:]]


class FieldTest(modem_bench.ModemTest):
    """A gateway with an E22, whose answers are waited for no longer than a test has patience."""
    program = "ebyte"
    radio_keys = "ack_timeout: 4 s\n    retries: 10"

    def base(self):
        lines = self.bench.dir / "lines.sock"
        wired = ", ".join(f'{name}: "sim:{lines}:{name}"' for name in ("m0", "m1", "aux"))
        super().base("--lines", lines, "--family", "e22", "--band", "900", driver="ebyte-e22", keys=E22_KEYS, lines=f"lines: {{{wired}}}")

    def send_long(self, text, *to, command="long-1", check=True):
        return self.bench.tool("send", *(to or ("--to", "f-4660")), "--id", command, text, check=check)

    def stages(self, command="long-1"):
        return [found["body"]["stage"] + (":" + found["body"]["code"] if "code" in found["body"] else "")
                for found in self.listener.find(f"receipt/{command}")]

    def until_confirmed(self, command="long-1"):
        harness.wait_for(lambda: self.stages(command)[-1:] == ["confirmed"], f"the final receipt; there is {self.stages(command)}")
