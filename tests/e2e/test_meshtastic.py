"""A Meshtastic node made of its network's own library, with the real daemon: both ways, and what goes wrong there."""
import json
import subprocess

import harness
import peers
import test_schema
from mesh_peer import MeshTest

TEXT, ALERT, DETECTION = 1, 11, 10
PEER = "mt-433c1d20"
AS_ALERT = ("--kind", "alert", "--body", "urgency=Immediate", "--body", "severity=Severe")


class Meshtastic(MeshTest):
    def test_handshake_then_an_alert_behind_the_database(self):
        self.base(nodes=30)
        radio = self.until_radio("up")
        self.assertEqual((radio["model"], radio["firmware"], radio["text"]), ("Meshtastic (43)", "2.7.18.fake", ""))
        self.node.order("burst", nodes=200, text="fire at the depot")
        alert = self.hq.expect(f"sec/base1/alert/{PEER}")[0]
        self.assertEqual((alert["class"], alert["text"], alert["authenticity"]), ("URGENT", "fire at the depot", "UNVERIFIED"))
        self.assertEqual((alert["body"]["urgency"], alert["body"]["severity"], alert["id"]), ("Immediate", "Severe", "mt-433c1d20-77777777"))
        self.assertEqual(alert["heard"], {"rssi_dbm": -97, "snr_db": 6.25, "hops": 1})
        self.assertEqual(self.dropped("meshtastic_damaged") + self.dropped("meshtastic_torn"), 0)

    def test_over_tcp_as_with_meshtasticd(self):
        self.base(over_tcp=True)
        self.until_radio("up")
        self.node.order("text", text="fire at the depot", port=ALERT)
        self.hq.expect(f"sec/base1/alert/{PEER}", lambda alert: alert["text"] == "fire at the depot" and alert["class"] == "URGENT")
        self.node.until(lambda: self.node.packets("transmitted"), "the alert's acknowledgement")
        stages = self.send("hold on", "--to", PEER)
        self.assertEqual(stages[-1]["stage"], "confirmed", stages)
        # The alert was acknowledged to whoever sent it, and then came this.
        self.assertEqual([packet["text"] for packet in self.node.packets("transmitted")],
                         ["Message stored. No person has reported seeing it yet.", "hold on"])
        self.network.cut()
        harness.wait_for(lambda: self.network.connections == 2, "the gateway to come back")
        self.until_radio("up")
        self.node.order("text", text="still here")
        self.hq.expect(f"text/{PEER}", lambda text: text.get("text") == "still here")

    def test_what_is_heard(self):
        self.base()
        self.until_radio("up")
        self.node.order("text", text="Médecin demandé", fields={"to": 0x0a0b0c0d, "pkiEncrypted": True})
        text = self.hq.expect(f"text/{PEER}")[0]
        self.assertEqual((text["kind"], text["class"], text["text"], text["authenticity"]), ("text", "ROUTINE", "Médecin demandé", "VERIFIED"))
        self.assertEqual(text["body"]["to"], "mt-0a0b0c0d")
        self.node.order("text", text="Gate detected\x07", port=DETECTION)
        alert = self.hq.expect(f"alert/{PEER}")[0]
        self.assertEqual((alert["class"], alert["body"]["urgency"], alert["body"]["severity"]), ("SAFETY", "Expected", "Moderate"))
        # The sender's node may say what it likes: urgency is in the port.
        self.node.order("text", text="lunch", fields={"priority": 110})
        self.hq.expect(f"text/{PEER}", lambda document: document.get("text") == "lunch" and document["class"] == "ROUTINE")
        self.node.order("position", lat_e7=155963000, lon_e7=325342000)
        track = self.hq.expect(f"track/base1/{PEER}")[0]
        self.assertEqual(track["geometry"]["coordinates"], [32.5342, 15.5963])
        self.assertNotIn("sender_clock_s", track["properties"]["body"])
        self.node.order("position", lat_e7=155964000, lon_e7=325342000, time=3600)
        marked = self.hq.expect(f"track/base1/{PEER}", lambda feature: feature["geometry"]["coordinates"][1] == 15.5964)[0]
        self.assertEqual(marked["properties"]["body"]["sender_clock_s"], 3600)
        self.node.order("telemetry", metrics={"batteryLevel": 87, "voltage": 4.05})
        telemetry = self.hq.expect(f"telemetry/{PEER}")[0]
        self.assertEqual((telemetry["body"]["battery_percent"], telemetry["body"]["voltage_v"]), (87, 4.05))
        for _, _, payload, _ in list(self.hq.messages):
            document = json.loads(payload)
            kind = document.get("properties", document).get("kind", "")
            if kind in ("text", "alert", "position", "telemetry"):
                errors = [error.message for error in test_schema.validator(kind).iter_errors(document)]
                self.assertEqual(errors, [], f"{kind}: {document}")

    def test_fields_of_newer_firmware(self):
        self.base()
        self.until_radio("up")
        packet = bytes.fromhex("0d201d3c4315ffffffff220a08011206") + b"signed" + bytes.fromhex("3544332211b00101ba01050102030405")
        inner = b"\x12" + bytes([len(packet)]) + packet + bytes.fromhex("9a0603616263")
        self.node.order("raw", hex=(b"\x94\xc3" + len(inner).to_bytes(2, "big") + inner).hex())
        self.assertEqual(self.hq.expect(f"text/{PEER}")[0]["authenticity"], "VERIFIED")

    def test_what_is_said(self):
        self.base()
        self.until_radio("up")
        stages = self.send("come home", "--to", PEER)
        self.assertEqual(stages[-1]["stage"], "confirmed", stages)
        packet = self.node.packets()[-1]
        self.assertEqual((packet["text"], packet["port"], packet["to"], packet["want_ack"], packet["priority"]),
                         ("come home", TEXT, 0x433c1d20, True, 0))
        stages = self.send("road closed", "--to", "channel-road")
        self.assertEqual(stages[-1]["stage"], "sent", stages)
        self.assertFalse(stages[-1]["assumed"])
        self.assertEqual((self.node.packets()[-1]["channel"], self.node.packets()[-1]["to"]), (1, 0xffffffff))
        self.node.set(acks=5)
        stages = self.send("are you there", "--to", PEER)
        self.assertEqual((stages[-1]["stage"], stages[-1]["code"]), ("failed", "no_ack"))
        told = self.bench.tool("send", "--wait", "--json", "x" * 233, check=False)
        self.assertEqual(told.returncode, 1)
        self.assertIn("was not sent: failed: too_long", told.stderr)
        self.assertEqual([packet["fate"] for packet in self.node.packets()], ["transmitted"] * 3)
        self.node.set(acks="real")
        self.assertEqual(self.send("leave now", *AS_ALERT, "--status", "Exercise")[-1]["stage"], "sent")
        packet = self.node.packets()[-1]
        self.assertEqual((packet["text"], packet["port"], packet["priority"]), ("EXERCISE leave now", TEXT, 0))

    def test_alerts_go_at_once_and_never_too_often(self):
        self.base()
        self.until_radio("up")
        for number in range(3):
            self.assertEqual(self.send(f"leave now {number}", *AS_ALERT)[-1]["stage"], "sent")
        packets = self.node.packets()
        self.assertEqual([(packet["port"], packet["priority"], packet["fate"]) for packet in packets],
                         [(ALERT, 110, "transmitted"), (TEXT, 110, "transmitted"), (TEXT, 110, "transmitted")])

    def test_an_alert_does_not_wait_for_an_acknowledgement(self):
        self.base()
        self.until_radio("up")
        self.node.set(acks="none")
        waiting = self.send_in_background("are you there", "--to", PEER)
        self.node.until(self.node.packets, "the text")
        self.node.set(acks="real")
        self.assertEqual(self.send("leave now", *AS_ALERT)[-1]["stage"], "sent")
        said = [json.loads(line) for line in waiting.communicate(timeout=harness.PATIENCE_S)[0].splitlines()]
        self.assertEqual((said[-1]["stage"], said[-1]["assumed"]), ("sent", True))

    def send_in_background(self, words, *options):
        return self.bench.start([harness.CRESSET, "--socket", self.bench.dir / "base1.sock", "send", "--wait", "--json", *options, words],
                                stdout=subprocess.PIPE)

    def test_a_refusal_for_the_duty_cycle_is_held_and_the_alert_goes_first(self):
        self.base("{duty_cycle_retry_s: 5}")
        self.until_radio("up")
        self.node.set(duty=True)
        text = self.send_in_background("come home")
        self.until_radio("not ready", "duty cycle")
        alert = self.send_in_background("leave now", *AS_ALERT)
        harness.wait_for(lambda: self.radio()["queued"] == 2, "both in the queue")
        self.node.set(duty=False)
        for process in (text, alert):
            said = [json.loads(line) for line in process.communicate(timeout=harness.PATIENCE_S)[0].splitlines()]
            self.assertEqual(said[-1]["stage"], "sent", said)
        self.assertEqual([packet["text"] for packet in self.node.packets("transmitted")], ["leave now", "come home"])
        self.assertGreaterEqual(self.dropped("meshtastic_duty_cycle"), 1)
        self.until_radio("up")

    def test_a_full_queue(self):
        self.base()
        self.until_radio("up")
        self.node.set(full=True)
        text = self.send_in_background("come home")
        self.node.until(lambda: self.node.packets("queue_full"), "the refusal")
        self.until_radio("up", "Texts wait")
        self.node.set(full=False)
        said = [json.loads(line) for line in text.communicate(timeout=harness.PATIENCE_S)[0].splitlines()]
        self.assertEqual(said[-1]["stage"], "sent", said)
        self.assertEqual([packet["text"] for packet in self.node.packets("transmitted")], ["come home"])

    def test_a_reboot_is_noticed(self):
        self.base()
        self.until_radio("up")
        self.node.order("boot")
        self.node.until(lambda: len(self.node.got("want_config")) >= 2, "the second handshake", 60)
        self.until_radio("up")
        self.node.order("text", text="I am back")
        self.hq.expect(f"text/{PEER}")
        self.assertEqual(self.dropped("meshtastic_text"), 1)

    def test_a_reboot_in_the_middle_of_the_handshake(self):
        self.base(nodes=30, breaks=15)
        self.until_radio("up", seconds=60)
        self.assertEqual(len(self.node.got("want_config")), 2)
        self.node.order("text", text="fire", port=ALERT)
        self.hq.expect(f"sec/base1/alert/{PEER}")
        self.assertEqual(self.dropped("meshtastic_damaged") + self.dropped("meshtastic_torn"), 0)

    def test_a_reboot_in_the_middle_of_a_transmission(self):
        """The node has forgotten what it was given; nothing is lost, and what is said of it is true."""
        self.base()
        self.until_radio("up")
        self.node.set(acks="none")
        for words, options in (("come home", ("--to", PEER)), ("leave now", (*AS_ALERT, "--to", PEER))):
            waiting = self.send_in_background(words, *options)
            self.node.until(lambda: [packet for packet in self.node.packets() if packet["text"] == words], "the first time")
            self.node.set(acks="real")
            self.node.order("boot")
            self.assertEqual(self.said_by(waiting)[-1]["stage"], "confirmed")
            ids = [packet["id"] for packet in self.node.packets() if packet["text"] == words]
            self.assertEqual((len(ids), len(set(ids))), (2, 2))
            self.node.set(acks="none")

    def said_by(self, process):
        return [json.loads(line) for line in process.communicate(timeout=harness.PATIENCE_S)[0].splitlines()]

    def test_only_the_word_of_the_addressee_confirms(self):
        self.base()
        self.until_radio("up")
        self.node.set(acks="none")
        waiting = self.send_in_background("come home", "--to", PEER, "--id", "c-1")
        packet = self.node.until(self.node.packets, "the text")[0]
        number = packet["id"]
        for sender, request in ((0x50000001, number), (0x433c1d20, number ^ 1), (0x0a0b0c0d, number)):
            self.node.order("routing", **{"from": sender, "error": 0, "id": request})
        self.node.order("text", text="behind them")
        self.hq.expect(f"text/{PEER}", lambda text: text.get("text") == "behind them")
        self.assertIsNone(waiting.poll())
        # The first is enough, and a second changes nothing; nor does it hurt what is said next.
        for _ in range(2):
            self.node.order("routing", **{"from": 0x433c1d20, "error": 0, "id": number})
        self.assertEqual([said["stage"] for said in self.said_by(waiting) if "stage" in said][-2:], ["on_air", "confirmed"])
        self.node.set(acks=5)
        self.node.order("routing", **{"from": 0x433c1d20, "error": 0, "id": number})
        self.assertEqual(self.send("are you there", "--to", PEER)[-1]["code"], "no_ack")

    def test_a_late_word_is_no_second_end(self):
        self.base("{ack_timeout_s: 5}")
        self.until_radio("up")
        self.node.set(acks="none")
        stages = self.send("come home", "--to", PEER, "--id", "c-1")
        self.assertEqual((stages[-1]["stage"], stages[-1]["code"]), ("failed", "no_ack"))
        self.node.order("routing", **{"from": 0x433c1d20, "error": 0, "id": self.node.packets()[-1]["id"]})
        self.node.set(acks="real")
        self.assertEqual(self.send("and now", "--to", PEER, "--id", "c-2")[-1]["stage"], "confirmed")
        self.hq.expect("receipt/c-2", lambda receipt: receipt["body"]["stage"] == "confirmed")
        self.assertEqual([receipt["body"]["stage"] for receipt in self.hq.find("receipt/c-1")], ["queued", "on_air", "failed"])

    def test_unplugged_in_the_middle_of_a_frame(self):
        self.base()
        self.until_radio("up")
        self.node.order("raw", hex="94c30044080712400d201d3c4315")
        self.node.unplug()
        self.until_radio("down")
        self.node.order("reset")
        self.node.plug()
        self.until_radio("up")
        self.node.order("text", text="fire", port=ALERT)
        self.hq.expect(f"sec/base1/alert/{PEER}")

    def test_torn_frames_and_log_lines_do_not_hide_an_alert(self):
        self.base()
        self.until_radio("up")
        self.node.order("raw", hex="94c30044080712400d201d3c4315ffffffff2216" + b"\r\nWARN | full\r\n".hex() + "94c300")
        self.node.order("text", text="fire", port=ALERT)
        self.hq.expect(f"sec/base1/alert/{PEER}")

    def test_a_meshcore_node_on_the_port(self):
        self.base()
        self.until_radio("up")
        self.bench.stop(self.gateway)
        other = peers.Peer(self.bench, "meshcore-node.js", "other")
        self.config.write_text(self.config.read_text().replace(str(self.node.link), str(other.link)))
        self.gateway = self.bench.gateway(self.config, log="second.log")
        self.bench.answering()
        self.until_radio("not ready", "there is a MeshCore node on this port")
        self.assertGreaterEqual(self.dropped("meshtastic_wrong_device"), 1)

    def test_no_region(self):
        self.base(region=0)
        self.until_radio("not ready", "region")
        self.node.order("text", text="fire", port=ALERT)
        self.hq.expect(f"sec/base1/alert/{PEER}")

    def test_info(self):
        self.base(nodes=12)
        self.until_radio("up")
        said = self.bench.tool("radio", "mesh", "test").stdout
        self.assertIn("mt-0a0b0c0d", said)
        self.assertIn("2.7.18.fake", self.bench.tool("radio", "mesh", "info").stdout)

    def test_leaves_with_a_word(self):
        self.base()
        self.until_radio("up")
        self.bench.stop(self.gateway)
        self.node.until(lambda: self.node.got("disconnect"), "the farewell")

    def test_goes_with_its_own_air_only(self):
        self.base()
        self.config.write_text(self.config.read_text().replace("air: meshtastic", "air: aprs"))
        made = subprocess.run([harness.CRESSETD, "--check", self.config], capture_output=True, text=True, check=False)
        self.assertNotEqual(made.returncode, 0)
        self.assertIn("radios.mesh.air: must be meshtastic", made.stdout + made.stderr)


if __name__ == "__main__":
    harness.main(at_once=4)
