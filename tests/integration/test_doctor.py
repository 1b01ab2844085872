"""``gridhook doctor`` on the embedded exchange."""

import json

import pytest


@pytest.fixture
def doctor(gridhook, tmp_path):
    """Return a function that examines a configuration, given as text; returns the exit status and the checks."""

    def call(text=None):
        if text is not None:
            (tmp_path / "gridhook.toml").write_text(text, encoding="utf-8")
        done = gridhook("doctor", *([] if text is None else ["gridhook.toml"]), "--json")
        return done.returncode, json.loads(done.stdout)["checks"]

    return call


def test_the_demo_is_all_right(doctor):
    status, checks = doctor()
    assert status == 0
    assert {check["status"] for check in checks} == {"ok"}
    told = [(check["name"], check["text"]) for check in checks]
    assert ("routes", "requirements: 12 load, 6 pv, 3 storage to preferences") in told
    assert next(text for name, text in told if name == "claims").startswith("12 load, 6 pv, 3 storage: ")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[pricing.routes]\n"Home 99*" = ["ramp"]', 'gridhook.toml:2: pricing.routes."Home 99*": no asset has this'),
        ('[plugins.claim]\nnames = ["Home 01 Laod"]', "plugins.claim.names"),
        ('[exchange]\nurl = "embedded:demoo"', "no community 'demoo'"),
        ('[pricing]\nuse = ["rmap"]', "did you mean 'ramp'"),
    ],
)
def test_mistakes_are_told_once_and_are_the_callers(doctor, text, words):
    status, checks = doctor(text)
    assert status == 2
    assert len([check for check in checks if words in check["text"]]) == 1
