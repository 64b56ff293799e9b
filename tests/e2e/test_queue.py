"""What waits where, as `cresset queue` tells it: order, reasons, times, limits, and nothing of what the messages say."""

import json
import socket
import time
import unittest

import harness

KEYS = "ack_timeout: 30 s\nretries: 2\naprs: {callsign: N0CALL-10}\nkiss: {txdelay_ms: 10, persistence: 255}"
CANARY = "canary 4711"


class Socket:
    """A client of the tool's socket, for more requests than one would start programs for."""

    def __init__(self, bench, name="base1"):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(harness.PATIENCE_S)
        self.socket.connect(str(bench.dir / f"{name}.sock"))
        self.file = self.socket.makefile("rb")

    def ask(self, **request):
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        return json.loads(self.file.readline())

    def close(self):
        self.file.close()
        self.socket.close()


class Queue(unittest.TestCase):
    def setUp(self):
        self.bench = harness.Bench()
        self.addCleanup(self.bench.__exit__)
        self.near, self.away = harness.Tnc(), harness.free_port()
        self.addCleanup(self.near.close)

    def start(self, radios=("near",), brokers=(), field=False):
        """near: a TNC that is there; away: nobody listens at its port. field: they speak field frames and not APRS."""
        ports = {"near": self.near.port, "away": self.away}
        config = self.bench.config(brokers, {name: (f"tcp://127.0.0.1:{ports[name]}", KEYS) for name in radios})
        if field:
            keys = self.bench.dir / "keys.json"
            keys.write_text(json.dumps({"format": "cresset keys 1", "master": "01" * 32}))
            keys.chmod(0o600)
            text = config.read_text().replace("air: aprs", "air: field").replace("aprs: {callsign: N0CALL-10}", "field: {station: 61000}")
            config.write_text(f"{text}field: {{keys: {keys}}}\n")
        self.bench.gateway(config)
        self.bench.answering()
        if "near" in radios:
            harness.wait_for(lambda: "near: up" in self.bench.log(), "the radio")
            self.near.connected()

    def client(self):
        client = Socket(self.bench)
        self.addCleanup(client.close)
        return client

    def queue(self, *arguments):
        return json.loads(self.bench.tool("queue", "--json", *arguments).stdout)

    def send(self, id, *more, to="N0CALL-7", text=CANARY):
        self.bench.tool("send", "--to", to, "--id", id, *more, text)

    def test_nothing_waits(self):
        self.start()
        self.assertEqual(self.queue()["messages"], [])
        shown = self.bench.tool("queue").stdout
        self.assertIn("Nothing waits for headquarters.", shown)
        self.assertIn("Nothing waits for the field.", shown)

    def test_the_urgent_stand_first_each_with_its_reason(self):
        self.start(("away",), field=True)
        self.send("t-1", to="f-17")
        self.send("t-2", to="f-18")
        self.send("t-3", "--status", "Exercise", to="f-17")
        self.bench.tool("send", "--id", "b-1", CANARY)
        self.bench.tool("send", "--id", "a-1", "--kind", "alert", "--body", "urgency=Immediate", "--body", "severity=Severe", "road")
        found = self.queue()
        rows = {row["id"]: row for row in found["messages"]}
        self.assertEqual(sorted(rows), ["a-1", "b-1", "t-1", "t-2", "t-3"])
        self.assertEqual(found["messages"][0]["id"], "a-1", "though it came last")
        alert = rows.pop("a-1")
        self.assertEqual((alert["class"], alert["kind"], alert["to"], alert["why"]), ("URGENT", "alert", "", "radio"))
        self.assertEqual(found["more"], 0)
        self.assertEqual([row["id"] for row in found["messages"] if row["to"] == "f-17"], ["t-1", "t-3"],
                         "an exercise behind everything Actual")
        self.assertTrue(rows["t-3"].pop("exercise"))
        for row in rows.values():
            self.assertEqual((row["radio"], row["class"], row["kind"], row["stage"], row["why"], row["go_in_s"]),
                             ("away", "ROUTINE", "text", "waiting", "radio", None))
            self.assertLess(row["since_s"], harness.PATIENCE_S)
            self.assertTrue(86000 < row["expires_in_s"] <= 86400, row)
            self.assertNotIn("exercise", row)
        self.assertEqual((rows["t-2"]["to"], rows["b-1"]["to"]), ("f-18", ""))

    def test_a_tired_person_reads_it(self):
        self.start(("away",))
        self.send("t-1")
        self.bench.tool("send", "--id", "b-1", CANARY)
        lines = self.bench.tool("queue").stdout.splitlines()
        to_one = next(line for line in lines if " t-1 " in line)
        self.assertRegex(to_one, r"^away +ROUTINE +text +N0CALL-7 +t-1 +\d+ s +waiting +- +the radio +in (23 h 59 min|1 d 0 h)$")
        self.assertRegex("\n".join(lines), r"away +ROUTINE +text +all +b-1 ")

    def test_nothing_of_what_is_said_is_shown(self):
        self.start(("away",))
        self.send("t-1")
        for arguments in ((), ("--json",)):
            shown = self.bench.tool("queue", *arguments).stdout
            self.assertIn("t-1", shown)
            self.assertNotIn(CANARY, shown)

    def test_an_acknowledgement_that_is_awaited(self):
        self.start()
        self.send("t-1", "--body", "ack_wanted=true")
        row = harness.wait_for(lambda: next((row for row in self.queue()["messages"] if row["stage"] == "awaiting"), None),
                               "the message on the air")
        self.assertEqual((row["id"], row["why"], row["parts"], row["parts_done"], row["repeats"]), ("t-1", "acknowledgement", 1, 0, 0))
        self.assertTrue(0 < row["go_in_s"] <= 60, row)
        self.assertRegex(self.bench.tool("queue").stdout, r"awaiting +in \d+ s +acknowledgement")
        number = self.near.sent.rpartition(b"{")[2].split(b"\xc0")[0].decode()
        self.near.hear(f"N0CALL-7>APZ001::N0CALL-10:ack{number}")
        harness.wait_for(lambda: self.queue()["messages"] == [], "the end of the message")

    def test_what_is_taken_back_is_gone(self):
        self.start(("away",))
        self.send("t-1")
        self.send("t-2")
        self.bench.tool("cancel", "t-1")
        self.assertEqual([row["id"] for row in self.queue()["messages"]], ["t-2"])

    def test_of_one_radio(self):
        self.start(("near", "away"))
        self.send("t-1", "--radio", "away")
        self.send("t-2", "--radio", "near", "--body", "ack_wanted=true")
        self.assertEqual([row["id"] for row in self.queue("--radio", "away")["messages"]], ["t-1"])
        self.assertEqual([row["id"] for row in self.queue("--radio", "near")["messages"]], ["t-2"])
        refused = self.bench.tool("queue", "--radio", "far", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("no radio has this name", refused.stderr)

    def test_thousands(self):
        """The rows are bounded, the rest is counted, one radio does not hide another, and the daemon answers others meanwhile."""
        self.start(("away", "near"))
        client, count = self.client(), 3000
        for i in range(count):
            answer = client.ask(command="send", text=CANARY, to=f"N0CALL-{i % 16}", id=f"m-{i}", radio="away")
            self.assertEqual(answer["status"], "STORED", answer)
        self.send("n-1", "--radio", "near", "--body", "ack_wanted=true")
        took_s = []
        for _ in range(3):
            before = time.monotonic()
            both = client.ask(command="queue")
            one = client.ask(command="queue", radio="away")
            took_s.append(time.monotonic() - before)
        by_radio = [row["radio"] for row in both["messages"]]
        self.assertEqual((by_radio.count("away"), by_radio.count("near"), both["more"]), (150, 1, count - 150))
        self.assertEqual((len(one["messages"]), one["more"]), (300, count - 300))
        self.assertLess(min(took_s), 3, "two answers while thousands wait")
        self.assertIn(f"{count - 150} more are not shown", self.bench.tool("queue").stdout)

    def test_what_waits_for_headquarters(self):
        self.start(brokers=(harness.free_port(),))
        self.near.hear("N0CALL-7>APZ001:>here I am", "N0CALL-7>APZ001:!4903.50N/07201.75W-canary")
        waiting = harness.wait_for(lambda: (lambda rows: rows if rows["ROUTINE"]["queued"] and rows["BULK"]["queued"] else None)(
            {row["class"]: row for row in self.queue()["uplink"]}), "what was heard, in the queue")
        self.assertEqual(list(waiting), ["DISTRESS", "URGENT", "SAFETY", "ROUTINE", "BULK"])
        self.assertEqual((waiting["DISTRESS"]["queued"], waiting["DISTRESS"]["oldest_s"]), (0, None))
        self.assertGreater(waiting["ROUTINE"]["queued_bytes"], 0)
        shown = self.bench.tool("queue").stdout
        self.assertRegex(shown, r"FOR HEADQUARTERS +MESSAGES +BYTES +OLDEST SINCE\nROUTINE +1 +\d+ B +\d+ s\nBULK +1 ")
        self.assertNotIn("SAFETY", shown)


if __name__ == "__main__":
    harness.main()
