"""Acknowledgement to the field through the real daemon: true when it is said and not before, on each network in its own form."""
import os
import re
import signal
import struct
import time
import unittest

import harness
import mesh_peer
import peers
import test_schema
from field_bench import AESCCM, KissTest, field
from handset_bench import FieldTest, Handset

EMERGENCY = b"N0CALL-9>414W2V,WIDE2-1:`c51!f?>/]\"3x}="
STORED = "Message stored. No person has reported seeing it yet."
STORED_BOTH = f"{STORED} / Message enregistré. Personne ne dit encore l'avoir lu."
SEEN_BOTH = "A person at the base has seen your message. / Une personne à la base a vu votre message."
SEEN = "A person at the base has seen your distress call."


def bad_disk(bench, **settings):
    """The environment of a daemon whose disk can be made bad."""
    # LD_PRELOAD takes no path with a space.
    library = bench.dir / "slowsync.so"
    library.symlink_to(harness.BINARY / "tests" / "slowsync.so")
    return {"LD_PRELOAD": str(library), "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0", **settings}


class Frozen:
    """A broker that is there and answers nothing: what is published to it is not acknowledged."""

    def __init__(self, process):
        self.process = process

    def __enter__(self):
        self.process.send_signal(signal.SIGSTOP)

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGCONT)


