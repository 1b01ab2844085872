"""``gridhook plugins check``: what it prints, and how it ends."""

import json

import pytest

SOURCE = """
import attrs, numpy as np
from gridhook import hookimpl

@attrs.define
class Flat:
    rate: float = attrs.field(validator=attrs.validators.ge(0))

    @hookimpl
    def price_energy(self, lots):
        print("pricing")
        return np.full(len(lots), self.rate)

class Wrong:
    @hookimpl
    def price_energy(self, lots, market):
        return [1.0] * 3
"""


@pytest.fixture
def _installed(scripted_distribution, only_scripted):
    points = {"flat": "conformity:Flat", "wrong": "conformity:Wrong", "gone": "no_such_module_here:Gone"}
    scripted_distribution("gridhook-conformity", {"conformity": SOURCE}, {"gridhook": points})


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "gridhook.toml"
    path.write_text("[exchange]\nurl = 'far:away'\n[plugins.flat]\nrate = 12.0\n", encoding="utf-8")
    return path


@pytest.mark.usefixtures("_installed")
def test_a_sound_plugin_passes_with_the_settings_of_a_configuration(call_gridhook, config):
    call = call_gridhook("plugins", "check", "flat", "--config", config)
    assert call.status == 0, call.err
    lines = call.out.splitlines()
    assert lines[0].split(" ms  ")[1] == "loads: price_energy"
    assert all(line.startswith("ok ") for line in lines[:-2])
    assert any(" ms  price_energy, 10,000 rows: " in line for line in lines)
    assert lines[-2:] == ["", f"{len(lines) - 2} passed"]
    assert "pricing" in call.err


@pytest.mark.usefixtures("_installed")
def test_what_failed_is_told_and_the_status_is_1(call_gridhook):
    call = call_gridhook("plugins", "check", "wrong")
    assert call.status == 1
    (line,) = (line for line in call.out.splitlines() if ", single row: " in line)
    assert line.startswith("FAILED ")
    assert "not an array of shape (3,)" in line
    assert call.out.splitlines()[-1] == "4 passed, 14 failed"


@pytest.mark.usefixtures("_installed")
def test_json_is_one_object(call_gridhook, config):
    call = call_gridhook("plugins", "check", "flat", "--config", config, "--json")
    found = json.loads(call.out)
    assert (found["plugin"], found["version"]) == ("flat", "1.0")
    assert {"check", "hook", "outcome", "message", "seconds"} == set(found["findings"][0])
    assert {finding["outcome"] for finding in found["findings"]} == {"passed"}
    assert call_gridhook("plugins", "check", "wrong", "--json").status == 1


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("flta", "did you mean 'flat'?"),
        ("gone", "'gone' cannot be imported: ModuleNotFoundError"),
        ("flat", "plugins.flat.rate: is missing"),
    ],
)
def test_what_cannot_be_loaded_ends_with_2(call_gridhook, name, message):
    call = call_gridhook("plugins", "check", name)
    assert (call.status, call.out) == (2, "")
    assert message in call.err


@pytest.mark.usefixtures("_installed")
def test_a_wrong_configuration_is_told_by_its_line(call_gridhook, config):
    config.write_text("[plugins.flat]\nrate = -1.0\n", encoding="utf-8")
    call = call_gridhook("plugins", "check", "flat", "--config", config)
    assert call.status == 2
    assert f"{config}:2: plugins.flat.rate: " in call.err
    missing = call_gridhook("plugins", "check", "flat", "--config", config.with_name("none.toml"))
    assert missing.status == 2
    assert "cannot be read" in missing.err
