"""The demonstration: AFSK sound -> Direwolf -> KISS, sealed field frames -> LoRa modules -> a simulated ether, and the nodes of two meshes, all
to cressetd -> slow uplink -> mosquitto, and what headquarters sees of it."""

import argparse
import json
import pathlib
import subprocess
import sys
import threading
import time
import wave
from datetime import datetime

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "bench"))
import answers  # noqa: E402
import common  # noqa: E402
import lora  # noqa: E402
import mesh  # noqa: E402

RATE_BPS, DELAY_MS = 32000, 300
FRAMES_A_SECOND = 10
ALERT_EVERY_S = 8
CLASSES = ("DISTRESS", "URGENT", "SAFETY", "ROUTINE", "BULK")
RADIOS = ("vhf", "lora", *mesh.NETWORKS)
IN_DISTRESS = ("vhf", "lora")  # a mesh has alerts instead
# Mic-E destination 414W2V says "Emergency" at 41.7877 N 71.4202 W, in the sea off a made-up coast.
DISTRESS = "N0CALL-9>414W2V,WIDE2-1:`c51!f?>/]\"3x}}case {n}"


def minutes(value):
    return f"{int(value):02d}{(value % 1) * 60:05.2f}"


def ordinary_frames(second):
    """What a busy channel carries: positions that move, telemetry, a status now and then."""
    for k in range(FRAMES_A_SECOND):
        n = second * FRAMES_A_SECOND + k
        station = f"N0CALL-{k % 8}" if k % 8 else "N0CALL"
        lat, lon = 41.0 + (n % 500) / 1000, 9.0 + (n % 700) / 1000
        if k % 5 == 4:
            yield f"{station}>APZ001,WIDE1-1:T#{n % 1000:03d},{n % 256},{(3 * n) % 256},120,55,8,00000000"
        elif k % 10 == 3:
            yield f"{station}>APZ001,WIDE1-1:>check {n}: water point 3 reached"
        else:
            yield f"{station}>APZ001,WIDE1-1:={minutes(lat)}N/0{minutes(lon)}Ev{n % 360:03d}/020 vehicle on the north road {n}"


def sound_of(workshop, second):
    """Samples of one second's frames, made by Direwolf's own modulator; longer than a second, so it is fed faster than it would sound."""
    lines = list(ordinary_frames(second))
    if second % ALERT_EVERY_S == ALERT_EVERY_S - 1:
        lines.append(DISTRESS.format(n=second))
    text = workshop.write("frames.txt", "\n".join(lines) + "\n")
    path = workshop.path("frames.wav")
    made = subprocess.run([common.system_program("gen_packets"), "-r", "44100", "-o", path, text],
                          capture_output=True, check=False)
    if made.returncode != 0:
        raise common.BenchError(f"gen_packets failed: {made.stderr.decode(errors='replace')[-200:]}")
    with wave.open(path) as sound:
        return sound.readframes(sound.getnframes())


def open_link(workshop):
    """The slow uplink, or none where this machine permits no network namespaces: (prefix field, prefix hq, broker address)."""
    try:
        link = common.Link(workshop, "link", RATE_BPS, DELAY_MS)
    except common.NotPermitted as reason:
        print(f"note: {reason}\nnote: so the uplink is not slow in this run, and nothing has to overtake anything.")
        return [], [], "127.0.0.1"
    print(f"uplink: {RATE_BPS // 1000} kbit/s, {2 * DELAY_MS} ms round trip, every packet serialized")
    return link.field, link.hq, "10.77.0.2"


def start_tnc(workshop, inside, port, station):
    # What it keys is heard at the station and not here, and the sound of a minute is squeezed into less: waiting for a free channel is no use.
    workshop.write("direwolf.conf", f"ADEVICE stdin dwfile\nARATE 44100\nACHANNELS 1\nCHANNEL 0\nMYCALL {answers.GATEWAY}\nMODEM 1200\n"
                                    f"FULLDUP ON\nAGWPORT 0\nKISSPORT {port}\n")
    command = [common.system_program("direwolf"), "-t", "0", "-q", "hd", "-c", workshop.path("direwolf.conf"), "-"]
    return workshop.start("direwolf", command, inside, stdin=subprocess.PIPE, env=station.environment())


