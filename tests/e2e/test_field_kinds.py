"""Field frames into a real daemon, through a real broker, to headquarters: each kind on its topic, as its schema says; and what a check-in
under duress shows at the base: nothing."""

import json
import select
import subprocess
import sys

import harness
from field_bench import KissTest, field

try:
    import jsonschema
except ImportError:
    sys.exit("python3-jsonschema is missing: apt-get install python3-jsonschema")
try:
    import referencing
except ImportError:
    referencing = None


SCHEMAS = {path.name: json.loads(path.read_text()) for path in (harness.SOURCE / "config" / "schema").glob("*.json")}
NOWHERE = {"lat_e7": field.UNKNOWN, "lon_e7": field.UNKNOWN}
ALERT = {"type": 0, "urgency": 1, "severity": 2, "certainty": 0, "category": 0, "event": 0, "response": 0, **NOWHERE,
         "radius_10m": 65535, "expires_15min": 0, "persons": 255, "ref_station": 0, "ref_counter": 0}
REQUEST = {"type": 3, "urgency": 1, "needed_by_s": 0, "window_h": 255, **NOWHERE, "place": 65535, "vehicles": 255, "persons": 255,
           "cargo": 0, "justification": 0, "alternatives": 0}


def check(document, kind):
    files = SCHEMAS.items()
    if referencing:
        registry = referencing.Registry().with_contents(files)
        jsonschema.Draft202012Validator({"$ref": f"{kind}.json"}, registry=registry).validate(document)
    else:
        resolver = jsonschema.RefResolver(base_uri=f"{kind}.json", referrer=SCHEMAS[f"{kind}.json"], store=dict(files))
        jsonschema.Draft202012Validator(SCHEMAS[f"{kind}.json"], resolver=resolver).validate(document)