class Aprs(unittest.TestCase):
    def setUp(self):
        self.bench = harness.Bench()
        self.addCleanup(self.bench.__exit__)

    def base(self, extra="", env=None):
        self.port, self.broker = self.bench.broker()
        self.hq = harness.Listener(self.bench, self.port)
        self.tnc = self.bench.tnc()
        more = "ack_timeout: 2 s\naprs: {callsign: N0CALL-10, path: WIDE1-1}"
        self.config = self.bench.config([self.port], {"vhf": (f"tcp://127.0.0.1:{self.tnc.port}", more)}, extra)
        self.start(env)

    def start(self, env=None):
        self.gateway = self.bench.gateway(self.config, env=env)
        self.tnc.connected()
        self.bench.answering()
        harness.wait_for(lambda: self.bench.status()["radios"][0]["state"] == "up", "the radio")
        self.hq.expect("gw/base1/state", lambda state: state.get("online", True))

    def said(self, to="N0CALL-7"):
        """What the gateway has said to a station, message by message."""
        frames = [frame[17:] for frame in harness.kiss_frames(self.tnc.sent) if frame[:1] == b"\0"]
        informations = [frame[frame.index(b"\x03\xf0") + 2:].decode() for frame in frames]
        head = f":{to:<9}:"
        return [text[len(head):] for text in informations if text.startswith(head)]

    def until_said(self, text, count=1, to="N0CALL-7", seconds=None):
        return harness.wait_for(lambda: self.said(to).count(text) >= count, f"{text!r}; said so far: {self.said(to)}\n{self.bench.log()}", seconds)

    def until_words(self, words, to="N0CALL-9"):
        """A text with a number; returns the number."""
        def found():
            for text in self.said(to):
                if match := re.fullmatch(re.escape(words) + r"\{([A-Z0-9]{1,5})", text):
                    return match[1]
            return None
        return harness.wait_for(found, f"{words!r}; said so far: {self.said(to)}\n{self.bench.log()}")

    def transmits(self, text):
        """Proves that what was to be said before has been said: this goes behind it."""
        self.bench.tool("send", "--to", "N0CALL-15", text)
        harness.wait_for(lambda: any(text in said for said in self.said("N0CALL-15")), f"{text} on the air")

    def heard(self, text):
        return self.hq.expect("/text/", lambda document: document.get("text") == text)[0]

    def test_a_number_is_acknowledged_each_time_it_is_heard(self):
        self.base()
        self.tnc.hear("N0CALL-7>APZ001::N0CALL-10:bridge closed{27")
        self.until_said("ack27")
        self.heard("bridge closed")
        harness.wait_for(lambda: (self.tnc.hear("N0CALL-7>APZ001::N0CALL-10:bridge closed{27"), time.sleep(0.5),
                                  len(self.said()) > 1)[2], "the number acknowledged once more")
        self.assertEqual(set(self.said()), {"ack27"})
        self.assertEqual(len(self.hq.find("/text/")), 1)
        self.assertEqual(self.hq.find("/receipt/"), [], "headquarters needs to know nothing of it")

    def test_what_is_not_for_us(self):
        self.base()
        self.tnc.hear("N0CALL-7>APZ001::N0CALL-1 :for another{27", "N0CALL-6>APZ001::N0CALL-10:no number",
                      "N0CALL-1>APZ001:}N0CALL-5>APRS,TCPIP,N0CALL-1*::N0CALL-10:third party{28",
                      "N0CALL-4>APZ001:;OBJECT   *111111z4903.50N/07201.75W>!EMERGENCY!",
                      "N0CALL-3>APZ001::N0CALL-10:ack99")
        self.tnc.hear("N0CALL-2>APZ001::N0CALL-10:the end{1")
        self.until_said("ack1", to="N0CALL-2")
        self.transmits("behind all")
        for ssid in (1, 3, 4, 5, 6, 7):
            self.assertEqual(self.said(f"N0CALL-{ssid}"), [], ssid)

    def test_not_before_it_is_true(self):
        full = self.bench.dir / "full"
        self.base(env=bad_disk(self.bench, SLOWSYNC_FULL_BELOW=str(self.bench.dir / "base1"), SLOWSYNC_WHEN=str(full)))
        full.touch()
        with Frozen(self.broker):
            self.tnc.hear("N0CALL-7>APZ001::N0CALL-10:bridge closed{27", EMERGENCY)
            harness.wait_for(lambda: self.bench.status()["store"]["health"] in ("full", "failed"), "the store to say so")
            self.tnc.hear("N0CALL-7>APZ001::N0CALL-10:bridge closed{27")
            self.transmits("neither on disk nor with the broker")
            self.assertEqual(self.said() + self.said("N0CALL-9"), [])
        self.heard("bridge closed")
        self.until_said("ack27")
        self.until_words("Distress call stored. No person has reported seeing it.")

    def test_a_slow_disk(self):
        slow = self.bench.dir / "slow"
        self.base("store: {commit_interval: 0 s}\n", env=bad_disk(self.bench, SLOWSYNC_MS="3000", SLOWSYNC_WHEN=str(slow)))
        slow.touch()
        with Frozen(self.broker):
            began = time.monotonic()
            self.tnc.hear("N0CALL-7>APZ001::N0CALL-10:bridge closed{27")
            self.until_said("ack27")
            self.assertGreater(time.monotonic() - began, 3)
        slow.unlink()

    def test_an_emergency_is_told_how_far_it_has_come(self):
        self.base()
        self.tnc.hear(EMERGENCY)
        number = self.until_words("Distress call stored. No person has reported seeing it.")
        [distress] = self.hq.expect("sec/base1/distress")
        # It did not hear that: it is said again.
        harness.wait_for(lambda: len(self.said("N0CALL-9")) > 1, "the text once more")
        self.assertEqual(len(set(self.said("N0CALL-9"))), 1)
        self.tnc.hear(f"N0CALL-9>APZ001::N0CALL-10:ack{number}")
        [receipt] = self.hq.expect("receipt/k-", lambda receipt: receipt["body"]["final"])
        self.assertEqual((receipt["body"]["stage"], receipt["body"]["ref"], receipt["class"]), ("confirmed", distress["id"], "DISTRESS"))
        self.assertEqual([error.message for error in test_schema.validator("receipt").iter_errors(receipt)], [])
        # A person at the base sees it.
        self.bench.tool("ack", distress["id"], "--operator", "desk-1")
        number = self.until_words(SEEN)
        self.tnc.hear(f"N0CALL-9>APZ001::N0CALL-10:ack{number}")
        self.hq.expect("receipt/k-", lambda receipt: receipt["body"]["stage"] == "confirmed", count=2)
        self.assertNotEqual(self.bench.tool("ack", distress["id"], "--operator", "desk-1", check=False).returncode, 0)
        # And who is to be told is known after a restart.
        self.bench.stop(self.gateway, signal.SIGKILL)
        self.start()
        self.bench.tool("ack", distress["id"], "--operator", "desk-1", "--level", "RESPONDING", "--eta", "20")
        self.until_words("A person reports: responding. Estimate given: 20 min.")
        self.bench.tool("ack", distress["id"], "--operator", "desk-1", "--level", "CLOSED")
        self.until_words("A person has closed your distress call.")
        self.assertNotIn("coming", self.tnc.sent.decode("latin-1"))

    def test_what_is_out_of_date_is_not_repeated(self):
        self.base()
        self.tnc.hear(EMERGENCY)
        self.until_words("Distress call stored. No person has reported seeing it.")
        [distress] = self.hq.expect("sec/base1/distress")
        self.bench.tool("ack", distress["id"], "--operator", "desk-1")
        self.until_words(SEEN)
        harness.wait_for(lambda: len([text for text in self.said("N0CALL-9") if text.startswith(SEEN)]) > 2, "the newer one repeated")
        later = self.said("N0CALL-9")
        later = later[[text.startswith(SEEN) for text in later].index(True):]
        self.assertTrue(all(text.startswith(SEEN) for text in later), later)

    def test_french(self):
        self.base("field: {language: fr}\n")
        self.tnc.hear(EMERGENCY)
        self.until_words("Appel de detresse enregistre. Nul ne dit l'avoir lu.")

    def test_both(self):
        self.base("field: {language: both}\n")
        self.tnc.hear(EMERGENCY)
        self.until_words("Distress call stored. No person has reported seeing it.")
        self.until_words("Appel de detresse enregistre. Nul ne dit l'avoir lu.")

    def test_ids_of_answers_are_not_for_commands(self):
        self.base()
        result = self.bench.tool("send", "--id", "k-1-1", "--to", "N0CALL-7", "hello", check=False)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("the gateway's own", result.stdout + result.stderr)


