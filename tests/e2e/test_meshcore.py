"""A MeshCore node, made with the network's own library, and the real daemon: nothing that it gave out is lost, and what is said of a
transmission is true."""
import json
import os
import subprocess
import sys
import time
import unittest

import harness
import peers

FIELD = "mc-a1b2c3d4e5f6"
SYNC, QUERY, GET_CONTACT = "10", "22", "30"


def slow_disk(milliseconds):
    return {"LD_PRELOAD": str(harness.BINARY / "tests" / "slowsync.so"), "SLOWSYNC_MS": str(milliseconds),
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}


def texts(count, first=0):
    return [{"text": f"message {number}", "time": 1795470000 + number} for number in range(first, first + count)]


class MeshCore(unittest.TestCase):
    def setUp(self):
        self.bench = harness.Bench()
        self.addCleanup(self.bench.__exit__)
        self.node = peers.Peer(self.bench, "meshcore-node.js")

    def base(self, keys="", brokers=None, wait="up", env=None):
        self.port, _ = self.bench.broker() if brokers is None else (brokers, None)
        self.config = self.bench.dir / "cresset.yaml"
        self.config.write_text(f"""
gateway: {{name: base1, operation: test, state_dir: {self.bench.dir}/base1, socket: {self.bench.dir}/base1.sock}}
uplink: {{brokers: [{{host: 127.0.0.1, port: {self.port}}}]}}
radios:
  mesh:
    device: {self.node.link}
    modem: meshcore
    air: meshcore
    meshcore: {{stats_s: 0{keys}}}
""")
        if brokers is None:
            self.listener = harness.Listener(self.bench, self.port)
        self.start(wait, env)

    def start(self, wait="up", env=None):
        self.gateway = self.bench.gateway(self.config, env=env)
        if wait:
            self.until(wait)

    def radio(self):
        return self.bench.status()["radios"][0]

    def until(self, state, text=""):
        self.bench.answering()

        def found():
            radio = self.radio()
            return radio if radio["state"] == state and text in radio["text"] else None
        return harness.wait_for(found, f"radio {state} {text!r}: {self.bench.log()}")

    def until_counted(self, reason, count=1):
        harness.wait_for(lambda: self.bench.counter("radio.mesh", f"drop.{reason}") >= count, f"{reason} is counted")

    def send(self, *arguments):
        result = self.bench.tool("send", "--wait", "--json", *arguments, check=False)
        return [json.loads(line) for line in result.stdout.splitlines()]

    def stages(self, lines):
        return [line["stage"] + (":" + line["code"] if line.get("code") else "") for line in lines if "stage" in line]

    def heard(self, count):
        return self.listener.expect("/text/", lambda text: text.get("text", "").startswith("message "), count=count)

    # ---- hearing ----

    def test_handshake_and_messages(self):
        self.base()
        radio = self.radio()
        self.assertEqual((radio["model"], radio["firmware"], radio["text"]), ("Fake Board", "v1.17.1", ""))
        self.assertEqual(self.node.state()["appVersion"], 3)
        self.node.order("queue", messages=[{"text": "Need water", "time": 1795470000},
                                           {"channel": 1, "text": "FT4: SOS at the bridge", "time": 1795470001}])
        [text] = self.listener.expect("/text/")
        self.assertEqual((text["station"], text["callsign"], text["authenticity"]), (FIELD, "FT4", "VERIFIED"))
        self.assertEqual((text["heard"]["snr_db"], text["heard"]["hops"]), (-4.25, 2))
        [alert] = self.listener.expect("/alert/")
        self.assertEqual((alert["text"], alert["class"], alert["authenticity"], alert["station"]),
                         ("SOS at the bridge", "URGENT", "UNVERIFIED", FIELD))
        # the secrets of its channels are told to nobody
        self.assertNotIn("5e5e5e5e", self.bench.log())

    def test_old_node(self):
        self.node.order("set", values={"version": 0})
        self.node.order("queue", messages=texts(3), push=False)
        self.base()
        self.assertNotIn("snr_db", self.heard(3)[0]["heard"])
        self.assertEqual(self.node.state()["appVersion"], 0)

    def test_adverts(self):
        self.base()
        self.node.order("advert", lat=15596300, lon=32534200)
        [position] = self.listener.expect(f"track/base1/{FIELD}")
        self.assertEqual(position["geometry"]["coordinates"], [32.5342, 15.5963])
        self.node.order("newAdvert", lat=-1000000, lon=2000000, time=7)
        [position] = self.listener.expect("track/base1/mc-cccccccccccc")
        self.assertEqual(position["properties"]["body"]["sender_clock_s"], 7)
        self.assertNotIn("sent_at", position["properties"])

    # ---- what was given out is not lost ----

    def test_killed_in_the_middle_of_a_batch(self):
        """Nothing reaches a broker; after 20 of 40 the daemon is killed. What the node gave out is there after the next start."""
        dead = harness.free_port()
        self.node.order("queue", messages=texts(40), push=False)
        self.node.order("set", values={"hold": 20})
        self.base(brokers=dead)
        harness.wait_for(lambda: self.node.state()["held"], "the question for the 21st message")
        harness.wait_for(lambda: self.bench.counter("store", "written") >= 20, "20 messages on disk")
        self.bench.stop(self.gateway, how=9)
        self.assertEqual(self.node.state()["given"], 20)
        self.node.order("set", values={"hold": -1})
        self.bench.broker(port=dead)
        self.listener = harness.Listener(self.bench, dead)
        self.start()
        heard = self.heard(40)
        self.assertEqual({text["text"] for text in heard}, {f"message {number}" for number in range(40)})
        ids = {}
        for text in heard:
            ids.setdefault(text["text"], set()).add(text["id"])
        self.assertTrue(all(len(found) == 1 for found in ids.values()))
        self.assertEqual(self.node.state()["given"], 40)

    def test_slow_disk(self):
        """No broker, and the disk takes half a second and more for each group: never are more than 16 in danger."""
        self.base(brokers=harness.free_port(), env=slow_disk(500))
        self.node.order("queue", messages=texts(40))
        most, given = 0, 0
        while given < 40:
            given = self.node.state()["given"]
            # Read later than what was given out, so it can only be too high.
            most = max(most, given - self.bench.counter("store", "written"))
        self.assertLessEqual(most, 16)
        self.assertGreater(most, 1)
        harness.wait_for(lambda: self.bench.counter("store", "written") >= 40, "all on disk")

    def test_alert_does_not_wait_for_the_disk(self):
        """The disk hangs; what is urgent among the first is at headquarters long before it answers."""
        hanging = self.bench.dir / "hanging"
        self.base(env={**slow_disk(600000), "SLOWSYNC_WHEN": str(hanging)})
        harness.wait_for(lambda: self.bench.counter("store", "written") == 0 and self.radio()["datagrams"] >= 3, "the start")
        hanging.touch()
        self.node.order("queue", messages=texts(10) + [{"text": "SOS at the bridge", "time": 1795471000}] + texts(29, first=10))
        [alert] = self.listener.expect("/alert/")
        self.assertEqual((alert["text"], alert["class"]), ("SOS at the bridge", "URGENT"))
        # with the broker they are as safe as on the disk
        self.heard(39)
        self.gateway.kill()

    # ---- faults ----

    def test_reboot(self):
        self.base()
        self.node.order("set", values={"uptime": 100})
        self.node.order("say", hex=b"debug\r\n".hex())
        harness.wait_for(lambda: self.node.state()["counts"].get("56", 0) >= 1, "the question for its uptime")
        self.node.order("set", values={"uptime": 0})
        before = self.node.state()["counts"][QUERY]
        self.node.order("reboot")
        self.until_counted("meshcore_reboot")
        harness.wait_for(lambda: self.node.state()["counts"][QUERY] > before and self.node.state()["appVersion"] == 3,
                         "the handshake")
        self.node.order("queue", messages=texts(1))
        self.assertEqual(self.heard(1)[0]["heard"]["snr_db"], -4.25)

    def test_reboots_in_the_middle_of_what_it_is_asked(self):
        """In the handshake, and while it is given a message; it comes up, and the message arrives."""
        for command in ("22", "1", "31"):
            with self.subTest(command=command):
                self.node.order("set", values={"breaks": int(command)})
                self.base() if command == "22" else self.start(wait="up")
                self.assertEqual(self.node.state()["appVersion"], 3)
                self.gateway = self.bench.stop(self.gateway)
        self.start()
        self.node.order("set", values={"breaks": 2})
        self.assertEqual(self.stages(self.send("--to", FIELD, "Convoy ok"))[-1], "confirmed")
        self.assertEqual([sent["text"] for sent in self.node.state()["sent"]], ["Convoy ok"])
        self.assertEqual(self.node.state()["counts"]["2"], 2)

    def test_reboots_while_an_acknowledgement_is_awaited(self):
        """It has forgotten what it waits for: the same message goes again, with the same time, by which its addressee knows it."""
        self.base()
        self.node.order("set", values={"uptime": 1000, "acks": False, "timeout": 60000})
        self.node.order("say", hex=b"debug\r\n".hex())
        harness.wait_for(lambda: self.node.state()["counts"].get("56", 0) >= 1, "the question for its uptime")
        waiting = self.bench.start([harness.CRESSET, "--socket", self.bench.dir / "base1.sock", "send", "--wait", "--json", "--to", FIELD, "Convoy ok"],
                                   stdout=subprocess.PIPE)
        harness.wait_for(lambda: self.node.state()["sent"], "the first time")
        self.node.order("set", values={"uptime": 0, "acks": True})
        self.node.order("reboot")
        said = [json.loads(line) for line in waiting.communicate(timeout=harness.PATIENCE_S)[0].splitlines()]
        self.assertEqual(self.stages(said), ["queued", "on_air", "confirmed"])
        sent = self.node.state()["sent"]
        self.assertEqual((len(sent), len({(one["time"], one["attempt"], one["text"]) for one in sent})), (2, 1))

    def test_only_its_own_acknowledgement_confirms(self):
        self.base(keys=", attempts: 1")
        self.node.order("set", values={"acks": False})
        waiting = self.bench.start([harness.CRESSET, "--socket", self.bench.dir / "base1.sock", "send", "--wait", "--json", "--to", FIELD, "Convoy ok"],
                                   stdout=subprocess.PIPE)
        harness.wait_for(lambda: self.node.state()["sent"], "the text")
        self.node.order("confirm", ack=99)
        said = [json.loads(line) for line in waiting.communicate(timeout=harness.PATIENCE_S)[0].splitlines()]
        self.assertEqual(self.stages(said), ["queued", "on_air", "failed:no_ack"])
        # Late, and then twice: no word on what is sent next.
        self.node.order("confirm", ack=1)
        self.node.order("confirm", ack=1)
        self.assertEqual(self.stages(self.send("--to", FIELD, "and now"))[-1], "failed:no_ack")

    def test_unplugged_in_the_middle_of_a_frame(self):
        self.base()
        self.node.order("say", hex="3e21008001")
        self.node.unplug()
        self.until("down")
        self.node.order("queue", messages=texts(2), push=False)
        self.node.plug()
        self.until("up")
        self.heard(2)

    def test_queue_that_ran_over(self):
        """Nobody took anything, and the node threw away what did not fit; the gateway takes the rest, and says that there was more."""
        self.node.order("set", values={"queueMax": 16})
        channel = [{"channel": 1, "text": f"FT4: chatter {number}", "time": 1795460000 + number} for number in range(20)]
        self.node.order("queue", messages=channel + texts(10) + [{"text": "SOS at the bridge", "time": 1795471000}], push=False)
        self.base()
        [alert] = self.listener.expect("/alert/")
        self.assertEqual((alert["text"], alert["class"]), ("SOS at the bridge", "URGENT"))
        self.heard(10)
        self.until_counted("meshcore_queue_full")
        self.until("up", "others may be lost")
        self.assertEqual(self.node.state()["given"], 16)
        self.assertIn("16 messages waited", self.bench.log())

    def test_stray_header(self):
        self.base()
        self.node.order("say", hex="3effff")
        self.node.order("queue", messages=texts(1))
        self.heard(1)
        self.until_counted("meshcore_noise")

    def test_clocks(self):
        self.node.order("clock", offset=-86400)
        self.base()
        harness.wait_for(lambda: abs(self.node.state()["clockOffset"]) <= 1, "the clock is set")
        self.bench.stop(self.gateway)
        self.node.order("clock", offset=86400)
        self.start()
        self.until("up", "clock is")
        self.assertEqual(self.node.state()["refusedClocks"], 0)

    def test_gateway_that_does_not_know_the_time(self):
        """In 1970 by its own clock it judges nobody else's."""
        offset = self.bench.dir / "offset"
        offset.write_text(str(3600 - int(time.time())))
        self.base(env={"LD_PRELOAD": str(harness.BINARY / "tests" / "jumpclock.so"), "JUMPCLOCK_BY": str(offset),
                       "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"})
        self.assertEqual(self.radio()["text"], "")
        self.node.order("queue", messages=texts(1))
        [text] = self.heard(1)
        self.assertEqual(text["sent_at"], "2026-11-23T21:40:00.000Z")
        self.assertNotIn("sender_clock_s", text["body"])
        self.assertEqual(self.node.state()["clockOffset"], 0)

    def test_meshtastic_on_the_port(self):
        self.node = peers.Peer(self.bench, "meshtastic-node.js", "other")
        self.base(wait=None)
        self.until("not ready", "looks like a Meshtastic")
        self.assertIn("Set modem and air to meshtastic", self.radio()["text"])
        self.until_counted("meshcore_wrong_device")
        self.assertEqual([event["got"] for event in self.node.state()][:1], ["want_config"])

    # ---- saying ----

    def test_confirmed(self):
        self.base()
        self.assertEqual(self.stages(self.send("--to", FIELD, "Convoy ok")), ["queued", "on_air", "confirmed"])
        [sent] = self.node.state()["sent"]
        self.assertEqual((sent["to"], sent["text"], sent["attempt"]), (FIELD[3:], "Convoy ok", 0))

    def test_tried_again(self):
        self.node.order("set", values={"deafAttempts": 2, "flood": False})
        self.base()
        self.assertEqual(self.stages(self.send("--to", FIELD, "Convoy ok"))[-1], "confirmed")
        state = self.node.state()
        self.assertEqual([sent["attempt"] for sent in state["sent"]], [0, 1, 2])
        self.assertEqual(len({sent["time"] for sent in state["sent"]}), 1)
        self.assertEqual([sent["flood"] for sent in state["sent"]], [False, False, True])

    def test_never_acknowledged(self):
        self.node.order("set", values={"acks": False})
        self.base(keys=", attempts: 2")
        self.assertEqual(self.stages(self.send("--to", FIELD, "Convoy ok"))[-1], "failed:no_ack")
        self.assertEqual(len(self.node.state()["sent"]), 2)

    def test_unknown_contact(self):
        self.base()
        self.assertEqual(self.stages(self.send("--to", "mc-010203040506", "Convoy ok"))[-1], "failed:unknown_contact")

    def test_on_a_channel(self):
        self.base()
        lines = self.send("--to", "channel-convoy", "Convoy ok")
        self.assertEqual(self.stages(lines), ["queued", "on_air", "sent"])
        self.assertTrue(lines[-1]["assumed"])
        [sent] = self.node.state()["sent"]
        self.assertEqual((sent["channel"], sent["text"]), (1, "Convoy ok"))

    def test_info(self):
        self.base()
        self.assertIn("Fake Board", self.bench.tool("radio", "mesh", "info").stdout)
        found = self.bench.tool("radio", "mesh", "test").stdout
        self.assertIn("mc-0b0b0b0b0b0b", found)
        self.assertIn("869.618", found)


if __name__ == "__main__":
    if not peers.ready():
        sys.exit(harness.SKIP)
    harness.main(at_once=4)
