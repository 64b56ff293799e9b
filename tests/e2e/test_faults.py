"""What goes wrong in the field: brokers that are mute, old, gone or refuse, names that never resolve, cables pulled, disks full."""

import os
import pty
import socket
import threading
import time
import unittest

import harness

STATUS = "N0CALL-{n}>APZ001,WIDE1-1:>report {text}"
EMERGENCY = b"N0CALL-9>414W2V,WIDE2-1:`c51!f?>/]\"3x}="


class Faults(unittest.TestCase):
    def setUp(self):
        self.bench = harness.Bench()
        self.addCleanup(self.bench.__exit__)
        self.tnc = self.bench.tnc()

    def start(self, brokers, uplink="", env=None):
        config = self.bench.config(brokers, {"vhf": f"tcp://127.0.0.1:{self.tnc.port}"})
        config.write_text(config.read_text().replace("uplink:\n", f"uplink:\n{uplink}"))
        gateway = self.bench.gateway(config, env)
        self.tnc.connected()
        harness.wait_for(lambda: "vhf: up" in self.bench.log(), "the radio to be up")
        return gateway

    def fake_broker(self, serve):
        """A listener of our own; serve(connection) runs in a thread for each connection."""
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        self.addCleanup(listener.close)

        def accept():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return listener.getsockname()[1]

    def test_a_mute_broker_is_left_for_the_next(self):
        held = []
        mute = self.fake_broker(held.append)
        port, _ = self.bench.broker()
        hq = harness.Listener(self.bench, port)
        self.start([mute, port], "  connect_timeout: 5 s\n")
        self.tnc.hear(EMERGENCY)
        hq.expect("sec/base1/distress")
        self.assertGreaterEqual(len(held), 1)

    def test_a_name_that_does_not_resolve_holds_up_nobody(self):
        port, _ = self.bench.broker()
        hq = harness.Listener(self.bench, port)
        self.start(["{host: no-such-host.invalid, port: 1883}", port])
        self.tnc.hear(EMERGENCY)
        hq.expect("sec/base1/distress")

    def test_a_broker_that_goes_and_comes_back_gets_everything(self):
        port, broker = self.bench.broker()
        hq = harness.Listener(self.bench, port)
        self.start([port])
        hq.expect("gw/base1/state")
        self.bench.stop(broker)
        self.bench.stop(hq.process)
        for n in range(50):
            self.tnc.hear(STATUS.format(n=n % 10, text=f"while away {n}"))
        self.tnc.hear(EMERGENCY)
        harness.wait_for(lambda: self.bench.counter("route", "accepted") == 51, "51 messages taken")
        self.bench.broker(port)
        hq = harness.Listener(self.bench, port)
        hq.expect("text/", count=50)
        distress = hq.expect("sec/base1/distress")
        self.assertEqual(len(distress), 1)
        texts = {document["text"] for document in hq.find("text/")}
        self.assertEqual(texts, {f"report while away {n}" for n in range(50)})
        alerts = [i for i, (_, topic, _, _) in enumerate(hq.messages) if "distress" in topic]
        others = [i for i, (_, topic, _, _) in enumerate(hq.messages) if "/text/" in topic]
        self.assertLess(alerts[0], others[10], "the alert came first, but for what was already on the wire")

    def test_what_the_access_list_refuses_is_said_and_kept(self):
        acl = self.bench.dir / "acl"
        acl.write_text("topic readwrite cresset/v1/test/gw/#\ntopic readwrite cresset/v1/test/track/#\ntopic read #\n")
        os.chmod(acl, 0o644)
        port, _ = self.bench.broker(lines=[f"acl_file {acl}"])
        self.start([port])
        harness.wait_for(lambda: self.bench.status()["uplink"]["connected"], "a connection")
        self.tnc.hear(EMERGENCY)
        harness.wait_for(lambda: self.bench.counter("uplink", "refused") >= 1, "the refusal to be counted")
        self.assertIn("0x87", self.bench.log())
        self.assertGreaterEqual(self.bench.counter("uplink", "distress_unheard"), 1)
        held = harness.wait_for(lambda: (lambda level: level if level["held"] else None)(self.bench.status()["classes"][0]),
                                "the alert to be kept for another try")
        self.assertEqual((held["held"], held["queued"]), (1, 1))
        self.assertEqual(self.bench.counter("uplink", "refused"), 1)

    def test_nobody_listening_to_a_distress_is_said(self):
        port, _ = self.bench.broker()
        self.start([port])
        harness.wait_for(lambda: self.bench.status()["uplink"]["connected"], "a connection")
        self.tnc.hear(EMERGENCY)
        harness.wait_for(lambda: self.bench.counter("uplink", "no_subscriber") >= 1, "0x10 to be counted")
        self.assertEqual(self.bench.counter("uplink", "no_subscriber"), 1)
        self.assertIn("nobody listens", self.bench.log())

    def test_the_kiss_server_comes_back(self):
        port, _ = self.bench.broker()
        hq = harness.Listener(self.bench, port)
        self.start([port])
        self.tnc.hear_bytes(harness.kiss(harness.ax25(STATUS.format(n=1, text="half")))[:20])
        tnc_port = self.tnc.port
        self.tnc.close()
        harness.wait_for(lambda: self.bench.status()["radios"][0]["state"] == "down", "the radio to be down")
        self.tnc = self.bench.tnc(tnc_port)
        self.tnc.connected()
        self.tnc.hear(STATUS.format(n=2, text="whole"))
        hq.expect("text/N0CALL-2")
        self.assertEqual(hq.find("text/N0CALL-1"), [])
        self.assertEqual(self.bench.log().count("radio vhf: up"), 2)

    def test_one_radio_unplugged_and_replugged_leaves_the_other_alone(self):
        port, _ = self.bench.broker()
        hq = harness.Listener(self.bench, port)
        link = self.bench.dir / "ttyTNC"
        master, slave = pty.openpty()
        os.symlink(os.ttyname(slave), link)
        os.close(slave)
        config = self.bench.config([port], {"vhf": f"tcp://127.0.0.1:{self.tnc.port}", "usb": str(link)})
        self.bench.gateway(config)
        self.tnc.connected()
        harness.wait_for(lambda: "usb: up" in self.bench.log(), "the pty to be open")
        os.write(master, harness.kiss(harness.ax25(STATUS.format(n=1, text="by usb"))))
        hq.expect("text/N0CALL-1")
        os.write(master, harness.kiss(harness.ax25(STATUS.format(n=1, text="torn")))[:25])
        os.close(master)
        link.unlink()
        harness.wait_for(lambda: "unplugged" in self.bench.log(), "the line that says so")
        self.tnc.hear(STATUS.format(n=2, text="still here"))
        hq.expect("text/N0CALL-2")
        time.sleep(1.5)
        master, slave = pty.openpty()
        os.symlink(os.ttyname(slave), link)
        os.close(slave)
        harness.wait_for(lambda: self.bench.log().count("usb: up") == 2, "the port to be opened again")
        os.write(master, harness.kiss(harness.ax25(STATUS.format(n=3, text="back"))))
        hq.expect("text/N0CALL-3")
        os.close(master)
        complaints = [line for line in self.bench.log().splitlines() if "ttyTNC" in line and "up on" not in line]
        self.assertLessEqual(len(complaints), 3, "one line for each change, not for each try")

    def test_a_port_that_is_no_port_or_absent_is_named(self):
        port, _ = self.bench.broker()
        config = self.bench.config([port], {"vhf": f"tcp://127.0.0.1:{self.tnc.port}", "file": "/etc/hostname",
                                            "gone": "/dev/ttyUSB77"})
        self.bench.gateway(config)
        self.tnc.connected()
        def faults():
            radios = {radio["name"]: radio["fault"] for radio in self.bench.status()["radios"]}
            return radios["file"] and radios["gone"] and radios
        self.bench.answering()
        found = harness.wait_for(faults, "both faults")
        self.assertEqual(found["gone"], "absent")
        self.assertNotEqual(found["file"], "absent")
        self.assertIn("/dev/ttyUSB77", self.bench.log())

    def test_malformed_frames_are_counted_and_never_an_emergency(self):
        port, _ = self.bench.broker()
        hq = harness.Listener(self.bench, port)
        self.start([port])
        good = harness.ax25(EMERGENCY)
        for cut in range(2, len(good) - 1, 3):
            self.tnc.hear_bytes(harness.kiss(good[:cut]))
        self.tnc.hear_bytes(harness.kiss(b"\x00" * 300) + b"\xc0\x00\xdb\x00\xc0" + harness.kiss(good[:14] + b"\xff" * 40))
        self.tnc.hear("N0CALL-1>APZ001:>the end")
        hq.expect("text/N0CALL-1")
        self.assertEqual(hq.find("distress"), [d for d in hq.find("distress") if d["position"]["lat"] > 41.78])
        self.assertGreater(sum(drop["count"] for drop in self.bench.status()["drops"]), 5)

    def test_a_full_disk_is_said_and_traffic_goes_on(self):
        full = self.bench.dir / "full"
        # LD_PRELOAD takes no path with a space.
        library = self.bench.dir / "slowsync.so"
        library.symlink_to(harness.BINARY / "tests" / "slowsync.so")
        port, broker = self.bench.broker()
        self.start([port], env={"LD_PRELOAD": str(library),
                                "SLOWSYNC_FULL_BELOW": str(self.bench.dir / "base1"), "SLOWSYNC_WHEN": str(full),
                                "ASAN_OPTIONS": "verify_asan_link_order=0"})
        full.touch()
        self.bench.stop(broker)
        self.tnc.hear(EMERGENCY)
        harness.wait_for(lambda: self.bench.status()["store"]["health"] in ("full", "failed"), "the store to say so")
        self.bench.broker(port)
        hq = harness.Listener(self.bench, port)
        hq.expect("sec/base1/distress")

    def test_hostile_lines_on_the_socket(self):
        port, _ = self.bench.broker()
        self.start([port])
        path = str(self.bench.dir / "base1.sock")
        lines = [b"\n", b"{}\n", b"[]\n", b"{\"command\":7}\n", b"{\"command\":\"send\",\"to\":\"" + b"A" * 9000 + b"\"}\n",
                 b"\xff\xfe\x00\n", b"{\"command\":\"ack\",\"id\":{}}\n", b"[" * 8000 + b"\n",
                 b"{\"command\":\"send\",\"text\":\"a\\u0000b\",\"to\":\"N0CALL\"}\n", b"x" * 70000]
        for line in lines:
            client = socket.socket(socket.AF_UNIX)
            client.connect(path)
            client.settimeout(harness.PATIENCE_S)
            try:
                client.sendall(line)
                client.shutdown(socket.SHUT_WR)
                answer = client.recv(65536)
                self.assertTrue(answer == b"" or b"error" in answer, (line[:40], answer[:100]))
            except (BrokenPipeError, ConnectionResetError):
                pass
            client.close()
        self.assertEqual(self.bench.status()["gateway"], "base1")


if __name__ == "__main__":
    harness.main(at_once=3)
