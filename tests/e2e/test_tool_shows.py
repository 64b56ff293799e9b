"""What the tool cresset shows of a daemon that answers from a script: tables, JSON, streams, and nothing that could take over a terminal."""

import json
import unittest

from tool_bench import EVIL, STATUS, ToolTest, columns_of, run


class Status(ToolTest):
    def test_tables(self):
        daemon, result = self.ask([STATUS], "status")
        self.assertEqual((result.code, result.err), (0, ""))
        self.assertEqual(daemon.requests, [{"command": "status"}])
        head = result.out.split("\n")[:4]
        self.assertEqual(head[0], "gateway  base1, operation demo, version 0.1.0, up 1 d 2 h, clock ntp")
        self.assertEqual(head[1], "uplink   connected to hq.example:8883, MQTT 5")
        self.assertEqual(head[2], "link     rate 61.4 kbit/s, RTT 641 ms (best 603 ms), window 4.2 kB unacknowledged, "
                                  "2 urgent waiting")
        self.assertEqual(head[3], "store    full, 12.3 kB written: no space left: going on in memory")
        _, classes = columns_of(result.out, "CLASS")
        self.assertEqual([" ".join(row.split()) for row in classes],
                         ["DISTRESS 0 0 B 0 - 4 312 ms 700 ms", "URGENT 1 210 B 0 0 s 9 9.4 ms 12.0 s",
                          "SAFETY 0 0 B 0 - 0 - -", "ROUTINE 17 3.4 kB 1 1 min 2 - -",
                          "BULK 9871 2.0 MB 0 1 h 06 min 120345 61.0 s 200 s"])
        _, radios = columns_of(result.out, "RADIO")
        self.assertEqual(" ".join(radios[0].split()), "vhf up kiss - aprs tcp://127.0.0.1:8001 1.2 MB 0 B 5120 5100 3 1 2 s")
        self.assertIn("/dev/serial/by-id/usb-Example-if00", radios[1])
        self.assertIn("down: radio uhf: /dev/serial/by-id/usb-Example-if00 is gone: plug it in\n", result.out)
        module = {**STATUS["radios"][0], "model": "E22-T22S", "state": "not ready", "text": "the module does not answer"}
        warning = {**STATUS["radios"][0], "name": "hat", "text": "AUX is not wired"}
        _, other = self.ask([{**STATUS, "radios": [module, warning]}], "status")
        self.assertIn("not ready: radio vhf: the module does not answer\nup: radio hat: AUX is not wired\n", other.out)
        self.assertIn("kiss  E22-T22S aprs", other.out)
        _, incidents = columns_of(result.out, "INCIDENT")
        self.assertEqual(incidents[0].split(), ["a-17-5", "N0CALL-7", "vhf", "Actual", "UNVERIFIED", "STORED", "-", "3",
                                                "2026-01-02T03:04:05.000Z", "2026-01-02T03:09:00.000Z", "1.50000", "-36.25000"])
        _, drops = columns_of(result.out, "DROPPED")
        self.assertEqual(drops[0].split(), ["radio.vhf", "bad_address", "41"])
        self.assertNotIn("18446744073709", result.out)
        self.assertIn("18446744073709", run("status", "--counters", path=daemon.path).out)

    def test_airtime(self):
        airtime = {"band": "eu868 P", "limit_s": 360.0, "reserve_s": 36.5, "spent_s": 323.5, "left_s": 0.0, "left_for_alerts_s": 36.5,
                   "spent_for_alerts_s": 0.0, "more_in_s": 125, "listening_share_pct": 25, "alert_waits": True,
                   "alert_waits_until": "2026-01-02T14:05:00.000Z"}
        free = {**airtime, "band": None, "limit_s": None, "reserve_s": None, "left_s": None, "left_for_alerts_s": None, "spent_s": 0.4,
                "more_in_s": None, "listening_share_pct": 100, "alert_waits": False, "alert_waits_until": None}
        radios = [{**STATUS["radios"][0], "airtime": airtime}, {**STATUS["radios"][0], "name": "hf", "airtime": free},
                  {**STATUS["radios"][0], "name": "old"}]
        for command in ("status", "top"):
            _, result = self.ask([{**STATUS, "radios": radios}], command)
            heading, rows = columns_of(result.out, "AIRTIME")
            self.assertEqual(heading.split(), ["AIRTIME", "BAND", "LIMIT", "SPENT", "LEFT", "FOR", "ALERTS", "RESERVE", "MORE", "IN", "LISTENING"])
            self.assertEqual([" ".join(row.split()) for row in rows], [
                "vhf eu868 P 360 s 324 s 0.0 s 36.5 s 36.5 s 2 min 75 %", "hf - - 0.4 s - - - - -"])
            self.assertIn("\nradio vhf: alerts wait for airtime until 14:05Z\n\n", result.out)
        for odd in (5, [], {}, {"alert_waits": True, "alert_waits_until": EVIL}, {"band": EVIL, "limit_s": 1e300, "spent_s": -1, "more_in_s": "x"}):
            _, result = self.ask([{**STATUS, "radios": [{**STATUS["radios"][0], "airtime": odd}]}], "status")
            self.assertEqual((result.code, result.err), (0, ""), odd)
            self.assert_harmless(result)

    def test_json_is_the_document(self):
        _, result = self.ask([STATUS], "status", "--json")
        self.assertEqual(json.loads(result.out), STATUS)
        self.assertEqual(result.out.count("\n"), 1)

    def test_not_connected(self):
        status = {**STATUS, "uplink": {"connected": False, "broker": "hq.example:1883", "text": "connection refused",
                                       "protocol": 4, "reason_codes": False}}
        _, result = self.ask([status], "status")
        self.assertIn("uplink   NOT connected to hq.example:1883: connection refused, MQTT 3.1.1 "
                      "(this broker cannot say that nobody listens)\n", result.out)

    def test_error_of_the_daemon(self):
        for arguments in (["status"], ["status", "--json"], ["top"]):
            _, result = self.ask([{"error": "not today" + EVIL}], *arguments)
            self.assertEqual((result.code, result.out), (1, ""))
            self.assertTrue(result.err.startswith("cresset: not today"))
            self.assert_harmless(result)

    def test_hostile_texts_stay_text(self):
        def poison(value):
            if isinstance(value, dict):
                return {key: poison(inner) for key, inner in value.items()}
            if isinstance(value, list):
                return [poison(inner) for inner in value]
            return value + EVIL if isinstance(value, str) else value
        poisoned = poison(STATUS)
        for locale in ("C.UTF-8", "C"):
            daemon, result = self.ask([poisoned], "status", "--counters", locale=locale)
            self.assertEqual(result.code, 0)
            self.assert_harmless(result)
            self.assertIn("N0CALL-7\\u001b]0;title", result.out)
            result = run("status", "--json", path=daemon.path, locale=locale)
            self.assert_harmless(result)
            self.assertEqual(json.loads(result.out), poisoned)

    def test_letters_of_all_scripts_are_shown(self):
        status = {**STATUS, "gateway": "Base-é-Ω-ع-水-😀"}
        _, result = self.ask([status], "status")
        self.assertIn("gateway  Base-é-Ω-ع-水-😀,", result.out)
        _, result = self.ask([status], "status", locale="C")
        self.assertTrue(result.out.isascii())

    def test_answers_of_wrong_shape(self):
        shapes = [{}, {"radios": {}, "classes": 5, "uplink": [], "store": "x", "drops": [1, None, [], "x", {}]},
                  {"gateway": 5, "uptime_s": "x", "uplink": {"rate_bps": -1e308, "rtt_ms": 1e308, "protocol": 1e99},
                   "radios": [{"name": [], "bytes_in": -5, "heard": 1e300, "last_heard_s": 1e300}]},
                  {"radios": [{}] * 500, "incidents": [{"lat": "x"}]}]
        for shape in shapes:
            for command in ("status", "top"):
                _, result = self.ask([shape], command)
                self.assertEqual((result.code, result.err), (0, ""), shape)

    def test_unreadable_answers(self):
        for answer in (b"\n", b"[]\n", b"nonsense\n", b'{"a":1}{"b":2}\n', b"\xff\xfe\n", b'{"a":"\xff"}\n', b"\0\0\n",
                       b"[" * 100000 + b"\n", b"x" * (5 << 20)):
            _, result = self.ask([answer], "status")
            self.assertEqual((result.code, result.out), (1, ""), answer[:20])
            self.assertIn("cannot be read", result.err)

    def test_large_answer_is_fine_below_the_limit(self):
        status = {**STATUS, "drops": [{"group": "g" * 100, "reason": "r", "count": i} for i in range(20000)]}
        _, result = self.ask([status], "status", "--json")
        self.assertEqual(len(json.loads(result.out)["drops"]), 20000)