class Meshtastic(mesh_peer.MeshTest):
    def test_a_direct_text_is_answered(self):
        self.base()
        self.until_radio("up")
        self.node.order("text", text="to all", fields={})
        self.node.order("text", text="need water", fields={"to": 0x0a0b0c0d, "pkiEncrypted": True})
        self.node.until(lambda: [packet for packet in self.node.packets() if packet["text"] == STORED], "the answer")
        self.assertEqual([(packet["to"], packet["text"]) for packet in self.node.packets()], [(0x433c1d20, STORED)])
        [text] = self.hq.expect("text/mt-433c1d20", lambda text: text.get("text") == "need water")
        self.bench.tool("ack", text["id"], "--operator", "desk-1")
        self.node.until(lambda: [packet for packet in self.node.packets() if packet["text"] == "A person at the base has seen your message."],
                        "the level")

    def test_an_alert_to_all_in_both_languages(self):
        """To its sender alone."""
        self.base(more="field: {language: both}\n")
        self.until_radio("up")
        self.node.order("text", port=11, text="fire at the depot", fields={"id": 0x100})
        self.node.until(lambda: self.node.packets("transmitted"), "the answer")
        [alert] = self.hq.expect("sec/base1/alert/mt-433c1d20")
        self.bench.tool("ack", alert["id"], "--operator", "desk-1")
        self.node.until(lambda: len(self.node.packets("transmitted")) >= 2, "the level")
        self.assertEqual([(packet["to"], packet["text"]) for packet in self.node.packets("transmitted")],
                         [(0x433c1d20, STORED_BOTH), (0x433c1d20, SEEN_BOTH)])


@unittest.skipUnless(peers.ready(), "node or the libraries in tests/npm are not installed")
class MeshCore(unittest.TestCase):
    def base(self, more=""):
        self.bench = harness.Bench()
        self.addCleanup(self.bench.__exit__)
        self.node = peers.Peer(self.bench, "meshcore-node.js")
        port, _ = self.bench.broker()
        self.hq = harness.Listener(self.bench, port)
        config = self.bench.config([port], {"mesh": self.node.link})
        config.write_text(config.read_text().replace("modem: kiss", "modem: meshcore").replace("air: aprs", "air: meshcore") + more)
        self.bench.gateway(config)
        self.hq.expect("gw/base1/state", lambda state: state.get("online", True))

    def until_said(self, *words):
        return harness.wait_for(lambda: (lambda sent: sent if {one["text"] for one in sent} >= set(words) else None)(self.node.state()["sent"]),
                                f"{words}; {self.node.state()['sent']}")

    def test_a_direct_text_is_answered(self):
        self.base()
        self.node.order("queue", messages=[{"text": "need water", "time": 1795470000}])
        self.hq.expect("text/mc-a1b2c3d4e5f6")
        self.until_said(STORED)

    def test_a_direct_alert_in_both_languages(self):
        self.base("field: {language: both}\n")
        self.node.order("queue", messages=[{"text": "SOS at the bridge", "time": 1795470000}])
        [alert] = self.hq.expect("alert/mc-a1b2c3d4e5f6")
        self.until_said(STORED_BOTH)
        self.bench.tool("ack", alert["id"], "--operator", "desk-1")
        sent = self.until_said(STORED_BOTH, SEEN_BOTH)
        self.assertEqual([one["to"] for one in sent], ["a1b2c3d4e5f6"] * 2)

    def test_a_name_that_is_no_contact_is_not_answered(self):
        self.base()
        self.node.order("queue", messages=[{"channel": 1, "text": "XX: SOS at the bridge", "time": 1795470000},
                                           {"text": "need water", "time": 1795470001}])
        self.hq.expect("/alert/")
        self.until_said(STORED)
        self.assertEqual(len(self.node.state()["sent"]), 1)