class FieldKinds(KissTest):
    def setUp(self):
        super().setUp()
        self.counter = 1000

    def say(self, kind, fields, station=17, **header):
        self.counter += 1
        if "time" not in header:
            header["time"] = 0
        frame = field.Frame(kind, station, self.counter, field.pack_body(kind, fields), **header)
        self.tnc.hear_bytes(harness.kiss(frame.seal()))
        return f"f-{station}-{self.counter}"

    def heard(self, topic, id):
        document = self.hq.expect(f"cresset/v1/test/{topic}", lambda d: d.get("properties", d)["id"] == id)[0]
        properties = document.get("properties", document)
        check(document, properties["kind"])
        self.assertEqual(properties["authenticity"], "VERIFIED")
        return properties

    def test_every_kind(self):
        wanted = {"distress": ("sec/base1/distress/f-17", "DISTRESS"), "alert": ("sec/base1/alert/f-17", "URGENT"),
                  "ack": ("sec/base1/ack/f-17", "SAFETY"), "checkin": ("sec/base1/checkin/f-17", "SAFETY"),
                  "rollcall": ("sec/base1/rollcall/513", "URGENT"), "position": ("track/base1/f-17", "BULK"),
                  "text": ("org/unassigned/base1/text/f-17", "ROUTINE"), "sitrep": ("sit/base1/", "ROUTINE"),
                  "request": ("coord/base1/request/", "SAFETY"), "activity": ("act/base1/3735928559", "ROUTINE"),
                  "telemetry": ("gw/base1/telemetry/f-17", "BULK"), "movement": ("move/base1/4099", "SAFETY")}
        seen = set()
        for name, kind, fields, decoded, header in field.SAMPLES:
            if kind in seen:
                continue
            seen.add(kind)
            topic, urgency = wanted[kind]
            id = self.say(kind, fields, **{**header, "ack_wanted": 0, "sensitivity": 0, "time": field.TIME})
            said = self.heard(topic, id)
            self.assertEqual(said["class"], urgency, name)
            self.assertEqual({k: v for k, v in decoded.items() if k not in ("position", "incomplete", "missing")},
                             {k: v for k, v in said["body"].items() if k in decoded and k not in ("incomplete", "missing")}, name)
        self.assertEqual(seen, set(wanted))
        late = harness.Listener(self.bench, self.port)
        row = late.expect("act/base1/3735928559")
        self.assertEqual([len(row), {retained for _, topic, _, retained in late.messages if "/act/" in topic}], [1, {True}])
        self.assertFalse([topic for _, topic, _, retained in late.messages if retained and "/act/" not in topic and "/gw/" not in topic])

    def test_duress_shows_at_the_security_desk_alone(self):
        tail = self.bench.start([harness.CRESSET, "tail", "--json"], stdout=subprocess.PIPE,
                                env={"CRESSET_SOCKET": str(self.bench.dir / "base1.sock")})
        telemetry = next(fields for _, kind, fields, _, _ in field.SAMPLES if kind == "telemetry")
        harness.wait_for(lambda: self.say("telemetry", telemetry) and select.select([tail.stdout], [], [], 0.1)[0],
                         "a first line, which says that the tool listens")
        id = self.say("checkin", {"state": 8, "rollcall": 65535, "headcount": 2, "battery_pct": 50})
        said = self.heard("sec/base1/checkin/f-17", id)
        self.assertEqual((said["class"], said["body"]["state"], said["body"]["incident"]), ("DISTRESS", "DURESS", id))
        incident = self.hq.expect(f"sec/base1/incident/{id}")[0]
        check(incident, "incident")
        self.assertTrue(incident["body"]["duress"])
        elsewhere = [topic for _, topic, payload, _ in self.hq.messages if id.encode() in payload and "/test/sec/" not in topic]
        self.assertEqual(elsewhere, [])

        last = self.say("text", {"to": 65535, "language": 0, "text": "the last"})
        self.heard("org/unassigned/base1/text/f-17", last)
        shown = []
        for line in tail.stdout:
            shown.append(json.loads(line))
            if shown[-1]["message"].get("id") == last:
                break
        mine = [line for line in shown if line["message"].get("id") == id]
        self.assertEqual([(line["class"], line["message"]["class"], line["message"]["body"]["state"]) for line in mine],
                         [("SAFETY", "SAFETY", "OK")])
        self.assertFalse([line for line in shown if line["kind"] == "incident"])
        status = self.bench.status()
        self.assertEqual(status["incidents"], [])
        self.assertEqual([(row["queued"], row["delivered"]) for row in status["classes"] if row["class"] == "DISTRESS"], [(0, 0)])
        self.assertNotIn("distress", self.bench.log().lower())

    def test_duress_waits_unseen(self):
        self.bench.stop(self.broker)
        harness.wait_for(lambda: not self.bench.status()["uplink"]["connected"], "the end of the connection")
        self.say("checkin", {"state": 8, "rollcall": 65535, "headcount": 2, "battery_pct": 50})
        rows = harness.wait_for(lambda: (lambda rows: rows if rows["SAFETY"]["queued"] else None)(
            {row["class"]: row for row in self.bench.status()["classes"]}), "the check-in in the queue")
        self.assertEqual((rows["DISTRESS"]["queued"], rows["DISTRESS"]["queued_bytes"], rows["DISTRESS"]["oldest_s"]), (0, 0, None))
        waiting = {row["class"]: row["queued"] for row in json.loads(self.bench.tool("queue", "--json").stdout)["uplink"]}
        self.assertEqual(waiting["DISTRESS"], 0)
        self.assertNotIn("DISTRESS", self.bench.tool("queue").stdout)

    def test_cancel_only_asks(self):
        distress = self.say("distress", {"nature": 1, "persons": 3, "battery_pct": 87})
        self.heard("sec/base1/distress/f-17", distress)
        cancel = self.say("alert", {**ALERT, "type": 2, "ref_station": 17, "ref_counter": self.counter})
        self.assertEqual(self.heard("sec/base1/alert/f-17", cancel)["class"], "DISTRESS")
        self.hq.expect(f"sec/base1/incident/{distress}", lambda d: d["body"]["cancel_requested"])
        self.assertEqual([incident["id"] for incident in self.bench.status()["incidents"]], [distress])
        self.bench.tool("ack", "--operator", "desk-1", "--level", "CLOSED", distress)
        self.hq.expect(f"sec/base1/incident/{distress}", lambda d: d["body"]["level"] == "CLOSED")

    def test_closed_road_goes_to_logistics(self):
        id = self.say("alert", {**ALERT, "event": 60, "lat_e7": 43619876, "lon_e7": 185551234, "text": "canary"})
        self.heard("sec/base1/alert/f-17", id)
        notice = self.hq.expect("log/base1/road/l-")[0]
        check(notice, "alert")
        self.assertEqual((notice["class"], notice["body"]["event"], notice["position"]),
                         ("SAFETY", "ROAD_CLOSED", {"lat": 4.36, "lon": 18.56}))
        self.assertFalse([word for word in ("f-17", "canary", str(self.counter)) if word in json.dumps(notice)])

    def test_last_resort_is_forwarded(self):
        lacking = self.say("request", REQUEST)
        whole = self.say("request", {**REQUEST, "justification": 2, "alternatives": 1})
        first, second = (self.heard(f"coord/base1/request/{id}", id) for id in (lacking, whole))
        self.assertEqual((first["body"]["incomplete"], first["body"]["missing"]), (True, ["justification", "alternatives"]))
        self.assertEqual(first["class"], second["class"])
        self.assertNotIn("incomplete", second["body"])

    def test_positions_of_a_movement(self):
        fields = dict(next(fields for _, kind, fields, _, _ in field.SAMPLES if kind == "position"))
        movement = dict(next(fields for _, kind, fields, _, _ in field.SAMPLES if kind == "movement"))
        classes = []
        for op in (None, 0, 1, 3):
            if op is not None:
                self.heard("move/base1/4099", self.say("movement", {**movement, "op": op}))
            classes.append(self.heard("track/base1/f-17", self.say("position", fields))["class"])
        self.assertEqual(classes, ["BULK", "ROUTINE", "ROUTINE", "BULK"])

    def test_which_pieces_have_come_is_no_news(self):
        self.say("ack", {"ref_station": 17, "ref_counter": 5, "level": 0, "detail": 3})
        seen = self.say("ack", {"ref_station": 17, "ref_counter": 5, "level": 2, "detail": 255})
        self.heard("sec/base1/ack/f-17", seen)
        self.assertEqual(self.bench.counter("route", "piece_acks"), 1)
        self.assertEqual(len(self.hq.find("/ack/")), 1)


if __name__ == "__main__":
    harness.main()
