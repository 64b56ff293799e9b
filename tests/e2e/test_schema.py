"""What the gateway and `cresset decode` write is what the schemas say, and the schemas refuse what they should."""
import copy
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

try:
    import jsonschema
except ImportError:
    sys.exit("python3-jsonschema is missing: apt-get install python3-jsonschema")
try:
    import referencing
except ImportError:
    referencing = None

SOURCE = pathlib.Path(os.environ["CRESSET_SOURCE_DIR"])
BINARY = pathlib.Path(os.environ["CRESSET_BINARY_DIR"])
SCHEMAS = {path.stem: json.loads(path.read_text()) for path in (SOURCE / "config" / "schema").glob("*.json")}

FRAMES = r"""
N0CALL-7>APRS,DIGI1*,WIDE2-1:!6028.51N/02505.68E#PHG7220/comment
N0CALL-7>APRS:!602 .  S/0250 .  W#PHG7220
N0CALL-7>APOTC1,WIDE2-2:/180000z0609.31S/10642.85E>058/010/A=000079 13.8V
N0CALL-7>TQ4W2V,WIDE2-1:`c51!f?>/]"3x}=
N0CALL-7>414W2V,WIDE2-1:`c51!f?>/]"3x}=
N0CALL-7>41TW2V,WIDE2-1:`c51!f?>/]"3x}=
N0CALL-7>APZ001:=4903.50N/07201.75W[!EMERGENCY! fallen climber
N0CALL-7>APRS:;LEADER   *092345z4903.50N/07201.75W>088/036
N0CALL-7>APRS:)AID #2_4903.50N/07201.75WA
N0CALL-7>APRS::N1CALL   :SOS two wounded{42
N0CALL-7>APRS::N1CALL   :Testing{1}42
N0CALL-7>APRS::N1CALL   :ack42
N0CALL-7>APRS::N1CALL   :rej42
N0CALL-7>APRS::BLN3     :Snow
N0CALL-7>APRS:>092345zstatus
N0CALL-7>APRS:T#324,000,038,255,.12,50.12,01000001
N0CALL-7>APRS:T#001,42
N0CALL-7>APRS:=6030.35N/02443.91E_150/002g004t039r001P002p004h00b10125XRSW
N0CALL-7>APRS,N2CALL*:}N3CALL>APU25N,TCPIP,N0CALL*::DEF      :ack56
N0CALL-7>APRS:?APRS?
N0CALL-7>APRS:{Q1xyz
"""


def validator(name):
    """A validator that finds the schemas beside this one. jsonschema 4.18 and later looks them up in a registry; Debian 12 has an older one."""
    files = {f"{stem}.json": schema for stem, schema in SCHEMAS.items()}
    if referencing:
        registry = referencing.Registry().with_contents(files.items())
        return jsonschema.Draft202012Validator({"$ref": f"{name}.json"}, registry=registry)
    resolver = jsonschema.RefResolver(base_uri=f"{name}.json", referrer=SCHEMAS[name], store=files)
    return jsonschema.Draft202012Validator(SCHEMAS[name], resolver=resolver)


def samples():
    result = subprocess.run([BINARY / "tests" / "json-samples"], stdout=subprocess.PIPE, check=True)
    for line in result.stdout.decode().splitlines():
        name, document = line.split(" ", 1)
        yield name, json.loads(document)