class FieldFrames(KissTest):
    """Frames by hand, so that nothing but what comes back decides."""
    radio_keys = "field: {station: 61000}"

    def acks(self):
        """(ref counter, level, detail, status) of every ack frame to station 17."""
        found = []
        for frame in harness.kiss_frames(self.tnc.sent):
            if frame[:1] != b"\0" or frame[1] & 0x2f != 0x23:
                continue
            frame = frame[1:]
            station, counter, _, origin = struct.unpack("<HIIH", frame[3:15])
            _, key = field.derive(station, field.EPOCHS.get(station, 0))
            body = AESCCM(key, tag_length=8).decrypt(struct.pack("<HIBH4x", station, counter, 1, origin), frame[15:],
                                                     frame[:2] + b"\0" + frame[3:15])
            ref_station, ref, level, detail = struct.unpack("<HIBB", body)
            self.assertEqual((station, ref_station, origin), (17, 17, 61000))
            found.append((ref, level, detail, frame[1] & 3))
        return found

    def until(self, *wanted):
        harness.wait_for(lambda: self.acks() == list(wanted), f"{wanted}; there is {self.acks()}\n{self.bench.log()}")

    def say(self, kind, fields, counter, **header):
        frame = field.Frame(kind, 17, counter, field.pack_body(kind, fields), **{"time": 0, "ack_wanted": 1, **header}).seal()
        self.tnc.hear_bytes(harness.kiss(frame))
        return frame

    def sample(self, kind):
        return dict(next(fields for _, name, fields, _, header in field.SAMPLES if name == kind and not header.get("position")))

    def test_distress_and_its_repetition(self):
        frame = self.say("distress", self.sample("distress"), 1001, status=1)
        self.until((1001, 1, 255, 1))
        # The handset did not hear that and repeats the same frame; not so soon, or it would be another radio's or a relay's copy.
        harness.wait_for(lambda: (self.tnc.hear_bytes(harness.kiss(frame)), time.sleep(0.3), len(self.acks()) > 1)[2], "the level again")
        [distress] = self.hq.expect("/distress/f-17")
        self.bench.tool("ack", distress["id"], "--operator", "desk-1")
        harness.wait_for(lambda: self.acks()[-1] == (1001, 2, 255, 1), f"BASE_SEEN; there is {self.acks()}")
        self.bench.tool("ack", distress["id"], "--operator", "desk-1", "--level", "CLOSED")
        harness.wait_for(lambda: self.acks()[-1] == (1001, 6, 255, 1), f"CLOSED; there is {self.acks()}")
        self.assertEqual({ack[:2] for ack in self.acks()}, {(1001, 1), (1001, 2), (1001, 6)})
        self.assertEqual(len(self.hq.find("/distress/")), 1)

    def test_duress_gets_what_any_checkin_gets(self):
        ordinary = {**self.sample("checkin"), "state": 1}
        began = time.monotonic()
        self.say("checkin", ordinary, 1001)
        self.until((1001, 1, 255, 0))
        waited = time.monotonic() - began
        began = time.monotonic()
        self.say("checkin", {**ordinary, "state": 8}, 1002)
        self.until((1001, 1, 255, 0), (1002, 1, 255, 0))
        # Neither goes at once, so that the one that is written at once does not show.
        self.assertGreater(min(waited, time.monotonic() - began), 1.4)
        [incident] = self.hq.expect("/incident/")
        # Nor does whoever sits at the base see which it was, however often he asks.
        self.assertEqual(incident["body"]["incident"], "f-17-1002")
        for level in ("BASE_SEEN", "BASE_SEEN", "RESPONDING", "CLOSED"):
            said = [self.bench.tool("ack", f"f-17-{counter}", "--operator", "desk-1", "--level", level, check=False)
                    for counter in (1001, 1002)]
            self.assertEqual([answer.returncode for answer in said], [1, 1])
            self.assertEqual(said[0].stderr, said[1].stderr)
            self.assertIn("a check-in is acknowledged by headquarters", said[0].stderr)
        self.assertEqual(len(self.hq.find("/incident/")), 1)
        self.say("text", self.sample("text"), 1003)
        self.until((1001, 1, 255, 0), (1002, 1, 255, 0), (1003, 1, 255, 0))
        self.assertEqual(self.hq.find("/receipt/"), [])


class Field(FieldTest):
    def test_the_handset_is_told(self):
        self.base()
        handset = Handset(self)
        handset.say("distress 7")
        self.assertEqual(handset.expect("ack")["level"], 1)
        [distress] = self.listener.expect("/distress/f-4660")
        self.bench.tool("ack", distress["id"], "--operator", "desk-1")
        handset.expect("ack", lambda event: event["level"] == 2)
        self.assertEqual(handset.told("given_up"), [])


if __name__ == "__main__":
    harness.main(at_once=4)
