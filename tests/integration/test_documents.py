"""Every code block of every document runs.

Blocks of one document share a folder. A block of Python or TOML that begins with a comment that is a file name is
written there; other Python is executed. Console blocks are typed line by line; lines that follow a command are its
output on stdout, and an ellipsis stands for any text. Variables may stand before a command. After one that does not end
well, ``echo $?`` says so. What ends in ``&`` goes on beside what follows, in the environment that it prints. Shell
blocks have no output. TOML and JSON have to parse, and a configuration or community has to be right.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.markdown import CodeBlockParser

from gridhook_exchange.link import SHIPPED

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [ROOT / "README.md", *ROOT.glob("*/README.md"), *ROOT.glob("plugins/*/README.md"), *ROOT.glob("docs/**/*.md")]
)
METERS = ROOT.parent / "shared" / "data" / "citylearn-2022" / "homes.csv"
# Pages that trade for long; the gate does what they say.
LONG = {
    "serve-an-exchange",
    "find-the-plugin",
    "first-day",
    "settings-and-state",
    "cap-a-strategy",
    "write-a-link",
    "add-a-command",
    "read-a-source",
    "ask-why",
    "replace-grid-fees",
    "trade-real-meters",
    "trade-on-gsy",
    "make-a-community",
    "replace-live-data",
    "replace-settle-deviations",
    "replace-degrees-of-freedom",
    "test-a-plugin",
    "first-strategy",
}
NAME = re.compile(r"# ([\w./-]+\.(py|toml))\n")
# What the gate itself does, in an environment of its own.
ASSIGNMENT = re.compile(r"[A-Z_]+=.*")
SET_UP = re.compile(r"python -m pip install (\.|-e '.\[test\]'|-e ./core .*)$|python -m pytest$")


class Reader:
    """Does what a reader of one document would do, in one folder."""

    def __init__(self, folder):
        self.folder = folder
        self.namespace = {}
        self.site = folder / "site-packages"
        self.sources = []
        self.started = []
        self.environment = {}

    def save(self, text):
        """Write a block that names its file; return the file."""
        found = NAME.match(text)
        if found is None:
            return None
        path = self.folder / found[1]
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def python(self, example):
        if self.save(example.parsed) is None:
            exec(compile(example.parsed, example.path, "exec"), self.namespace)  # noqa: S102 - that is what a reader does

    def toml(self, example):
        document = tomllib.loads(example.parsed)
        path = self.save(example.parsed)
        if path is None:
            path = self.folder / "block.toml"
            path.write_text(example.parsed, encoding="utf-8")
        if "markets" in document:
            self.meters()
            self.type(f"gridhook config check {self.community(path)}")
        elif "build-system" not in document and "embedded:PATH" not in example.parsed:
            self.type(f"gridhook config check {path.name}")

    def json(self, example):
        name = "aziiz.json" if "Grid fee" in example.parsed else "requirements.json"
        json.loads(example.parsed)
        (self.folder / name).write_text(example.parsed, encoding="utf-8")

    def console(self, example):
        blocks = [block.partition("\n") for block in re.split(r"^\$ ", example.parsed, flags=re.MULTILINE)[1:]]
        for (command, _, expected), following in zip(blocks, [*blocks[1:], None], strict=True):
            if command == "echo $?":
                continue
            asks = following is not None and following[0] == "echo $?"
            output = self.type(command, int(following[2]) if asks else 0)
            if expected.strip():
                lines = expected.strip("\n").split("\n")
                pattern = "".join(
                    r"(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*") + "\n" for line in lines
                )
                assert re.fullmatch(pattern, output.strip("\n") + "\n"), output

    def sh(self, example):
        for line in example.parsed.splitlines():
            self.type(line)

    def start(self, command):
        """Run one line beside others until the document ends; return what it prints at first."""
        words = shlex.split(command)
        errors = (self.folder / "background.txt").open("w", encoding="utf-8")
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", *words], cwd=self.folder, stdout=subprocess.PIPE, stderr=errors, text=True
        )
        errors.close()
        self.started.append(process)
        printed = ""
        while "Ctrl-C ends it.\n" not in printed:
            line = process.stdout.readline()
            assert line, printed
            printed += line
        self.environment |= dict(re.findall(r"^export (\w+)=(.*)$", printed, re.MULTILINE))
        return printed

    def close(self):
        for process in self.started:
            if process.poll() is None:
                process.terminate()
            process.communicate()

    def type(self, command, status=0):
        """Run one line; pip installs into a folder beside the others, so that nothing here changes."""
        if command.endswith(" &"):
            return self.start(command.removesuffix(" &"))
        parts = [part for part in command.split(" && ") if not SET_UP.match(part)]
        return "".join(self._run(shlex.split(part), status) for part in parts)

    def _run(self, words, status):
        own = {}
        while ASSIGNMENT.fullmatch(words[0]):
            name, _, value = words.pop(0).partition("=")
            own[name] = value
        if words[:3] == ["python", "-m", "pytest"]:
            command = [sys.executable, *words[1:], "-p", "no:cacheprovider"]
        elif words[:4] == ["python", "-m", "pip", "install"]:
            if words[4] == "-e":
                # pip has no editable installs beside the others: the sources go before what it copies.
                del words[4]
                source = self.folder / words[4]
                self.sources.append(str(source / "src" if (source / "src").is_dir() else source))
                # What these tests run in is there.
                words = [word for word in words if word != "pytest"]
            quiet = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--no-cache-dir"]
            command = [sys.executable, "-m", "pip", "install", *quiet, "--target", str(self.site), *words[4:]]
        elif words[:4] == ["python", "-m", "pip", "wheel"]:
            quiet = ["--quiet", "--no-index", "--no-build-isolation", "--no-cache-dir"]
            command = [sys.executable, "-m", "pip", "wheel", *quiet, *words[4:]]
        else:
            assert words[0] == "gridhook", words
            command = [sys.executable, "-m", *words]
        path = filter(None, [os.environ.get("PYTHONPATH")])
        environment = {
            **os.environ,
            **self.environment,
            **own,
            "PYTHONPATH": os.pathsep.join([*self.sources, str(self.site), *path]),
        }
        outcome = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=300
        )
        assert outcome.returncode == status, f"{' '.join(words)}\n{outcome.stdout}{outcome.stderr}"
        return outcome.stdout

    def meters(self):
        """Put meters where the document says that there are some."""
        if METERS.exists():
            shutil.copy(METERS, self.folder)
        rows = [
            f"2026-06-{15 + slot // 24:02d}T{slot % 24:02d}:00+02:00,0.5,0.4,0.{slot % 10},{0.3 - slot % 5 / 10:g}"
            for slot in range(48)
        ]
        (self.folder / "meters.csv").write_text("\n".join(["time,load 1,load 2,pv 2,net 3", *rows]), encoding="utf-8")

    def timetable(self):
        """Put fees where the document says that there are some."""
        rows = [f"{quarter // 4:02d}:{quarter % 4 * 15:02d}:00;0,5;0,25;;" for quarter in range(96)]
        (self.folder / "ToU.csv").write_text("\n".join(["Time;Grid;Community;;", *rows]), encoding="utf-8")

    def community(self, path):
        """Return a configuration that trades a community."""
        config = self.folder / "trade.toml"
        config.write_text(f'[exchange]\nurl = "embedded:{path.name}"\n', encoding="utf-8")
        return config.name


def examples(path, reader):
    parsers = [
        CodeBlockParser(language, getattr(reader, language)) for language in ("python", "toml", "json", "console", "sh")
    ]
    return list(Sybil(parsers).parse(path).examples())


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=[pytest.mark.thorough] if path.stem in LONG else []) for path in DOCUMENTS],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_every_code_block_runs(path, tmp_path, request):
    if "homes.csv" in path.read_text(encoding="utf-8") and not METERS.exists():
        pytest.skip("the meters that this page trades are not beside the checkout")
    reader = Reader(tmp_path)
    request.addfinalizer(reader.close)
    if "--meters" in path.read_text(encoding="utf-8"):
        reader.meters()
    if "ToU.csv" in path.read_text(encoding="utf-8"):
        reader.timetable()
    for example in examples(path, reader):
        example.evaluate()


def test_every_fence_has_a_language_that_is_run_or_is_known_to_be_no_code():
    for path in DOCUMENTS:
        languages = re.findall(r"^```(\S*)\n(?=[^`])", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert set(languages) <= {"python", "toml", "json", "console", "sh", "text", "{eval-rst}", "{toctree}", ""}, (
            path
        )


def test_the_first_line_of_the_readme_that_names_pytest_is_the_contract():
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    first = next(line for line in lines if "pytest" in line or "tox" in line)
    assert first == "python -m pip install -e '.[test]' && python -m pytest"


def test_relative_links_lead_somewhere():
    for path in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), (path, target)


def test_the_demo_ships_where_the_documents_say():
    assert {path.stem for path in SHIPPED.glob("demo*.toml")} == {"demo", "demo-winter"}
