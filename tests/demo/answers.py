"""The way back in the demonstration: the base and headquarters answer a distress of each network, and whoever sent it shows what came of that on its
own network: the handset behind its LoRa module, the APRS station behind a Direwolf of its own that hears the sound of the gateway's."""

import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "bench"))
import common  # noqa: E402

GATEWAY = "N0CALL-10"
STATION = "N0CALL-9"
RATE = 44100
LEVELS = {1: "STORED", 2: "BASE_SEEN", 3: "HQ_RECEIVED", 4: "HQ_SEEN", 5: "RESPONDING", 6: "CLOSED"}
# When a person at the base has seen a distress, and when headquarters says that it responds.
SEEN_S, RESPONDS_S = 2, 6
ASOUNDRC = 'pcm.dwfile {{ type file; slave.pcm "null"; file "{file}"; format "raw" }}\n'


class AprsStation:
    """Hears what the gateway's Direwolf keys: its samples are played to a Direwolf that can only listen."""

    def __init__(self, workshop):
        self.workshop, self.sound, self.words = workshop, workshop.path("keyed.raw"), []
        os.mkdir(workshop.path("home"))
        workshop.write("home/.asoundrc", ASOUNDRC.format(file=self.sound))
        workshop.write("station.conf", f"ADEVICE stdin null\nARATE {RATE}\nACHANNELS 1\nCHANNEL 0\nMYCALL {STATION}\nMODEM 1200\nAGWPORT 0\n"
                                       f"KISSPORT 0\n")
        command = [common.system_program("direwolf"), "-t", "0", "-q", "d", "-c", workshop.path("station.conf"), "-"]
        self.tnc = workshop.start("station", command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        threading.Thread(target=self.play, daemon=True).start()
        threading.Thread(target=self.listen, daemon=True).start()

    def environment(self):
        """For the gateway's Direwolf: where its sound goes."""
        return {**os.environ, "HOME": self.workshop.path("home")}

    def play(self):
        """Silence where nothing is keyed, so that the end of each transmission is heard."""
        at = 0
        try:
            while self.tnc.poll() is None:
                samples = b""
                if os.path.exists(self.sound):
                    with open(self.sound, "rb") as sound:
                        sound.seek(at)
                        samples = sound.read()
                    samples = samples[:len(samples) // 2 * 2]
                    at += len(samples)
                self.tnc.stdin.write(samples + bytes(RATE // 5))
                self.tnc.stdin.flush()
                time.sleep(0.1)
        except (OSError, ValueError):
            pass

    def listen(self):
        for line in self.tnc.stdout:
            found = re.search(rb"%s>[^:]*::%s *:(.*?)(\{\w+)?\s*$" % (GATEWAY.encode(), STATION.encode()), line)
            if found and (words := found[1].decode(errors="replace")) not in self.words:
                self.words.append(words)
                print(f"           {STATION} hears by APRS: {words}", flush=True)


class Answers:
    def __init__(self, workshop, stations, publish):
        """publish: the command that publishes at headquarters' end of the link, without topic and payload."""
        self.workshop, self.stations, self.publish = workshop, stations, publish
        self.station = AprsStation(workshop)
        self.answered = set()
        self.levels = []
        threading.Thread(target=self.watch_handset, daemon=True).start()

    def arrived(self, document):
        """A message at headquarters. The first distress of each radio is answered, as by a person."""
        if document["kind"] == "distress" and document["radio"] not in self.answered:
            self.answered.add(document["radio"])
            threading.Thread(target=self.answer, args=(document["id"],), daemon=True).start()

    @staticmethod
    def receipt(body):
        """What headquarters knows of an answer to a distress."""
        if body["final"] and "ref" in body:
            print(f"           headquarters: the answer to {body['ref']} was {body['stage']}{' (assumed)' if body.get('assumed') else ''}", flush=True)

    @staticmethod
    def incident(body):
        print(f"           headquarters: incident {body['incident']} is {body['level']}, says {body.get('operator', 'a machine')}", flush=True)

    def answer(self, name):
        time.sleep(SEEN_S)
        subprocess.run([common.program("cresset"), "--socket", self.workshop.path("socket"), "ack", name, "--operator", "base-1"],
                       capture_output=True, check=False)
        time.sleep(RESPONDS_S - SEEN_S)
        command = {"id": f"respond-{len(self.answered)}-{name[-8:]}", "ref": name,
                   "body": {"level": "RESPONDING", "eta_min": 20, "operator": "desk-1"}}
        subprocess.run([*self.publish, "-t", "cresset/v1/demo/gw/base1/down/sec/ack", "-m", json.dumps(command)], check=False)

    def watch_handset(self):
        shown = 0
        while self.stations.people.poll() is None:
            lines = self.workshop.text("people.out").splitlines()
            for line in lines[shown:]:
                if line.startswith("{"):
                    self.told(json.loads(line))
            shown = len(lines)
            time.sleep(0.1)

    def told(self, event):
        if event["event"] != "ack" or event["station"] != self.stations.in_distress or event["level"] in self.levels:
            return
        self.levels.append(event["level"])
        minutes = f", {event['detail']} min given as an estimate" if event["level"] == 5 and event.get("detail", -1) >= 0 else ""
        print(f"           f-{event['station']} is told of its distress: {LEVELS.get(event['level'], event['level'])}{minutes}", flush=True)

    def check(self):
        def heard():
            return self.levels[-1:] == [5] and any("responding" in words for words in self.station.words)
        try:
            common.wait_until(heard, 60, "")
        except common.BenchError:
            raise common.BenchError(f"not all of what the desk said was heard: the handset {self.levels}, the APRS station {self.station.words}") from None
        if self.levels != sorted(self.levels):
            raise common.BenchError(f"the handset was told a lower level after a higher one: {self.levels}")
