"""Delivery through a neighbour: several gateways behind KISS, one mosquitto with the access list. Whoever heard a station best sends, the next one
where that fails, and the caller has one final receipt, whoever was silent, dead or killed in between."""

import json
import signal

import harness
from neighbours_bench import NAMES, NeighboursBench


class Neighbours(NeighboursBench):
    # ---- who goes first ----

    def test_a_station_that_the_neighbour_alone_heard(self):
        self.start("base1", "base2")
        self.hear("base2")
        self.command()
        self.on_air("base2")
        self.acknowledge("base2")
        self.confirmed_by("base2")
        self.assertEqual([body["stage"] for body in self.receipts("c-1")], ["queued", "on_air", "confirmed"])
        self.assertEqual(self.texts("base1"), [])
        self.assertEqual(len(self.texts("base2")), 1)
        # What gateways say to one another is not for others: nobody sees its receipts or reports.
        self.assertEqual(self.hq.find("/n-"), [])
        self.assertEqual(self.hq.find("/reach/"), [])
        # The same command again is answered, and not sent again; while its receipt is still on its way to the broker there is no second one.
        before = len(self.hq.find("gw/base1/receipt/c-1", lambda found: found["body"]["final"]))
        harness.wait_for(lambda: self.command() or len(self.hq.find("gw/base1/receipt/c-1", lambda found: found["body"]["final"])) > before,
                         "the receipt again")
        self.assertEqual(len(self.texts("base2")), 1)

    def test_an_alert_is_handed_over_as_an_alert(self):
        orders = harness.Listener(self.bench, self.port, "cresset/v1/test/gw/base2/down/#", ["-u", "base2", "-F", "%t\t%r\t%p"])
        self.start("base1", "base2")
        self.hear("base2")
        self.command(what="alert", body={"urgency": "Immediate", "severity": "Severe"})
        order = orders.expect("gw/base2/down/gw/base1/alert")[0]
        self.assertRegex(order["id"], "^n-base1-[0-9a-f]{16}$")
        self.assertEqual((order["kind"], order["to"], order["text"]), ("alert", "N0CALL-7", "come home"))
        self.assertNotIn("c-1", json.dumps(order))
        self.on_air("base2")
        self.acknowledge("base2")
        self.confirmed_by("base2")
        self.assertEqual((self.count("base1", "handed"), self.count("base1", "delivered")), (1, 1))
        self.assertEqual({document["class"] for document in self.hq.find("gw/base1/receipt/c-1")}, {"URGENT"})

    def test_what_a_neighbour_has_is_shown_and_cannot_be_taken_back(self):
        self.start("base1", "base2")
        self.hear("base2")
        self.command()
        self.on_air("base2")
        queue = json.loads(self.bench.tool("queue", "--json").stdout)
        self.assertEqual([(row["radio"], row["id"], row["stage"], row["why"]) for row in queue["messages"]],
                         [("gw/base2", "c-1", "awaiting", "neighbour")])
        self.publish("security", "gw/base1/down/sec/list", {"id": "list"})
        row = self.final("list")["waiting"][0]
        self.assertEqual((row["via"], row["command"], "radio" in row), ("base2", "c-1", False))
        self.publish("security", "gw/base1/down/sec/cancel", {"id": "cancel", "ref": "c-1"})
        self.assertEqual(self.final("cancel")["code"], "too_late")
        self.acknowledge("base2")
        self.confirmed_by("base2")

    def test_the_own_radio_goes_first_if_it_heard_the_station_as_well(self):
        self.start("base1", "base2")
        self.hear("base1")
        self.hear("base2")
        self.command()
        self.on_air("base1")
        self.acknowledge("base1")
        body = self.final()
        self.assertEqual((body["stage"], body.get("via")), ("confirmed", None))
        self.assertEqual(self.texts("base2"), [])

    def test_the_neighbour_goes_first_if_it_heard_the_station_better_and_then_the_own_radio(self):
        self.start("base1", "base2", hasty=("base2",))
        self.hear("base1", "N0CALL-7>APZ001,N0CALL-9*:>here I am")
        self.hear("base2")
        self.command()
        self.on_air("base1")
        self.assertEqual(len(self.texts("base2")), 2, "it was repeated there, and then given up")
        self.acknowledge("base1")
        self.assertEqual(self.final()["stage"], "confirmed")
        self.assertNotIn("via", self.final())

    def test_the_own_radio_first_and_then_the_neighbour(self):
        self.start("base1", "base2", hasty=("base1",))
        self.hear("base1")
        self.hear("base2", "N0CALL-7>APZ001,N0CALL-9*:>here I am")
        self.command()
        self.on_air("base2")
        self.assertEqual(len(self.texts("base1")), 2)
        self.acknowledge("base2")
        self.confirmed_by("base2")

    def test_no_way_gets_through(self):
        self.start("base1", "base2", hasty=NAMES)
        self.hear("base1")
        self.hear("base2", "N0CALL-7>APZ001,N0CALL-9*:>here I am")
        self.command()
        body = self.final()
        self.assertEqual((body["stage"], body["code"]), ("failed", "no_ack"))
        self.assertEqual((len(self.texts("base1")), len(self.texts("base2"))), (2, 2))

    def test_what_stays_here(self):
        self.start("base1", "base2", hasty=NAMES)
        self.hear("base2")
        harness.wait_for(lambda: "vhf: up" in self.bench.log("base1.log"), "the radio of base1")
        self.command("named", radio="vhf")
        self.publish("security", "gw/base1/down/sec/rollcall", {"id": "roll", "to": "N0CALL-7", "body": {"id": 7, "type": "security", "window_min": 10}})
        self.assertNotIn("via", self.final("named"))
        self.assertNotIn("via", self.final("roll"))
        self.assertEqual(self.count("base1", "handed"), 0)
        self.assertEqual(self.texts("base2"), [])

    # ---- who is not there ----

    def test_the_own_radio_is_dead(self):
        self.start("base1", "base2")
        self.hear("base1")
        self.hear("base2", "N0CALL-7>APZ001,N0CALL-9*:>here I am")
        self.tncs["base1"].close()
        self.misses_its_radio()
        self.command()
        self.on_air("base2")
        self.acknowledge("base2")
        self.confirmed_by("base2")

    def test_what_waits_for_a_dead_radio_goes_by_whoever_hears_the_station(self):
        self.start("base1", "base2")
        self.hear("base1")
        self.tncs["base1"].close()
        self.misses_its_radio()
        self.command()
        harness.wait_for(lambda: self.receipts("c-1"), "the receipt queued")
        self.hear("base2")
        harness.wait_for(lambda: self.texts("base2"), "the message on the air at base2", 90)
        self.acknowledge("base2")
        self.confirmed_by("base2")

    def test_a_silent_neighbour_and_then_the_next(self):
        self.start("base1", "base2", "base3", hold="8 s")
        self.hear("base2")
        self.hear("base3", "N0CALL-7>APZ001,N0CALL-9*:>here I am")
        self.running["base2"].send_signal(signal.SIGSTOP)
        self.addCleanup(self.running["base2"].send_signal, signal.SIGCONT)
        self.command()
        self.on_air("base3")
        self.acknowledge("base3")
        self.confirmed_by("base3")
        # What comes too late is not sent.
        self.running["base2"].send_signal(signal.SIGCONT)
        harness.wait_for(lambda: self.count("base1", "drop.late") > 0, "the late word of base2")
        self.assertEqual(self.texts("base2"), [])

    def test_the_only_neighbour_is_silent_for_a_while(self):
        self.start("base1", "base2", hold="8 s")
        self.tncs["base1"].close()
        self.hear("base2")
        self.running["base2"].send_signal(signal.SIGSTOP)
        self.addCleanup(lambda: self.running["base2"].send_signal(signal.SIGCONT))
        self.misses_its_radio()
        self.command()
        harness.wait_for(lambda: self.count("base1", "silent") > 0, "the neighbour to be missed")
        self.running["base2"].send_signal(signal.SIGCONT)
        harness.wait_for(lambda: self.texts("base2"), "the message on the air at base2", 90)
        self.acknowledge("base2")
        self.assertEqual(self.final(seconds=60)["stage"], "confirmed")

    # ---- killed in the middle ----

    def test_the_giver_is_killed(self):
        self.start("base1", "base2")
        self.hear("base2")
        self.command()
        self.on_air("base2")
        harness.wait_for(lambda: len(self.receipts("c-1")) == 2, "the receipt on_air")
        self.kill("base1")
        self.acknowledge("base2")
        harness.wait_for(lambda: self.bench.counter("route", "delivered", "base2") >= 3, "the neighbour to say so")
        self.start("base1")
        self.confirmed_by("base2")
        self.assertEqual(len(self.texts("base2")), 1)
        self.assertEqual(self.texts("base1"), [])

    def test_the_neighbour_is_killed(self):
        self.start("base1", "base2")
        self.hear("base2")
        self.command()
        first = self.on_air("base2")[0]
        harness.wait_for(lambda: len(self.receipts("c-1")) == 2, "the receipt on_air")
        self.kill("base2")
        self.start("base2")
        self.assertEqual(self.on_air("base2")[0], first, "as the addressee knows it")
        self.acknowledge("base2")
        self.confirmed_by("base2")
        self.assertEqual(self.texts("base1"), [])

    # ---- who is not to be believed ----

    def test_nothing_goes_in_a_circle(self):
        self.start("base1", "base2", "base3", hasty=("base2",))
        self.tncs["base1"].close()
        self.hear("base2")
        self.hear("base3", "N0CALL-7>APZ001,N0CALL-9*:>here I am")
        self.misses_its_radio()
        self.command()
        self.on_air("base2")
        # base2 does not hand it on, though it knows that base3 heard the station; base1 does.
        self.on_air("base3")
        self.acknowledge("base3")
        self.confirmed_by("base3")
        self.assertEqual(self.count("base1", "handed"), 2)
        self.assertEqual(self.count("base2", "handed"), 0)
        self.assertEqual(self.count("base3", "handed"), 0)

    def test_switched_off_at_the_neighbour(self):
        self.start("base1", "base2")
        self.hear("base2")
        self.bench.stop(self.running.pop("base2"))
        self.start("base2", settings="enabled: false")
        self.tncs["base1"].connected()
        self.command()
        self.on_air("base1")
        self.acknowledge("base1")
        body = self.final()
        self.assertEqual((body["stage"], body.get("via")), ("confirmed", None))
        self.assertEqual(self.texts("base2"), [])
        self.assertEqual(self.count("base1", "failed"), 1)

    def test_only_the_gateways_of_the_settings(self):
        self.start("base1", settings="enabled: true, gateways: [base2]")
        self.start("base3")
        self.tncs["base3"].connected()
        harness.wait_for(lambda: "vhf: up" in self.bench.log("base3.log"), "the radio of base3")
        self.tncs["base3"].hear("N0CALL-7>APZ001:>here I am")
        harness.wait_for(lambda: self.count("base1", "drop.stranger") == 1, "the stranger to be passed over")
        self.publish("base3", "gw/base1/down/gw/base3/text", {"id": "n-base3-0123456789abcdef", "to": "N0CALL-7", "text": "come home"})
        harness.wait_for(lambda: self.count("base3", "drop.late") == 1, "the refusal")
        self.assertEqual(self.texts("base1"), [])

    def test_orders_and_receipts_of_those_who_may_not_give_them(self):
        self.start("base1", "base2", "base3")
        self.hear("base2")
        self.command()
        self.on_air("base2")
        number = self.on_air("base2")[0]
        self.assertTrue(number)
        # Nobody speaks as another gateway, and no audience gives itself the id of a handed-over message.
        for user in ("base3", "security", "cmcoord"):
            for topic in ("gw/base1/down/gw/base2/receipt", "gw/base1/reach/N0CALL-7", "gw/base1/down/gw/base2/text"):
                answer = self.publish(user, topic, {})
                self.assertTrue(answer.returncode or "not authori" in answer.stderr.lower(), (user, topic))
        self.publish("security", "gw/base1/down/sec/text", {"id": "n-base2-0123456789abcdef", "to": "N0CALL-7", "text": "forged"})
        self.hq.expect("receipt/unreadable", lambda found: found["body"]["code"] == "bad_id")
        # A receipt for something that was not given to it changes nothing.
        receipt = {"kind": "receipt", "body": {"command": "n-base1-0123456789abcdef", "stage": "confirmed", "final": True}}
        self.publish("base3", "gw/base1/down/gw/base3/receipt", receipt)
        self.publish("base3", "gw/base1/down/gw/base3/receipt", {"kind": "receipt", "body": []})
        self.publish("base3", "gw/base1/down/gw/base3/rollcall", {"id": "n-base3-0123456789abcdef", "body": {"id": 1, "type": "security", "window_min": 1}})
        harness.wait_for(lambda: self.count("base1", "drop.late") == 1 and self.count("base1", "drop.bad_receipt") == 1, "both to be passed over")
        self.assertFalse([body for body in self.receipts("c-1") if body["final"]])
        self.acknowledge("base2")
        self.confirmed_by("base2")


if __name__ == "__main__":
    harness.main(at_once=4)
