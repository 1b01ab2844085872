"""``gridhook doctor`` against ``gridhook serve``: what can be wrong is told, and nothing there is changed."""

import http.client
import json
import os
import re
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from test_run_over_network import holders, write_config

AGGREGATOR = "oracle"


class Doctor:
    """Calls of the command for one server; ``checks`` are those of the last one."""

    def __init__(self, folder, server):
        self.folder = folder
        self.server = server
        self.environment = {
            "API_CLIENT_USERNAME": server.facts["username"],
            "API_CLIENT_PASSWORD": server.facts["password"],
        }
        self.claim = ""

    def call(self, *arguments, **keys):
        config = write_config(self.folder / "config", self.server.facts, **{"aggregator": AGGREGATOR, **keys})
        if self.claim:
            config.write_text(
                f"{config.read_text(encoding='utf-8')}\n[plugins.claim]\n{self.claim}\n", encoding="utf-8"
            )
        return subprocess.run(
            [sys.executable, "-m", "gridhook", "doctor", str(config), *arguments],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def ask(self, **keys):
        """Return the exit status and the checks that are not ok, by name."""
        done = self.call("--json", **keys)
        self.checks = json.loads(done.stdout)["checks"]
        assert "Traceback" not in done.stderr
        assert all(one.keys() == {"name", "status", "text", "remedy"} for one in self.checks)
        # Whoever is told that something is wrong is told what to do.
        assert all(bool(one["remedy"]) == (one["status"] in ("warning", "wrong")) for one in self.checks)
        return done.returncode, {one["name"]: one["status"] for one in self.checks if one["status"] != "ok"}

    def text(self, name):
        (found,) = [one["text"] for one in self.checks if one["name"] == name]
        return found


@pytest.fixture
def served(serve, tmp_path):
    server = serve("demo", "--paused")
    client = server.client()
    yield Doctor(tmp_path, server), client
    client.close()


def test_where_all_is_well_it_says_so_and_changes_nothing(served):
    doctor, client = served
    status, not_ok = doctor.ask()
    assert (status, not_ok) == (0, {"websocket": "skipped"})
    assert client._aggregator("GET", "list") == []
    client.create_aggregator(AGGREGATOR)
    client.select(client.areas()["Home 01 Load"]["uuid"])
    had = holders(client)
    assert doctor.ask() == (0, {})
    assert "has 1 already, and 20 are free" in doctor.text("owners")
    assert holders(client) == had
    assert len(client._aggregator("GET", "list")) == 1


@pytest.mark.thorough
def test_people_are_told_the_same_in_lines(served):
    doctor, _ = served
    done = doctor.call(simulation="0000")
    assert done.returncode == 1
    (line,) = [number for number, line in enumerate(done.stdout.splitlines()) if line.startswith("WRONG")]
    assert "knows no simulation 0000 (from exchange.simulation)" in done.stdout.splitlines()[line]
    assert done.stdout.splitlines()[line + 1].strip().startswith("-> correct exchange.simulation")
    assert "ok       plugin ramp: gridhook-ramp 0.1.0, for pricing" in done.stdout
    assert "1 wrong" in done.stdout.splitlines()[-1]
    assert doctor.environment["API_CLIENT_PASSWORD"] not in done.stdout + done.stderr


def test_a_port_that_is_closed(served):
    doctor, _ = served
    doctor.server.stop()
    status, not_ok = doctor.ask()
    assert status == 1
    assert not_ok["port"] == "wrong"
    assert {not_ok[name] for name in ("clock", "login", "registry", "claims", "routes")} == {"skipped"}


def test_a_wrong_password(served):
    doctor, _ = served
    doctor.environment["API_CLIENT_PASSWORD"] = "guess"  # noqa: S105
    status, not_ok = doctor.ask()
    assert (status, not_ok["login"], not_ok["registry"]) == (1, "wrong", "skipped")
    assert "are not accepted" in doctor.text("login")


def test_a_simulation_that_the_environment_names_wrongly(served):
    doctor, _ = served
    doctor.environment["API_CLIENT_SIMULATION_ID"] = "00000000-0000-4000-8000-000000000000"
    status, not_ok = doctor.ask()
    assert (status, not_ok["simulation"], not_ok["registry"]) == (1, "warning", "wrong")
    assert "from API_CLIENT_SIMULATION_ID" in doctor.text("registry")


class LateHandler(BaseHTTPRequestHandler):
    """Passes requests on to a server, and answers with a clock that is ten minutes late."""

    target = ""

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        connection = http.client.HTTPConnection(self.target, timeout=60)
        headers = {name: self.headers[name] for name in ("Authorization", "Content-Type") if name in self.headers}
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
        connection.close()

    do_POST = do_GET  # noqa: N815 - the library's name

    def date_time_string(self, timestamp=None):
        return super().date_time_string((timestamp or time.time()) - 600)

    def log_message(self, *_):
        pass


@pytest.mark.thorough
def test_a_clock_that_is_wrong(served):
    doctor, _ = served
    handler = type("Late", (LateHandler,), {"target": urlsplit(doctor.server.facts["url"]).netloc})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as late:
        threading.Thread(target=late.serve_forever, args=(0.01,), daemon=True).start()
        doctor.server.facts["url"] = f"http://127.0.0.1:{late.server_address[1]}"
        status, not_ok = doctor.ask(websocket=doctor.server.facts["websocket_url"])
        late.shutdown()
    assert (status, not_ok) == (0, {"clock": "warning", "websocket": "skipped"})
    assert re.search(r"this machine's is (599|60[012]) s ahead of the exchange's", doctor.text("clock"))


@pytest.mark.thorough
def test_claims_that_lead_nowhere(served):
    doctor, _ = served
    doctor.claim = 'names = ["Home 01 Laod", "Home 02 Load"]'
    status, not_ok = doctor.ask()
    assert (status, not_ok["names"]) == (0, "warning")
    assert "did you mean 'Home 01 Load'" in next(one["text"] for one in doctor.checks if one["name"] == "names")
    assert doctor.text("claims") == "1 load: Grid/Community/Home 02/Home 02 Load"
    doctor.claim = 'globs = ["Villa *"]'
    status, not_ok = doctor.ask()
    assert (status, not_ok["claims"]) == (2, "wrong")


def test_an_asset_that_another_aggregator_has(served):
    doctor, client = served
    client.create_aggregator("rival")
    client.select(client.areas()["Home 03 Load"]["uuid"])
    status, not_ok = doctor.ask()
    assert (status, not_ok["owners"]) == (1, "wrong")
    told = [one for one in doctor.checks if one["name"] == "owners" and one["status"] == "wrong"]
    assert "'rival' has 1 of the claimed: Grid/Community/Home 03/Home 03 Load" in told[0]["text"]


@pytest.mark.thorough
def test_an_asset_that_is_held_and_not_claimed(served):
    doctor, client = served
    client.create_aggregator(AGGREGATOR)
    client.select(client.areas()["Home 03 Load"]["uuid"])
    doctor.claim = 'names = ["Home 02 Load"]'
    status, not_ok = doctor.ask()
    assert (status, not_ok["owners"]) == (0, "warning")


def test_a_configuration_that_is_wrong_is_the_callers_fault_and_the_rest_is_looked_at(served):
    doctor, _ = served
    doctor.claim = "kidns = []"
    status, not_ok = doctor.ask()
    assert status == 2
    assert not_ok["config"] == not_ok["plugin claim"] == "wrong"
    assert "registry" not in not_ok


@pytest.mark.thorough
def test_an_address_on_the_command_line_goes_before_the_file(served):
    doctor, _ = served
    done = doctor.call("--json", "--exchange", "gsy+http://127.0.0.1:1")
    checks = {one["name"]: one for one in json.loads(done.stdout)["checks"]}
    assert done.returncode == 1
    assert "gsy+http://127.0.0.1:1 (--exchange)" in checks["exchange"]["text"]
    assert checks["port"]["status"] == "wrong"
