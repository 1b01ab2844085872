"""``gridhook doctor``: the checks, the remedies, and how it exits."""

import json

import pytest

EXAMINABLE = """
import attrs
import gridhook_scripted
from gridhook.checks import ok, skipped, warning, wrong
from gridhook.errors import ConfigError, Problem
from gridhook.links import Examined

@attrs.define
class ExaminableExchange(gridhook_scripted.ScriptedExchange):
    def examine(self, request, tell):
        print("looking")
        if request.url == "far":
            raise ConfigError(Problem("exchange.length", "is too long"))
        tell(ok("port", f"{request.url} is open"))
        tell(warning("clock", "is slow", "wind it up"))
        if request.url == "broken":
            tell(wrong("login", "is refused", "log in"))
            tell(skipped("registry", "there is no token"))
            return Examined()
        return Examined(gridhook_scripted.TREE, {})
"""


@pytest.fixture
def doctor(call_gridhook, scripted_config, scripted_distribution, tmp_path):
    """Return a function that calls the doctor; returns the call, and the checks by name with ``--json``."""
    points = {"gridhook.exchanges": {"examinable": "gridhook_examinable:ExaminableExchange"}}
    scripted_distribution(
        "gridhook-examinable", {"gridhook_examinable": EXAMINABLE}, points, requires=("gridhook>=0.1",)
    )

    def call(url, *options, more="", use='"scripted-claims"', known="false"):
        path = scripted_config(f"known = {known}", more)
        text = path.read_text(encoding="utf-8").replace("scripted:house", url).replace('"scripted-claims"', use)
        path.write_text(text, encoding="utf-8")
        done = call_gridhook("doctor", path, *options)
        return done, json.loads(done.out)["checks"] if "--json" in options else None

    return call


def statuses(checks, *names):
    return [check["status"] for name in names for check in checks if check["name"] == name]


def test_nothing_wrong_is_zero_though_there_are_warnings(doctor):
    done, checks = doctor("examinable:house", "--json")
    assert done.status == 0
    assert done.out.count("\n") == 1
    assert "looking" in done.err
    assert statuses(checks, "config", "plugin scripted-rates", "port", "clock", "claims", "owners") == [
        *("ok", "ok", "ok", "warning", "ok", "ok"),
    ]


def test_something_wrong_with_the_exchange_is_one_and_the_rest_is_looked_at(doctor):
    done, checks = doctor("examinable:broken", "--json")
    assert done.status == 1
    assert statuses(checks, "login", "registry", "claims", "routes") == ["wrong", "skipped", "skipped", "skipped"]


def test_lines_for_people(doctor):
    done, _ = doctor("examinable:broken")
    assert "ok       port: broken is open\n" in done.out
    assert "warning  clock: is slow\n         -> wind it up\n" in done.out
    assert "WRONG    login: is refused\n         -> log in\n" in done.out
    assert "-        registry: not checked: there is no token\n" in done.out
    assert "1 warnings, 1 wrong, 3 not checked" in done.out
    assert "looking" not in done.out


def test_mistakes_in_the_configuration_are_two_and_told_once(doctor):
    done, checks = doctor("examinable:nowhere", "--json")
    assert done.status == 2
    (told,) = [check["text"] for check in checks if check["status"] == "wrong"]
    assert told.endswith("exchange.url: leads nowhere")
    assert statuses(checks, "exchange") == ["skipped"]
    done, checks = doctor("examinable:far", "--json")
    assert done.status == 2
    (told,) = [check["text"] for check in checks if check["status"] == "wrong"]
    assert told.endswith("exchange.length: is too long")


def test_all_mistakes_are_told_with_their_places(doctor):
    done, checks = doctor("examinable:house", "--json", more='[settlement]\nuse = ["nobody"]\n[guard]\nfailures = "x"')
    assert done.status == 2
    told = [check["text"] for check in checks if check["name"] == "config"]
    assert len(told) == 2
    assert all(".toml:" in text for text in told)
    assert statuses(checks, "plugin nobody", "plugin scripted-rates", "port") == ["wrong", "ok", "ok"]


def test_a_link_that_cannot_be_examined(doctor):
    done, checks = doctor("scripted:house", "--json")
    assert done.status == 0
    assert statuses(checks, "link", "claims", "routes") == ["skipped", "skipped", "skipped"]
    _, checks = doctor("scripted:house", "--json", known="true")
    assert statuses(checks, "link", "claims", "owners") == ["skipped", "ok", "skipped"]


@pytest.mark.parametrize("text", [None, "not TOML", '[exchange]\nurl = "nonsense"', '[exchange]\nurl = "unheard:of"'])
def test_without_an_address_no_exchange_is_looked_at(call_gridhook, tmp_path, text):
    path = tmp_path / "gridhook.toml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    done = call_gridhook("doctor", path, "--json")
    assert done.status == 2
    checks = json.loads(done.out)["checks"]
    assert statuses(checks, "exchange") == ["skipped"]
    assert "claims" not in [check["name"] for check in checks if check["status"] == "ok"]


def test_what_the_domains_are_left_to(doctor):
    _, checks = doctor("examinable:house", "--json")
    told = {check["name"]: check["text"] for check in checks}
    assert told["pricing"] == "all assets: scripted-rates"
    assert told["forecasting"].startswith("no plugin, which is fine")
    _, checks = doctor("examinable:house", "--json", use="")
    assert statuses(checks, "registration") == ["warning"]


def test_where_the_address_comes_from_is_told(doctor):
    _, checks = doctor("scripted:house", "--json", "--exchange", "examinable:house")
    (text,) = [check["text"] for check in checks if check["name"] == "exchange"]
    assert text == "examinable:house (--exchange), to trade there as 'gridhook' (default)"


@pytest.mark.filterwarnings("default:.*does not say which versions")
def test_a_plugin_that_does_not_say_which_core_it_works_with(doctor, scripted_distribution):
    install_tired(scripted_distribution, ("attrs",))
    done, checks = doctor("examinable:house", "--json", more="[plugins.tired]")
    assert done.status == 0
    assert statuses(checks, "plugin tired") == ["warning"]


def test_a_plugin_that_fails_to_claim_is_named(doctor, scripted_distribution):
    install_tired(scripted_distribution)
    done, checks = doctor("examinable:house", "--json", use='"tired"')
    assert done.status == 2
    assert statuses(checks, "plugin tired", "claims") == ["ok", "wrong", "wrong"]
    assert [check["text"] for check in checks if "too tired" in check["text"]] == [
        "failed in claim_assets: ValueError: too tired (gridhook_tired.py, line 4)"
    ]


def test_a_claim_that_is_not_known_is_not_taken_for_none(doctor):
    _, checks = doctor("examinable:house", "--json", use='"scripted-claims", "nobody"')
    assert statuses(checks, "claims", "routes") == ["skipped", "skipped"]


def install_tired(install, requires=("gridhook>=0.1",)):
    source = "from gridhook import hookimpl\n@hookimpl\ndef claim_assets(grid):\n    raise ValueError('too tired')\n"
    install("gridhook-tired", {"gridhook_tired": source}, {"gridhook": {"tired": "gridhook_tired"}}, requires=requires)
