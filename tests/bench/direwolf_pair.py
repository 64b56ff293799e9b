"""Two Direwolfs whose sound is joined, without a sound card: each writes into a fifo and hears what comes by UDP; between them a pump plays
one's sound to the other in real time and notes when each transmission begins."""
import os
import socket
import threading
import time

import common

RATE = 44100
TICK_S = 0.01
TICK_BYTES = int(RATE * TICK_S) * 2  # 16-bit mono
FEND = 0xC0
ASOUNDRC = 'pcm.dwfile {{ type file; slave.pcm "null"; file "{fifo}"; format "raw" }}\n'
CONFIG = """ADEVICE udp:{udp} dwfile
ARATE {rate}
ACHANNELS 1
CHANNEL 0
MYCALL {call}
MODEM 1200
AGWPORT 0
KISSPORT {kiss}
"""


class Tnc:
    """One Direwolf."""

    def __init__(self, workshop, name, call):
        self.workshop, self.name = workshop, name
        self.home = workshop.path(name + ".d")
        os.mkdir(self.home)
        fifo = os.path.join(self.home, "sound")
        os.mkfifo(fifo)
        # Open both ways, so that Direwolf finds a reader and the pump never sees an end.
        self.sound = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
        self.udp, self.kiss = common.free_port(), common.free_port(highest=49151)
        workshop.write(name + ".d/.asoundrc", ASOUNDRC.format(fifo=fifo))
        config = workshop.write(name + ".conf", CONFIG.format(udp=self.udp, rate=RATE, call=call, kiss=self.kiss))
        self.child = workshop.start(name, [common.system_program("direwolf"), "-t", "0", "-c", config],
                                    env={**os.environ, "HOME": self.home})

    def connect(self):
        """A connection to its KISS port."""
        def connected():
            self.workshop.check(self.child)
            try:
                return socket.create_connection(("127.0.0.1", self.kiss), timeout=1)
            except OSError:
                return None
        client = common.wait_until(connected, 20, f"KISS port of {self.name}")
        client.settimeout(None)
        return client

    def close(self):
        os.close(self.sound)


class Pump:
    """Plays what one says to the other, and silence between."""

    def __init__(self, speaker, listener):
        self.speaker, self.listener = speaker, listener
        self.transmissions = []  # [monotonic time of the first sample, seconds so far]
        self.ended = threading.Event()
        self.late = 0.0  # by how much the clock was missed at most
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def take(self, waiting):
        try:
            while data := os.read(self.speaker.sound, 1 << 16):
                waiting += data
        except BlockingIOError:
            pass

    def run(self):
        out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        waiting, speaking = bytearray(), False
        due = time.monotonic()
        while not self.ended.is_set():
            self.take(waiting)
            if waiting and not speaking:
                self.transmissions.append([time.monotonic(), 0])
            speaking = bool(waiting)
            piece = bytes(waiting[:TICK_BYTES])
            del waiting[:TICK_BYTES]
            out.sendto(piece.ljust(TICK_BYTES, b"\0"), ("127.0.0.1", self.listener.udp))
            if speaking:
                self.transmissions[-1][1] += len(piece) / 2 / RATE
            due += TICK_S
            self.late = max(self.late, time.monotonic() - due)
            self.ended.wait(max(0, due - time.monotonic()))

    def end(self):
        self.ended.set()
        self.thread.join()


class Ear:
    """What a TNC decodes, with the time: a list of (monotonic time, frame)."""

    def __init__(self, tnc):
        self.client, self.heard = tnc.connect(), []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        rest = b""
        while data := self.client.recv(4096):
            now = time.monotonic()
            *pieces, rest = (rest + data).split(bytes([FEND]))
            for piece in pieces:
                frame = piece.replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb")
                if len(frame) > 1 and frame[0] == 0:
                    self.heard.append((now, frame[1:]))


def kiss(content, kind=0):
    """A KISS frame for port 0; kind 0 = data, others set a parameter."""
    return bytes([FEND, kind]) + content.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + bytes([FEND])
