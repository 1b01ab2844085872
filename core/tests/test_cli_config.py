"""``gridhook config``: check, show, schema, new."""

import json
import tomllib

import jsonschema
import pytest

from gridhook.cli.templates import template_text, templates
from gridhook.config import SECTIONS

EMBEDDED_TEMPLATES = ("community", "demo")
"""The others trade elsewhere, and are run there by tests/contract."""

EMBEDDED = "embedded_of_this_test"
EMBEDDED_SOURCE = """
from pathlib import Path
import attrs
from gridhook import hookimpl

@attrs.define
class Exchange:
    @classmethod
    def base_config(cls, url):
        path = Path(__file__).with_name("base.toml")
        return path if path.is_file() else None

    def known_areas(self, request):
        return None

    def open(self, request): ...

@attrs.define
class Claim:
    exclude: list[str] = []

    @hookimpl
    def claim_assets(self): ...

@attrs.define
class Ramp:
    steps: int = 4
    final_at: float = 1.0

    @hookimpl
    def price_energy(self, lots): ...

@attrs.define
class Preferences:
    @hookimpl
    def require(self, lots): ...

@attrs.define
class Profiles:
    @hookimpl
    def forecast_energy(self, assets): ...

@attrs.define
class Deviations:
    rates: str = "fixed"

    @hookimpl
    def settle_deviations(self, deviations): ...
"""


STAND_INS = ("claim", "ramp", "preferences", "profiles", "deviations")


@pytest.fixture
def stand_ins(scripted_distribution, only_scripted, tmp_path, monkeypatch):
    """Nothing is installed but stand-ins of the first-party plugins; the current folder is empty."""
    exchange = {"gridhook.exchanges": {"embedded": f"{EMBEDDED}:Exchange"}}
    scripted_distribution("gridhook-exchange", {EMBEDDED: EMBEDDED_SOURCE}, exchange, requires=("gridhook>=0.1",))
    for name in STAND_INS:
        plugin = {"gridhook": {name: f"{EMBEDDED}:{name.title()}"}}
        scripted_distribution(f"gridhook-{name}", {}, plugin, requires=("gridhook>=0.1",))
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


WRONG = """\
[exchange]
url = "scripted:house"
lenght = 3

[pricing]
use = ["script-rates"]
[pricing.routes]
lod = ["scripted-rates"]

[registration]
use = "scripted-claims"

[forcasting]
use = []

[guard]
timeout_seconds = "long"
failures = 0

[plugins.scripted-rates]
rate = -1
"""