class Schemas(unittest.TestCase):
    def assert_valid(self, name, document):
        errors = [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in validator(name).iter_errors(document)]
        self.assertEqual(errors, [], f"{name}: {json.dumps(document)}")

    def assert_refused(self, name, document, why):
        self.assertFalse(validator(name).is_valid(document), f"{name} takes {why}: {json.dumps(document)}")

    def test_are_schemas_themselves(self):
        for name, schema in SCHEMAS.items():
            with self.subTest(name):
                jsonschema.Draft202012Validator.check_schema(schema)
                self.assertTrue(schema["title"])

    def test_what_the_gateway_writes(self):
        seen = set()
        for name, document in samples():
            self.assert_valid(name, document)
            seen.add(name)
        self.assertEqual(seen, set(SCHEMAS) - {"common", "state", "radio-state"})

    def test_names_are_those_that_are_written(self):
        """An enumeration of the schemas that the gateway never writes would be a promise nobody keeps."""
        written = {}
        for name, document in samples():
            for member, value in document.get("properties", document).get("body", {}).items():
                for item in value if isinstance(value, list) else [value]:
                    if isinstance(item, str):
                        written.setdefault((name, member), set()).add(item)
        listed = {"distress": ["nature"], "alert": ["msg_type", "urgency", "severity", "certainty", "category", "event",
                  "response"], "checkin": ["state"], "rollcall": ["type"], "position": ["source"], "text": ["language"],
                  "sitrep": ["type", "access", "severity", "sector"], "telemetry": ["reboot_cause"], "movement": ["op"],
                  "request": ["type", "urgency", "cargo", "justification", "alternatives", "missing"],
                  "activity": ["op", "sector", "status", "unit"]}
        for kind, members in listed.items():
            for member in members:
                self.assertEqual(self.enumeration(kind, member), written[kind, member], f"{kind} {member}")

    def enumeration(self, kind, member):
        schema = SCHEMAS[kind]["$defs"]["position"] if kind == "position" else SCHEMAS[kind]
        found = schema["properties"]["body"]["properties"][member]
        found = found.get("items", found)
        if "$ref" in found:
            found = SCHEMAS["common"]["$defs"][found["$ref"].rpartition("/")[2]]
        return set(found["enum"])

    def test_refuse_wrong_bodies(self):
        wrong = {"checkin": {"state": "FINE"}, "rollcall": {"type": "all"}, "sitrep": {"affected": -1},
                 "request": {"alternatives": ["prayer"]}, "activity": {"start_date": "2026-9-1"},
                 "movement": {"op": "LOST"}, "distress": {"nature": "BAD_DAY"}, "alert": {"event": "WAR"},
                 "ack": {"eta_min": 255}, "position": {"source": "guess"}, "text": {"language": "xx"},
                 "telemetry": {"reboot_cause": "boredom"}}
        native = {name: document for name, document in samples()
                  if name in wrong and "sensitivity" in document.get("properties", document).get("body", {})}
        self.assertEqual(set(native), set(wrong))
        for name, change in wrong.items():
            self.assert_valid(name, native[name])
            for members in (change, {"sensitivity": "secret"}, {"perpetrator": "x"}):
                bad = copy.deepcopy(native[name])
                bad.get("properties", bad)["body"].update(members)
                self.assert_refused(name, bad, f"{members}")

    def test_only_what_is_incomplete_says_so(self):
        request = next(d for n, d in samples() if n == "request" and "missing" in d["body"])
        for gone in ("missing", "incomplete"):
            bad = copy.deepcopy(request)
            del bad["body"][gone]
            self.assert_refused("request", bad, f"one without {gone}")
        self.assert_refused("request", {**request, "class": "URGENT"}, "a class that no request has")

    def test_logistics_does_not_learn_who(self):
        log = next(d for n, d in samples() if n == "alert" and d.get("id", "").startswith("l-"))
        self.assertFalse({"station", "callsign", "radio", "heard", "text"} & set(log), log)
        self.assertFalse({"persons", "incident"} & set(log["body"]), log)
        self.assertNotIn("f-17", json.dumps(log))

    def test_what_decode_writes(self):
        result = subprocess.run([BINARY / "cresset", "decode", "--modem", "none", "--air", "aprs"],
                                input=FRAMES.encode(), stdout=subprocess.PIPE)
        lines = [json.loads(line) for line in result.stdout.decode().splitlines()]
        self.assertEqual([line for line in lines if "error" in line], [])
        self.assertEqual(len(lines), len(FRAMES.split("\n")) - 2)
        for line in lines:
            self.assert_valid(line["kind"], line)
        self.assertEqual({line["kind"] for line in lines},
                         {"distress", "alert", "ack", "position", "text", "telemetry", "raw"})

    def test_what_decode_makes_of_field_frames(self):
        vectors = json.loads((SOURCE / "tests" / "vectors" / "field.json").read_text())
        up = [frame for frame in vectors["frames"] if not frame["header"]["down"] and frame["kind"] != "ack"]
        with tempfile.TemporaryDirectory() as folder:
            keys = pathlib.Path(folder) / "keys.json"
            keys.write_text(json.dumps({"format": "cresset keys 1", "master": vectors["master"], "stations": [
                {"station": int(station), "epoch": epoch} for station, epoch in vectors["current_epochs"].items()]}))
            keys.chmod(0o600)
            result = subprocess.run([BINARY / "cresset", "decode", "--modem", "none", "--air", "field", "--keys", keys],
                                    input="\n".join(frame["frame"] for frame in up).encode(), stdout=subprocess.PIPE)
        lines = [json.loads(line) for line in result.stdout.decode().splitlines()]
        self.assertEqual([line["kind"] for line in lines], [frame["kind"] for frame in up])
        for line in lines:
            self.assert_valid(line["kind"], line)

    def test_refuse_what_is_wrong(self):
        for name, good in samples():
            wrong = {
                "a member that does not exist": lambda d: d.update(nationality="x"),
                "another kind": lambda d: d.update(kind="none"),
                "a local time": lambda d: d.update(received_at="2026-09-21T14:13:20+02:00"),
                "a class that does not exist": lambda d: d.update({"class": "HIGHEST"}),
                "an id with a slash": lambda d: d.update(id="a/b"),
            }
            for why, change in wrong.items():
                bad = copy.deepcopy(good)
                change(bad.get("properties", bad))
                self.assert_refused(name, bad, why)

    def test_refuse_a_place_that_is_none(self):
        feature = next(d for n, d in samples() if n == "position" and d.get("geometry"))
        for coordinates in ([181, 0], [0, 91], [0], [0, 0, 0, 0], ["0", 0]):
            bad = copy.deepcopy(feature)
            bad["geometry"]["coordinates"] = coordinates
            self.assert_refused("position", bad, f"coordinates {coordinates}")

    def test_commands(self):
        good = {"id": "c-1", "to": "N0CALL-7", "text": "x"}
        self.assert_valid("command-send", good)
        self.assert_valid("command-send", {"id": "c-1", "kind": "ack", "to": "N0CALL-7", "ref": "42"})
        for bad in ({"text": "x"}, {**good, "id": ""}, {**good, "text": ""}, {**good, "text": "a\nb"},
                    {**good, "ref": "1"}, {**good, "kind": "distress"}, {"id": "c-1", "kind": "ack", "to": "A"}):
            self.assert_refused("command-send", bad, "a wrong command")
        ack = {"id": "c-1", "kind": "ack", "to": "f-17", "ref": "f-17-1"}
        alert = {"id": "c-1", "kind": "alert"}
        grave = {"urgency": "Immediate", "severity": "Severe"}
        roll = {"id": 1, "type": "security", "window_min": 10}
        self.assert_valid("command-send", {**alert, "body": grave})
        for bad in ({**ack, "body": {}}, {**ack, "body": {"level": "HQ_SEEN"}}, {**ack, "body": {"level": "STORED"}},
                    {**ack, "accepted": True, "body": {"level": "HQ_RECEIVED"}},
                    {**ack, "body": {"level": "HQ_SEEN", "operator": "desk-1", "eta_min": 5}},
                    alert, {**alert, "body": {"urgency": "Immediate"}}, {**alert, "body": {**grave, "ref": "c-0"}},
                    {**alert, "body": {**grave, "msg_type": "Cancel"}}, {**alert, "body": {**grave, "state": "OK"}},
                    {"id": "c-1", "kind": "rollcall", "body": {**roll, "id": 0}},
                    {"id": "c-1", "kind": "rollcall", "text": "x", "body": roll}):
            self.assert_refused("command-send", bad, "a wrong command")

    def test_commands_over_mqtt(self):
        later = "2026-09-21T14:13:20Z"
        self.assert_valid("command-send", {"id": "c-1", "to": "N0CALL-7", "text": "x", "expires_at": later})
        for bad in ({"id": "c-1", "text": "x", "expires_at": "soon"}, {"id": "unreadable", "text": "x"}, {"id": "c-1", "ref": "f-17-1"}):
            self.assert_refused("command-send", bad, "a wrong command")
        for bad in ({"id": "c-1"}, {"id": "c-1", "ref": "a b"}, {"id": "c-1", "ref": "c-2", "to": "f-17"}, {"id": "c-1", "ref": "c-2", "kind": "list"},
                    {"id": "unreadable", "ref": "c-2"}):
            self.assert_refused("command-cancel", bad, "a wrong command")
        for bad in ({}, {"id": ""}, {"id": "c-1", "ref": "c-2"}, {"id": "c-1", "kind": "cancel"}):
            self.assert_refused("command-list", bad, "a wrong command")
        receipt = next(document for name, document in samples() if name == "receipt" and "waiting" in document["body"])
        for member, value in (("stored", True), ("more", False), ("limit", 0), ("waiting", {}), ("waiting", [{}]), ("text", "")):
            self.assert_refused("receipt", {**receipt, "body": {**receipt["body"], member: value}}, member)

    def test_states(self):
        self.assert_valid("state", {"kind": "state", "gateway": "base1", "state": "online", "session": 7})
        self.assert_refused("state", {"kind": "state", "gateway": "base1", "state": "online"}, "a state without session")
        self.assert_valid("radio-state", {"kind": "radio-state", "gateway": "base1", "radio": "vhf", "state": "up"})

    def test_tool_carries_them(self):
        listed = subprocess.run([BINARY / "cresset", "schema", "--json"], stdout=subprocess.PIPE, check=True)
        self.assertEqual([entry["kind"] for entry in json.loads(listed.stdout)], sorted(SCHEMAS))
        for name in SCHEMAS:
            printed = subprocess.run([BINARY / "cresset", "schema", name], stdout=subprocess.PIPE, check=True)
            self.assertEqual(printed.stdout, (SOURCE / "config" / "schema" / f"{name}.json").read_bytes())
        wrong = subprocess.run([BINARY / "cresset", "schema", "nosuch"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual((wrong.returncode, wrong.stdout), (1, b""))


if __name__ == "__main__":
    unittest.main()
