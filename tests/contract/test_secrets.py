"""The password and the tokens: nothing that gridhook says, writes or gives to plugins has them in it."""

import http.client
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from test_run_over_network import PATIENCE, write_config

USER, PASSWORD = "operator", "correct horse  bättery"

# Looks at all that it is given, as deep as it goes, and fails now and then.
NOSY = """
import gc
import types
import attrs
import numpy as np
from gridhook import hookimpl

BEYOND = (type, types.ModuleType, types.BuiltinFunctionType, types.FrameType, types.CodeType)

@attrs.define
class Nosy:
    out: str
    rate: float = 20.0
    calls: int = 0
    texts: set = attrs.field(factory=set)

    def look(self, *things):
        seen, waiting = set(), [self.out, self.rate, *things]
        while waiting:
            one = waiting.pop()
            if id(one) in seen or isinstance(one, BEYOND) or one is self.texts:
                continue
            seen.add(id(one))
            if isinstance(one, (str, bytes)):
                self.texts.add(repr(one) if isinstance(one, bytes) else one)
            elif isinstance(one, np.ndarray):
                waiting += [one.tolist()] if one.dtype == object else []  # gc does not look into arrays
            elif isinstance(one, types.FunctionType):
                waiting += [one.__closure__, one.__defaults__]
            else:
                waiting += gc.get_referents(one)

    @hookimpl
    def claim_assets(self, grid):
        self.look(self, grid)

    @hookimpl
    def price_energy(self, lots, market):
        self.look(self, lots, market)
        self.calls += 1
        if self.calls % 2:
            raise ValueError("nosy and tired")
        return [self.rate] * len(lots)

    @hookimpl
    def session_started(self, session):
        self.look(self, session)

    @hookimpl
    def event_received(self, event):
        self.look(self, event)
        if self.calls % 5 == 4:
            raise ValueError("nosy and tired")

    @hookimpl
    def session_finished(self, summary):
        self.look(self, summary)
        with open(self.out, "w", encoding="utf-8") as file:
            file.write("\\\\n".join(sorted(self.texts)))
"""


class Echo:
    """A server before the server that keeps the tokens which it passes on.

    A request that is refused is answered with all that it had in it, and with the password.
    """

    def __init__(self, target):
        self.tokens = []
        self.refused = ("", 0, 0)
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler(target))
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.http.server_address[1]}"

    def refuse(self, end, status, times=1000):
        """Answer requests to paths with this end so, the first few times."""
        self.refused = (end, status, times)

    def is_refused(self, path):
        end, status, left = self.refused
        if not (end and left and path.endswith(end)):
            return False
        self.refused = (end, status, left - 1)
        return True

    def close(self):
        self.http.shutdown()
        self.http.server_close()

    def _handler(echo, target):  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                given = self.headers.get("Authorization", "")
                if echo.is_refused(self.path):
                    status = echo.refused[1]
                    last = echo.tokens[-1] if echo.tokens else ""
                    words = (
                        f"{PASSWORD} is the password, {given} the header, {last} the token, {body.decode()} the body"
                    )
                    # Some servers answer with JSON, others with text.
                    text = json.dumps({"detail": words}).encode() if status % 2 else words.encode()
                    self.answer(status, text)
                    return
                connection = http.client.HTTPConnection(target, timeout=PATIENCE)
                headers = {"Content-Type": "application/json"} | ({"Authorization": given} if given else {})
                connection.request(self.command, self.path, body, headers)
                answer = connection.getresponse()
                text = answer.read()
                connection.close()
                if self.path == "/api-token-auth/" and answer.status == 200:
                    echo.tokens.append(json.loads(text)["access"])
                self.answer(answer.status, text)

            do_POST = do_GET  # noqa: N815 - the library's name

            def answer(self, status, text):
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        return Handler


