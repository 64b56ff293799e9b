"""The panel with simulated lines: buttons, siren, strobe, lamps and contacts, through kills, lost lines and no broker at all."""
import json
import pathlib
import signal
import subprocess
import time

import harness
import test_field_kinds as field_kinds
from panel_rig import CLOSED, OPEN, OUTPUTS, PRESSED, RELEASED, Lines, PanelTest, sleep_until


class Panel(PanelTest):
    # ---- the panic button ----

    def test_held_too_short_raises_nothing_and_long_enough_exactly_one(self):
        port, _ = self.bench.broker()
        hq = harness.Listener(self.bench, port)
        self.start(self.config([port], hold=None))
        self.wired()
        hq.expect("gw/base1/state", lambda state: state.get("state") == "online")
        # Two seconds are enough, to the millisecond in unit.panel-input.
        self.press(seconds=1.2)
        self.press(seconds=0.3)
        self.call()
        raised = hq.expect("sec/base1/distress/base1")[0]
        self.assertEqual(raised["body"]["nature"], "PANIC_BUTTON")
        self.assertEqual((raised["class"], raised["authenticity"], raised["radio"], raised["station"], raised["status"]),
                         ("DISTRESS", "VERIFIED", "panel", "base1", "Actual"))
        field_kinds.check(raised, "distress")
        self.assertRegex(raised["id"], r"^p-base1-[0-9a-f]{16}-1$")
        self.lines.expect("siren", 1)
        self.assertEqual(len(hq.find("sec/base1/distress/")), 1)
        self.assertEqual(self.bench.counter("panel", "panic.raised"), 1)
        self.assertEqual(self.incidents(1)[0]["count"], 1)
        # Pressed again: one more of the same incident, under an id of its own.
        self.call()
        both = hq.expect("sec/base1/distress/base1", count=2)
        self.assertEqual(len({message["id"] for message in both}), 2)
        self.assertEqual({message["body"]["incident"] for message in both}, {raised["id"]})
        self.assertEqual(self.incidents(1)[0]["count"], 2)

    def test_held_on_it_says_so_again(self):
        self.start(self.config(more="  repeat: 2 s\n"))
        self.wired()
        pressed, released = self.press_until("panic", lambda: self.bench.counter("panel", "panic.raised") >= 3, "three calls")
        held_s = (released - pressed) / 1e6
        calls = self.bench.counter("panel", "panic.raised")
        # After half a second, and every two; a busy gateway may have been late with the last.
        self.assertIn(calls, [1 + int((held_s - late_s - 0.5) // 2) for late_s in (0, 1)])
        self.assertEqual(self.incidents(1)[0]["count"], calls)

    def test_without_radio_and_broker_it_is_on_disk_and_arrives_later(self):
        port = harness.free_port()
        gateway = self.start(self.config([port]))
        self.wired()
        self.call()
        first = self.incidents(1)[0]["id"]
        harness.wait_for(lambda: self.bench.status()["store"]["bytes_written"], "the disk")
        self.bench.stop(gateway, signal.SIGKILL)
        gateway = self.start(self.config([port]))
        self.wired()
        self.assertEqual(self.incidents(1)[0]["id"], first)
        waiting = {row["class"]: row["queued"] for row in self.bench.status()["classes"]}
        self.assertEqual(waiting["DISTRESS"], 1)
        # The id of the second run is another, whatever the clock said.
        self.call()
        self.incidents(1)
        self.bench.broker(port)
        hq = harness.Listener(self.bench, port)
        raised = hq.expect("sec/base1/distress/base1", count=2)
        self.assertEqual(len({message["id"] for message in raised}), 2)
        self.assertIn(first, {message["id"] for message in raised})
        self.assertEqual({message["body"]["incident"] for message in raised}, {first})

    def test_panic_held_while_the_gateway_starts_is_raised(self):
        self.lines.drive("panic", PRESSED)
        self.start(self.config())
        self.incidents(1)

    def test_acknowledging_since_the_start_is_said_and_does_nothing(self):
        self.lines.drive("acknowledge", PRESSED)
        self.start(self.config())
        self.assertEqual(self.wired()["acknowledge"]["fault"], "stuck")
        self.assertIn("panel: the button acknowledge is pressed since the start", self.bench.log())
        self.assertEqual(self.bench.counter("panel", "acknowledge.stuck"), 1)
        self.assertRegex(self.bench.tool("status").stdout, r"panel: acknowledge: pressed since the start")
        self.call()
        self.assertEqual(self.incidents(1)[0]["operator"], "")
        self.lines.drive("acknowledge", RELEASED)
        harness.wait_for(lambda: self.wired()["acknowledge"]["fault"] == "", "the button to be free")
        self.acknowledge()
        self.assertEqual(self.incidents(1)[0]["operator"], "panel")

    # ---- siren, strobe and the way to silence ----

    def test_siren_is_latched_over_a_kill_until_somebody_acknowledges(self):
        config = self.config()
        gateway = self.start(config)
        self.wired()
        self.call()
        for name in ("siren", "strobe"):
            self.lines.expect(name, 1)
        self.bench.stop(gateway, signal.SIGKILL)
        self.assertEqual(self.lines.level("siren"), 1)  # pins stay as a dead process left them
        released = subprocess.run([harness.CRESSETD, "--release-lines", config], capture_output=True, text=True,
                                  timeout=harness.PATIENCE_S, check=True)
        self.assertIn("6 of 6 output lines", released.stderr)
        for name in ("siren", "strobe"):
            self.lines.expect(name, 0)
        self.start(config)
        for name in ("siren", "strobe"):
            self.lines.expect(name, 1)
        self.bench.tool("ack", self.incidents(1)[0]["id"], "--operator", "desk-1")
        for name in ("siren", "strobe"):
            self.lines.expect(name, 0)
        self.lines.expect_steady("lamp_alert", 1)  # still open, but seen
        self.bench.tool("ack", self.incidents(1)[0]["id"], "--level", "CLOSED", "--operator", "desk-1")
        self.lines.expect("lamp_alert", 0)

    def test_the_panels_button_acknowledges_all_that_are_open(self):
        tnc = self.bench.tnc()
        port, _ = self.bench.broker()
        hq = harness.Listener(self.bench, port)
        self.start(self.config([port], radios={"vhf": f"tcp://127.0.0.1:{tnc.port}"}))
        self.wired()
        tnc.connected()
        self.call()
        tnc.hear("N0CALL-9>APZ001:>!EMERGENCY! stuck")
        self.incidents(2)
        self.lines.expect("siren", 1)
        self.acknowledge()
        self.lines.expect("siren", 0)
        self.lines.expect("strobe", 0)
        for incident in self.incidents(2):
            self.assertEqual((incident["level"], incident["operator"]), ("BASE_SEEN", "panel"))
        seen = hq.expect("sec/base1/incident/", lambda document: document["body"]["level"] == "BASE_SEEN", count=2)
        self.assertEqual({document["body"]["operator"] for document in seen}, {"panel"})
        # A new incident sounds again.
        for incident in self.incidents(2):
            self.bench.tool("ack", incident["id"], "--level", "CLOSED", "--operator", "desk-1")
        tnc.hear("N0CALL-8>APZ001:>!EMERGENCY! stuck")
        self.lines.expect("siren", 1)

    def test_a_short_press_counts_though_the_gateway_looks_late(self):
        gateway = self.start(self.config())
        self.wired()
        self.call()
        self.lines.expect("siren", 1)
        gateway.send_signal(signal.SIGSTOP)
        try:
            harness.wait_for(lambda: pathlib.Path(f"/proc/{gateway.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "T",
                             "the gateway to stand still")
            self.press("acknowledge", seconds=0.2)
        finally:
            gateway.send_signal(signal.SIGCONT)
        self.lines.expect("siren", 0)
        self.assertEqual(self.incidents(1)[0]["operator"], "panel")
        self.assertEqual(self.bench.counter("panel", "acknowledge.pressed"), 1)

    def test_the_siren_ends_by_itself_and_the_strobe_stays(self):
        self.start(self.config(more="  siren_max: 3 s\n"))
        self.wired()
        self.call()
        self.lines.expect("siren", 1)
        self.lines.expect("siren", 0)
        on, off = [at for at, name, _ in self.lines.edges if name == "siren"][-2:]
        self.assertAlmostEqual((off - on) / 1e6, 3, delta=1)
        self.assertEqual(self.lines.level("strobe"), 1)

    def test_everything_is_off_after_a_stop(self):
        gateway = self.start(self.config())
        self.wired()
        self.call()
        self.lines.expect("siren", 1)
        self.assertEqual(self.bench.stop(gateway), 0)
        for name in OUTPUTS:
            self.lines.expect(name, 0)

    # ---- lamps ----

    def test_every_lamp_has_a_rhythm_of_its_own(self):
        nobody = harness.free_port()
        self.lines.occupy("lamp_alert", "busy")
        self.start(self.config([nobody], radios={"vhf": f"tcp://127.0.0.1:{nobody}"}))
        self.wired("lamp_alert")
        self.lines.occupy("lamp_alert", None)
        twice, slow, quick = [0.15, 0.25, 0.15, 1.45], [1.0, 1.0], [0.25, 0.25]
        since = len(self.lines.edges)
        self.assert_rhythm("lamp_radio", twice, since)
        self.assert_rhythm("lamp_uplink", slow, since)
        self.assert_rhythm("lamp", twice, since)
        self.wired()
        self.assertEqual(self.lines.level("lamp_alert"), 0)
        self.call()
        self.incidents(1)
        since = len(self.lines.edges)
        self.assert_rhythm("lamp_alert", quick, since)
        self.assert_rhythm("lamp", quick, since)
        self.acknowledge()
        self.lines.expect_steady("lamp_alert", 1)
        self.assert_rhythm("lamp", twice)

    # ---- lid, mains, contacts ----

    def test_lid_and_mains_are_alerts_and_their_end_an_update(self):
        port, _ = self.bench.broker()
        hq = harness.Listener(self.bench, port)
        self.start(self.config([port], more="  mains_after: 3 s\n"))
        self.wired()
        self.lines.drive("tamper", OPEN)
        tamper = hq.expect("sec/base1/alert/base1")[0]
        self.assertEqual((tamper["class"], tamper["body"]["event"], tamper["body"]["urgency"], tamper["body"]["severity"]),
                         ("URGENT", "GATEWAY_TAMPER", "Immediate", "Severe"))
        self.assertEqual(tamper["authenticity"], "VERIFIED")
        self.lines.drive("tamper", CLOSED)
        self.lines.drive("mains", OPEN)
        sleep_until(time.monotonic() * 1e6 + 2e5)
        self.lines.drive("mains", CLOSED)  # too short to be said
        sleep_until(time.monotonic() * 1e6 + 2e5)
        self.lines.drive("mains", OPEN)
        update = hq.expect("sec/base1/alert/base1", lambda alert: alert["body"]["msg_type"] == "Update")[0]
        self.assertEqual((update["body"]["ref"], update["body"]["urgency"]), (tamper["id"], "Past"))
        mains = hq.expect("sec/base1/alert/base1", lambda alert: alert["body"].get("data_type") == "mains")[0]
        self.assertEqual((mains["class"], mains["body"]["category"], mains["body"]["urgency"], mains["body"]["severity"]),
                         ("SAFETY", "Infra", "Expected", "Moderate"))
        state = hq.expect("gw/base1/state", lambda document: "mains" in document.get("panel", {}).get("active", []))[-1]
        field_kinds.check(state, "state")
        self.assertEqual(state["panel"], {"faults": [], "active": ["mains"]})
        self.lines.drive("mains", CLOSED)
        back = hq.expect("sec/base1/alert/base1", lambda alert: alert["body"].get("ref") == mains["id"])[0]
        self.assertEqual((back["body"]["msg_type"], back["body"]["response"]), ("Update", "AllClear"))
        for alert in hq.expect("sec/base1/alert/base1", count=4):
            field_kinds.check(alert, "alert")
        # The lid once more within a minute: a loose contact, counted and not said.
        self.lines.drive("tamper", OPEN)
        sleep_until(time.monotonic() * 1e6 + 2e5)
        self.lines.drive("tamper", CLOSED)
        harness.wait_for(lambda: self.bench.counter("panel", "drop.flapping.tamper") == 1, "the loose contact")
        self.assertEqual(len(hq.find("sec/base1/alert/base1")), 4)
        self.assertEqual(self.bench.status()["incidents"], [])

    def test_contacts_become_what_rules_say(self):
        port, _ = self.bench.broker()
        hq = harness.Listener(self.bench, port)
        rules = "rules:\n  - {line: fire, kind: alert, severity: extreme}\n  - {line: gate, kind: distress}\n"
        self.start(self.config([port], contacts=("fire", "gate", "door"), rules=rules))
        self.wired()
        for name in ("door", "fire", "gate"):
            self.lines.drive(name, CLOSED)
        alerts = {alert["body"]["data_type"]: alert for alert in hq.expect("sec/base1/alert/base1", count=2)}
        self.assertEqual({name: (alert["class"], alert["body"]["urgency"], alert["body"]["severity"])
                          for name, alert in alerts.items()},
                         {"door": ("SAFETY", "Expected", "Moderate"), "fire": ("URGENT", "Immediate", "Extreme")})
        distress = hq.expect("sec/base1/distress/base1")[0]
        field_kinds.check(distress, "distress")
        field_kinds.check(alerts["fire"], "alert")
        self.assertEqual((distress["body"]["data_type"], distress["class"]), ("gate", "DISTRESS"))
        self.lines.expect("siren", 1)

    # ---- lines that are not there ----

    def test_a_busy_line_is_named_and_comes_back(self):
        self.lines.occupy("siren", "gpio-fan")
        self.start(self.config())
        siren = self.wired("siren")["siren"]
        self.assertEqual(siren["fault"], "busy")
        self.assertIn('in use by "gpio-fan"', siren["text"])
        self.assertRegex(self.bench.log(), r'panel: line siren: .*in use by "gpio-fan"')
        shown = self.bench.tool("status").stdout
        self.assertIn('in use by "gpio-fan"', shown)
        self.assertRegex(shown, r"(?m)^siren +out +down +busy +sim:")
        self.assertRegex(shown, r"(?m)^panic +in +off +- +sim:")
        self.assertGreaterEqual(self.bench.counter("panel", "siren.busy"), 1)
        self.assert_rhythm("lamp", [0.15, 0.25, 0.15, 0.25, 0.15, 1.05])
        # All the others do their work.
        self.call()
        self.incidents(1)
        self.lines.expect("strobe", 1)
        self.lines.occupy("siren", None)
        self.lines.expect("siren", 1)  # what is open sounds as soon as there is a siren
        self.assertEqual(self.bench.log().count("panel: line siren: "), 2)

    def test_a_loose_wire_floods_nobody(self):
        self.start(self.config(hold=None))  # of the twenty looks at it in two seconds some find it let go
        self.wired()
        before = len(self.lines.done)
        toggles = "".join(f"drive tamper {OPEN}\ndrive panic {PRESSED}\ndrive tamper {CLOSED}\ndrive panic {RELEASED}\n"
                          for _ in range(20000))
        self.lines.process.stdin.write(toggles.encode())
        self.lines.process.stdin.flush()
        harness.wait_for(lambda: len(self.lines.done) >= before + 80000, "the end of the flood")
        self.wired()
        self.assertLessEqual(self.bench.counter("panel", "tamper.raised"), 1)
        self.assertEqual(self.bench.counter("panel", "panic.raised"), 0)
        self.call()
        self.incidents(1)

    def test_lines_that_are_lost_come_back(self):
        self.start(self.config(hold="3 s"))
        self.wired()
        pressed = self.lines.drive("panic", PRESSED)
        self.lines.close()
        harness.wait_for(lambda: self.bench.counter("panel", "panic.lost"), "the loss of the button")
        self.assertIn("panel: line panic: ", self.bench.log())
        sleep_until(pressed + 3.5e6)
        self.assertEqual(self.bench.status()["incidents"], [])
        self.bench.stop(self.lines.process)
        self.lines = Lines(self.bench, self.socket)
        self.lines.drive("tamper", CLOSED)
        self.lines.drive("mains", CLOSED)
        harness.wait_for(lambda: self.bench.status()["panel"][0]["state"] == "off", "the button's line")
        self.call()
        self.incidents(1)
        self.lines.expect("siren", 1)

    # ---- who may be told what ----

    def say(self, tnc, counter, kind, fields, **header):
        frame = field_kinds.field.Frame(kind, 17, counter, field_kinds.field.pack_body(kind, fields), time=0, **header)
        tnc.hear_bytes(harness.kiss(frame.seal()))

    def test_exercises_and_duress(self):
        """An exercise is shown and does not sound, but where that is wanted; of a check-in under duress nothing is to be seen."""
        keys = self.bench.dir / "keys.json"
        keys.write_text(json.dumps({"format": "cresset keys 1", "master": field_kinds.field.MASTER.hex()}))
        keys.chmod(0o600)
        for wanted in (False, True):
            tnc = self.bench.tnc()
            config = self.config(more=f"  exercises: {str(wanted).lower()}\n", rules=f"field: {{keys: {keys}}}\n",
                                 radios={"lora": f"tcp://127.0.0.1:{tnc.port}"})
            config.write_text(config.read_text().replace("air: aprs", "air: field"))
            gateway = self.start(config)
            self.wired()
            tnc.connected()
            if not wanted:
                self.say(tnc, 1, "checkin", {"state": 8, "rollcall": 0, "headcount": 255, "battery_pct": 50})
                harness.wait_for(lambda: self.bench.counter("route", "accepted"), "the check-in")
                self.assertEqual((self.lines.level("siren"), self.lines.level("lamp_alert")), (0, 0))
                self.say(tnc, 2, "distress", {"nature": 3, "persons": 2, "battery_pct": 50}, status=1)
            self.incidents(1)
            self.assert_rhythm("lamp_alert", [0.25, 0.25])
            self.assertEqual((self.lines.level("siren"), self.lines.level("strobe")), (int(wanted), int(wanted)))
            self.bench.stop(gateway)


if __name__ == "__main__":
    harness.main(at_once=3)
