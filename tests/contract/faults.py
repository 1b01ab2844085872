"""A proxy that breaks connections in the ways in which networks do."""

import contextlib
import socket
import struct
import threading

_CHUNK = 65536


class FaultyProxy:
    """Passes bytes between clients and a server on this machine, until a test wants something else.

    ``port`` is where it listens, ``target`` the port that it passes to; None: nobody is there.
    """

    def __init__(self, target):
        self.target = target
        self._flows = threading.Event()
        self._flows.set()
        self._cut_after = None
        self._is_cut = threading.Event()
        self._pairs = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def reset(self):
        """Break all connections without a word."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            _break(*pair)

    def cut(self, count):
        """Break the next connection over which more than ``count`` bytes come from the server; wait for that."""
        self._is_cut.clear()
        self._cut_after = count
        assert self._is_cut.wait(60)

    def swallow(self):
        """Let nothing through any more, and say nothing."""
        self._flows.clear()

    def heal(self):
        """Let everything through again."""
        self._flows.set()

    def close(self):
        self._listener.close()
        self.heal()
        self.reset()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client):
        self._flows.wait()
        try:
            server = socket.create_connection(("127.0.0.1", self.target or 1))
        except OSError:
            _break(client)
            return
        with self._lock:
            self._pairs.append((client, server))
        threading.Thread(target=self._pass, args=[client, server, False], daemon=True).start()
        self._pass(server, client, True)

    def _pass(self, source, drain, is_answer):
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                self._flows.wait()
                if is_answer and self._cut_after is not None and len(data) > self._cut_after:
                    count, self._cut_after = self._cut_after, None
                    drain.sendall(data[:count])
                    self._is_cut.set()
                    break
                drain.sendall(data)
        _break(source, drain)


def _break(*sockets):
    for one in sockets:
        with contextlib.suppress(OSError):
            # Not even a farewell: whoever is on the other side is told that it was reset.
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
