"""Commands of headquarters over a real mosquitto, to stations behind KISS: what each audience may do, what is turned away and how, and that every
command has one final receipt and is carried out once, whoever was away or killed in between."""

import json
import re
import signal

import harness
from commands_bench import Rig

DISTRESS = b"N0CALL-9>414W2V,WIDE2-1:`c51!f?>/]\"3x}="


class Commands(Rig):
    # ---- what may be commanded ----

    def test_text_to_a_station(self):
        self.start()
        self.publish("sec/text", {"id": "c-1", "to": "N0CALL-7", "text": "route 4 is closed", "body": {"ack_wanted": False}})
        self.assertEqual(self.final("c-1")["stage"], "sent")
        self.assertEqual(self.stages("c-1"), ["queued", "on_air", "sent"])
        self.assertEqual(len(self.frames("route 4 is closed")), 1)
        receipts = self.documents("c-1")
        self.assertEqual({receipt["class"] for receipt in receipts}, {"ROUTINE"})
        self.assertTrue(receipts[2]["body"]["assumed"])
        self.assertNotIn("stored", receipts[0]["body"])
        late = harness.Listener(self.bench, self.port)
        late.expect("gw/base1/radio/vhf/state")
        self.assertEqual(late.find("/receipt/"), [], "what became of a command is not kept by the broker")

    def test_what_the_readme_says(self):
        text = (harness.SOURCE / "README.md").read_text()
        examples = re.findall(r"mosquitto_pub \.\.\. -q 1 -t cresset/v1/demo/gw/base1/down/(\S+) -m '(.*)'$", text, re.MULTILINE)
        self.assertEqual([topic for topic, _ in examples], ["sec/text", "sec/alert", "sec/ack", "sec/cancel", "sec/list"])
        self.start()
        self.tnc.connected()
        for topic, document in examples:
            self.publish(topic, json.loads(document))
        self.assertEqual(self.final("t-2")["stage"], "sent")
        self.fails("t-3", "not_found")
        self.assertEqual(self.final("t-5")["stage"], "confirmed")
        # The text was still waiting, or is on the air until its acknowledgement comes.
        cancel = self.final("t-4")
        self.assertTrue(cancel["stage"] == "confirmed" or cancel["code"] == "too_late", cancel)

    def test_what_each_audience_may_do(self):
        self.start()
        allowed = [("sec/text", {"to": "N0CALL-7", "text": "a text", "kind": "text"}), ("sec/text", {"text": "to all"}),
                   ("coord/text", {"to": "N0CALL-8", "text": "from the officer"}),
                   ("org/example-org/text", {"to": "N0CALL-7", "text": "from the organisation"}), ("sec/list", {})]
        for number, (topic, members) in enumerate(allowed):
            self.publish(topic, {"id": f"a-{number}", **members, **({"body": {"ack_wanted": False}} if "text" in members else {})})
            self.assertIn(self.final(f"a-{number}")["stage"], {"sent", "confirmed"}, topic)
        text = {"to": "N0CALL-7", "text": "not for this one"}
        alert = {"to": "N0CALL-7", "text": "not for this one", "body": {"urgency": "Immediate", "severity": "Severe"}}
        rollcall = {"body": {"id": 7, "type": "security", "window_min": 10}}
        refused = [("coord/alert", alert), ("coord/rollcall", rollcall), ("coord/cancel", {"ref": "c-1"}), ("coord/list", {}),
                   ("org/example-org/alert", alert), ("org/example-org/rollcall", rollcall), ("org/example-org/list", {}),
                   ("org/example-org/ack", {"ref": "x", "body": {"level": "HQ_RECEIVED"}}), ("org/example-org/cancel", {"ref": "a-0"}),
                   ("org/example-org/text", {**text, "to": "N0CALL-8"}), ("org/example-org/text", {**text, "to": "N0CALL-77"}),
                   ("org/unassigned/text", {**text, "to": "N0CALL-77"}), ("org/text", text), ("org/a/b/text", text),
                   ("log/text", text), ("pub/text", text), ("liaison/text", text), ("audit/text", text), ("sec/dance", text),
                   ("sec/text/more", text), ("secs/text", text)]
        for number, (topic, members) in enumerate(refused):
            self.publish(topic, {"id": f"r-{number}", **members})
            self.fails(f"r-{number}", "not_allowed")
        self.assertEqual(self.frames("not for this one"), [])

    def test_alert_and_roll_call_go_by_their_network(self):
        self.start()
        self.publish("sec/alert", {"id": "alert", "to": "N0CALL-7", "text": "stay in",
                                   "body": {"urgency": "Immediate", "severity": "Severe", "ack_wanted": False}})
        self.publish("sec/rollcall", {"id": "rollcall", "body": {"id": 7, "type": "security", "window_min": 10}})
        for command in ("alert", "rollcall"):
            body = self.final(command)
            self.assertTrue(body["stage"] == "sent" or body["code"] in {"not_supported"}, body)
        self.assertEqual({receipt["class"] for receipt in self.documents("alert")}, {"URGENT"})

    def test_exercises_answer_on_their_own_topics(self):
        self.start()
        self.publish("sec/text", {"id": "ex", "text": "only a drill", "status": "Exercise"})
        self.assertEqual(self.final("ex")["stage"], "sent")
        topics = {topic for _, topic, _, _ in self.hq.messages if topic.endswith("receipt/ex")}
        self.assertEqual(topics, {"cresset/v1/test/exercise/gw/base1/receipt/ex"})
        self.assertEqual({receipt["status"] for receipt in self.documents("ex")}, {"Exercise"})

    def test_acknowledging_a_distress(self):
        self.start()
        self.tnc.connected()
        self.tnc.hear(DISTRESS)
        incident = self.hq.expect("/sec/base1/distress/")[0]["body"]["incident"]
        self.publish("coord/ack", {"id": "ack-coord", "ref": incident, "body": {"level": "HQ_RECEIVED"}})
        self.fails("ack-coord", "not_allowed")
        self.tnc.hear("N0CALL-7>APZ001::N0CALL-10:which road is open{12")
        text = self.hq.expect("/text/N0CALL-7")[0]["id"]
        self.publish("coord/ack", {"id": "ack-text", "ref": text, "body": {"level": "HQ_SEEN", "operator": "officer-1"}})
        self.assertEqual(self.final("ack-text")["stage"], "confirmed")
        self.publish("sec/ack", {"id": "ack-1", "ref": incident, "body": {"level": "HQ_SEEN", "operator": "desk-1"}})
        self.assertEqual(self.final("ack-1")["stage"], "confirmed")
        seen = self.hq.expect("/sec/base1/incident/", lambda document: document["body"].get("level") == "HQ_SEEN")[0]
        self.assertEqual(seen["body"]["operator"], "desk-1")
        self.publish("sec/ack", {"id": "ack-2", "ref": incident, "body": {"level": "HQ_RECEIVED"}})
        self.fails("ack-2", "already")
        for command, body in (("ack-3", {"level": "RESPONDING"}), ("ack-4", {"level": "BASE_SEEN", "operator": "x"}), ("ack-5", {})):
            self.publish("sec/ack", {"id": command, "ref": incident, "body": body})
            self.assertRegex(self.fails(command, "bad_command")["text"], '"body.operator"|BASE_SEEN|"body.level"')
        self.publish("coord/ack", {"id": "ack-6", "ref": "a-1", "body": {"level": "CLOSED", "operator": "x"}})
        self.fails("ack-6", "not_allowed")
        self.publish("sec/ack", {"id": "ack-7", "ref": "a-none", "body": {"level": "HQ_RECEIVED"}})
        self.fails("ack-7", "not_found")
        self.publish("sec/ack", {"id": "ack-8", "ref": incident, "body": {"level": "CLOSED", "operator": "desk-1"}})
        self.assertEqual(self.final("ack-8")["stage"], "confirmed")
        self.assertEqual(self.bench.status()["incidents"], [])

    # ---- what is turned away ----

    def test_members_that_are_wrong(self):
        self.start()
        text = {"to": "N0CALL-7", "text": "never sent"}
        wrong = [({**text, "kind": "alert"}, '"kind"'), ({**text, "secretname": 1}, "member 4 "), ({**text, "to": "N0 CALL"}, '"to"'),
                 ({"to": "N0CALL-7"}, '"text"'), ({**text, "body": {"secretname": 1}}, '"body"'), ({**text, "expires_at": "soon"}, '"expires_at"'),
                 ({**text, "radio": 7}, '"radio"'), ({**text, "status": "System"}, '"status"'), ({**text, "text": "a\nb"}, '"text"')]
        for number, (members, where) in enumerate(wrong):
            self.publish("sec/text", {"id": f"w-{number}", **members})
            body = self.fails(f"w-{number}", "bad_command")
            self.assertIn(where, body["text"])
            self.assertNotIn("secretname", body["text"])
        self.publish("coord/text", {"id": "w-all", "text": "never sent"})
        self.assertIn("security desk", self.fails("w-all", "bad_command")["text"])
        self.publish("sec/cancel", {"id": "w-cancel"})
        self.fails("w-cancel", "bad_command")
        self.publish("sec/list", {"id": "w-list", "to": "N0CALL-7"})
        self.fails("w-list", "bad_command")
        self.publish("sec/text", {"id": "w-radio", **text, "radio": "uhf"})
        self.fails("w-radio", "no_radio")
        self.publish("sec/text", {"id": "w-station", **text, "to": "f-17"})
        self.fails("w-station", "unknown_station")
        self.publish("sec/text", {"id": "w-long", "to": "N0CALL-7", "text": "x" * 200})
        self.assertEqual(self.fails("w-long", "too_long")["limit"], 67)
        self.assertEqual(self.frames("never sent"), [])
        self.assertNotIn("never sent", self.bench.log())

    def test_what_has_no_id_is_answered_now_and_then(self):
        self.start()
        self.publish_lines("sec/text", (b"\xff\xfe{", b'{"to":"N0CALL-7","text":"private words"}', b"[]", b"x" * 9000, b'{"id":"a b"}', b'{"id":"unreadable"}',
                                        b'{"id":"k-1"}', b'{"id":1}', b'{"id":"' + b"x" * 65 + b'"}', b'{"id":"a","id":"b"}', b"[" * 5000))
        self.publish("sec/text", b"")
        self.settled()
        receipts = self.documents("unreadable")
        self.assertEqual(len(receipts), 1, "one in ten seconds")
        body = receipts[0]["body"]
        self.assertEqual((body["stage"], body["code"], body["text"]), ("failed", "bad_json", "not JSON at byte 0"))
        self.assertEqual(self.bench.counter("commands", "drop.unreadable"), 12)
        self.assertEqual(self.bench.log().count("cannot be taken"), 1)
        self.assertNotIn("private words", self.bench.log())
        harness.wait_for(lambda: self.publish("sec/text", b'{"text":"private words"}') or len(self.documents("unreadable")) == 2,
                         "the next receipt")
        self.assertEqual([receipt["body"]["code"] for receipt in self.documents("unreadable")], ["bad_json", "bad_id"])

    def test_retained_commands_are_not_taken(self):
        self.start()
        self.publish("sec/text", {"id": "kept", "to": "N0CALL-7", "text": "kept by the broker"}, "-r")
        self.settled()
        self.assertEqual(self.stages("kept"), [])
        self.assertEqual(self.bench.counter("commands", "drop.retained"), 1)
        self.assertIn("retain", self.bench.log())
        self.assertEqual(self.frames("kept by the broker"), [])

    def publish_many(self, topic, documents):
        self.publish_lines(topic, (json.dumps(document).encode() for document in documents))

    def answered(self, prefix):
        return len({document["id"] for document in self.hq.find(f"/receipt/{prefix}")})

    def each_failed_once(self, commands, code):
        harness.wait_for(lambda: len({document["id"] for document in self.hq.find("/receipt/")}) >= len(commands), "all receipts")
        found = {}
        for document in self.hq.find("/receipt/"):
            found.setdefault(document["body"]["command"], {})[document["id"]] = (document["body"]["stage"], document["body"].get("code"))
        self.assertEqual({command: list(said.values()) for command, said in found.items()}, {command: [("failed", code)] for command in commands})

    def test_each_of_many_that_are_turned_away_at_once_has_its_receipt(self):
        self.start()
        commands = [f"x-{number}" for number in range(800)]
        self.publish_many("sec/text", [{"id": command, "to": "f-17", "text": "x"} for command in commands])
        self.each_failed_once(commands, "unknown_station")
        self.assertEqual(self.bench.counter("commands", "drop.flood"), 0)
        self.assertEqual(self.bench.counter("commands", "turned_away"), 800)

    def test_each_that_is_turned_away_has_its_receipt_though_the_gateway_is_killed(self):
        gateway = self.start()
        self.bench.stop(gateway)
        commands = [f"x-{number}" for number in range(200)]
        self.publish_many("log/text", [{"id": command, "to": "N0CALL-7", "text": "x"} for command in commands])
        gateway = self.start_again(wait=False)
        harness.wait_for(lambda: len(self.hq.find("/receipt/x-")) > 20, "some receipts")
        self.bench.stop(gateway, signal.SIGKILL)
        self.start_again()
        self.each_failed_once(commands, "not_allowed")

    def test_a_flood_that_no_line_takes_is_counted_and_said(self):
        self.start()
        # What the line takes is known by then.
        self.publish("sec/list", {"id": "first"})
        self.final("first")
        self.publish_many("log/text", [{"id": f"x-{number}", "to": "N0CALL-7", "text": "x"} for number in range(4000)])
        harness.wait_for(lambda: self.answered("x-") + self.bench.counter("commands", "drop.flood") == 4000, "each to be answered or counted")
        self.assertGreaterEqual(self.answered("x-"), 1024)
        if self.bench.counter("commands", "drop.flood"):
            self.hq.expect("receipt/unreadable", lambda found: found["body"]["code"] == "flood")

    # ---- once and once only ----

    def test_a_repeated_command_is_answered_the_same_and_sent_once(self):
        gateway = self.start()
        command = {"id": "again", "to": "N0CALL-7", "text": "said once", "body": {"ack_wanted": False}}
        self.publish("sec/text", command)
        self.final("again")
        harness.wait_for(lambda: len(self.hq.find("receipt/again")) == 3, "the receipts")
        self.publish("sec/text", command)
        harness.wait_for(lambda: len(self.hq.find("receipt/again")) == 6, "the same receipts again")
        self.documents("again")
        for how in (signal.SIGTERM, signal.SIGKILL):
            before = len(self.hq.find("receipt/again"))
            self.bench.stop(gateway, how)
            gateway = self.start_again()
            self.publish("sec/text", {**command, "expires_at": "2038-01-01T00:00:00Z"})
            harness.wait_for(lambda: len(self.hq.find("receipt/again")) >= before + 3, "the same receipts after a restart")
            self.assertEqual(self.final("again")["stage"], "sent")
        self.settled()
        self.assertEqual(len(self.frames("said once")), 1)
        self.publish("coord/text", command)
        self.publish("sec/text", {**command, "text": "something else"})
        self.settled()
        self.assertEqual(self.bench.counter("commands", "drop.id_taken"), 2)
        self.assertEqual(self.documents("unreadable")[0]["body"]["code"], "id_taken")
        self.assertEqual(self.frames("something else"), [])
        refused = self.bench.tool("send", "--to", "N0CALL-7", "--id", "again", "said once", check=False)
        self.assertIn("taken before", refused.stderr)

    def test_published_while_the_gateway_was_away(self):
        gateway = self.start()
        self.bench.stop(gateway, signal.SIGKILL)
        self.publish("sec/text", {"id": "away", "to": "N0CALL-7", "text": "while you were away", "body": {"ack_wanted": False}})
        self.publish("sec/text", {"id": "taken-back", "to": "N0CALL-7", "text": "not any more"})
        self.publish("sec/cancel", {"id": "cancel-1", "ref": "taken-back"})
        gateway = self.start_again()
        self.assertEqual(self.final("away")["stage"], "sent")
        self.assertEqual(self.final("taken-back")["stage"], "cancelled")
        self.assertEqual(self.final("cancel-1")["stage"], "confirmed")
        self.bench.stop(gateway)
        self.publish("sec/text", {"id": "away-2", "to": "N0CALL-7", "text": "once more", "body": {"ack_wanted": False}})
        self.start_again()
        self.assertEqual(self.final("away-2")["stage"], "sent")
        self.assertEqual(len(self.frames("while you were away")), 1)
        self.assertEqual(self.frames("not any more"), [])

    def test_a_waiting_command_survives_a_kill(self):
        dead = f"tcp://127.0.0.1:{harness.free_port()}"
        gateway = self.start({"vhf": (dead, "aprs: {callsign: N0CALL-10}")})
        self.publish("sec/text", {"id": "waits", "to": "N0CALL-7", "text": "sent at last", "body": {"ack_wanted": False}})
        harness.wait_for(lambda: self.stages("waits") == ["queued"], "the receipt")
        self.bench.stop(gateway, signal.SIGKILL)
        self.start()
        self.assertEqual(self.final("waits")["stage"], "sent")
        self.assertEqual(self.stages("waits"), ["queued", "on_air", "sent"])
        self.assertEqual(len(self.frames("sent at last")), 1)

    def test_receipts_wait_for_the_broker(self):
        dead = harness.free_port()
        gateway = self.start({"vhf": (f"tcp://127.0.0.1:{dead}", "aprs: {callsign: N0CALL-10}")})
        self.publish("sec/text", {"id": "late", "to": "N0CALL-7", "text": "nobody listens", "body": {"ack_wanted": False}})
        harness.wait_for(lambda: self.stages("late") == ["queued"], "the receipt")
        self.bench.stop(self.broker)
        harness.wait_for(lambda: not self.bench.status()["uplink"]["connected"], "the broker to be missed")
        self.tnc.close()
        self.tnc = self.bench.tnc(dead)
        harness.wait_for(lambda: self.frames("nobody listens"), "the transmission")
        # The second and the third receipt: once they wait, it is on disk that they were said.
        harness.wait_for(lambda: self.bench.status()["classes"][3]["queued"] == 2, "the receipts")
        self.bench.stop(gateway, signal.SIGKILL)
        _, self.broker = self.bench.broker(self.port, self.broker_lines)
        self.hq = harness.Listener(self.bench, self.port)
        self.start_again()
        self.assertEqual(self.final("late")["stage"], "sent")
        self.assertEqual(len(self.frames("nobody listens")), 1)

    # ---- time ----

    def test_expired_before_the_transmitter_is_free(self):
        dead = f"tcp://127.0.0.1:{harness.free_port()}"
        gateway = self.start({"vhf": (dead, "aprs: {callsign: N0CALL-10}")})
        text = {"to": "N0CALL-7", "text": "too late"}
        soon = harness.time.strftime("%Y-%m-%dT%H:%M:%SZ", harness.time.gmtime(harness.time.time() + 8))
        self.publish("sec/text", {"id": "past", **text, "expires_at": "2020-01-01T00:00:00Z"})
        self.publish("sec/text", {"id": "soon", **text, "expires_at": soon})
        self.publish("sec/text", {"id": "mqtt", **text, "expires_at": "2038-01-01T00:00:00Z"}, "-D", "publish", "message-expiry-interval", "8")
        self.assertEqual(self.final("past")["stage"], "expired")
        for command in ("soon", "mqtt"):
            self.assertEqual(self.final(command)["stage"], "expired")
            self.assertEqual(self.stages(command), ["queued", "expired"])
        self.bench.stop(gateway)

    # ---- cancel and list ----

    def test_cancel(self):
        dead = f"tcp://127.0.0.1:{harness.free_port()}"
        self.start({"vhf": (dead, "aprs: {callsign: N0CALL-10}")})
        self.publish("org/example-org/text", {"id": "theirs", "to": "N0CALL-7", "text": "x"})
        harness.wait_for(lambda: self.stages("theirs") == ["queued"], "the receipt")
        self.publish("coord/cancel", {"id": "n-1", "ref": "theirs"})
        self.fails("n-1", "not_allowed")
        self.publish("sec/cancel", {"id": "n-2", "ref": "nothing"})
        self.fails("n-2", "not_found")
        self.publish("sec/cancel", {"id": "n-3", "ref": "theirs"})
        self.assertEqual(self.final("n-3")["stage"], "confirmed")
        self.assertEqual(self.final("theirs")["stage"], "cancelled")
        self.publish("sec/cancel", {"id": "n-4", "ref": "theirs"})
        self.fails("n-4", "not_found")
        self.bench.tool("send", "--to", "N0CALL-7", "--id", "tool-1", "x")
        self.assertEqual(self.bench.tool("cancel", "tool-1").stdout, "tool-1: cancelled\n")
        self.assertEqual(self.final("tool-1")["stage"], "cancelled")
        self.assertIn("no message of this id waits", self.bench.tool("cancel", "tool-1", check=False).stderr)

    def test_cancel_comes_too_late(self):
        self.start()
        self.publish("sec/text", {"id": "gone", "to": "N0CALL-7", "text": "gone", "body": {"ack_wanted": False}})
        self.assertEqual(self.final("gone")["stage"], "sent")
        self.publish("sec/cancel", {"id": "n-5", "ref": "gone"})
        self.fails("n-5", "too_late")
        self.assertIn("too late", self.bench.tool("cancel", "gone", check=False).stderr)

    def test_list(self):
        dead = f"tcp://127.0.0.1:{harness.free_port()}"
        gateway = self.start({"vhf": (dead, "aprs: {callsign: N0CALL-10}")})
        self.publish("sec/list", {"id": "l-0"})
        self.assertEqual(self.final("l-0")["waiting"], [])
        self.publish("sec/text", {"id": "first", "to": "N0CALL-7", "text": "private words"})
        harness.wait_for(lambda: self.stages("first") == ["queued"], "the receipt")
        self.publish("sec/list", {"id": "l-1"})
        item, = self.final("l-1")["waiting"]
        self.assertEqual({name: item[name] for name in ("command", "kind", "class", "radio", "to", "stage", "why")},
                         {"command": "first", "kind": "text", "class": "ROUTINE", "radio": "vhf", "to": "N0CALL-7", "stage": "waiting",
                          "why": "radio"})
        self.assertLess(item["since"], item["expires_at"])
        self.publish_lines("sec/text", (b'{"id":"m-%d","to":"N0CALL-7","text":"x"}' % number for number in range(110)))
        self.hq.expect("receipt/m-", count=110)
        self.publish("sec/list", {"id": "l-2"})
        body = self.final("l-2")
        self.assertEqual((len(body["waiting"]), body["more"]), (100, True))
        self.bench.stop(gateway)
        self.assertNotIn("private words", self.bench.log())

    def test_without_a_disk_it_says_so(self):
        dead = f"tcp://127.0.0.1:{harness.free_port()}"
        self.start({"vhf": (dead, "aprs: {callsign: N0CALL-10}")}, "store:\n  mode: memory\n")
        self.publish("sec/text", {"id": "memory", "to": "N0CALL-7", "text": "x"})
        harness.wait_for(lambda: self.stages("memory") == ["queued"], "the receipt")
        self.assertIs(self.documents("memory")[0]["body"]["stored"], False)


if __name__ == "__main__":
    harness.main(at_once=4)
