from __future__ import annotations

import csv
import datetime
import json
import tomllib
from pathlib import Path

import attrs
import numpy as np
import pytest

from gridhook_exchange.community import Overrides, read_community
from gridhook_exchange.generate.plan import Period, Plan, Wishes, draw_plan
from gridhook_exchange.generate.writing import write_plan

SUMMER = Period(datetime.date(2026, 6, 15), 2)
WINTER = Period(datetime.date(2026, 2, 9), 2)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return draw_plan(Wishes(homes=6, panels=3, batteries=2, districts=2, seed=5), [SUMMER, WINTER])


@pytest.fixture(scope="module")
def folder(plan, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("village")
    write_plan(plan, folder, {"summer": 0, "winter": 1})
    return folder


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


def written(folder: Path, periods: list[Period], **wishes) -> Path:
    write_plan(draw_plan(Wishes(**wishes), periods), folder, {"community": 0})
    return folder


def test_the_folder_holds_everything_and_nothing_else(folder):
    assert {path.name for path in folder.iterdir()} == {
        "summer.toml",
        "winter.toml",
        "meters.csv",
        "forecasts.csv",
        "requirements.json",
        "gridhook.toml",
    }


def test_the_same_plan_is_written_as_the_same_bytes(plan, folder, tmp_path):
    again = draw_plan(plan.wishes, plan.periods)
    write_plan(again, tmp_path, {"summer": 0, "winter": 1})
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes()


@pytest.mark.parametrize("name", ["meters.csv", "forecasts.csv"])
def test_tables_have_a_column_per_asset_and_rows_in_order_of_time(plan, folder, name):
    header, *rows = rows_of(folder / name)
    pv = [f"{home.name} PV" for home in plan.homes if home.panel]
    assert sorted(header) == sorted(["time", *(f"{home.name} Load" for home in plan.homes), *pv])
    assert header[0] == "time"
    times = [datetime.datetime.fromisoformat(row[0]) for row in rows]
    assert times == sorted(set(times))
    assert [times[0].isoformat(), times[192].isoformat()] == ["2026-02-09T00:00:00+01:00", "2026-06-15T00:00:00+02:00"]
    assert len(rows) == 4 * 96


@pytest.mark.parametrize(("name", "period"), [("summer", 0), ("winter", 1)])
def test_what_was_drawn_is_what_a_run_reads(plan, folder, name, period):
    community = read_community(folder / f"{name}.toml", Overrides(slots=192))
    assert community.start == plan.calendars[period].start[0]
    measured = dict(zip(community.asset_names, community.measured_kwh, strict=True))
    for home, curves in zip(plan.homes, plan.curves, strict=True):
        assert measured[f"{home.name} Load"] == pytest.approx(curves[period].load, abs=5.1e-5)
        if home.panel:
            assert measured[f"{home.name} PV"] == pytest.approx(curves[period].pv, abs=5.1e-5)


def test_forecasts_are_those_of_the_plan(plan, folder):
    header, *rows = rows_of(folder / "forecasts.csv")
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    for home, curves in zip(plan.homes, plan.curves, strict=True):
        drawn = np.concatenate([curves[1].load_forecast, curves[0].load_forecast])
        assert np.array(columns[f"{home.name} Load"], dtype=float) == pytest.approx(drawn, abs=5.1e-4)
        if home.panel:
            drawn = np.concatenate([curves[1].pv_forecast, curves[0].pv_forecast])
            assert np.array(columns[f"{home.name} PV"], dtype=float) == pytest.approx(drawn, abs=5.1e-4)


def test_the_tree_is_grid_districts_and_homes_with_their_fees_and_assets(plan, folder):
    community = read_community(folder / "summer.toml")
    parents = [None if parent < 0 else community.market_names[parent] for parent in community.tree.parent.tolist()]
    tree = {
        name: (parent, fee)
        for name, parent, fee in zip(community.market_names, parents, community.fee.tolist(), strict=True)
    }
    assert tree == {
        "Grid": (None, 1.5),
        "Community 1": ("Grid", 0.5),
        "Community 2": ("Grid", 0.5),
        **{f"Home {number}": ("Community 1", 0.0) for number in (1, 2, 3)},
        **{f"Home {number}": ("Community 2", 0.0) for number in (4, 5, 6)},
    }
    homes = [community.market_names[home] for home in community.tree.home.tolist()]
    for name, home in list(zip(community.asset_names, homes, strict=True))[:-1]:
        assert name.startswith(f"{home} ")
    batteries = [home.battery for home in plan.homes if home.battery]
    assert community.batteries.capacity_kwh.tolist() == [battery.capacity_kwh for battery in batteries]
    assert community.batteries.power_kw.tolist() == [battery.power_kw for battery in batteries]
    assert (community.feed_in_rate[0], community.retail_rate[0], community.seed) == (8.0, 28.0, 5)


def test_one_district_is_called_the_community(tmp_path):
    folder = written(tmp_path, [WINTER], homes=2, panels=0, batteries=0)
    assert read_community(folder / "community.toml").market_names == ("Grid", "Community", "Home 1", "Home 2")


@pytest.mark.parametrize(
    ("day", "days", "slots"),
    [
        (datetime.date(2026, 3, 29), 1, 92),
        (datetime.date(2026, 10, 25), 1, 96),
        (datetime.date(2026, 3, 29), 2, 96),
        (datetime.date(2026, 6, 15), 1, 96),
    ],
)
def test_a_run_of_a_day_has_data_for_all_its_slots(tmp_path, day, days, slots):
    """The day on which the clock is put forward has 92."""
    folder = written(tmp_path, [Period(day, days)], homes=2, panels=1, batteries=1)
    community = read_community(folder / "community.toml")
    assert community.slots == slots
    assert len(rows_of(folder / "meters.csv")) > slots


def test_two_homes_without_panels_choose(plan, folder):
    preferences = json.loads((folder / "requirements.json").read_text(encoding="utf-8"))
    with_panel = [home.name for home in plan.homes if home.panel]
    without = [home.name for home in plan.homes if not home.panel]
    partner, anybody = preferences[f"{without[0]} Load"]
    (solar,) = preferences[f"{without[1]} Load"]
    assert len(preferences) == 2
    assert (partner["Trading Partners"], partner["Energy Types"]) == ([f"{with_panel[0]} PV"], [])
    assert (anybody["Trading Partners"], anybody["Energy Types"]) == ([], [])
    assert (solar["Trading Partners"], solar["Energy Types"]) == ([], ["PV"])


@pytest.mark.parametrize(("homes", "panels"), [(3, 0), (3, 2), (2, 2)])
def test_nobody_chooses_where_there_is_no_choice(tmp_path, homes, panels):
    folder = written(tmp_path, [WINTER], homes=homes, panels=panels, batteries=0)
    assert json.loads((folder / "requirements.json").read_text(encoding="utf-8")) == {}


def test_the_configuration_trades_the_first_community_with_the_files_beside_it(plan, folder, tmp_path):
    configuration = tomllib.loads((folder / "gridhook.toml").read_text(encoding="utf-8"))
    assert configuration["exchange"] == {"url": "embedded:summer.toml"}
    for plugin in ("preferences", "profiles"):
        assert (folder / configuration["plugins"][plugin]["file"]).is_file()
    assert set(configuration) == {
        *("exchange", "registration", "pricing", "requirements", "forecasting", "settlement", "plugins")
    }
    write_plan(plan, tmp_path, {"summer": 0}, "embedded:demo")
    text = (tmp_path / "gridhook.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["exchange"] == {"url": "embedded:demo"}


def test_numbers_are_written_shortly_and_rightly(plan, tmp_path):
    """Zeros behind the point are left out, and those before it are not."""
    values = np.array([0.0, 10.0, 100.0, 0.1, 0.12345, 1.5, 20.05, 0.00004])
    curves = [[attrs.evolve(one, load=np.resize(values, len(one.load))) for one in home] for home in plan.curves]
    write_plan(attrs.evolve(plan, curves=curves), tmp_path, {"summer": 0})
    header, *rows = rows_of(tmp_path / "meters.csv")
    at = header.index(f"{plan.homes[0].name} Load")
    assert [row[at] for row in rows[:8]] == ["0", "10", "100", "0.1", "0.1235", "1.5", "20.05", "0"]
