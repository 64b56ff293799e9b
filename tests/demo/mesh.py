"""The meshes of the demonstration: a Meshtastic and a MeshCore node, played by their networks' own npm libraries (tests/npm), each on a pty
in front of the gateway. Left out, with a word, where npm could not install those libraries."""

import json
import os
import pathlib
import pty
import shutil
import socket
import sys
import tty

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "bench"))
import common  # noqa: E402

NPM = pathlib.Path(common.SOURCE_DIR) / "tests" / "npm"
NETWORKS = ("meshtastic", "meshcore")
ALERT_APP = 11  # Meshtastic's port number of alerts
TEXTS = ("two litres of fuel left", "bridge at the mill is passable", "clinic asks for dressings", "convoy has left the river camp")


def installed():
    return bool(shutil.which("node")) and (NPM / "node_modules" / ".installed").exists()


class Node:
    """One node.js program; its standard input and output are the line to the gateway, orders go over a socket."""

    def __init__(self, workshop, network):
        master, self.slave = pty.openpty()  # ours stays open, so that the node can wait for the gateway
        tty.setraw(self.slave)
        self.network, self.device = network, os.ttyname(self.slave)
        path = workshop.path(f"{network}.orders")
        self.child = workshop.start(network, ["node", str(NPM / f"{network}-node.js"), path], stdin=master, stdout=master)
        os.close(master)
        self.orders = socket.socket(socket.AF_UNIX)
        common.wait_until(lambda: self.orders.connect_ex(path) == 0, 20, f"the {network} node")
        self.answers = self.orders.makefile()

    def order(self, do, **more):
        self.orders.sendall(json.dumps({"do": do, **more}).encode() + b"\n")
        return self.answers.readline()


class Meshes:
    def __init__(self, workshop):
        self.nodes = {network: Node(workshop, network) for network in NETWORKS} if installed() else {}
        if not self.nodes:
            print("note: no Meshtastic and MeshCore nodes in this run: npm could not install the libraries that play them.")

    def settings(self):
        return "".join(f"  {name}: {{device: {node.device}, modem: {name}, air: {name}}}\n" for name, node in self.nodes.items())

    def speak(self, second, seconds):
        """A text each of both in turn, and one alert of Meshtastic."""
        if not self.nodes:
            return
        words = TEXTS[second // 4 % len(TEXTS)]
        if second == seconds * 2 // 3:
            self.nodes["meshtastic"].order("text", port=ALERT_APP, text="medical help needed at the ford")
        elif second % 4 == 0:
            self.nodes["meshtastic"].order("text", text=f"{words} ({second})")
        elif second % 4 == 2:
            self.nodes["meshcore"].order("queue", messages=[{"text": f"{words} ({second})", "time": 1795470000 + second}])
