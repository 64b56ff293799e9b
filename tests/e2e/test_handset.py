"""A handset in the field and the base: what it says is acknowledged once that is true, and what it leaves out is asked for."""
import harness
import modem_bench
from handset_bench import FieldTest, Handset

STORED, BASE_SEEN = 1, 2


class Acknowledged(FieldTest):
    def test_alert_goes_until_it_is_stored(self):
        self.base()
        handset = Handset(self)
        counter = int(handset.say("alert fire").split()[1])
        stored = handset.expect("ack")
        self.assertEqual((stored["level"], stored["counter"], stored["from"]), (STORED, counter, 61000))
        [alert] = self.listener.expect("/alert/f-4660")
        self.assertEqual(alert["text"], "fire")
        frames = handset.counts()[0]
        # It has stopped: nothing more comes of it while another message goes to and fro.
        handset.say("checkin+ 1")
        harness.wait_for(lambda: len(handset.told("ack")) == 2, "the other acknowledgement")
        self.assertEqual(handset.told("given_up"), [])
        self.assertLessEqual(handset.counts()[0], frames + 2)

    def test_long_text_is_whole_and_then_stored(self):
        self.base()
        handset = Handset(self)
        counter = int(handset.say("text+ " + "all is well here " * 20).split()[1])
        stored = handset.expect("ack")
        self.assertEqual((stored["level"], stored["counter"]), (STORED, counter))

    def test_a_person_at_the_base_has_seen_it(self):
        self.base()
        handset = Handset(self)
        counter = int(handset.say("distress 7").split()[1])
        handset.expect("ack", lambda event: event["level"] == STORED)
        self.bench.tool("ack", "--operator", "desk-1", f"f-4660-{counter}")
        handset.expect("ack", lambda event: event["level"] == BASE_SEEN and event["counter"] == counter)


class Asked(FieldTest):
    def test_last_resort_without_its_reasons(self):
        """Forwarded at full speed, and never refused; what is missing is asked for."""
        self.base()
        handset = Handset(self)
        counter = int(handset.say("request 3 escort for the medical convoy").split()[1])
        [request] = self.listener.expect("/coord/base1/request/")
        self.assertEqual((request["id"], request["body"]["incomplete"]), (f"f-4660-{counter}", True))
        asked = handset.expect("text")["text"]
        self.assertIn("being passed on", asked)
        self.assertIn("the justification", asked)
        self.assertIn("alternatives", asked)
        self.assertEqual(self.listener.find("/receipt/"), [], "no command of headquarters")
        # The same frame once more asks nothing again.
        self.assertEqual(len(handset.told("text")), 1)

    def test_other_requests_are_not_asked(self):
        self.base()
        handset = Handset(self)
        handset.say("request+ 8 which road is open")
        handset.expect("ack", lambda event: event["level"] == STORED)
        self.assertEqual(handset.told("text"), [])


class AskedInFrench(FieldTest):
    keys_of_field = "language: fr"

    def test_last_resort_without_its_reasons(self):
        self.base()
        handset = Handset(self)
        handset.say("request 4 hélicoptère")
        self.assertIn("la justification ; les autres solutions étudiées", handset.expect("text")["text"])


if __name__ == "__main__":
    harness.main(modem_bench.AT_ONCE)
