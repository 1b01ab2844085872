"""A configuration with mistakes: all of them, one line each, nothing connected."""

import json

import pytest

FIVE = """\
[exchange]
url = "embedded:demo"
agregator = "me"

[pricing]
use = ["rmap"]

[pricing.routes]
storge = ["ramp"]

[forecasting]
use = ["profiles"]
horizon = "two"

[plugins.ramp]
final_att = 0.8
"""


@pytest.mark.parametrize("command", [("config", "check"), ("run",)])
def test_five_mistakes_are_five_lines_with_path_and_nearest_name(gridhook, tmp_path, command):
    (tmp_path / "five.toml").write_text(FIVE, encoding="utf-8")
    outcome = gridhook(*command, "five.toml")
    assert outcome.returncode == 2
    assert outcome.stdout == ""
    assert outcome.stderr.splitlines() == [
        "five.toml:3: exchange.agregator: no such setting; did you mean 'aggregator'?",
        "five.toml:6: pricing.use: no plugin 'rmap' is installed; did you mean 'ramp'?",
        "five.toml:9: pricing.routes.storge: no asset has this path, name, glob or kind; did you mean 'storage'?",
        "five.toml:13: forecasting.horizon: has to be a whole number, not 'two'",
        "five.toml:16: plugins.ramp.final_att: no such setting; did you mean 'final_at'?",
    ]


def test_a_plugin_without_the_settings_that_it_needs_is_told_where_it_is_named(gridhook, tmp_path):
    (tmp_path / "needs.toml").write_text('[requirements]\nuse = ["preferences"]\n[exchange]\nurl = "embedded:demo"\n')
    outcome = gridhook("config", "check", "needs.toml")
    assert outcome.stderr == (
        "needs.toml:2: plugins.preferences.file: is missing; add [plugins.preferences] with file = …\n"
    )


def test_a_file_that_is_not_there_is_told_where_it_is_given(gridhook, tmp_path):
    (tmp_path / "conf").mkdir()
    text = '[forecasting]\nuse = ["profiles"]\n[plugins.profiles]\nfile = "data/nope.csv"\n'
    (tmp_path / "conf" / "t.toml").write_text(text, encoding="utf-8")
    outcome = gridhook("config", "check", "conf/t.toml")
    assert outcome.stderr == (
        "conf/t.toml:4: plugins.profiles.file: conf/data/nope.csv cannot be read: No such file or directory\n"
    )


def test_a_right_configuration_is_said_to_be_right(gridhook, tmp_path):
    (tmp_path / "right.toml").write_text('[pricing]\nuse = ["fixed"]\n', encoding="utf-8")
    outcome = gridhook("config", "check", "right.toml")
    assert outcome.returncode == 0
    assert "right.toml is right: embedded:demo" in outcome.stdout


def test_a_claim_that_leads_nowhere_names_the_nearest(gridhook, tmp_path):
    (tmp_path / "claim.toml").write_text('[plugins.claim]\nnames = ["Home 01 Laod"]\n', encoding="utf-8")
    outcome = gridhook("run", "claim.toml")
    assert outcome.returncode == 2
    assert outcome.stderr.startswith(
        "claim.toml:2: plugins.claim.names: no area is called 'Home 01 Laod'; did you mean"
    )


def test_names_that_lead_nowhere_in_files_and_tables_of_plugins_are_found_before_trading(gridhook, tmp_path):
    preferences = {
        "Home 02 Laod": [{"Rate": 20}],
        "Home 01": [{"Rate": 20}],
        "Home 03 Load": [{"Trading Partners": ["Home 01", "Home 01 PVV"]}],
    }
    (tmp_path / "preferences.json").write_text(json.dumps(preferences), encoding="utf-8")
    (tmp_path / "meters.csv").write_text("time,x\n2026-06-15T00:00,1\n2026-06-15T00:15,1\n", encoding="utf-8")
    (tmp_path / "names.toml").write_text(
        """\
[plugins.preferences]
file = "preferences.json"
[plugins.profiles]
file = "meters.csv"
[plugins.profiles.columns]
"Home 04 Load" = "x"
"Home 05 Laod" = "x"
""",
        encoding="utf-8",
    )
    outcome = gridhook("config", "check", "names.toml")
    assert outcome.returncode == 2
    starts = [
        (
            "names.toml:2: plugins.preferences.file[\"Home 02 Laod\"]: no asset is called 'Home 02 Laod'; "
            "did you mean 'Home 02 Load'"
        ),
        "names.toml:2: plugins.preferences.file[\"Home 01\"]: 'Home 01' is no asset; did you mean 'Home 01 ",
        (
            'names.toml:2: plugins.preferences.file["Home 03 Load"][0]["Trading Partners"][1]: '
            "no area is called 'Home 01 PVV'; did you mean 'Home 01 PV'"
        ),
        (
            "names.toml:7: plugins.profiles.columns.\"Home 05 Laod\": no asset is called 'Home 05 Laod'; "
            "did you mean 'Home 05 Load'"
        ),
    ]
    said = outcome.stderr.splitlines()
    assert len(said) == len(starts)
    assert [start for start in starts if not any(line.startswith(start) for line in said)] == []


def test_the_demos_template_trades_as_no_file_does(gridhook):
    written = gridhook("config", "new", "demo")
    assert written.returncode == 0, written.stderr
    assert gridhook("config", "check", "gridhook.toml").returncode == 0
    outcome = gridhook("run", "gridhook.toml", "--slots", "4", "--json")
    assert outcome.returncode == 0, outcome.stderr
    assert json.loads(outcome.stdout) == json.loads(gridhook("run", "--slots", "4", "--json").stdout)


def test_the_communitys_template_is_right_beside_a_community(gridhook):
    written = gridhook("config", "new", "community")
    assert (
        "community.toml, which has to be beside this file; `gridhook community new FOLDER` makes one" in written.stdout
    )
    assert "no community 'community.toml'" in gridhook("config", "check", "gridhook.toml").stderr
    made = gridhook("community", "new", "village", "--homes", 4, "--days", 1)
    assert made.returncode == 0, made.stderr
    assert gridhook("config", "new", "community", "village/mine.toml").returncode == 0
    assert gridhook("config", "check", "village/mine.toml").returncode == 0
    outcome = gridhook("run", "village/mine.toml", "--slots", "2")
    assert outcome.returncode == 0, outcome.stderr
    assert "2 slots" in outcome.stdout


def test_a_generated_community_trades_as_its_output_says(gridhook, tmp_path):
    made = gridhook(
        "community", "new", "village", "--homes", 5, "--panels", 3, "--batteries", 1, "--days", 1, "--seed", 9
    )
    assert made.stdout == "wrote village; gridhook run village/gridhook.toml trades it\n"
    outcome = gridhook("run", "village/gridhook.toml", "--slots", "4")
    assert outcome.returncode == 0, outcome.stderr
    assert "Home 5" in outcome.stdout


@pytest.mark.parametrize(
    "template",
    [
        "settle-deviations",
        *(pytest.param(its, marks=pytest.mark.thorough) for its in ("post-orders", "strategies", "live-data")),
    ],
)
def test_a_template_for_an_exchange_elsewhere_can_be_tried_on_the_embedded_one(gridhook, template):
    assert gridhook("config", "new", template).returncode == 0
    outcome = gridhook("run", "gridhook.toml", "--exchange", "embedded:demo", "--slots", "2", "--json")
    assert outcome.returncode == 0, outcome.stderr
    assert json.loads(outcome.stdout)["slots"] == 2
