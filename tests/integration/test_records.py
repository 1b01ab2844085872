"""A recorded session tells why an asset traded or not, and decides the same again."""

import json
import re

import pytest

LOAD = "Home 02 Load"

STUBBORN = """
from gridhook import HOLD, hookimpl, per_lot

@hookimpl
@per_lot
def price_energy(lot, market):
    if lot.kind == "pv" and market.progress > 0.5:
        raise RuntimeError("the sun has set")
    return HOLD if lot.kind == "storage" else 20.0
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory, gridhook_in):
    """Return a folder with the record of half a day of the demo community."""
    folder = tmp_path_factory.mktemp("recorded")
    (folder / "gridhook.toml").write_text('[pricing]\nuse = ["ramp"]\n', encoding="utf-8")
    outcome = gridhook_in(folder, "run", "gridhook.toml", "--slots", "48", "--record", "record.jsonl", "--json")
    assert outcome.returncode == 0, outcome.stderr
    return folder


@pytest.fixture
def call(recorded, gridhook_in):
    return lambda *arguments: gridhook_in(recorded, *arguments)


def test_the_same_record_and_configuration_decide_the_same(call):
    outcome = call("replay", "record.jsonl")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert re.fullmatch(r"no differences in 1 session, \d+ events\n", outcome.stdout)


def test_another_configuration_decides_otherwise_where_it_says_otherwise(call, recorded):
    (recorded / "late.toml").write_text("[plugins.ramp]\nfinal_at = 0.9\n", encoding="utf-8")
    outcome = call("replay", "record.jsonl", "late.toml", "--limit", "100000")
    assert outcome.returncode == 1
    *lines, last = outcome.stdout.splitlines()
    assert len(lines) > 100
    orders = [line for line in lines if " order: " in line]
    # Only at 80 % one ramp has jumped and the other has not, and never for storages; then other things stand.
    assert {line[17:21] for line in orders} <= {" 80%", " 90%"}
    assert not [line for line in lines if "Battery" in line]
    assert last.startswith(f"{len(lines)} differences in 1 session, ")
    load = next(line for line in orders if " bid order" in line)
    assert re.search(r"then 0\.\d+ kWh at 30 cents/kWh.*; now 0\.\d+ kWh at 25\.2 cents/kWh", load), load


@pytest.mark.thorough
def test_few_differences_are_shown_unless_more_are_wanted(call, recorded):
    (recorded / "late.toml").write_text("[plugins.ramp]\nfinal_at = 0.9\n", encoding="utf-8")
    outcome = call("replay", "record.jsonl", "late.toml", "--limit", "2")
    assert outcome.returncode == 1
    lines = outcome.stdout.splitlines()
    assert len(lines) == 4
    assert re.fullmatch(r"and \d+ more; --limit \d+ shows all", lines[2])


@pytest.mark.thorough
def test_what_else_decides_differently_is_told(call, recorded):
    (recorded / "fewer.toml").write_text(f'[plugins.claim]\nnames = ["{LOAD}"]\n', encoding="utf-8")
    lines = call("replay", "record.jsonl", "fewer.toml", "--limit", "100000").stdout.splitlines()
    assert [line for line in lines if line.lstrip().startswith("areas: claim: then ")]
    (recorded / "unsettled.toml").write_text("[settlement]\nuse = []\n", encoding="utf-8")
    lines = call("replay", "record.jsonl", "unsettled.toml", "--limit", "100000").stdout.splitlines()[:-1]
    assert lines
    assert all(re.search(r" (order|reason) for 20\d\d-", line) for line in lines), lines[0]


def test_a_slot_is_told_tick_by_tick(call):
    told = call("why", "record.jsonl", LOAD, "08:00").stdout.splitlines()
    assert told[0] == f"Grid/Community/Home 02/{LOAD} (load); times in UTC"
    assert told[2] == "slot 2026-06-15 08:00"
    story = "\n".join(told)
    assert re.search(r"07:45         0%  forecast: 0\.\d+ kWh", story)
    assert re.search(r"08:00         0%  needs: 0\.\d+ kWh to buy", story)
    order = r"bid: ramp: 0\.\d+ kWh at 6 cents/kWh \(with Home 01 PV or with anyone\), accepted"
    assert re.search(rf"08:00         0%  {order}", story)
    assert re.search(r"08:00 .*%  bought 0\.\d+ kWh from Home 01 PV, a chosen partner, at \d", story)
    assert re.search(r"08:15         0%  deviation: 0\.\d+ kWh to (buy|sell)", story)
    assert re.search(r"settlement (bid|offer): deviations: ", story)
    assert re.search(r"in the end         0\.\d+ of 0\.\d+ kWh bought", story)


def test_all_slots_are_told_in_a_line_each(call):
    told = call("why", "record.jsonl", f"Grid/Community/Home 02/{LOAD}").stdout.splitlines()
    assert len(told) == 1 + 48
    assert told[1].startswith("2026-06-14 22:00  ")


def test_what_was_traded_is_what_the_report_says(gridhook, tmp_path):
    outcome = gridhook(
        "run", "--slots", "24", "--record", str(tmp_path / "record.jsonl"), "--report", str(tmp_path / "report")
    )
    assert outcome.returncode == 0, outcome.stderr
    rows = (tmp_path / "report" / "trades.csv").read_text(encoding="utf-8").splitlines()[1:]
    told = gridhook("why", str(tmp_path / "record.jsonl"), LOAD, "2026-06-14T23:00").stdout
    mine = [row for row in rows if LOAD in row and ",2026-06-14T23:00:00+00:00," in row]
    assert mine
    assert len(re.findall(r"  (bought|sold) ", told)) == len(mine)


def test_why_an_asset_did_not_trade_is_told(gridhook, tmp_path, monkeypatch):
    (tmp_path / "gridhook_stubborn.py").write_text(STUBBORN, encoding="utf-8")
    info = tmp_path / "gridhook_stubborn-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: gridhook-stubborn\nVersion: 1.0\nRequires-Dist: gridhook>=0.1,<1\n",
        encoding="utf-8",
    )
    (info / "entry_points.txt").write_text("[gridhook]\nstubborn = gridhook_stubborn\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "gridhook.toml").write_text('[pricing]\nuse = ["stubborn"]\n', encoding="utf-8")
    record = str(tmp_path / "record.jsonl")
    # Noon, when there is sun.
    outcome = gridhook("run", str(tmp_path / "gridhook.toml"), "--slots", "60", "--record", record)
    assert outcome.returncode == 0, outcome.stderr
    battery = gridhook("why", record, "Home 05 Battery", "12:00").stdout
    assert "offer: stubborn: held: no order shall stand" in battery
    assert re.search(r"in the end         0 of 0\.\d+ kWh bought, 0 of 0\.\d+ kWh sold", battery)
    panel = gridhook("why", record, "Home 01 PV", "12:00").stdout
    failed = "stubborn: the plugin failed (RuntimeError: the sun has set (gridhook_stubborn.py, line 8))"
    assert f"12:00     60-90%  offer: {failed}" in panel
    outcome = gridhook("replay", record)
    assert outcome.returncode == 0, outcome.stdout[:2000]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Home 2 Load"], "no area is called 'Home 2 Load'; did you mean "),
        ([LOAD, "noon"], "'noon' is no time such as 2026-06-15T12:00 or 12:00"),
        ([LOAD, "12:07"], "record.jsonl tells of no slot 12:07 for this asset; it has 2026-06-14T22:00 to 2026-06-15T"),
    ],
)
def test_what_cannot_be_told_is_an_error(call, arguments, message):
    outcome = call("why", "record.jsonl", *arguments)
    assert outcome.returncode == 2
    assert message in outcome.stderr


def test_an_area_that_was_not_claimed_has_no_story(call):
    outcome = call("why", "record.jsonl", "Market Maker")
    assert outcome.returncode == 0
    assert "nothing was decided for it" in outcome.stdout


@pytest.mark.thorough
def test_a_configuration_that_is_gone_has_to_be_given(call, recorded):
    (recorded / "gridhook.toml").rename(recorded / "moved.toml")
    try:
        outcome = call("replay", "record.jsonl")
        assert outcome.returncode == 2
        assert "gridhook.toml, which is not there any more; give a configuration" in outcome.stderr
        assert call("replay", "record.jsonl", "moved.toml").returncode == 0
    finally:
        (recorded / "moved.toml").rename(recorded / "gridhook.toml")


def test_a_dry_run_is_recorded_as_one(gridhook, tmp_path):
    record = str(tmp_path / "record.jsonl")
    assert gridhook("run", "--dry-run", "--slots", "4", "--record", record).returncode == 0
    outcome = gridhook("replay", record)
    assert outcome.returncode == 0, outcome.stdout
    told = gridhook("why", record, LOAD, "22:30").stdout
    assert "bid: ramp: " in told
    assert "dry run, not sent" in told
    assert "bought" in told.splitlines()[-1]
    assert "accepted" not in told


def test_recording_changes_nothing_else(call, recorded, gridhook_in):
    plain = gridhook_in(recorded, "run", "gridhook.toml", "--slots", "4", "--json")
    taped = gridhook_in(recorded, "run", "gridhook.toml", "--slots", "4", "--json", "--record", "other.jsonl")
    assert json.loads(plain.stdout) == json.loads(taped.stdout)
