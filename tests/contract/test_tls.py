"""``gridhook run`` and ``gridhook doctor`` over an encrypted connection: REST and WebSocket, with a ca_file."""

import contextlib
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from test_run_over_network import Run, write_config

CERTIFICATE = Path(__file__).parents[2] / "plugins" / "gridhook-gsy" / "tests" / "certificates" / "good.pem"


class Curtain:
    """Speaks TLS with clients, and passes what they say on to a server that does not."""

    def __init__(self, port):
        self.port_behind = port
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(CERTIFICATE)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with (
            contextlib.suppress(OSError),
            self.context.wrap_socket(client, server_side=True) as inner,
            socket.create_connection(("127.0.0.1", self.port_behind)) as server,
        ):
            # A thread for each direction.
            back = threading.Thread(target=self._pump, args=(server, inner), daemon=True)
            back.start()
            self._pump(inner, server)
            back.join()

    @staticmethod
    def _pump(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def encrypted(serve):
    """Serve the demo behind TLS; returns facts as the server prints them."""
    server = serve("demo", "--slot-seconds", 2)
    curtain = Curtain(urlsplit(server.facts["url"]).port)
    address = f"127.0.0.1:{curtain.port}"
    yield {**server.facts, "url": f"https://{address}", "websocket_url": f"wss://{address}/external-ws"}
    curtain.close()


@pytest.mark.parametrize("is_vouched", [pytest.param(True, marks=pytest.mark.thorough), False])
def test_a_run_trades_where_the_ca_file_vouches_for_the_exchange(encrypted, tmp_path, is_vouched):
    keys = {"ca_file": str(CERTIFICATE)} if is_vouched else {}
    config = write_config(tmp_path / "config", encrypted, **keys)
    live = Run(tmp_path, encrypted, config, "--slots", 2)
    status, figures = live.finish()
    if is_vouched:
        assert status == 0, live.said()
        assert figures["orders"] > 0
        assert "is lost" not in live.said()
    else:
        assert (status, figures) == (1, None)
        assert "self-signed certificate" in live.said()


@pytest.mark.parametrize("is_vouched", [True, False])
def test_the_doctor_looks_at_the_certificate(encrypted, tmp_path, is_vouched):
    keys = {"ca_file": str(CERTIFICATE)} if is_vouched else {}
    config = write_config(tmp_path / "config", encrypted, **keys)
    done = subprocess.run(
        [sys.executable, "-m", "gridhook", "doctor", str(config), "--json"],
        env={
            **os.environ,
            "API_CLIENT_USERNAME": encrypted["username"],
            "API_CLIENT_PASSWORD": encrypted["password"],
        },
        capture_output=True,
        text=True,
        check=False,
    )
    checks = {check["name"]: check["status"] for check in json.loads(done.stdout)["checks"]}
    expected = (0, "ok", "ok") if is_vouched else (1, "wrong", "skipped")
    assert (done.returncode, checks["tls"], checks["login"]) == expected, done.stdout
