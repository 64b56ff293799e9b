"""Sound of a real AFSK modem through a real TNC, both ways: Direwolf to headquarters, and `cresset send` to sound."""

import os
import subprocess
import time
import unittest
import wave

import harness

RATE = 44100


def sound_of(bench, lines):
    """Samples that Direwolf's modulator makes of TNC2 lines."""
    text, path = bench.dir / "frames.txt", bench.dir / "frames.wav"
    text.write_text("\n".join(lines) + "\n")
    subprocess.run([harness.find_program("gen_packets"), "-r", str(RATE), "-o", str(path), str(text)],
                   check=True, capture_output=True)
    with wave.open(str(path)) as sound:
        return sound.readframes(sound.getnframes())


class Direwolf(unittest.TestCase):
    def setUp(self):
        self.bench = harness.Bench()
        self.addCleanup(self.bench.__exit__)
        self.port, _ = self.bench.broker()
        self.hq = harness.Listener(self.bench, self.port)
        self.kiss_port = harness.free_port()

    def direwolf(self, audio, **options):
        config = self.bench.dir / "direwolf.conf"
        config.write_text(f"{audio}\nARATE {RATE}\nACHANNELS 1\nCHANNEL 0\nMYCALL N0CALL-10\nMODEM 1200\nAGWPORT 0\n"
                          f"KISSPORT {self.kiss_port}\nTXDELAY 20\n")
        tnc = self.bench.start([harness.find_program("direwolf"), "-t", "0", "-c", config, *options.pop("arguments", [])],
                               **options)
        harness.wait_for(lambda: harness.listening(self.kiss_port), "Direwolf's KISS port")
        return tnc

    def gateway(self, more=""):
        config = self.bench.config([self.port], {"vhf": (f"tcp://127.0.0.1:{self.kiss_port}", more)})
        self.bench.gateway(config)
        harness.wait_for(lambda: "vhf: up" in self.bench.log(), "the gateway at the TNC")
        self.hq.expect("gw/base1/state")

    def test_sound_becomes_messages_and_the_distress_is_among_them(self):
        tnc = self.direwolf("ADEVICE stdin null", arguments=["-"], stdin=subprocess.PIPE)
        self.gateway()
        lines = [f"N0CALL-{n % 8}>APZ001,WIDE1-1:=49{n % 60:02d}.50N/07201.75W[walking {n}" for n in range(1, 30)]
        lines.insert(20, "N0CALL-9>414W2V,WIDE2-1:`c51!f?>/\"3x}")
        tnc.stdin.write(sound_of(self.bench, lines) + bytes(RATE))
        tnc.stdin.flush()
        self.hq.expect("sec/base1/distress/N0CALL-9")
        self.hq.expect("track/base1/", count=29)
        tnc.stdin.close()

    def test_send_becomes_sound(self):
        home = self.bench.dir
        (home / ".asoundrc").write_text('pcm.dwfile { type file; slave.pcm "null"; file "%s/tx.raw"; format "raw" }\n' % home)
        udp = harness.free_port()
        with open(home / "direwolf.out", "wb") as output:
            self.direwolf(f"ADEVICE udp:{udp} dwfile", env={**os.environ, "HOME": str(home)}, stdout=output)
        self.gateway("aprs: {callsign: N0CALL-10, path: WIDE1-1}")
        said = self.bench.tool("send", "--to", "N0CALL-7", "-b", "ack_wanted=false", "--wait", "return to base by the north road").stdout
        self.assertIn("sent", said)

        def decoded():
            raw = home / "tx.raw"
            if not raw.exists() or raw.stat().st_size < RATE:
                return False
            with wave.open(str(home / "tx.wav"), "wb") as sound:
                sound.setnchannels(1)
                sound.setsampwidth(2)
                sound.setframerate(RATE)
                sound.writeframes(raw.read_bytes())
            heard = subprocess.run([harness.find_program("atest"), str(home / "tx.wav")], capture_output=True).stdout
            time.sleep(0.3)
            return b":N0CALL-7 :return to base by the north road" in heard
        harness.wait_for(decoded, "the frame in the sound that was keyed")


if __name__ == "__main__":
    harness.main()
