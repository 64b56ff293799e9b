"""Who receives what at headquarters, by the example of an access list: everybody subscribes to everything, and what arrives counts."""

import re
import subprocess
import unittest

import harness

# What a gateway publishes (gateway/json_topic.c), each with those who may have it.
DESK, OFFICER, LOGISTICS, AGENCY, BRIDGE = "security", "cmcoord", "logistics", "agency-example-org", "pub-bridge"
TOPICS = {
    "sec/base1/distress/f-17": {DESK}, "sec/base1/alert/f-17": {DESK}, "sec/base1/checkin/f-17": {DESK},
    "sec/base1/rollcall/513": {DESK}, "sec/base1/incident/f-17-1": {DESK}, "sec/base1/ack/f-17": {DESK},
    "sec/base1/text/f-17": {DESK},
    "track/base1/f-17": {DESK}, "move/base1/4099": {DESK},
    "coord/base1/request/f-17-2": {OFFICER},
    "act/base1/42": {OFFICER, LOGISTICS, AGENCY, BRIDGE}, "sit/base1/f-17-3": {OFFICER, BRIDGE},
    "log/base1/road/l-1": {DESK, OFFICER, LOGISTICS, AGENCY}, "log/base1/airfield/l-2": {DESK, OFFICER, LOGISTICS, AGENCY},
    "log/base1/movement/l-3": {DESK, OFFICER, LOGISTICS, AGENCY},
    "org/example-org/base1/text/f-17": {AGENCY}, "org/example-org/base1/sitrep/f-17": {AGENCY},
    "org/unassigned/base1/text/f-18": set(),
    "gw/base1/telemetry/f-17": set(), "gw/base1/raw/lora": set(), "gw/base1/state": {DESK},
    "gw/base1/receipt/c-1": {DESK, OFFICER, AGENCY},
}
EXERCISES = {f"exercise/{topic}": readers - {BRIDGE} for topic, readers in TOPICS.items()
             if not topic.startswith("gw/base1/state")}
EXPECTED = {**TOPICS, **EXERCISES}
ROLES = [DESK, OFFICER, LOGISTICS, AGENCY, BRIDGE, "public", "liaison-example", "auditor", "base2"]
# What each role may read: the last message on it says that all before it have been delivered.
LAST = {DESK: "sec/end", OFFICER: "coord/end", LOGISTICS: "log/end", AGENCY: "log/end", BRIDGE: "sit/end", "public": "pub/end",
        "liaison-example": "liaison/out/example-liaison/end", "auditor": "audit/end", "base2": "gw/base2/down/end"}
PREFIX = "cresset/v1/demo/"

# Commands to a gateway, each with those who may give it; the gateway alone hears them.
COMMANDS = {
    **{f"sec/{what}": {DESK} for what in ("text", "alert", "rollcall", "ack", "cancel", "list")},
    **{f"coord/{what}": {OFFICER} for what in ("text", "ack")},
    "org/example-org/text": {AGENCY},
    **{topic: set() for topic in (
        "sec/else", "sec/text/more", "coord/alert", "coord/rollcall", "coord/cancel", "coord/list", "org/other-org/text",
        "org/example-org/ack", "org/example-org/alert", "org/example-org/cancel", "org/text", "log/text", "pub/text", "liaison/text", "text")},
}


