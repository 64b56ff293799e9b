"""Meshtastic's own topics at a real broker, with envelopes made and opened by the network's own library."""
import json
import re
import subprocess
import threading
import unittest

import harness
import peers
from mesh_peer import MeshTest

PROGRAM = peers.NPM / "meshtastic-envelope.js"
KEY, OTHER_KEY = "EBESExQVFhcYGRobHB0eHw==", "AgICAgICAgICAgICAgICAg=="
OWN_TOPIC, OTHER_TOPIC = "msh/EU_868/2/e/road/!0a0b0c0d", "msh/EU_868/2/e/road/!0badcafe"
TEXT, POSITION, ADMIN, ALERT = 1, 3, 6, 11
PEER = "mt-433c1d20"


def library(*orders):
    """What the library makes of each order."""
    result = subprocess.run(["node", PROGRAM, *map(json.dumps, orders)], capture_output=True, text=True, check=True,
                            timeout=harness.PATIENCE_S)
    return [json.loads(line) for line in result.stdout.splitlines()]


def peer(do, **values):
    return library({"do": do, **values})[0]


class Tool:
    """What subscribes to Meshtastic's topics: every message as (topic, retained, hex)."""

    def __init__(self, bench, port, *options):
        self.messages = []
        self.process = bench.start([harness.find_program("mosquitto_sub"), "-h", "127.0.0.1", "-p", str(port), "-t", "msh/#", "-q", "1",
                                    "-F", "%t %r %x", "-i", "mesh-tool", *options], stdout=subprocess.PIPE)
        threading.Thread(target=self._read, daemon=True).start()
        log = bench.dir / f"mosquitto-{port}.log"
        harness.wait_for(lambda: "SUBSCRIBE from mesh-tool" in log.read_text(), "the tool's subscription")

    def _read(self):
        for line in self.process.stdout:
            self.messages.append(line.decode().split())

    def expect(self, text, topic=OWN_TOPIC):
        def found():
            return [message for message in self.opened(topic) if message["text"] == text]
        return harness.wait_for(found, f"an envelope with {text!r} on {topic}")[0]

    def opened(self, topic):
        return library(*({"do": "open", "hex": payload, "key": KEY} for where, _, payload in list(self.messages) if where == topic))


