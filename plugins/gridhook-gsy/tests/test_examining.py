"""Examining an exchange: what is wrong is told apart, and nothing there is changed."""

import os
import socket
import threading
from pathlib import Path

import pytest
from fake import PASSWORD, REGISTRY, SIMULATION

from gridhook.errors import ConfigError
from gridhook.links import Examinable, LinkRequest
from gridhook_gsy.exchange import GsyOverHttp, GsyOverHttps

CERTIFICATES = Path(__file__).parent / "certificates"
READING = {"/api-token-auth/", "/registry", "/list-aggregators/", "/"}


class Told:
    """The checks of one examination."""

    def __init__(self, exchange, url, name="oracle"):
        self.checks = []
        self.seen = exchange.examine(LinkRequest(url, name, None, Path()), self.checks.append)

    def __getitem__(self, name):
        (found,) = [check for check in self.checks if check.name == name]
        return found

    def statuses(self, *names):
        return [self[name].status for name in names]

    @property
    def not_ok(self):
        return {check.name: check.status for check in self.checks if check.status != "ok"}

    @property
    def text(self):
        return "\n".join(f"{check.name} {check.text} {check.remedy}" for check in self.checks)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def examine(server):
    """Return a function that examines the server, or what is at another address."""

    def examine(url=None, name="oracle", **keys):
        keys = {"simulation": SIMULATION, "websocket": server.websocket_url, "timeout_seconds": 2.0, **keys}
        return Told(GsyOverHttp(**keys), server.url.removeprefix("http:") if url is None else url, name)

    return examine


@pytest.fixture
def examine_secure(start_server):
    """Return a function that examines an encrypted server with a certificate."""

    def examine(certificate, ca_file=None, **keys):
        server = start_server(CERTIFICATES / f"{certificate}.pem")
        keys = {"simulation": SIMULATION, "websocket": server.websocket_url, **keys}
        if ca_file is not None:
            keys["ca_file"] = CERTIFICATES / ca_file
        return Told(GsyOverHttps(**keys), server.url.removeprefix("https:"))

    return examine


def test_the_link_can_be_examined():
    assert isinstance(GsyOverHttp(), Examinable)


def test_where_all_is_well_everything_is_told_and_nothing_changed(server, examine):
    server.aggregators = [{"name": "oracle", "uuid": "made"}]
    told = examine()
    assert told.not_ok == {}
    names = ["address", "simulation", "dns", "port", "clock", "login", "registry", "aggregator", "websocket"]
    assert [check.name for check in told.checks if not check.name.startswith(("websocket ", "encryption"))] == names
    assert told.seen.tree.paths == ("Grid", "Grid/Load")
    assert told.seen.holders == {"id:Load": "oracle"}
    assert "2 areas (1 load, 1 market), 1 of them registered" in told["registry"].text
    assert "'ann' (from API_CLIENT_USERNAME and API_CLIENT_PASSWORD)" in told["login"].text
    assert "valid for 1 h" in told["login"].text
    assert {path[path.rstrip("/").rfind("/") :] for _, path, _, _ in server.requests} == READING
    assert PASSWORD not in told.text
    assert server.tokens[0] not in told.text


def test_an_aggregator_that_is_not_there_is_not_made(server, examine):
    told = examine()
    assert "a run creates it" in told["aggregator"].text
    assert told.not_ok == {"websocket": "skipped"}
    assert server.asked("/create-aggregator/") == []
    assert not server.handshakes


def test_a_host_without_an_address(examine):
    told = examine("//nowhere.invalid", websocket=None)
    assert told["dns"].status == "wrong"
    assert "nowhere.invalid has no address" in told["dns"].text
    assert told.statuses("port", "clock", "login", "registry", "aggregator", "websocket") == ["skipped"] * 6


def test_a_name_server_that_says_nothing_is_not_waited_for(examine, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: threading.Event().wait())
    told = examine("//exchange.example", websocket=None, timeout_seconds=0.2)
    assert "no name server" in told["dns"].text


def test_a_port_that_is_closed(examine):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        told = examine(f"//127.0.0.1:{port}", websocket=None)
    assert f"port {port}: Connection refused" in told["port"].text
    assert told.statuses("dns", "port", "clock", "login", "registry") == ["ok", "wrong", *["skipped"] * 3]


def test_a_server_that_says_nothing_is_not_waited_for(examine):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        told = examine(f"//127.0.0.1:{silent.getsockname()[1]}", timeout_seconds=0.2)
    assert told["port"].status == "ok"
    assert told["clock"].status == "skipped"
    assert "no answer within 0.2 s" in told["login"].text
    assert told["login"].status == "wrong"


@pytest.mark.parametrize(
    ("answer", "word", "remedy"),
    [
        (None, "are not accepted", "correct the name or the password"),
        ((400, {"non_field_errors": ["Unable to log in"]}), "Unable to log in", "correct the name or the password"),
        ((404, b"not here"), "404", "whether exchange.url is right"),
        ((302, b""), "it is elsewhere", "correct exchange.url"),
        ((503, b"down"), "503", "exchange's fault"),
        ((200, {"token": "x"}), "no token", "exchange's fault"),
        ((200, b"<html>"), "not JSON", "exchange's fault"),
    ],
    ids=["wrong password", "refused", "another site", "moved", "down", "no token", "a page"],
)
def test_ways_not_to_be_logged_in(server, examine, monkeypatch, answer, word, remedy):
    if answer is None:
        monkeypatch.setenv("API_CLIENT_PASSWORD", "guessed-wrongly")
    else:
        server.answers["/api-token-auth/"] = [answer]
    told = examine()
    assert told["login"].status == "wrong"
    assert word in told["login"].text
    assert remedy in told["login"].remedy
    assert told.statuses("registry", "aggregator", "websocket") == ["skipped"] * 3
    assert "guessed-wrongly" not in told.text


