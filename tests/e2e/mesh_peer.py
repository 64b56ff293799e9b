"""A Meshtastic node made by its network's own npm library, and a gateway with it as its only radio."""
import contextlib
import json
import os
import socket
import threading
import unittest

import harness
import peers


class Node(peers.Peer):
    """What it was told is in got() and packets()."""

    def __init__(self, bench, **settings):
        super().__init__(bench, "meshtastic-node.js", "mesh")
        self.set(**settings)

    def set(self, **values):
        self.order("set", values=values)

    def got(self, what):
        return [event for event in self.state() if event["got"] == what]

    def packets(self, fate=None):
        return [packet for packet in self.got("packet") if fate in (None, packet["fate"])]

    def until(self, condition, what, seconds=None):
        return harness.wait_for(condition, f"{what}; so far {self.state()[-10:]}", seconds)


class NetworkPort:
    """A node's line as a TCP port, as meshtasticd offers it: one host at a time; cut() hangs up on it."""

    def __init__(self, bench, node):
        self.fd = os.open(node.link, os.O_RDWR | os.O_NOCTTY)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.client = None
        self.connections = 0
        bench.closers.append(self.close)
        threading.Thread(target=self._accept, daemon=True).start()
        threading.Thread(target=self._to_host, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                self.client, _ = self.listener.accept()
                self.connections += 1
                self._from_host(self.client)

    def _from_host(self, client):
        with contextlib.suppress(OSError):
            while data := client.recv(4096):
                os.write(self.fd, data)

    def _to_host(self):
        with contextlib.suppress(OSError):
            while data := os.read(self.fd, 4096):
                # While nobody listens, what the node says is lost, as on a network.
                with contextlib.suppress(OSError, AttributeError):
                    self.client.sendall(data)

    def cut(self):
        self.client.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.listener.close()
        os.close(self.fd)


@unittest.skipUnless(peers.ready(), "node or the libraries in tests/npm are not installed")
class MeshTest(unittest.TestCase):
    def setUp(self):
        self.bench = harness.Bench()
        self.addCleanup(self.bench.__exit__)

    def base(self, keys="{}", more="", over_tcp=False, **settings):
        self.node = Node(self.bench, **settings)
        self.network = NetworkPort(self.bench, self.node) if over_tcp else None
        device = f'"tcp://127.0.0.1:{self.network.port}"' if over_tcp else self.node.link
        self.port, _ = self.bench.broker()
        self.config = self.bench.dir / "cresset.yaml"
        self.config.write_text(f"""
gateway: {{name: base1, operation: test, state_dir: {self.bench.dir}/base1, socket: {self.bench.dir}/base1.sock}}
uplink: {{brokers: [{{host: 127.0.0.1, port: {self.port}}}]}}
radios:
  mesh:
    device: {device}
    modem: meshtastic
    air: meshtastic
    meshtastic: {keys}
{more}""")
        self.hq = harness.Listener(self.bench, self.port)
        self.gateway = self.bench.gateway(self.config)
        self.bench.answering()
        self.hq.expect("gw/base1/state", lambda state: state.get("online", True))

    def radio(self):
        return self.bench.status()["radios"][0]

    def until_radio(self, state, text="", seconds=None):
        return harness.wait_for(lambda: (lambda radio: radio["state"] == state and text in radio["text"] and radio)(self.radio()),
                                f"radio {state}, {text!r}", seconds)

    def dropped(self, reason):
        return self.bench.counter("radio.mesh", f"drop.{reason}")

    def send(self, words, *options, wait=True, check=False):
        """The stages that the tool was told, the last with its code."""
        said = self.bench.tool("send", *(["--wait"] if wait else []), "--json", *options, words, check=check, timeout=90).stdout
        return [json.loads(line) for line in said.splitlines()]