class MeshFace(MeshTest):
    def face(self, more="", broker=(), uplink=""):
        key = self.bench.dir / "road.key"
        key.write_text(KEY + "\n")
        key.chmod(0o600)
        real_broker = self.bench.broker
        self.bench.broker = lambda: real_broker(lines=["log_type all", *broker])
        real_gateway = self.bench.gateway

        def gateway(config, **values):
            config.write_text(config.read_text().replace("uplink: {", f"uplink: {{{uplink}"))
            return real_gateway(config, **values)

        self.bench.gateway = gateway
        self.base(more=f"""
mesh_face:
  enabled: true
  root: msh/EU_868
  channels: [{{name: road, key_file: {key}}}]
{more}""")
        self.until_radio("up")
        log = self.bench.dir / f"mosquitto-{self.port}.log"
        harness.wait_for(lambda: "msh/EU_868/2/e/road/+" in log.read_text(), "the gateway's subscription")

    def hear(self, **values):
        self.node.order("raw", hex=peer("hear", **values)["hex"])

    def publish(self, topic=OTHER_TOPIC, retain=False, **values):
        file = self.bench.dir / "envelope"
        file.write_bytes(bytes.fromhex(peer("seal", **values)["hex"]))
        subprocess.run([harness.find_program("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(self.port), "-q", "1", "-t", topic, "-f", file,
                        *(["-r"] if retain else [])], check=True, timeout=harness.PATIENCE_S)

    def counted(self, name, count=1):
        harness.wait_for(lambda: self.bench.counter("mesh_face", name) >= count, f"{count} of {name}")

    def test_what_is_heard_goes_out(self):
        self.face()
        tool = Tool(self.bench, self.port)
        self.hear(text="Convoy 3 at gate", id=1)
        envelope = tool.expect("Convoy 3 at gate")
        self.assertEqual(envelope, {
            "channel": "road", "gateway": "!0a0b0c0d", "form": "encrypted", "from": 0x433c1d20, "to": 0xffffffff, "id": 1, "hop_limit": 2,
            "hop_start": 3, "rssi_dbm": -97, "snr_db": 6.25, "via_mqtt": False, "priority": 0, "hash_fits": True, "port": TEXT,
            "bitfield": 1, "text": "Convoy 3 at gate"})
        self.assertNotIn(b"Convoy", bytes.fromhex(tool.messages[0][2]))
        # What stays here, and one behind it that does not.
        self.hear(text="not allowed", id=2, bitfield=0)
        self.hear(text="for the base", id=3, to=0x0a0b0c0d)
        self.hear(text="from elsewhere", id=4, fields={"viaMqtt": True})
        self.hear(text="set up", id=5, port=ADMIN)
        self.hear(text="other channel", id=6, index=0)
        self.hear(text="Convoy 3 at gate", id=1)
        self.hear(text="fire", id=7, port=ALERT)
        tool.expect("fire")
        self.assertEqual([message["id"] for message in tool.opened(OWN_TOPIC)], [1, 7])
        self.assertEqual({(topic, retained) for topic, retained, _ in tool.messages}, {(OWN_TOPIC, "0")})
        self.assertEqual([self.bench.counter("mesh_face", f"drop.out.{reason}")
                          for reason in ("not_allowed", "via_mqtt", "admin", "other_channel", "double")], [1] * 5)
        # The text for the base, and the sender's acknowledgements of what it and the alert were answered with.
        self.assertIn(self.bench.counter("mesh_face", "drop.out.private"), (1, 2, 3))
        # Headquarters heard them all the same, and the alert with its class.
        self.hq.expect(f"text/{PEER}", lambda document: document.get("text") == "not allowed")
        self.assertEqual(self.hq.expect(f"alert/{PEER}")[0]["class"], "URGENT")

    def test_what_others_heard_comes_in(self):
        self.face()
        tool = Tool(self.bench, self.port)
        self.publish(key=KEY, text="fire at the depot", port=ALERT, id=0x11)
        alert = self.hq.expect(f"sec/base1/alert/{PEER}")[0]
        self.assertEqual((alert["class"], alert["text"], alert["authenticity"], alert["id"]),
                         ("URGENT", "fire at the depot", "UNVERIFIED", f"{PEER}-00000011"))
        self.assertEqual(alert["heard"], {"hops": 1, "path": "mqtt"})
        # Over the air once more, from another gateway once more, and what the own node sent: nothing of it a second time.
        self.hear(text="fire at the depot", port=ALERT, id=0x11)
        self.publish("msh/EU_868/2/e/road/!0badcaff", key=KEY, text="fire at the depot", port=ALERT, id=0x11, gateway="!0badcaff")
        self.publish(key=KEY, text="own", **{"from": 0x0a0b0c0d})
        self.publish(OWN_TOPIC, key=KEY, text="pretended", id=0x12, gateway="!0a0b0c0d")
        self.publish(key=KEY, text="behind it", id=0x13)
        self.hq.expect(f"text/{PEER}", lambda document: document.get("text") == "behind it")
        self.assertEqual(len(self.hq.find(f"alert/{PEER}")), 1)
        self.assertEqual(len(self.hq.find("text/mt-")), 1)
        self.counted("drop.in.own", 2)
        self.counted("drop.in.double", 1)
        # Nothing comes back to the broker from here, and nothing goes on the air.
        self.assertEqual([topic for topic, _, _ in tool.messages if topic == OWN_TOPIC], [OWN_TOPIC])
        self.assertEqual(self.node.packets(), [])

    def test_what_does_not_come_in(self):
        self.face()
        self.publish(text="in clear", id=1)
        self.publish(key=OTHER_KEY, text="other key", id=2)
        self.publish(key=KEY, text="for another", id=3, to=0x11223344)
        self.publish(key=KEY, text="set up", id=4, port=ADMIN)
        self.publish(key=KEY, text="far", id=5, fields={"hopLimit": 8})
        self.publish(key=KEY, text="other words", id=6, channel="base")
        subprocess.run([harness.find_program("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(self.port), "-t", OTHER_TOPIC, "-m", "x" * 2000], check=True)
        self.publish(key=KEY, text="behind them", id=7)
        self.hq.expect(f"text/{PEER}", lambda document: document.get("text") == "behind them")
        self.assertEqual(len(self.hq.find("text/mt-")), 1)
        counted = {name: self.bench.counter("mesh_face", f"drop.in.{name}")
                   for name in ("clear", "other_key", "private", "admin", "bad_hops", "bad_envelope")}
        self.assertEqual(counted, {"clear": 1, "other_key": 1, "private": 1, "admin": 1, "bad_hops": 1, "bad_envelope": 2})

    def test_after_the_broker_was_away(self):
        """What the broker had kept is old; what comes then is new."""
        self.face()
        self.publish(key=KEY, text="old", id=1, retain=True)
        self.hq.expect(f"text/{PEER}", lambda document: document.get("text") == "old")
        self.gateway = self.bench.stop(self.gateway)
        self.gateway = self.bench.gateway(self.config, log="second.log")
        self.bench.answering()
        self.until_radio("up")
        log = self.bench.dir / f"mosquitto-{self.port}.log"
        harness.wait_for(lambda: log.read_text().count("msh/EU_868/2/e/road/+ (QoS 1)") >= 2, "the second subscription")
        self.publish(key=KEY, text="new", id=2)
        self.hq.expect(f"text/{PEER}", lambda document: document.get("text") == "new")
        self.assertEqual(self.bench.counter("mesh_face", "received"), 1)

    def test_an_alert_waits_for_none_of_it(self):
        """A slow line, and more on it than it carries in a minute."""
        self.face(uplink="bulk_rate_max: 4 kbit/s, ")
        tool = Tool(self.bench, self.port)
        frames = library(*({"do": "hear", "id": 100 + i, "text": f"report {i} " + 100 * "x", "from": 0x50000000 + i} for i in range(200)),
                         {"do": "hear", "id": 99, "port": ALERT, "text": "fire"})
        self.node.order("raw", hex="".join(frame["hex"] for frame in frames[:-1]))
        harness.wait_for(lambda: self.bench.counter("mesh_face", "published") == 200, "all to be under way")
        self.node.order("raw", hex=frames[-1]["hex"])
        self.hq.expect(f"alert/{PEER}")
        self.assertLess(len(tool.messages), 200)
        harness.wait_for(lambda: tool.messages, "the first of the rest")

    def test_a_broker_that_refuses(self):
        acl = self.bench.dir / "acl"
        acl.write_text("topic readwrite cresset/#\n")
        acl.chmod(0o600)
        self.face(broker=[f"acl_file {acl}"])
        self.hear(text="one", id=1)
        self.hear(text="two", id=2)
        harness.wait_for(lambda: self.bench.counter("uplink", "aside_refused") == 2, "both refusals")
        log = self.bench.log()
        self.assertEqual(log.count(f"the broker refuses {OWN_TOPIC} (reason 0x87); check its access list"), 1, log)
        self.hq.expect(f"text/{PEER}", count=2)


class Refusals(unittest.TestCase):
    def setUp(self):
        self.bench = harness.Bench()
        self.addCleanup(self.bench.__exit__)

    def check(self, host="hq", key=KEY):
        file = self.bench.dir / "road.key"
        file.write_text(key)
        file.chmod(0o600)
        config = self.bench.dir / "cresset.yaml"
        config.write_text(f"""gateway: {{name: base1, operation: test}}
uplink: {{brokers: [{{host: {host}}}]}}
radios: {{mesh: {{device: /dev/ttyUSB0, modem: meshtastic, air: meshtastic}}}}
mesh_face:
  enabled: true
  root: msh/EU_868
  channels: [{{name: road, key_file: {file}}}]
""")
        return subprocess.run([harness.CRESSETD, "--check", config], capture_output=True, text=True, timeout=harness.PATIENCE_S)

    def test_fine(self):
        result = self.check()
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_public_broker(self):
        result = self.check(host="mqtt.meshtastic.org")
        self.assertEqual(result.returncode, 1)
        self.assertIn("cresset.yaml:2:27: uplink.brokers[1].host: is Meshtastic's public broker", result.stdout)

    def test_default_keys(self):
        for key, reason in (("AQ==", "holds the default key"), ("Cg==", "holds the default key"), ("AA==", "holds no key")):
            result = self.check(key=key)
            self.assertEqual(result.returncode, 1)
            self.assertRegex(result.stdout, re.escape("cresset.yaml:7:37: mesh_face.channels[1].key_file: ") + f".*{reason}")


class Access(unittest.TestCase):
    """The lines that config/mosquitto/acl has for these topics, switched on."""

    def test_lines_of_the_example(self):
        with harness.Bench() as bench:
            text = (harness.SOURCE / "config" / "mosquitto" / "acl").read_text()
            switched_on = re.sub(r"^#(user|topic) ", r"\1 ", text, flags=re.MULTILINE)
            self.assertNotEqual(text, switched_on)
            acl = bench.dir / "acl"
            acl.write_text(switched_on)
            acl.chmod(0o600)
            port, _ = bench.broker(lines=[f"acl_file {acl}", "log_type all"])
            tool = Tool(bench, port, "-u", "mesh-map")
            for user, topic, allowed in (("base1", OTHER_TOPIC, False), ("mesh-map", OWN_TOPIC, False), ("security", OWN_TOPIC, False),
                                         ("base2", OWN_TOPIC, False), ("base1", OWN_TOPIC, True)):
                result = subprocess.run([harness.find_program("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(port), "-u", user, "-V", "5", "-q", "1", "-t",
                                         topic, "-m", user], capture_output=True, text=True, timeout=harness.PATIENCE_S)
                self.assertEqual(result.returncode == 0 and "not authori" not in result.stderr.lower(), allowed, (user, topic))
            harness.wait_for(lambda: tool.messages, "what base1 published")
            self.assertEqual(tool.messages, [[OWN_TOPIC, "0", b"base1".hex()]])


if __name__ == "__main__":
    harness.main(at_once=4)
