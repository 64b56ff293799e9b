"""Nodes of the meshes for tests, made with the npm libraries of their networks (tests/npm), each on a pty."""
import contextlib
import json
import os
import pathlib
import pty
import select
import shutil
import socket
import subprocess
import threading
import tty

import harness

NPM = harness.SOURCE / "tests" / "npm"


def ready():
    """Whether node and the libraries are installed."""
    return bool(shutil.which("node")) and (NPM / "node_modules" / ".installed").exists()


class Peer:
    """A node.js program on a pty: `link` leads to it. Orders go over a socket of its own."""

    def __init__(self, bench, program, name="node"):
        self.link = bench.dir / f"{name}.tty"
        self.socket_path = bench.dir / f"{name}.sock"
        self.process = bench.start(["node", NPM / program, self.socket_path], log=f"{name}.log", stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE)
        self.master = self.slave = None
        self.lock = threading.Lock()
        self.stopped = threading.Event()
        bench.closers.append(self.close)
        self.socket = socket.socket(socket.AF_UNIX)
        # The socket is there a moment before somebody listens.
        harness.wait_for(lambda: self.socket.connect_ex(str(self.socket_path)) == 0, f"{program}; {bench.log(f'{name}.log')}")
        self.answers = self.socket.makefile()
        self.plug()
        threading.Thread(target=self._to_host, daemon=True).start()
        threading.Thread(target=self._from_host, daemon=True).start()

    def plug(self):
        master, slave = pty.openpty()
        tty.setraw(slave)
        fresh = pathlib.Path(f"{self.link}.new")
        fresh.symlink_to(os.ttyname(slave))
        with self.lock:
            # The end of the slave stays open, so that the node can wait for a host.
            self.master, self.slave = master, slave
        fresh.rename(self.link)

    def unplug(self):
        self.link.unlink()
        with self.lock:
            os.close(self.master)
            os.close(self.slave)
            self.master = self.slave = None

    def _to_host(self):
        while data := self.process.stdout.read1(4096):
            with self.lock:
                if self.master is not None:
                    os.write(self.master, data)

    def _from_host(self):
        while not self.stopped.is_set():
            with self.lock:
                master = self.master
            if master is None or not select.select([master], [], [], 0.02)[0]:
                self.stopped.wait(0.005 if master is None else 0)
                continue
            with self.lock:
                if self.master != master:
                    continue
                data = os.read(master, 4096)
            # What a gateway writes as it leaves may find the node gone.
            with contextlib.suppress(OSError, ValueError):
                self.process.stdin.write(data)
                self.process.stdin.flush()

    def order(self, do, **more):
        """Gives an order and returns the node's state after it."""
        self.socket.sendall(json.dumps({"do": do, **more}).encode() + b"\n")
        return json.loads(self.answers.readline())

    def state(self):
        return self.order("state")

    def close(self):
        self.stopped.set()
        self.answers.close()
        self.socket.close()
        self.process.stdin.close()