class Scene:
    """A served exchange, the echo before it, and calls of the command, whose outputs are kept."""

    def __init__(self, folder, server):
        self.folder = folder
        self.echo = Echo(urlsplit(server.facts["url"]).netloc)
        self.facts = {**server.facts, "url": self.echo.url}
        self.outputs = {}
        self.numbers = itertools.count(1)
        self._install()

    def _install(self):
        site = self.folder / "site"
        described = site / "gridhook_nosy-1.0.dist-info"
        described.mkdir(parents=True)
        (site / "gridhook_nosy.py").write_text(NOSY, encoding="utf-8")
        metadata = "Metadata-Version: 2.1\nName: gridhook-nosy\nVersion: 1.0\nRequires-Dist: gridhook>=0.1\n"
        (described / "METADATA").write_text(metadata, encoding="utf-8")
        (described / "entry_points.txt").write_text("[gridhook]\nnosy = gridhook_nosy:Nosy\n", encoding="utf-8")

    @property
    def seen_by_plugin(self):
        return self.folder / "seen.txt"

    def config(self, **keys):
        """Write a configuration whose prices come from the nosy plugin; the credentials are in a file."""
        credentials = self.folder / "credentials.toml"
        credentials.write_text(f"username = {json.dumps(USER)}\npassword = {json.dumps(PASSWORD)}\n", encoding="utf-8")
        credentials.chmod(0o600)
        keys = {
            "aggregator": "oracle",
            "websocket": self.facts["websocket_url"],
            "credentials_file": str(credentials),
            "requirements": "unsupported",
            **keys,
        }
        config = write_config(self.folder / "config", self.facts, **keys)
        text = config.read_text(encoding="utf-8").replace('use = ["ramp"]', 'use = ["nosy", "ramp"]')
        more = f"[plugins.nosy]\nout = {json.dumps(str(self.seen_by_plugin))}\n"
        config.write_text(f"{text}\n{more}", encoding="utf-8")
        return config

    def call(self, *arguments, **environment):
        """Run the command to its end; return its status and what it wrote."""
        path = os.pathsep.join([str(self.folder / "site"), os.environ.get("PYTHONPATH", "")])
        done = subprocess.run(
            [sys.executable, "-m", "gridhook", *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": path, **environment},
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        self.outputs[f"{next(self.numbers)}: {' '.join(map(str, arguments))}"] = done.stdout + done.stderr
        return done.returncode, done.stdout + done.stderr

    def check(self, *files):
        """Look for the secrets in all outputs, and in files."""
        texts = {**self.outputs, **{str(file): file.read_text(encoding="utf-8") for file in files}}
        secrets = [PASSWORD, " ".join(PASSWORD.split()), PASSWORD[:12], *self.echo.tokens]
        # A signature alone would do, and so would the first part of a token that was cut off.
        secrets += [token[:60] for token in self.echo.tokens] + [token.rsplit(".", 1)[1] for token in self.echo.tokens]
        for place, text in texts.items():
            for secret in secrets:
                assert secret not in text, place
            assert "eyJ" not in text, place


@pytest.fixture
def scene(serve, tmp_path):
    (tmp_path / "password").write_text(PASSWORD, encoding="utf-8")
    command = ["users", "add", USER, "--file", "users.toml", "--password-file", "password"]
    subprocess.run([sys.executable, "-m", "gridhook", *command], cwd=tmp_path, check=True, capture_output=True)
    server = serve("demo", "--slot-seconds", 2, "--users", tmp_path / "users.toml")
    scene = Scene(tmp_path, server)
    yield scene
    scene.echo.close()
    server.process.send_signal(signal.SIGTERM)


@pytest.mark.thorough
def test_a_run_says_nothing_and_its_plugins_are_told_nothing(scene):
    config = scene.config()
    for number, options in enumerate((("--log-level", "debug"), ("--log-level", "debug", "--log-file", "log.txt"))):
        report = f"report-{number}"
        status, said = scene.call("run", config, "--slots", 2, "--report", report, "--record", "record", *options)
        assert status == 0, said
    status, said = scene.call("run", config, "--slots", 1, "--dry-run", "--json", "--log-level", "debug")
    assert status == 0, said
    assert len(scene.echo.tokens) >= 3
    assert "nosy and tired" in (scene.folder / "log.txt").read_text(encoding="utf-8")
    assert any("Traceback" in text for text in scene.outputs.values())
    assert scene.call("replay", "record", config, "--log-level", "debug")[0] in {0, 1}
    assert scene.call("why", "record", "Home 01 Load")[0] == 0
    reports = [path for number in range(2) for path in (scene.folder / f"report-{number}").iterdir()]
    files = [scene.folder / "log.txt", scene.folder / "record", *reports]
    assert len(files) == 10
    seen = scene.seen_by_plugin.read_text(encoding="utf-8")
    # The plugin has looked deep: this is in what the session and the grid are.
    assert "oracle" in seen
    assert "Grid/Community/Home 01/Home 01 Load" in seen
    assert "credentials.toml" not in seen
    scene.check(*files, scene.seen_by_plugin)


@pytest.mark.thorough
def test_the_doctor_and_the_configuration_say_nothing(scene):
    config = scene.config()
    status, said = scene.call("doctor", config, "--log-level", "debug")
    assert status == 0, said
    assert scene.call("doctor", config, "--json")[0] == 0
    for command in ("show", "check", "schema"):
        assert scene.call("config", command, config)[0] == 0
    scene.check()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api-token-auth/", 500),
        pytest.param("/api-token-auth/", 400, marks=pytest.mark.thorough),
        pytest.param("/api-token-auth/", 401, marks=pytest.mark.thorough),
        pytest.param("/registry", 403, marks=pytest.mark.thorough),
        pytest.param("/registry", 500, marks=pytest.mark.thorough),
        pytest.param("/list-aggregators/", 404, marks=pytest.mark.thorough),
        pytest.param("/create-aggregator/", 401, marks=pytest.mark.thorough),
    ],
)
def test_an_exchange_that_repeats_what_it_was_sent_is_not_quoted(scene, path, status):
    scene.echo.refuse(path, status)
    config = scene.config()
    done, said = scene.call("run", config, "--slots", 1, "--log-level", "debug", "--report", "report")
    assert done == 1, said
    if path != "/create-aggregator/":
        assert scene.call("doctor", config, "--json")[0] == 1
    scene.check(*(scene.folder / "report").iterdir())