class Acl(unittest.TestCase):
    def setUp(self):
        self.bench = harness.Bench()
        self.addCleanup(self.bench.__exit__)
        acl = self.bench.dir / "acl"
        text = (harness.SOURCE / "config" / "mosquitto" / "acl").read_text()
        acl.write_text(f"{text}\nuser ending\ntopic write cresset/v1/demo/#\n")
        acl.chmod(0o600)
        self.port, _ = self.bench.broker(lines=[f"acl_file {acl}"])

    def publish(self, user, topic):
        """True: the broker took it."""
        result = subprocess.run(
            [harness.find_program("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(self.port), "-u", user, "-V", "5", "-q", "1", "-t",
             PREFIX + topic, "-m", "{}"], capture_output=True, text=True, timeout=harness.PATIENCE_S)
        return result.returncode == 0 and "not authori" not in result.stderr.lower()

    def listen(self, role):
        return harness.Listener(self.bench, self.port, "#", ["-u", role])

    def test_everybody_gets_what_is_theirs(self):
        listeners = {role: self.listen(role) for role in ROLES}
        for topic in EXPECTED:
            self.assertTrue(self.publish("base1", topic), f"base1 may not publish on {topic}")
        for topic in set(LAST.values()):
            self.publish("ending", topic)
        for role, listener in listeners.items():
            listener.expect(PREFIX + LAST[role])
            got = {topic.removeprefix(PREFIX) for _, topic, _, _ in listener.messages} - set(LAST.values())
            self.assertEqual(got, {topic for topic, readers in EXPECTED.items() if role in readers}, role)

    def test_nobody_publishes_what_is_not_theirs(self):
        for topic in EXPECTED:
            self.assertFalse(self.publish("base1", topic.replace("base1", "base2")), f"base1 publishes as base2: {topic}")
            for role in set(ROLES) - {"base2"}:
                self.assertFalse(self.publish(role, topic), f"{role} publishes on {topic}")

    def test_commands_are_given_by_those_who_may(self):
        gateway, other = self.listen("base1"), self.listen("base2")
        for topic, writers in COMMANDS.items():
            for role in [*ROLES, "base1"]:
                self.assertEqual(self.publish(role, f"gw/base1/down/{topic}"), role in writers, f"{role} on {topic}")
                self.assertFalse(self.publish(role, f"exercise/gw/base1/down/{topic}"), f"{role} on exercise, {topic}")
        self.publish("ending", "gw/base1/down/end")
        self.publish("ending", "gw/base2/down/end")
        gateway.expect("gw/base1/down/end")
        other.expect("gw/base2/down/end")
        down = PREFIX + "gw/base1/down/"
        heard = [topic.removeprefix(down) for _, topic, _, _ in gateway.messages if topic.startswith(down)]
        self.assertEqual(sorted(heard), sorted([topic for topic, writers in COMMANDS.items() for _ in writers] + ["end"]))
        self.assertEqual([topic for _, topic, _, _ in other.messages if topic.startswith(down)], [])

    def test_neighbours_speak_for_themselves_alone(self):
        """With the lines for neighbours switched on, for base1 and base2."""
        acl = self.bench.dir / "acl"
        block = re.search(r"#user base1\n(?:#topic \S+ \S*(?:/reach/|/state|/down/gw/)\S*\n)+", acl.read_text()).group().replace("#", "")
        acl.write_text(acl.read_text() + "".join("\n" + block.replace("base1", name) for name in ("base1", "base2")))
        self.port, _ = self.bench.broker(lines=[f"acl_file {acl}"])
        words = [f"gw/base2/down/gw/base1/{what}" for what in ("text", "alert", "ack", "cancel", "receipt")]
        others = ["gw/base2/state", "gw/base2/down/gw/base1/list", "gw/base2/down/gw/base1/rollcall", "gw/base2/down/gw/text",
                  "gw/base2/down/sec/text", "gw/base2/reach/f-17", "gw/base1/reach/f-17/more"]
        for topic in [*words, "gw/base1/reach/f-17"]:
            self.assertTrue(self.publish("base1", topic), topic)
            for role in [*ROLES, "base3"]:
                self.assertFalse(self.publish(role, topic), f"{role} on {topic}")
        for topic in others:
            self.assertFalse(self.publish("base1", topic), topic)
        listeners = {role: self.listen(role) for role in (*ROLES, "base1")}
        self.publish("base1", words[0])
        self.publish("base1", "gw/base1/reach/f-17")
        for role, listener in listeners.items():
            last = LAST.get(role, "gw/base1/down/end")
            self.publish("ending", last)
            listener.expect(PREFIX + last)
            got = {topic.removeprefix(PREFIX) for _, topic, _, _ in listener.messages}
            wanted = {"base1": {"gw/base1/reach/f-17"}, "base2": {"gw/base1/reach/f-17", words[0]}}.get(role, set())
            self.assertEqual(got & {words[0], "gw/base1/reach/f-17"}, wanted, role)


if __name__ == "__main__":
    harness.main()
