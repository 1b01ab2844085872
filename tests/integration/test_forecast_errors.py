"""How far forecasts were off, by asset and lead time, against measurements and against persistence."""

import csv

import pytest

from gridhook_exchange.link import SHIPPED

DEMO = SHIPPED.as_posix()
CONFIG = f"""
[exchange]
url = "embedded:demo"

[forecasting]
use = ["profiles"]
horizon = 2

[settlement]
use = ["deviations"]

[plugins.profiles]
file = "{DEMO}/forecasts.csv"

[plugins.deviations.measurements]
file = "{DEMO}/meters.csv"
"""
SLOTS = 100


@pytest.fixture
def rows(gridhook, tmp_path):
    """The figures of a little more than a day, and the lines of its forecast errors."""
    (tmp_path / "gridhook.toml").write_text(CONFIG, encoding="utf-8")
    done = gridhook("run", "gridhook.toml", "--slots", SLOTS, "--report", "results")
    assert done.returncode == 0, done.stderr
    with (tmp_path / "results" / "forecast_errors.csv").open(encoding="utf-8", newline="") as stream:
        return done.stdout, list(csv.DictReader(stream))


def column(name, of):
    """Return a column of the demo community's file of meters or forecasts, by its slot's time."""
    with (SHIPPED / of).open(encoding="utf-8", newline="") as stream:
        return [float(row[name]) for row in csv.DictReader(stream) if row["time"] >= "2026-06-15"]


def test_each_asset_and_lead_time_has_its_error(rows):
    _, lines = rows
    by_lead = {lead: [row for row in lines if row["lead_minutes"] == lead] for lead in ("15.0", "30.0")}
    assert sum(map(len, by_lead.values())) == len(lines)
    for ahead, (_, its) in enumerate(by_lead.items(), 1):
        assert len(its) == 18
        (row,) = [row for row in its if row["asset"].endswith("/Home 01 Load")]
        counted = slice(ahead, SLOTS - 1)
        forecast, measured = (column("Home 01 Load", of)[counted] for of in ("forecasts.csv", "meters.csv"))
        error = sum(abs(one - other) for one, other in zip(forecast, measured, strict=True))
        assert int(row["slots"]) == len(measured)
        assert float(row["error_kWh"]) == pytest.approx(error)
        assert float(row["wape"]) == pytest.approx(error / sum(measured))


@pytest.mark.thorough
def test_persistence_is_compared_from_the_second_day_on(rows):
    said, lines = rows
    measured = column("Home 01 Load", "meters.csv")
    (row,) = [row for row in lines if row["asset"].endswith("/Home 01 Load") and row["lead_minutes"] == "15.0"]
    second_day = range(96, SLOTS - 1)
    naive = sum(abs(measured[slot] - measured[slot - 96]) for slot in second_day)
    assert int(row["compared_slots"]) == len(second_day)
    assert float(row["persistence_wape"]) == pytest.approx(naive / sum(measured[slot] for slot in second_day))
    assert "off (WAPE), persistence " in said
