"""Commands of headquarters over a broker that knows MQTT 3.1.1 only."""

import contextlib
import signal
import socket
import subprocess
import threading

import harness
from commands_bench import Rig


class OldDoor:
    """In front of a broker: lets in MQTT 3.1.1 only, as a broker of ten years ago would."""

    def __init__(self, port):
        self.behind = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self):
        while True:
            try:
                visitor, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.let_in, args=(visitor,), daemon=True).start()

    def let_in(self, visitor):
        with contextlib.suppress(OSError), visitor:
            hello = visitor.recv(4096)
            level = hello[hello.index(b"MQTT") + 4] if b"MQTT" in hello else 0
            if level != 4:
                visitor.sendall(b"\x20\x02\x00\x01")
                return
            with socket.create_connection(("127.0.0.1", self.behind)) as broker:
                broker.sendall(hello)
                threading.Thread(target=self.carry, args=(broker, visitor), daemon=True).start()
                self.carry(visitor, broker)

    @staticmethod
    def carry(one, other):
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class OldProtocol(Rig):
    """The same by MQTT 3.1.1, which has no expiry and says of what is kept only what was kept before."""
    protocol = "311"

    def setUp(self):
        super().setUp()
        door = OldDoor(self.port)
        self.addCleanup(door.close)
        self.door = door.port

    def test_text_and_what_came_while_the_gateway_was_away(self):
        gateway = self.start()
        self.assertEqual(self.bench.status()["uplink"]["protocol"], 4)
        text = {"to": "N0CALL-7", "body": {"ack_wanted": False}}
        self.publish("sec/text", {"id": "old-1", "text": "the old way", **text})
        self.assertEqual(self.final("old-1")["stage"], "sent")
        self.bench.stop(gateway, signal.SIGKILL)
        self.publish("sec/text", {"id": "old-2", "text": "while away", **text})
        self.publish("sec/text", {"id": "old-1", "text": "the old way", **text})
        self.start_again()
        self.assertEqual(self.final("old-2")["stage"], "sent")
        self.settled()
        self.assertEqual((len(self.frames("the old way")), len(self.frames("while away"))), (1, 1))

    def test_what_the_broker_had_kept_is_not_taken(self):
        gateway = self.start()
        self.bench.stop(gateway)
        self.publish("sec/text", {"id": "old-3", "to": "N0CALL-7", "text": "kept"}, "-r")
        subprocess.run([harness.find_program("mosquitto_sub"), "-h", "127.0.0.1", "-p", str(self.port), "-i", "cresset-base1-u", "-t", "none",
                        "-E"], check=True, timeout=harness.PATIENCE_S)  # ends the session, so that only the kept one comes
        self.start_again()
        harness.wait_for(lambda: self.bench.counter("commands", "drop.retained") == 1, "the kept command")
        self.assertEqual(self.frames("kept"), [])


if __name__ == "__main__":
    harness.main(at_once=4)
