"""A server that says what a test wants, written from the protocol's description alone."""

import contextlib
import json
import logging
import ssl
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from websockets.sync.server import serve

SIMULATION = "6a2c3e1e-0000-4000-8000-000000000001"
PASSWORD = "s3cret-pässword"  # noqa: S105
REGISTRY = {
    "name": "Grid",
    "type": "Area",
    "uuid": "id:Grid",
    "registered": False,
    "aggregator_name": None,
    "children": [
        {
            "name": "Load",
            "type": "Load",
            "uuid": "id:Load",
            "registered": True,
            "aggregator_name": "oracle",
            "children": [],
        },
    ],
}


QUIET = logging.getLogger("fake")
QUIET.setLevel(logging.CRITICAL)


class FakeServer:
    """``answers`` by the end of a path are (status, body) in turn, the last again and again; None: what is usual.

    ``before`` are called, by the end of a path, before there is an answer.
    With a ``certificate``, a file of it and its key, everything is encrypted. Its clock is ``seconds_ahead``.
    """

    def __init__(self, certificate=None):
        context = None
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
        self.is_secure = context is not None
        self.seconds_ahead = 0.0
        self.requests = []
        self.answers = {}
        self.before = {}
        self.sockets = []
        self.tokens = []
        self.handshakes = deque()
        self.lifetime = 3600.0
        self.aggregators = []
        self.headers = {}
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.http.daemon_threads = True
        if context is not None:
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True, do_handshake_on_connect=False)
        self.websockets = serve(
            self._listen,
            "127.0.0.1",
            0,
            ssl=context,
            process_request=self._greet,
            max_size=None,
            compression=None,
            logger=QUIET,
        )
        self.websocket_port = self.websockets.socket.getsockname()[1]
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()
        threading.Thread(target=self._serve_websockets, daemon=True).start()

    @property
    def url(self):
        return f"http{'s' * self.is_secure}://127.0.0.1:{self.http.server_address[1]}"

    @property
    def websocket_url(self):
        return f"ws{'s' * self.is_secure}://127.0.0.1:{self.websocket_port}/external-ws"

    def close(self):
        self.hang_up()
        self.http.shutdown()
        self.http.server_close()
        self.websockets.shutdown()

    def _serve_websockets(self):
        # A test may be over before this has begun, and the socket closed.
        with contextlib.suppress(OSError, ValueError):
            self.websockets.serve_forever()

    def say(self, *frames):
        """Send frames: bytes and text as they are, others as JSON in bytes."""
        for frame in frames:
            self.sockets[-1].send(frame if isinstance(frame, bytes | str) else json.dumps(frame).encode())

    def hang_up(self):
        for socket in self.sockets:
            socket.close()

    def asked(self, end):
        """Return the bodies of requests whose path ends so."""
        return [body for _, path, _, body in self.requests if path.endswith(end)]

    def _listen(self, socket):
        self.sockets.append(socket)
        for _ in socket:
            pass

    def _greet(self, connection, request):
        self.handshakes.append((request.path, request.headers.get("Authorization")))
        if request.headers.get("Authorization") != f"JWT {self.tokens[-1]}":
            return connection.respond(401, "no")
        return None

    def _usual(self, path, body):
        if path == "/api-token-auth/":
            if body["password"] != PASSWORD:
                return 401, {"error": f"{body['password']} is wrong"}
            now = time.time()
            claims = {"iat": now, "exp": now + self.lifetime, "n": len(self.tokens)}
            self.tokens.append(jwt.encode(claims, "k" * 32))
            return 200, {"access": self.tokens[-1]}
        if path.endswith("/registry"):
            return 200, REGISTRY
        if path.endswith("/list-aggregators/"):
            return 200, self.aggregators
        if path.endswith("/create-aggregator/"):
            return 201, {"uuid": "made", "name": body["name"]}
        return 200, {"ok": True}

    def _handler(server):  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                length = int(self.headers.get("Content-Length", 0))
                body = json.loads(self.rfile.read(length) or b"null")
                server.requests.append((self.command, self.path, self.headers.get("Authorization"), body))
                for end, wait in server.before.items():
                    if self.path.endswith(end):
                        wait()
                prepared = next((its for end, its in server.answers.items() if self.path.endswith(end)), None)
                one = None if not prepared else prepared.pop(0) if len(prepared) > 1 else prepared[0]
                status, answer = one or server._usual(self.path, body)
                text = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                for name, value in server.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST  # noqa: N815 - the library's name

            def date_time_string(self, timestamp=None):
                return super().date_time_string((timestamp or time.time()) + server.seconds_ahead)

            def handle(self):
                # A client that does not like the certificate goes away in the middle of the handshake.
                with contextlib.suppress(ssl.SSLError, ConnectionError):
                    super().handle()

            def log_message(self, *_):
                pass

        return Handler