def start_gateway(workshop, inside, broker, broker_port, tnc_port, lora_settings, mesh_settings):
    top, radio = lora_settings
    config = workshop.write("cresset.yaml", f"""
gateway: {{name: base1, operation: demo, state_dir: {workshop.path('state')}, socket: {workshop.path('socket')}}}
uplink:
  brokers:
    - {{host: {broker}, port: {broker_port}}}
{top}radios:
  vhf: {{device: "tcp://127.0.0.1:{tnc_port}", modem: kiss, air: aprs, aprs: {{callsign: {answers.GATEWAY}}}}}
{radio}{mesh_settings}""")
    return workshop.start("cressetd", [common.program("cressetd"), "--config", config], inside)


class Headquarters:
    """Listens at the broker, prints what arrives and keeps the latencies: last byte heard at the base to arrival here."""

    def __init__(self, workshop, inside, broker, port):
        self.latency_s = {(radio, name): [] for radio in RADIOS for name in CLASSES}
        self.started = time.time()
        self.shown_s = 0
        self.unproven = 0  # field frames whose seal was not confirmed
        self.seen = set()
        self.answers = None  # who is told of what arrives
        self.child = workshop.start("listener", [common.system_program("mosquitto_sub"), "-h", broker, "-p", str(port), "-q", "1",
                                                 "-V", "5", "-t", "cresset/v1/demo/#", "-F", "%t\t%p"], inside,
                                    stdout=subprocess.PIPE)
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.child.stdout:
            topic, _, payload = line.partition(b"\t")
            document = json.loads(payload)
            document = document.get("properties", document)
            # An alert whose answer is overdue is sent once more; headquarters drops doubles by id. What a mesh node knows from before has none.
            name = document.get("id", payload)
            if "received_at" not in document or name in self.seen:
                continue
            self.seen.add(name)
            if document["kind"] == "receipt":
                self.answers.receipt(document["body"])
            elif document["kind"] == "incident":
                self.answers.incident(document["body"])
            elif "authenticity" in document:
                self.arrived(topic.decode(), document)

    def arrived(self, topic, document):
        now = time.time()
        latency = now - datetime.fromisoformat(document["received_at"].replace("Z", "+00:00")).timestamp()
        self.latency_s[document["radio"], document["class"]].append(latency)
        self.unproven += document["radio"] == "lora" and document["authenticity"] != "VERIFIED"
        self.answers.arrived(document)
        urgent = document["class"] in ("DISTRESS", "URGENT")
        # Of the ordinary VHF traffic one line a second is enough to see it flow.
        if urgent or document["radio"] != "vhf" or now - self.shown_s >= 1:
            self.shown_s = now if document["radio"] == "vhf" and not urgent else self.shown_s
            print(f"{now - self.started:6.1f} s  {document['radio']:<11}{document['class']:<9}{document['kind']:<10}{document['authenticity']:<11}{latency:6.2f} s after it was heard"
                  f"   {topic.removeprefix('cresset/v1/demo/')}{'   <<<' if urgent else ''}", flush=True)

    def table(self):
        print(f"\n{'radio':<12}{'class':<10}{'arrived':>9}{'p50 s':>9}{'p95 s':>9}{'max s':>9}")
        for (radio, name), values in self.latency_s.items():
            if values:
                figures = (common.percentile(values, 0.5), common.percentile(values, 0.95), max(values))
                print(f"{radio:<12}{name:<10}{len(values):>9}" + "".join(f"{figure:>9.2f}" for figure in figures))


