"""`cresset decode` on captures of mesh nodes: every vector, the cases that wedge others, and every vector damaged at every byte."""
import json
import subprocess
import unittest

import harness

VECTORS = harness.SOURCE / "tests" / "vectors"
PEER, ALERT, NEED = "mt-433c1d20", "MED EVAC GRID 36P", "Need medic"

# By the beginning of the vector's name: kind, class, station, authenticity, and members that tell the rest. Whatever else a node says is no message.
MESHTASTIC = {
    "FR-TEXT broadcast": ("text", "ROUTINE", PEER, "UNVERIFIED", {"text": "Convoy 3 at gate", "heard": {"rssi_dbm": -97, "snr_db": 6.25, "hops": 1}}),
    "FR-TEXT-DM": ("text", "ROUTINE", PEER, "UNVERIFIED", {"text": "Médecin demandé ✚", "heard": {"rssi_dbm": -118, "snr_db": -12.5, "hops": 0}}),
    "FR-ALERT-RX": ("alert", "URGENT", PEER, "UNVERIFIED", {"text": ALERT}),
    "FR-POS": ("position", "BULK", PEER, "UNVERIFIED", {"sent_at": "2026-11-23T21:39:50.000Z", "position": {
        "lat": 15.5963, "lon": 32.5342, "alt_m": 380, "speed_kmh": 3, "course_deg": 90}}),
    "FR-TEL": ("telemetry", "BULK", PEER, "UNVERIFIED", {}),
    "FR-ENV": ("telemetry", "BULK", PEER, "UNVERIFIED", {}),
    "FR-WPT": ("position", "BULK", PEER, "UNVERIFIED", {"text": "closed", "position": {"lat": 15.5963, "lon": 32.5342}}),
    "FR-USER": ("telemetry", "BULK", PEER, "UNVERIFIED", {"callsign": "FT4"}),
    "FR-NAK routing": ("ack", "ROUTINE", "mt-0a0b0c0d", "UNVERIFIED", {}),
    "FR-NAK-DUTY": ("ack", "ROUTINE", "mt-0a0b0c0d", "UNVERIFIED", {}),
}
BODIES = {
    "FR-TEL": {"battery_percent": 87, "voltage_v": 4.05, "uptime_s": 86400},
    "FR-ENV": {"temperature_c": 41.5, "humidity_percent": 18, "pressure_hpa": 1008.3},
    "FR-WPT": {"name": "Checkpoint B"},
    "FR-USER": {"hardware": 43},
    "FR-NAK routing": {"accepted": False, "condition": "no_ack", "ref": "mt-0a0b0c0d-2b3c4d5e"},
    "FR-NAK-DUTY": {"accepted": False, "condition": "duty_cycle", "ref": "mt-0a0b0c0d-3c4d5e6f"},
    "RESP_CHANNEL_DATA_RECV": {"raw_hex": "01020304", "type": 65535},
}
MESHCORE = {
    "RESP_CONTACT_MSG_RECV_V3": ("text", "ROUTINE", "mc-a1b2c3d4e5f6", "VERIFIED", {"text": NEED, "heard": {"snr_db": -4.25, "hops": 2}}),
    "RESP_CHANNEL_MSG_RECV": ("text", "ROUTINE", "mc-name-6fddc900", "UNVERIFIED", {"text": "road blocked", "callsign": "FT4"}),
    "RESP_CHANNEL_DATA_RECV": ("raw", "BULK", "mc-channel", "UNVERIFIED", {}),
    "PUSH_NEW_ADVERT": ("position", "BULK", "mc-a1b2c3d4e5f6", "VERIFIED", {"callsign": "Field Team 4", "position": {"lat": 15.5963, "lon": 32.5342}}),
}
NETWORKS = {"meshtastic": (MESHTASTIC, ALERT), "meshcore": (MESHCORE, NEED)}


def vectors(network, direction="node->host"):
    lines = [json.loads(line) for line in (VECTORS / f"{network}.jsonl").read_text().splitlines()]
    return {line["name"]: bytes.fromhex(line["frame"]) for line in lines if line["direction"] == direction}


def find(table, name):
    return next((key for key in table if name.startswith(key)), None)