@pytest.mark.parametrize(
    ("path", "times"), [pytest.param("/select-aggregator/", 2, marks=pytest.mark.thorough), ("/batch-commands/", 1000)]
)
def test_what_is_refused_in_mid_session_is_not_quoted(scene, path, times):
    scene.echo.refuse(path, 403, times)
    status, said = scene.call("run", scene.config(), "--slots", 1, "--log-level", "debug", "--report", "report")
    assert status == 0, said
    assert "403: *** is the password" in said
    scene.check(*(scene.folder / "report").iterdir())


@pytest.mark.parametrize("command", ["run", pytest.param("doctor", marks=pytest.mark.thorough)])
def test_credentials_in_the_wrong_place_are_not_quoted(scene, command):
    wrong = f"gsy+http://{USER}:{PASSWORD.replace(' ', '%20')}@127.0.0.1:1"
    secret = PASSWORD.replace(" ", "%20")
    config = scene.config()
    for arguments, environment in (
        ((config, "--exchange", wrong), {}),
        ((scene.config(url=wrong),), {}),
        ((scene.config(url="gsy+http://"),), {"API_CLIENT_DOMAIN_NAME": wrong.removeprefix("gsy+")}),
        ((scene.config(websocket=wrong.replace("gsy+http", "ws")),), {}),
    ):
        status, said = scene.call(command, *arguments, **environment)
        assert status == 2, said
        assert secret not in said
    (scene.folder / "broken.toml").write_text(f"password = {PASSWORD}", encoding="utf-8")
    status, said = scene.call(command, scene.config(credentials_file=str(scene.folder / "broken.toml")))
    assert status == 2, said
    assert "is not TOML" in said
    scene.check()