def test_without_credentials_what_needs_none_is_looked_at(examine, monkeypatch):
    monkeypatch.delenv("API_CLIENT_PASSWORD")
    told = examine()
    assert told["clock"].status == "ok"
    assert told["login"].is_config
    assert "API_CLIENT_PASSWORD" in told["login"].text


@pytest.mark.parametrize(
    ("status", "word"), [(404, "knows no simulation"), (403, "may not see"), (500, "cannot be read")]
)
def test_a_registry_that_cannot_be_had(server, examine, status, word):
    server.answers["/registry"] = [(status, {"detail": "Because"})]
    told = examine()
    assert word in told["registry"].text
    assert "Because" in told["registry"].text
    assert told.seen.tree is None
    assert told.statuses("registry", "aggregator", "websocket") == ["wrong", "skipped", "skipped"]


def test_a_registry_without_registered_assets_is_worth_a_warning(server, examine):
    server.answers["/registry"] = [(200, {**REGISTRY, "children": []})]
    assert examine()["registry"].status == "warning"


def test_without_a_simulation_the_login_is_looked_at(examine):
    told = examine(simulation=None)
    assert told.statuses("simulation", "login", "registry") == ["skipped", "ok", "skipped"]


def test_an_address_that_is_none_is_an_error(examine):
    with pytest.raises(ConfigError, match="is no address"):
        examine("//user@host")


def test_the_environment_goes_before_the_file_and_that_is_said(examine, monkeypatch):
    monkeypatch.setenv("API_CLIENT_SIMULATION_ID", "another")
    told = examine()
    assert told["simulation"].status == "warning"
    assert "another (API_CLIENT_SIMULATION_ID)" in told["simulation"].text
    assert SIMULATION in told["simulation"].text
    monkeypatch.setenv("API_CLIENT_SIMULATION_ID", SIMULATION)
    assert examine()["simulation"].status == "ok"


@pytest.mark.parametrize(("seconds", "word"), [(600, "600 s behind"), (-90, "90 s ahead of"), (2, None)])
def test_clocks_that_differ(server, examine, seconds, word):
    server.seconds_ahead = seconds
    clock = examine()["clock"]
    assert clock.status == ("ok" if word is None else "warning")
    if word is not None:
        number, direction = word.split(" s ")
        found = float(clock.text.split(" is ")[1].split(" s ")[0])
        assert abs(found - float(number)) <= 2
        assert f" s {direction} the exchange's" in clock.text
        assert "NTP" in clock.remedy


def test_a_websocket_that_is_refused(server, examine):
    server.aggregators = [{"name": "oracle", "uuid": "made"}]
    server.websockets.shutdown()
    told = examine()
    assert told.statuses("websocket port", "aggregator", "websocket") == ["wrong", "ok", "wrong"]


def test_a_password_that_would_go_unencrypted_is_warned_of(examine, monkeypatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 9))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    told = examine("//exchange.example:9", websocket=None, timeout_seconds=0.5)
    assert told["encryption"].status == "warning"
    assert "gsy+https:" in told["encryption"].remedy


def test_a_proxy_of_the_environment_is_told_without_its_password(examine, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://ann:hidden@127.0.0.1:9")
    told = examine("//exchange.example", websocket=None, timeout_seconds=0.5)
    assert "127.0.0.1:9" in told["proxy"].text
    assert "hidden" not in told.text
    assert told["dns"].status == "skipped"
    assert "the proxy failed" in told["login"].text


class TestEncryption:
    def test_a_certificate_for_which_the_ca_file_vouches_is_good(self, examine_secure):
        told = examine_secure("good", "good.pem")
        assert told.not_ok == {"websocket": "skipped"}
        assert "good until 2120-01-01" in told["tls"].text
        assert told["websocket tls"].status == "ok"

    @pytest.mark.parametrize(
        ("certificate", "ca_file", "word", "remedy"),
        [
            ("good", None, "is self-signed, and nobody who is trusted", "as ca_file in [exchange]"),
            ("good", "elsewhere.pem", "is self-signed, and none of those in", "put the certificate"),
            ("expired", "expired.pem", "has expired", "renew"),
            ("elsewhere", "elsewhere.pem", "is not for 127.0.0.1", "use the name"),
        ],
    )
    def test_certificates_that_are_not_good(self, examine_secure, certificate, ca_file, word, remedy):
        told = examine_secure(certificate, ca_file)
        assert told["tls"].status == "wrong"
        assert word in told["tls"].text
        assert remedy in told["tls"].remedy
        assert told.statuses("clock", "login", "registry") == ["skipped"] * 3

    def test_a_file_without_certificates(self, examine_secure):
        told = examine_secure("good", "README.md")
        assert "is no file of certificates" in told["tls"].text

    def test_a_server_that_speaks_no_tls(self, server):
        told = Told(GsyOverHttps(simulation=SIMULATION), server.url.removeprefix("http:"))
        assert "does not speak TLS" in told["tls"].text
        assert "gsy+http:" in told["tls"].remedy

    def test_a_server_that_hangs_up_in_the_handshake(self):
        with socket.create_server(("127.0.0.1", 0)) as rude:

            def hang_up():
                for _ in range(2):
                    connection, _ = rude.accept()
                    connection.close()

            threading.Thread(target=hang_up, daemon=True).start()
            told = Told(GsyOverHttps(simulation=SIMULATION), f"//127.0.0.1:{rude.getsockname()[1]}")
        assert told["tls"].status == "wrong"
