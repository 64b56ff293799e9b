"""Commands that stream in while the gateway is killed again and again: each comes again from the broker, or has its receipt."""

import json
import random
import signal
import subprocess
import threading

import harness
from commands_bench import DOWN, Rig

KILLS = 10
EVERY_S = 0.004


class Stream:
    """Publishes commands one after the other until it is told to stop; every other one is for a station that nobody can reach."""

    def __init__(self, port):
        self.commands = []
        self.over = threading.Event()
        self.publisher = subprocess.Popen([harness.find_program("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(port), "-V", "5", "-q", "1", "-t",
                                           DOWN + "sec/text", "-l"], stdin=subprocess.PIPE)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.over.wait(EVERY_S):
            number = len(self.commands)
            command = {"id": f"s-{number}", "to": ("N0CALL-7", "f-17")[number % 2], "text": "x"}
            self.commands.append(command["id"])
            self.publisher.stdin.write(json.dumps(command).encode() + b"\n")
            self.publisher.stdin.flush()

    def stop(self):
        self.over.set()
        self.thread.join()
        self.publisher.stdin.close()
        self.publisher.wait(harness.PATIENCE_S)


class CommandsKill(Rig):
    def test_each_command_has_its_receipt_whenever_the_gateway_is_killed(self):
        instants = random.Random(5)
        # What is taken waits for a radio that is not there.
        gateway = self.start({"vhf": (f"tcp://127.0.0.1:{harness.free_port()}", "aprs: {callsign: N0CALL-10}")})
        stream = Stream(self.port)
        self.addCleanup(stream.stop)
        for _ in range(KILLS):
            count = len(self.receipts())
            harness.wait_for(lambda: len(self.receipts()) > count, "a receipt of this run")
            stream.over.wait(instants.uniform(0, 0.5))
            self.bench.stop(gateway, signal.SIGKILL)
            gateway = self.start_again(wait=False)
        stream.stop()
        harness.wait_for(lambda: not self.unanswered(stream), "a receipt for each command", 120)
        found = self.receipts()
        for number, command in enumerate(stream.commands):
            wanted = {"queued"} if number % 2 == 0 else {"failed"}
            self.assertEqual(set(found[command].values()), wanted, command)
            self.assertEqual(len(found[command]), 1, command)

    def receipts(self):
        """Of each command the stages of its receipts by their ids."""
        found = {}
        for document in self.hq.find("/receipt/s-"):
            found.setdefault(document["body"]["command"], {})[document["id"]] = document["body"]["stage"]
        return found

    def unanswered(self, stream):
        found = self.receipts()
        return [command for command in stream.commands if command not in found]


if __name__ == "__main__":
    harness.main()