def test_many_mistakes_are_one_line_each_with_place_and_nearest_name(scripted_exchange, call_gridhook, tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text(WRONG, encoding="utf-8")
    done = call_gridhook("config", "check", path)
    assert (done.status, done.out) == (2, "")
    assert done.err.splitlines() == [
        f"{path}:{line}"
        for line in (
            "3: exchange.lenght: no such setting; did you mean 'length'?",
            "6: pricing.use: no plugin 'script-rates' is installed; did you mean 'scripted-rates'?",
            "8: pricing.routes.lod: no asset has this path, name, glob or kind; did you mean 'Load'?",
            "11: registration.use: has to be a list, not 'scripted-claims'",
            "13: forcasting: no such section; did you mean 'forecasting'?",
            "17: guard.timeout_seconds: has to be a number, not 'long'",
            "18: guard.failures: 'failures' must be >= 1: 0",
            "21: plugins.scripted-rates.rate: 'rate' must be >= 0.0: -1.0",
        )
    ]


def test_a_right_file_is_said_to_be_right_and_nothing_connects(call_gridhook, scripted_config):
    path = scripted_config()
    path.write_text(path.read_text(encoding="utf-8").replace("house", "unreachable"), encoding="utf-8")
    done = call_gridhook("config", "check", path)
    assert (done.status, done.err) == (0, "")
    assert done.out == f"{path} is right: scripted:unreachable with scripted-claims, scripted-rates\n"


def test_a_file_without_plugins_is_right_too(call_gridhook, scripted_config):
    path = scripted_config()
    path.write_text('[exchange]\nurl = "scripted:x"\n[registration]\nuse = []\n[pricing]\nuse = []\n', encoding="utf-8")
    assert call_gridhook("config", "check", path).out == f"{path} is right: scripted:x with no plugins\n"


def test_without_a_file_the_defaults_are_checked(stand_ins, call_gridhook):
    assert (
        call_gridhook("config", "check").out == "the default configuration is right: embedded:demo with claim, ramp\n"
    )


@pytest.mark.parametrize("command", ["check", "show", "schema"])
def test_a_file_that_is_not_there_exits_with_2(stand_ins, call_gridhook, command):
    done = call_gridhook("config", command, "none.toml")
    assert (done.status, done.out) == (2, "")
    assert done.err == "none.toml: cannot be read: No such file or directory\n"


def shown(call_gridhook, path):
    done = call_gridhook("config", "show", path)
    assert (done.status, done.err) == (0, "")
    return done.out


def origins(text):
    """By section and key: where it was written."""
    found, section = {}, ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line:
            found[f"{section}.{line.removeprefix('# ').partition(' ')[0]}"] = line.rpartition("# ")[2]
    return found


def test_the_effective_values_are_toml(call_gridhook, scripted_config):
    more = """[pricing.routes]
            "Grid/House/*" = ["scripted-rates"]
            [plugins.scripted-rates]
            first_day = 2026-06-15"""
    text = shown(call_gridhook, scripted_config("length = 5", more))
    values = tomllib.loads(text)
    assert values["exchange"] == {
        "url": "scripted:house",
        "aggregator": "gridhook",
        "length": 5,
        "known": True,
        "password": "***",
    }
    assert values["pricing"] == {"use": ["scripted-rates"], "routes": {"Grid/House/*": ["scripted-rates"]}}
    assert values["settlement"] == {"use": [], "routes": {}}
    assert values["guard"] == {
        "timeout_seconds": 10.0,
        "failures": 3,
        "highest_rate": 10000.0,
        "on_load_failure": "stop",
    }
    assert values["plugins"]["scripted-claims"] == {"kinds": ["load", "pv"]}
    assert values["plugins"]["scripted-rates"]["rate"] == 20.0
    assert str(values["plugins"]["scripted-rates"]["first_day"]) == "2026-06-15"
    assert "# requirements = (not given)" in text


def test_each_value_names_its_origin(call_gridhook, scripted_config):
    path = scripted_config("length = 5", "[plugins.scripted-rates]\n            rate = 12")
    found = origins(shown(call_gridhook, path))
    assert found["exchange.url"] == f"{path}:3"
    assert found["exchange.length"] == f"{path}:4"
    assert found["plugins.scripted-rates.rate"] == f"{path}:10"
    assert {found[key] for key in ("exchange.aggregator", "exchange.requirements", "guard.failures")} == {"default"}
    assert {found[key] for key in ("exchange.known", "settlement.use", "plugins.scripted-claims.kinds")} == {"default"}


def test_what_stands_behind_the_file_is_named_by_its_address(stand_ins, call_gridhook):
    """Without [exchange], that is what belongs to the default address."""
    base = stand_ins.parent / "site" / "base.toml"
    base.write_text('[settlement]\nuse = ["deviations"]\n[plugins.deviations]\nrates = "ramp"\n', encoding="utf-8")
    path = stand_ins / "mine.toml"
    path.write_text("[forecasting]\nhorizon = 2\n", encoding="utf-8")
    found = origins(shown(call_gridhook, path))
    assert found["settlement.use"] == found["plugins.deviations.rates"] == "embedded:demo"
    assert (found["forecasting.horizon"], found["exchange.url"]) == (f"{path}:2", "default")


def test_a_use_that_the_section_does_not_give_names_its_own_origin(stand_ins, call_gridhook):
    base = stand_ins.parent / "site" / "base.toml"
    base.write_text('[settlement]\nuse = ["deviations"]\n', encoding="utf-8")
    path = stand_ins / "mine.toml"
    path.write_text("[settlement.routes]\nload = ['deviations']\n", encoding="utf-8")
    text = shown(call_gridhook, path)
    assert tomllib.loads(text)["settlement"] == {"use": ["deviations"], "routes": {"load": ["deviations"]}}
    assert (origins(text)["settlement.use"], origins(text)["settlement.routes"]) == ("embedded:demo", f"{path}:1")


def test_secrets_are_hidden(call_gridhook, scripted_config):
    path = scripted_config('password = "hunter3"', "[plugins.scripted-rates]\n            api_key = 'abc123'")
    text = shown(call_gridhook, path)
    assert "hunter" not in text
    assert "abc123" not in text
    assert f'api_key = "***"  # {path}:10' in text


def test_settings_of_any_shape_are_shown(scripted_config, scripted_distribution, call_gridhook):
    source = """
import attrs
from pathlib import Path
from gridhook import hookimpl

@attrs.define
class Limit:
    kwh: float
    note: str | None = None

@attrs.define
class Shapes:
    rate_: str = attrs.field(default="a", alias="rate")
    _note: str = "b"
    file: Path | None = None
    limits: dict[str, Limit] = {}
    accounts: dict[str, dict[str, str]] = {}
    pair: tuple[int, ...] = (1, 2)
    hidden: int = attrs.field(default=0, init=False)

    @hookimpl
    def event_received(self, event): ...
"""
    scripted_distribution(
        "shapes",
        {"shapes_of_this_test": source},
        {"gridhook": {"shapes": "shapes_of_this_test:Shapes"}},
        requires=("gridhook>=0.1",),
    )
    more = """[plugins.shapes]
            file = "a b.csv"
            limits.pv = { kwh = 2 }
            accounts = { ada = { access_token = "abc123", user = "a" } }"""
    path = scripted_config(more=more)
    assert tomllib.loads(shown(call_gridhook, path))["plugins"]["shapes"] == {
        "rate_": "a",
        "_note": "b",
        "file": str(path.parent / "a b.csv"),
        "limits": {"pv": {"kwh": 2.0}},
        "accounts": {"ada": {"access_token": "***", "user": "a"}},
        "pair": [1, 2],
    }


def test_show_says_what_is_wrong_instead(call_gridhook, scripted_config):
    done = call_gridhook("config", "show", scripted_config("lenght = 3"))
    assert (done.status, done.out) == (2, "")
    assert "did you mean 'length'" in done.err


def test_the_schema_takes_the_file_that_it_was_made_for(call_gridhook, scripted_config):
    path = scripted_config("length = 5", "[plugins.scripted-rates]\n            rate = 12")
    done = call_gridhook("config", "schema", path)
    assert (done.status, done.err) == (0, "")
    schema = json.loads(done.out)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(tomllib.loads(path.read_text(encoding="utf-8")), schema)


@pytest.mark.parametrize("template", templates())
def test_a_template_is_toml_that_begins_with_its_purpose(template):
    text = template_text(template)
    assert text.startswith("# ")
    assert set(tomllib.loads(text)) <= {*SECTIONS, "plugins"}


@pytest.mark.parametrize("template", EMBEDDED_TEMPLATES)
def test_a_new_file_is_right(stand_ins, call_gridhook, template):
    done = call_gridhook("config", "new", template)
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("wrote gridhook.toml; gridhook config check gridhook.toml ")
    assert ("community.toml, which has to be beside this file" in done.out) == (template == "community")
    checked = call_gridhook("config", "check", "gridhook.toml")
    assert (checked.status, checked.err) == (0, "")
    plugins = {"demo": STAND_INS, "community": ("claim", "ramp", "deviations")}[template]
    assert checked.out.endswith(f" with {', '.join(plugins)}\n")


@pytest.mark.parametrize("template", EMBEDDED_TEMPLATES)
def test_a_template_keeps_to_the_schema(stand_ins, call_gridhook, template):
    call_gridhook("config", "new", template)
    schema = json.loads(call_gridhook("config", "schema", "gridhook.toml").out)
    jsonschema.validate(tomllib.loads(template_text(template)), schema)


def test_the_name_of_a_new_file_can_be_chosen(stand_ins, call_gridhook):
    assert call_gridhook("config", "new", "demo", "mine.toml").status == 0
    assert (stand_ins / "mine.toml").read_text(encoding="utf-8") == template_text("demo")


def test_nothing_is_overwritten(stand_ins, call_gridhook):
    (stand_ins / "gridhook.toml").write_text("# mine\n", encoding="utf-8")
    done = call_gridhook("config", "new", "demo")
    assert (done.status, done.out, done.err) == (2, "", "gridhook.toml exists; give another name\n")
    assert (stand_ins / "gridhook.toml").read_text(encoding="utf-8") == "# mine\n"


def test_a_folder_that_is_not_there(stand_ins, call_gridhook):
    done = call_gridhook("config", "new", "demo", "none/gridhook.toml")
    assert (done.status, done.err) == (2, "none/gridhook.toml cannot be written: No such file or directory\n")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("dmeo", "no template 'dmeo'; did you mean 'demo'?\n"),
        ("zzz", f"no template 'zzz'; there are {', '.join(templates())}\n"),
    ],
)
def test_a_template_that_is_none(stand_ins, call_gridhook, name, message):
    done = call_gridhook("config", "new", name)
    assert (done.status, done.err) == (2, message)
    assert list(stand_ins.iterdir()) == []


def test_help_says_what_each_template_is_for(call_gridhook):
    done = call_gridhook("config", "new", "--help")
    words = " ".join(done.out.split())
    for template in templates():
        purpose = template_text(template).partition("\n")[0].removeprefix("# ")
        assert f"{template} {' '.join(purpose.split())}" in words