def waiting(**members):
    return {"radio": "vhf", "class": "ROUTINE", "kind": "text", "id": "c-1", "to": "N0CALL-7", "since_s": 12, "stage": "waiting",
            "parts": 0, "parts_done": 0, "repeats": 0, "go_in_s": None, "why": "turn", "expires_in_s": 86399, **members}


QUEUE = {
    "messages": [
        waiting(**{"class": "URGENT"}, kind="alert", id="c-2", to="", go_in_s=240, why="airtime", expires_in_s=3600),
        waiting(id="c-3", stage="on_air", parts=3, parts_done=1),
        waiting(id="c-4", stage="sending", parts=3, parts_done=2, go_in_s=0, why="listening"),
        waiting(id="c-5", stage="awaiting", parts=1, repeats=2, go_in_s=31, why="acknowledgement", expires_in_s=None),
        waiting(exercise=True),
        waiting(id="c-6", radio="uhf", why="radio")],
    "more": 412,
    "uplink": [{"class": "DISTRESS", "queued": 0, "queued_bytes": 0, "held": 0, "oldest_s": None},
               {"class": "BULK", "queued": 9871, "queued_bytes": 1974200, "held": 0, "oldest_s": 4000}],
}


class Queue(ToolTest):
    def test_table(self):
        daemon, result = self.ask([QUEUE], "queue")
        self.assertEqual((result.code, result.err), (0, ""))
        self.assertEqual(daemon.requests, [{"command": "queue"}])
        _, uplink = columns_of(result.out, "FOR")
        self.assertEqual([" ".join(row.split()) for row in uplink], ["BULK 9871 2.0 MB 1 h 06 min"])
        _, rows = columns_of(result.out, "RADIO")
        self.assertEqual([" ".join(row.split()) for row in rows], [
            "vhf URGENT alert all c-2 12 s waiting in 4 min airtime in 1 h 00 min",
            "vhf ROUTINE text N0CALL-7 c-3 12 s on air 1/3 now - in 23 h 59 min",
            "vhf ROUTINE text N0CALL-7 c-4 12 s sending 2/3 next listening time in 23 h 59 min",
            "vhf ROUTINE text N0CALL-7 c-5 12 s awaiting, 2 repeats in 31 s acknowledgement never",
            "vhf ROUTINE (exercise) text N0CALL-7 c-1 12 s waiting in its turn - in 23 h 59 min",
            "uhf ROUTINE text N0CALL-7 c-6 12 s waiting - the radio in 23 h 59 min",
            "412 more are not shown: on each radio those that go first."])

    def test_json_is_the_document(self):
        daemon, result = self.ask([QUEUE], "queue", "--json", "--radio", "vhf")
        self.assertEqual(json.loads(result.out), QUEUE)
        self.assertEqual(daemon.requests, [{"command": "queue", "radio": "vhf"}])

    def test_hostile_and_misshapen_answers(self):
        evil = {**QUEUE, "messages": [waiting(**{name: "x" * 40 + EVIL for name in ("radio", "class", "kind", "id", "to", "stage", "why")})]}
        _, result = self.ask([evil], "queue")
        self.assertEqual(result.code, 0)
        self.assert_harmless(result)
        odd = waiting(since_s=[], stage=5, parts=1e300, parts_done=-1e300, repeats=1e300, go_in_s=-5, why=None, expires_in_s="x")
        for shape in ({}, {"messages": 5, "uplink": "x", "more": -1}, {"messages": [1, None, {}, [], odd], "uplink": [{}, 7], "more": 1e300}):
            _, result = self.ask([shape], "queue")
            self.assertEqual((result.code, result.err), (0, ""), shape)


