"""A proxy that understands REST and WebSocket, and does what servers and networks do to them on bad days."""

import contextlib
import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.server import serve

PATIENCE = 60
HOP_HEADERS = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}


class Meddler:
    """Stands between clients and a served exchange.

    ``refuse``
        is called with a path and the token of each request and handshake; returns a status to answer with, or None.
    ``meddle``
        is called with each message to a client; returns the frames that are sent in its place.
    ``pace``
        what is said of it in answer to a handshake.
    ``batches``
        the commands of each batch that went through, by area.
    ``energies``
        forecasts and measurements of single assets that went through: the end of the path, the area, and what was sent.
    """

    def __init__(self, facts, pace=None):
        self.refuse = lambda path, token: None
        self.meddle = lambda message: [json.dumps(message).encode()]
        self.batches = []
        self.energies = []
        self.on_batch = lambda: None
        self.aim(facts)
        self._pace = pace
        self._sockets = set()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self._server = serve(
            self._pass_on,
            "127.0.0.1",
            0,
            process_request=self._greet,
            process_response=self._tell_pace,
            max_size=None,
            compression=None,
        )
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        threading.Thread(target=self._serve_websockets, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self.websocket_url = f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}/external-ws"

    def aim(self, facts):
        """Stand before another exchange."""
        self._target = urlsplit(facts["url"])
        self._websocket_url = facts["websocket_url"].removesuffix("/external-ws")

    def _serve_websockets(self):
        # A test may be over before this has begun, and the socket closed.
        with contextlib.suppress(OSError, ValueError):
            self._server.serve_forever()

    def hang_up(self):
        for socket in tuple(self._sockets):
            socket.close(1012, "restarting")

    def close(self):
        self.hang_up()
        self._http.shutdown()
        self._http.server_close()
        self._server.shutdown()

    def _greet(self, connection, request):
        status = self.refuse(request.path, request.headers.get("Authorization"))
        return None if status is None else connection.respond(status, "no")

    def _tell_pace(self, connection, request, response):
        if self._pace is not None:
            response.headers["Gridhook-Pace"] = self._pace

    def _pass_on(self, client):
        self._sockets.add(client)
        headers = {"Authorization": client.request.headers["Authorization"]}
        url = self._websocket_url + client.request.path
        try:
            with connect(url, additional_headers=headers, proxy=None, max_size=None, ping_interval=None) as exchange:
                for frame in exchange:
                    for meddled in self.meddle(json.loads(frame)):
                        client.send(meddled)
        except (ConnectionClosed, OSError):
            pass
        finally:
            self._sockets.discard(client)

    def _forward(self, method, path, headers, body):
        connection = http.client.HTTPConnection(self._target.hostname, self._target.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _handler(meddler):  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status = meddler.refuse(self.path, self.headers.get("Authorization"))
                if status is None:
                    headers = {key: its for key, its in self.headers.items() if key.lower() not in HOP_HEADERS}
                    try:
                        status, headers, text = meddler._forward(self.command, self.path, headers, body)
                    except (OSError, http.client.HTTPException):
                        self.close_connection = True
                        return
                else:
                    headers, text = [], b'{"error": "a bad day"}'
                self.send_response_only(status)
                for name, value in headers:
                    if name.lower() not in HOP_HEADERS:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)
                if self.path.endswith("/batch-commands/") and 200 <= status < 300:
                    meddler.batches.append(json.loads(body)["batch_commands"])
                    meddler.on_batch()
                *_, area, command, last = self.path.split("/")
                if command.startswith("set-energy-") and not last and 200 <= status < 300:
                    meddler.energies.append((command, area, json.loads(body)))

            do_GET = do_POST  # noqa: N815 - the library's name

            def log_message(self, *_):
                pass

        return Handler
