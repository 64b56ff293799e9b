"""Long messages between headquarters and the field, through simulated modules and an ether that loses packets: every piece is sealed and
repeated alone, and nothing is told twice."""
import base64
import struct
import time

import harness
import modem_bench
import test_rylr
from field_bench import AESCCM, field
from handset_bench import FieldTest, Handset
from test_ebyte import Station

LONG = " ".join(f"{number} of 140" for number in range(1, 141))[:1000]
GAP_S = 4  # longer than a repeated piece is taken for one that was relayed


def opened(frame):
    """Body of a frame that a gateway says."""
    station, counter, _, origin = struct.unpack("<HIIH", frame[3:15])
    _, key = field.derive(station, field.EPOCHS.get(station, 0))
    nonce = struct.pack("<HIBH4x", station, counter, 1, origin)
    header = frame[:2] + b"\0" + frame[3:15]
    return AESCCM(key, tag_length=8).decrypt(nonce, frame[15:], header)


class Up(FieldTest):
    def texts(self):
        return [found["text"] for found in self.listener.find("/text/f-4660")]

    def test_long_text(self):
        self.base()
        handset = Handset(self)
        self.assertEqual(handset.say(f"text {LONG}"), "sent 1")
        harness.wait_for(self.texts, "the text at headquarters")
        self.assertEqual(self.texts(), [LONG])
        self.assertEqual(handset.expect("pieces")["detail"], 255)
        self.assertEqual(handset.counts(), [8, 0])
        self.assertEqual(self.listener.find("/receipt/"), [], "nobody asked for what the gateway says back")
        self.assertEqual(self.listener.find("/ack/"), [])

    def pieces(self, total=4):
        text = "".join(chr(ord("a") + number % 26) for number in range(total * 20))
        inner = field.pack_body("text", {"to": 65535, "language": 0, "text": text})
        size = -(-len(inner) // total)
        return text, [field.Frame("text", 4660, 90 + index, struct.pack("<HB", 7, index << 4 | total) + inner[index * size:(index + 1) * size],
                                  fragment=1).seal() for index in range(total)]

    def bitmaps(self, station):
        """What the gateway has said in its frames: (counter that it refers to, bitmap)."""
        heard, found = station.heard, []
        while len(heard) > 3 and len(heard) >= heard[2] + 5:
            frame, heard = heard[3:3 + heard[2]], heard[heard[2] + 5:]
            _, counter, level, bitmap = struct.unpack("<HIBB", opened(frame))
            self.assertEqual(level, 0)
            found.append((counter, bitmap))
        return found

    def until_said(self, station, *bitmaps):
        harness.wait_for(lambda: self.bitmaps(station) == list(bitmaps), f"{bitmaps}; there is {self.bitmaps(station)}")

    def test_station_is_told_what_is_missing(self):
        self.base()
        station = Station(self, "e22")
        text, pieces = self.pieces()
        for index in (1, 3):
            station.speak(pieces[index])
        # The first is not there: its counter is not known.
        self.until_said(station, (91, 0b1010))
        self.assertEqual(self.texts(), [])
        station.speak(pieces[0])
        harness.wait_for(lambda: self.radio()["datagrams"] == 3, "the first piece")
        station.speak(pieces[2])
        self.until_said(station, (91, 0b1010), (90, 0b1111))
        harness.wait_for(self.texts, "the text at headquarters")
        self.assertEqual(self.texts(), [text])

    def test_answer_was_lost(self):
        self.base()
        station = Station(self, "e22")
        text, pieces = self.pieces()
        for piece in pieces:
            station.speak(piece)
        self.until_said(station, (90, 0b1111))

        asked = time.monotonic()

        def ask_until_told():
            nonlocal asked
            if time.monotonic() > asked + GAP_S:
                asked = time.monotonic()
                station.speak(pieces[3])
            return len(self.bitmaps(station)) > 1

        harness.wait_for(ask_until_told, "the same answer once more")
        self.assertEqual(self.bitmaps(station)[1], (90, 0b1111))
        self.assertEqual(self.texts(), [text])


class UpWithLoss(FieldTest):
    scenario = "region: none\nseed: 5\nrandom_loss: 0.3\n"

    def test_long_text(self):
        self.base()
        handset = Handset(self)
        for number in range(3):
            text = f"{number}: {LONG}"
            handset.say(f"text {text}")
            harness.wait_for(lambda wanted=text: self.listener.find("/text/f-4660", lambda d: d["text"] == wanted) or handset.told("given_up"),
                             f"the text at headquarters; the handset was told {handset.events}", 90)
        frames, repeats = handset.counts()
        print(f"3 texts of 8 pieces, 30 % loss: {frames} frames, {repeats} of them repeated")
        self.assertEqual(handset.told("given_up"), [])
        self.assertEqual(len(self.listener.find("/text/f-4660")), 3)


class Down(FieldTest):
    def test_only_what_is_missing_goes_again(self):
        self.base()
        handset = Handset(self, "--miss", "2", "--miss", "5")
        self.send_long(LONG)
        self.until_confirmed()
        self.assertEqual(handset.expect("text")["text"], LONG)
        self.assertEqual(len(handset.told("text")), 1)
        self.assertEqual(handset.told("again"), [])
        self.assertEqual(self.radio()["sent"], 8 + 2)
        # One answer with what is missing, one with nothing missing.
        self.assertEqual(handset.counts()[0], 2)
        self.assertEqual(self.stages(), ["queued", "on_air", "confirmed"])

    def test_the_first_and_the_last_are_lost(self):
        self.base()
        handset = Handset(self, "--miss", "1", "--miss", "8")
        self.send_long(LONG)
        self.until_confirmed()
        self.assertEqual(handset.expect("text")["text"], LONG)
        self.assertEqual(self.radio()["sent"], 8 + 2)

    def test_text_in_one_frame_is_acknowledged(self):
        self.base()
        handset = Handset(self)
        self.bench.tool("send", "--to", "f-4660", "--id", "short-1", "--body", "ack_wanted=true", "by the north road")
        self.until_confirmed("short-1")
        self.assertEqual(handset.expect("text")["text"], "by the north road")

    def test_to_all_goes_once(self):
        self.base()
        handset = Handset(self)
        self.send_long(LONG, "--radio", "lora")
        harness.wait_for(lambda: self.stages()[-1:] == ["sent"], f"the final receipt; there is {self.stages()}")
        heard = handset.expect("text")
        self.assertEqual((heard["text"], heard["to_all"], heard["pieces"]), (LONG, True, 8))
        self.assertEqual(handset.counts()[0], 0)

    def test_too_long(self):
        self.base()
        self.assertIn("was not sent: failed: too_long", self.send_long("x" * 1022, check=False).stderr)
        harness.wait_for(lambda: self.stages()[-1:] == ["failed:too_long"], f"the final receipt; there is {self.stages()}")


class DownWithLoss(FieldTest):
    scenario = "region: none\nseed: 7\nrandom_loss: 0.3\n"

    def test_long_text(self):
        self.base()
        handset = Handset(self)
        for number in range(3):
            self.send_long(f"{number}: {LONG}", command=f"long-{number}")
            harness.wait_for(lambda command=f"long-{number}": self.stages(command)[-1:] == ["confirmed"],
                             f"the final receipt; there is {self.stages(f'long-{number}')}; the handset was told {handset.events}", 120)
        sent = self.radio()["sent"]
        print(f"3 texts of 8 pieces, 30 % loss: {sent} frames; the handset heard {len(handset.told('again'))} of them twice")
        self.assertEqual([event["text"] for event in handset.told("text")], [f"{number}: {LONG}" for number in range(3)])


class OnRylr(FieldTest):
    """The same frames as text of 214 characters at most, through modules that take 240."""
    driver, program, keys = "rylr998", "rylr", test_rylr.KEYS

    def heard(self, station):
        lines = [line.split(b",") for line in station.heard.split(b"\r\n")[:-1] if line.startswith(b"+RCV=0,")]
        return [base64.urlsafe_b64decode(line[2] + b"==") for line in lines]

    def test_long_text_down(self):
        modem_bench.ModemTest.base(self)
        station = test_rylr.Station(self, "BAND=868100000", "PARAMETER=7,7,1,12")
        self.send_long(LONG)
        harness.wait_for(lambda: len(self.heard(station)) >= 8, "the pieces in the field")
        pieces = [opened(frame) for frame in self.heard(station)[:8]]
        self.assertLessEqual(max(map(len, self.heard(station))), 160)
        self.assertEqual([piece[2] for piece in pieces], [index << 4 | 8 for index in range(8)])
        self.assertEqual(b"".join(piece[3:] for piece in pieces)[3:].decode(), LONG)
        # The whole of it at once; the answer refers to the first of them.
        first = int.from_bytes(self.heard(station)[0][5:9], "little")
        ack = {"ref_station": 4660, "ref_counter": first, "level": 0, "detail": 255}
        station.speak(field.Frame("ack", 4660, 70, field.pack_body("ack", ack)).seal())
        self.until_confirmed()


if __name__ == "__main__":
    harness.main(2 * modem_bench.AT_ONCE)  # those with loss wait for a minute, and come last
