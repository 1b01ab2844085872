"""A fake server, and what is opened on it."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fake import PASSWORD, SIMULATION, FakeServer

from gridhook.links import LinkRequest
from gridhook_gsy.exchange import GsyOverHttp


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    """Let only the test say who it is, and where."""
    for name in ("DOMAIN_NAME", "WEBSOCKET_DOMAIN_NAME", "SIMULATION_ID"):
        monkeypatch.delenv(f"API_CLIENT_{name}", raising=False)
    monkeypatch.setenv("API_CLIENT_USERNAME", "ann")
    monkeypatch.setenv("API_CLIENT_PASSWORD", PASSWORD)


@pytest.fixture
def server():
    server = FakeServer()
    yield server
    server.close()


@pytest.fixture
def start_server():
    """Return a function that starts more servers, such as encrypted ones; they end with the test."""
    servers = []

    def start(*arguments):
        servers.append(FakeServer(*arguments))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def open_link(server, tmp_path):
    links = []

    def open_it(**keys):
        keys = {"simulation": SIMULATION, "websocket": server.websocket_url, **keys}
        url = server.url.removeprefix("http:")
        links.append(GsyOverHttp(**keys).open(LinkRequest(url, "oracle", None, tmp_path)))
        return links[-1]

    yield open_it
    for link in links:
        link.close()
