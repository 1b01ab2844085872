"""Days on which the clock is changed: no slot is doubled or lost in meters, forecasts, measurements and reports."""

import csv
import datetime
import json
from zoneinfo import ZoneInfo

import pytest

from gridhook_exchange.commands import community
from gridhook_exchange.community import read_community

SLOT = datetime.timedelta(minutes=15)
DAY = datetime.timedelta(days=1)

# Half an hour is the step of Lord Howe Island.
CHANGES = [
    ("Europe/Berlin", "2026-03-29", 92),
    ("Europe/Berlin", "2026-10-25", 100),
    ("America/New_York", "2026-03-08", 92),
    ("America/New_York", "2026-11-01", 100),
    ("Australia/Lord_Howe", "2026-10-04", 94),
    ("Australia/Lord_Howe", "2026-04-05", 98),
]

# A run takes its seconds.
AT_ONCE = ("Europe/Berlin", "2026-04-05")
RUNS = [pytest.param(*one, marks=[] if {*one} & {*AT_ONCE} else pytest.mark.thorough) for one in CHANGES]

CONFIG = """
[exchange]
url = "embedded:community.toml"
start = {day}

[forecasting]
use = ["profiles"]

[settlement]
use = ["deviations"]

[plugins.profiles]
file = "meters.csv"
timezone = "{zone}"

[plugins.deviations.measurements]
file = "measured.csv"
timezone = "{zone}"
"""


def midnight(day, zone):
    """The instant of a day's beginning, in UTC."""
    return datetime.datetime.combine(day, datetime.time(), ZoneInfo(zone)).astimezone(datetime.UTC)


def slots_between(begin, end):
    return [begin + SLOT * number for number in range((end - begin) // SLOT)]


def write_meters(path, slots, values, zone, *, has_offsets):
    """Write local times as a meter's clock shows them, with or without its offset."""
    lines = ["time,Home 1 Load"]
    for slot, value in zip(slots, values, strict=True):
        local = slot.astimezone(ZoneInfo(zone))
        shown = local if has_offsets else local.replace(tzinfo=None)
        lines.append(f"{shown.isoformat(timespec='minutes')},{value:.6f}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def village(tmp_path):
    """A community of a day, from the meters of it and those around it; returns its folder, slots and curve."""

    def make(zone, day, *, has_offsets=False):
        first = datetime.date.fromisoformat(day)
        slots = slots_between(midnight(first - DAY, zone), midnight(first + 2 * DAY, zone))
        values = [round(0.5 + number / 1000, 3) for number in range(len(slots))]
        source, folder = tmp_path / "meters.csv", tmp_path / "village"
        write_meters(source, slots, values, zone, has_offsets=has_offsets)
        options = ["--meters", str(source), "--timezone", zone, "--first-day", day, "--days", "1"]
        community.main(["new", str(folder), *options], standalone_mode=False)
        measured = [1.25 * value for value in values]
        write_meters(folder / "measured.csv", slots, measured, zone, has_offsets=has_offsets)
        begin, end = midnight(first, zone), midnight(first + DAY, zone)
        curve = {slot: value for slot, value in zip(slots, values, strict=True) if begin <= slot < end}
        return folder, curve

    return make


@pytest.mark.parametrize("has_offsets", [False, True])
@pytest.mark.parametrize(("zone", "day", "count"), CHANGES)
def test_the_day_has_all_its_slots_and_each_has_its_own_energy(village, capsys, zone, day, count, has_offsets):
    folder, curve = village(zone, day, has_offsets=has_offsets)
    assert f"1 day from {day}, {count} slots" in capsys.readouterr().out
    written = read_community(folder / "community.toml")
    assert [written.slot_start(number) for number in range(written.slots)] == list(curve)
    assert len(curve) == count
    assert written.measured_kwh[0].tolist() == pytest.approx(list(curve.values()))


@pytest.mark.parametrize(("zone", "day", "count"), RUNS)
def test_forecasts_measurements_and_reports_have_each_slot_once(village, gridhook_in, zone, day, count):
    folder, curve = village(zone, day)
    (folder / "gridhook.toml").write_text(CONFIG.format(zone=zone, day=day), encoding="utf-8")
    outcome = gridhook_in(folder, "run", "gridhook.toml", "--json", "--report", "results")
    assert outcome.returncode == 0, outcome.stderr
    assert json.loads(outcome.stdout)["slots"] == count
    by_slot = {slot.isoformat(): value for slot, value in curve.items()}

    assets = rows_of(folder / "results" / "assets.csv")
    assert [row["slot"] for row in assets] == list(by_slot)

    # What is bought is what was forecast; of the first slot nothing is forecast in time.
    bought = {row["slot"]: float(row["bought_kWh"]) for row in assets[1:]}
    assert bought == pytest.approx({slot: by_slot[slot] for slot in bought})

    # What is to be settled is what was measured beyond that.
    settlement = [row for row in rows_of(folder / "results" / "orders.csv") if row["slot"] != row["sent_in"]]
    settled = {row["slot"]: float(row["energy_kWh"]) for row in settlement}
    assert list(settled) == list(by_slot)[: len(settled)]
    assert len(settled) >= count - 2
    del settled[assets[0]["slot"]]
    assert settled == pytest.approx({slot: 0.25 * by_slot[slot] for slot in settled})


@pytest.mark.parametrize(
    ("zone", "left_out", "same"),
    [
        ("Europe/Berlin", "2026-03-29T02:00", "Etc/GMT-1"),
        ("America/New_York", "2026-03-08T02:00", "Etc/GMT+5"),
    ],
)
def test_meters_whose_clock_is_never_changed_are_told_of_their_zone(gridhook, tmp_path, zone, left_out, same):
    start = datetime.datetime.fromisoformat(left_out[:10])
    times = [(start + SLOT * number).isoformat(timespec="minutes") for number in range(96)]
    rows = [f"{time},0.5" for time in times]
    (tmp_path / "meters.csv").write_text("\n".join(["time,Home 1 Load", *rows]), encoding="utf-8")
    outcome = gridhook("community", "new", "village", "--meters", "meters.csv", "--timezone", zone)
    assert outcome.returncode == 2
    assert f"meters.csv, line 10: {left_out} is left out in {zone}" in outcome.stderr
    assert f"such as '{same}'" in outcome.stderr
    outcome = gridhook("community", "new", "village", "--meters", "meters.csv", "--timezone", same)
    assert "96 slots" in outcome.stdout