def feed(tnc, speakers, workshop, seconds):
    """Gives the TNC one second's frames each second, and lets the others speak. The sound is made ahead, because the modulator takes a
    moment."""
    common.progress(f"demo: making the sound of {seconds * FRAMES_A_SECOND} frames")
    sounds = [sound_of(workshop, second) for second in range(seconds)]
    common.progress(f"demo: {seconds} s of radio traffic begin; DISTRESS is marked <<<")
    begin = time.monotonic()
    for second, samples in enumerate(sounds):
        tnc.stdin.write(samples)
        tnc.stdin.flush()
        for speaker in speakers:
            speaker.speak(second, seconds)
        time.sleep(max(0, begin + second + 1 - time.monotonic()))


def status_of(workshop):
    said = subprocess.run([common.program("cresset"), "--socket", workshop.path("socket"), "status", "--json"],
                          capture_output=True, text=True, check=True).stdout
    return json.loads(said)


def is_ready(workshop, name):
    return any(radio["name"] == name and radio["state"] == "up" and not radio["text"] for radio in status_of(workshop)["radios"])


def waiting(workshop):
    status = status_of(workshop)
    return sum(entry["queued"] for entry in status["classes"]), status["uplink"]["rate_bps"]


def run(seconds):
    with common.Workshop() as workshop:
        field, hq, broker = open_link(workshop)
        port, tnc_port = common.free_port(), common.free_port(highest=49151)
        workshop.broker("mosquitto", f"listener {port}\nallow_anonymous true\nmax_topic_alias 1000\nmax_inflight_messages 1000\n", hq)
        headquarters = Headquarters(workshop, hq, broker, port)
        stations, meshes = lora.Lora(workshop), mesh.Meshes(workshop)
        publish = [*hq, common.system_program("mosquitto_pub"), "-h", broker, "-p", str(port), "-q", "1", "-V", "5"]
        headquarters.answers = answers.Answers(workshop, stations, publish)
        tnc = start_tnc(workshop, field, tnc_port, headquarters.answers.station)
        gateway = start_gateway(workshop, field, broker, port, tnc_port, stations.settings(), meshes.settings())
        common.wait_until(lambda: "vhf: up" in workshop.text("cressetd.err"), 30, "cressetd finds the TNC")
        for name in ("lora", *meshes.nodes):
            common.wait_until(lambda name=name: is_ready(workshop, name), 30, f"cressetd sets up the radio {name}")
        common.wait_until(lambda: "connected" in workshop.text("cressetd.err"), 30, "cressetd finds the broker")
        feed(tnc, (stations, meshes), workshop, seconds)
        time.sleep(3)
        workshop.check(gateway)
        headquarters.answers.check()
        queued, rate = waiting(workshop)
        headquarters.table()
        print()
        stations.account()
        print(f"{queued} ordinary messages still wait for the uplink; the gateway took the link for {(rate or 0) / 1000:.0f} kbit/s.")
        if headquarters.unproven:
            raise common.BenchError(f"{headquarters.unproven} field frames were not verified")
        for radio in IN_DISTRESS:
            if not headquarters.latency_s[radio, "DISTRESS"]:
                raise common.BenchError(f"no DISTRESS of {radio} arrived: " + workshop.text("cressetd.err")[-500:])
        check_meshes(headquarters, meshes)


def check_meshes(headquarters, meshes):
    if meshes.nodes and not headquarters.latency_s["meshtastic", "URGENT"]:
        raise common.BenchError("the alert of the Meshtastic node did not arrive")
    for name in meshes.nodes:
        if not headquarters.latency_s[name, "ROUTINE"]:
            raise common.BenchError(f"no text of the {name} node arrived")


def main():
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="of radio traffic (default 60, at least 10)")
    seconds = max(10, parser.parse_args().seconds)
    sys.stdout.reconfigure(line_buffering=True)
    try:
        run(seconds)
    except common.BenchError as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