DATAGRAM = {"at": "2026-01-02T03:04:05.678Z", "radio": "vhf", "direction": "rx", "size": 20,
            "hex": b"N0CALL>APRS:hi\x1b[2J\xff".hex() + "00", "rssi_dbm": -87.4, "snr_db": 9.25}
MESSAGE = {"topic": "track/base1/N0CALL-7", "class": "BULK",
           "message": {"id": "a-1-2", "kind": "position", "class": "BULK", "status": "Actual", "station": "N0CALL-7",
                       "received_at": "2026-01-02T03:04:05.678Z", "authenticity": "UNVERIFIED",
                       "position": {"lat": 1.5, "lon": 36.75}, "text": "on the way"}}
ALERT = {"topic": "sec/base1/alert/N0CALL-9", "class": "URGENT",
         "message": {"id": "a-3", "kind": "alert", "status": "Exercise", "station": "N0CALL-9", "text": EVIL,
                     "received_at": "2026-01-02T03:05:00.000Z", "authenticity": "UNVERIFIED"}}


class Streams(ToolTest):
    def test_monitor(self):
        other = {**DATAGRAM, "radio": "uhf", "direction": "tx", "hex": "zz", "rssi_dbm": None, "snr_db": None}
        daemon, result = self.ask([{"ok": True}, DATAGRAM, other, None], "monitor")
        self.assertEqual(daemon.requests, [{"command": "monitor"}])
        self.assertEqual(result.out,
                         "2026-01-02T03:04:05.678Z vhf rx 20 bytes -87 dBm SNR 9.2 dB  N0CALL>APRS:hi.[2J..\n"
                         "2026-01-02T03:04:05.678Z uhf tx 20 bytes  \n")
        self.assertEqual(result.code, 3)
        self.assertIn("closed the connection", result.err)

    def test_monitor_hex_of_one_radio(self):
        daemon, result = self.ask([{"ok": True}, DATAGRAM, None], "monitor", "--hex", "--radio", "vhf")
        self.assertEqual(daemon.requests, [{"command": "monitor", "radio": "vhf"}])
        self.assertEqual(result.out,
                         "2026-01-02T03:04:05.678Z vhf rx 20 bytes -87 dBm SNR 9.2 dB\n"
                         "  0000  4e 30 43 41 4c 4c 3e 41 50 52 53 3a 68 69 1b 5b  N0CALL>APRS:hi.[\n"
                         "  0010  32 4a ff 00                                      2J..\n")

    def test_monitor_json(self):
        _, result = self.ask([{"ok": True}, DATAGRAM, None], "monitor", "--json")
        self.assertEqual(json.loads(result.out), DATAGRAM)

    def test_tail(self):
        daemon, result = self.ask([{"ok": True}, MESSAGE, ALERT, {"lost": 12}, None], "tail")
        self.assertEqual(daemon.requests, [{"command": "tail"}])
        lines = result.out.splitlines()
        self.assertEqual(lines[0], "2026-01-02T03:04:05.678Z BULK     position  N0CALL-7 UNVERIFIED 1.50000,36.75000 on the way")
        self.assertTrue(lines[1].startswith("2026-01-02T03:05:00.000Z URGENT   alert     N0CALL-9 Exercise UNVERIFIED \\u001b]0;"))
        self.assertEqual(len(lines), 2)
        self.assert_harmless(result)
        self.assertIn("12 lines left out", result.err)

    def test_tail_filters(self):
        for arguments, expected in ((["--class", "urgent"], [ALERT]), (["--kind", "POSITION"], [MESSAGE]),
                                    (["--class", "URGENT", "--kind", "position"], []), ([], [MESSAGE, ALERT])):
            _, result = self.ask([{"ok": True}, MESSAGE, ALERT, None], "tail", "--json", *arguments)
            self.assertEqual([json.loads(line) for line in result.out.splitlines()], expected)

    def test_refused_stream(self):
        _, result = self.ask([{"error": "no"}], "tail")
        self.assertEqual((result.code, result.err), (1, "cresset: no\n"))

    def test_lines_of_wrong_shape(self):
        odd = [{}, {"message": []}, {"class": 5, "message": {"text": 7, "position": "x"}}, {"hex": "4"}, {"hex": "é", "size": -1}]
        for command in (["tail"], ["monitor"], ["monitor", "--hex"]):
            _, result = self.ask([{"ok": True}, *odd, None], *command)
            self.assertEqual(result.code, 3)


if __name__ == "__main__":
    unittest.main()