class DecodeMesh(unittest.TestCase):
    def decode(self, network, data, status=0):
        text = data if isinstance(data, str) else data.hex()
        result = subprocess.run([harness.CRESSET, "decode", "--modem", network, "--format", "hex"], input=text, capture_output=True, text=True,
                                timeout=harness.PATIENCE_S)
        self.assertIn(result.returncode, (0, 1) if status is None else (status,), result.stderr)
        return [json.loads(line) for line in result.stdout.splitlines()]

    def assert_vector(self, name, line, expected):
        kind, urgency, station, authenticity, members = expected
        self.assertEqual((line["kind"], line["class"], line["station"], line["authenticity"]), (kind, urgency, station, authenticity), name)
        self.assertEqual({key: line.get(key) for key in members}, members, name)
        body = BODIES.get(find(BODIES, name), {})
        self.assertEqual({key: line["body"].get(key) for key in body}, body, name)

    def test_vectors(self):
        for network, (table, _) in NETWORKS.items():
            found = set()
            for name, frame in vectors(network).items():
                key = find(table, name)
                lines = self.decode(network, frame)
                self.assertEqual(len(lines), 1 if key else 0, name)
                if key:
                    self.assert_vector(name, lines[0], table[key])
                    found.add(key)
            self.assertEqual(found, set(table))

    def test_all_at_once(self):
        for network, (table, _) in NETWORKS.items():
            frames = vectors(network)
            names = [name for name in frames if find(table, name)]
            lines = self.decode(network, b"".join(frames.values()))
            self.assertEqual(len(lines), len(names))
            for name, line in zip(names, lines):
                self.assert_vector(name, line, table[find(table, name)])

    def test_what_the_host_said_is_no_message(self):
        for network in NETWORKS:
            for name, frame in vectors(network, "host->node").items():
                lines = self.decode(network, frame, status=1)
                self.assertEqual([set(line) for line in lines], [{"error", "input"}], name)

    def texts(self, network, data):
        return [line.get("text") for line in self.decode(network, data, status=None) if "error" not in line]

    def test_meshtastic_torture(self):
        frames = vectors("meshtastic")
        text, position = frames["FR-TEXT broadcast text 'Convoy 3 at gate'"], frames["FR-POS POSITION_APP 15.5963N 32.5342E alt 380"]
        reboot, alert = frames["FR-REBOOTED"], frames["FR-ALERT-RX ALERT_APP as really heard over LoRa: no priority, no want_ack"]
        self.assertEqual(self.texts("meshtastic", b"INFO | boot\r\n" + text), ["Convoy 3 at gate"])
        self.assertEqual(self.texts("meshtastic", b"\x94" + reboot + alert), [ALERT])
        self.assertEqual(self.texts("meshtastic", b"\x94\xc3\x02\x01" + 513 * b"x" + alert), [ALERT])
        self.assertEqual(self.texts("meshtastic", b"\x94\xc3\x00\x00" + alert), [ALERT])
        torn = self.decode("meshtastic", text[:20] + position, status=1)
        self.assertEqual([line["kind"] for line in torn if "kind" in line], ["position"])
        self.assertEqual(self.texts("meshtastic", text[:20] + b"\r\nWARN | full\r\n" + alert), [ALERT])

    def test_meshcore_torture(self):
        frames = vectors("meshcore")
        message = next(frame for name, frame in frames.items() if "CONTACT_MSG" in name)
        advert, waiting = frames["PUSH_ADVERT"], frames["PUSH_MSG_WAITING"]
        self.assertEqual(self.texts("meshcore", b"\x3e\xff\xff" + message), [NEED])
        self.assertEqual(self.texts("meshcore", b"Boot\r\n\x3e" + message), [NEED])
        self.assertEqual(self.texts("meshcore", advert + message + waiting + message), [NEED, NEED])
        self.assertEqual(self.texts("meshcore", advert[:12] + message + waiting), [NEED])

    def test_damage_hides_nothing_behind_it(self):
        """A byte wrong, or the rest lost: what comes behind it is a message that nobody says again."""
        for network, (_, text) in NETWORKS.items():
            frames = vectors(network)
            last = next(frame for name, frame in frames.items() if find({"FR-ALERT-RX": 0, "RESP_CONTACT_MSG": 0}, name))
            for name, frame in frames.items():
                for flip in (0xff, 0x01, 0x80):
                    damaged = [frame[:at] + bytes([frame[at] ^ flip]) + frame[at + 1:] + last for at in range(len(frame))]
                    said = self.texts(network, b"".join(damaged))
                    self.assertGreaterEqual(said.count(text), len(damaged), f"{network} {name} {flip:x}")

    def test_random_bytes(self):
        state, noise = 1, bytearray()
        for _ in range(20000):
            state = (state * 1103515245 + 12345) & 0x7fffffff
            noise.append(state >> 16 & 255)
        for network, (_, text) in NETWORKS.items():
            last = next(frame for name, frame in vectors(network).items() if find({"FR-ALERT-RX": 0, "RESP_CONTACT_MSG": 0}, name))
            self.assertEqual(self.texts(network, bytes(noise) + last)[-1:], [text])


if __name__ == "__main__":
    harness.main()
