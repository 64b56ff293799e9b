"""A broker made by hand, for what mosquitto does not do: packets of whoever comes are read one by one."""

import contextlib
import threading


class Peer:
    """What serves a listening socket; answer(connection, first octet, body) says whether to go on with that connection."""

    def __init__(self, listener):
        self.listener = listener
        self.port = listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as stream:
            while first := stream.read(1):
                size = shift = 0
                while True:
                    octet = stream.read(1)[0]
                    size |= (octet & 0x7f) << shift
                    shift += 7
                    if not octet & 0x80:
                        break
                if not self.answer(connection, first[0], stream.read(size)):
                    return

    def answer(self, connection, first, body):
        raise NotImplementedError
