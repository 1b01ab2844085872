"""The stream: what is told to whom when a WebSocket is opened."""

import contextlib
import threading

import pytest
from fake import QUIET
from websockets.sync.server import serve

from gridhook.errors import ExchangeError
from gridhook_gsy.stream import Stream


@pytest.fixture
def door():
    """Return a function that opens a server whose handshakes are answered by a function; it returns the port."""
    with contextlib.ExitStack() as servers:

        def open_door(answer):
            server = serve(lambda _: None, "127.0.0.1", 0, process_request=answer, logger=QUIET)
            servers.callback(server.shutdown)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            return server.socket.getsockname()[1]

        yield open_door


def test_a_server_that_leads_elsewhere_does_not_get_the_token_there(door):
    seen = []

    def refuse(connection, request):
        seen.append(request.headers.get("Authorization"))
        return connection.respond(403, "no")

    elsewhere = door(refuse)

    def redirect(connection, request):
        seen.append(request.headers.get("Authorization"))
        response = connection.respond(302, "there")
        response.headers["Location"] = f"ws://localhost:{elsewhere}/"
        return response

    with pytest.raises(ExchangeError, match="refused with 403"):
        Stream(f"ws://127.0.0.1:{door(redirect)}/", "secret", 10.0, 10.0)
    assert seen == ["JWT secret", None]
