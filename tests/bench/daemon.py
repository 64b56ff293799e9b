"""cressetd as the benchmarks run it: a minimal configuration, one KISS radio over TCP, one broker on loopback."""
import json
import subprocess
import time

import common


class Flood:
    """A TNC that writes frames when told to (kiss_flood.c)."""

    def __init__(self, workshop, name, *options):
        self.workshop, self.name = workshop, name
        self.child = workshop.start(name, [common.program("kiss_flood"), *options], stdin=subprocess.PIPE)
        self.place = common.wait_until(self.said, 5, name)[0]

    def said(self):
        return [json.loads(line) for line in self.workshop.text(self.name + ".out").splitlines()]

    def go(self):
        """Starts the frames once the reader is there."""
        common.wait_until(lambda: len(self.said()) > 1, 40, f"{self.name}: a reader of its frames")
        self.child.stdin.write(b"go\n")
        self.child.stdin.flush()

    def wait(self, seconds):
        """Waits until the reader has taken all frames; returns how many seconds it took."""
        return common.wait_until(lambda: len(self.said()) > 2, seconds, f"{self.name}: the frames to be taken") and \
            self.said()[2]["seconds"]


class Subscriber:
    """What arrives at the broker, a line each: wall time, topic, payload."""

    def __init__(self, workshop, name, port, topic="cresset/v1/#"):
        self.path = workshop.path(name + ".out")
        workshop.start(name, [common.system_program("mosquitto_sub"), "-h", "127.0.0.1", "-p", str(port), "-q", "1", "-t", topic, "-t",
                              "bench/ready", "-F", "%U %t %p"])
        send = [common.system_program("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(port), "-q", "1", "-t", "bench/ready", "-m", "?"]

        def subscribed():
            subprocess.run(send, check=True)
            return self.size() > 0

        common.wait_until(subscribed, 10, name)

    def size(self):
        with open(self.path, "rb") as file:
            return file.seek(0, 2)

    def lines(self):
        """(wall time in s, topic, payload) of each message."""
        with open(self.path, encoding="utf-8", errors="replace") as file:
            for line in file:
                fields = line.rstrip("\n").split(" ", 2)
                if len(fields) == 3 and fields[1] != "bench/ready":
                    yield float(fields[0]), fields[1], fields[2]

    def wait_for(self, count, marker, quiet_s=8):
        """Waits until so many payloads hold the marker, or nothing more has come for a while. Returns how many there are."""
        seen, tail, changed = 0, b"", time.monotonic()
        with open(self.path, "rb") as file:
            while seen < count and time.monotonic() - changed < quiet_s:
                if not (more := file.read()):
                    time.sleep(0.1)
                    continue
                text, changed = tail + more, time.monotonic()
                seen += text.count(marker)
                tail = text[-len(marker) + 1:]
        return seen


BROKER = """listener {port} 127.0.0.1
allow_anonymous true
persistence false
max_queued_messages 0
max_inflight_messages 0
"""


def local_broker(workshop, name, extra=""):
    port = common.free_port()
    workshop.broker(name, BROKER.format(port=port) + extra)
    return port


CONFIG = """gateway:
  name: gw1
  operation: op
  state_dir: {folder}
  socket: {folder}/control.sock
uplink:
  brokers:
    - host: 127.0.0.1
      port: {broker}
radios:
  vhf:
    device: tcp://127.0.0.1:{tnc}
    modem: kiss
    air: aprs
    aprs:
      callsign: N0CALL-10
"""


def start(workshop, name, tnc_port, broker_port, config=CONFIG, env=None, wrapper=()):
    """A cressetd on these ports, with a state directory of its own."""
    folder = workshop.folder.name + "/" + name + ".d"
    subprocess.run(["mkdir", "-p", folder], check=True)
    file = workshop.write(name + ".yaml", config.format(folder=folder, broker=broker_port, tnc=tnc_port))
    check = subprocess.run([common.program("cressetd"), "--check", file], capture_output=True, text=True, check=False)
    if check.returncode:
        raise common.BenchError(f"cressetd refuses the configuration of the benchmark: {check.stdout}{check.stderr}")
    return workshop.start(name, [*wrapper, common.program("cressetd"), "--config", file], env=env)


def counters(workshop, name):
    """The counters of a running cressetd: {(group, name): value}, its drops included."""
    socket = f"{workshop.folder.name}/{name}.d/control.sock"
    said = subprocess.run([common.program("cresset"), "status", "--socket", socket, "--json"], capture_output=True, text=True,
                          check=True)
    status = json.loads(said.stdout)
    return {(item["group"], item["name"]): item["value"] for item in status["counters"]} | \
        {(item["group"], item["reason"]): item["count"] for item in status["drops"]}
