"""The community that ships: what ``gridhook run`` trades when nothing is said."""

from __future__ import annotations

import csv
import datetime
import json
import runpy
import tomllib
from pathlib import Path

import numpy as np
import pytest

from gridhook.commands import Batch, SendForecasts
from gridhook_exchange.community import Overrides, read_community
from gridhook_exchange.link import SHIPPED

TOOL = Path(__file__).parents[1] / "tools" / "make_demo.py"
SHIPPED_DAYS = {"demo": datetime.date(2026, 6, 15), "demo-winter": datetime.date(2026, 2, 9)}


def read(name: str, slots: int | None = None):
    return read_community(SHIPPED / f"{name}.toml", Overrides(slots=slots))


def columns_of(name: str) -> dict[str, np.ndarray]:
    with (SHIPPED / name).open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    return {
        column: np.array(values, dtype=object if column == "time" else float)
        for column, values in zip(header, zip(*rows, strict=True), strict=True)
    }


@pytest.fixture(params=SHIPPED_DAYS)
def name(request) -> str:
    return request.param


@pytest.mark.skipif(not TOOL.is_file(), reason="the tool is in the sources only")
def test_the_shipped_files_are_what_the_tool_writes(tmp_path):
    runpy.run_path(str(TOOL))["make_demo"](tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in SHIPPED.iterdir()}
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (SHIPPED / path.name).read_bytes(), path.name


def test_the_shipped_files_are_small():
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 1_000_000


def test_twelve_homes_have_six_pvs_and_three_batteries(name):
    community = read(name)
    kinds = list(community.kinds)
    assert [kinds.count(kind) for kind in ("load", "pv", "storage", "market-maker")] == [12, 6, 3, 1]
    homes = [market for market in community.market_names if market.startswith("Home")]
    assert len(homes) == len(set(community.tree.home[:-1].tolist())) == 12


def test_names_and_ids_are_unique(name):
    community = read(name)
    names = [*community.market_names, *community.asset_names]
    ids = [*community.market_ids, *community.asset_ids]
    assert len(set(names)) == len(set(ids)) == len(names)


def test_a_run_is_a_day_of_quarter_hours(name):
    community = read(name)
    assert (community.slots, community.hours) == (96, 0.25)


def test_there_is_a_week_of_data_from_the_first_slot_on(name):
    community = read(name, 7 * 96)
    assert community.start.in_timezone("Europe/Berlin").naive() == datetime.datetime.combine(
        SHIPPED_DAYS[name], datetime.time()
    )
    assert np.all(community.measured_kwh[community.is_load] > 0)
    assert np.all(community.measured_kwh[community.is_pv].max(axis=1) > 0)


def test_one_week_is_in_summer_and_one_in_winter():
    assert [day.month for day in SHIPPED_DAYS.values()] == [6, 2]
    for name in ("meters.csv", "forecasts.csv"):
        times = [datetime.datetime.fromisoformat(time) for time in columns_of(name)["time"]]
        assert len(times) == 2 * 7 * 96
        assert {time.month for time in times} == {2, 6}
    summer, winter = (read(name, 7 * 96) for name in SHIPPED_DAYS)
    assert summer.measured_kwh[summer.is_pv].sum() > 1.5 * winter.measured_kwh[winter.is_pv].sum()


def test_homes_use_and_roofs_give_what_homes_and_roofs_do(name):
    """In a week a home uses 30 to 130 kWh; a roof gives nothing at night, and not more than 10 kW ever."""
    community = read(name, 7 * 96)
    loads, pvs = community.measured_kwh[community.is_load], community.measured_kwh[community.is_pv]
    assert np.all((loads.sum(axis=1) > 25.0) & (loads.sum(axis=1) < 140.0))
    assert not pvs.reshape(6, 7, 96)[:, :, :16].any()
    assert np.all(pvs <= 10.0 / 4)


def test_no_two_loads_or_pvs_have_the_same_curve():
    curves = {name: values for name, values in columns_of("meters.csv").items() if name != "time"}
    for kind, correlated in (("Load", 0.9), ("PV", 0.9999)):
        same = np.array([values for name, values in curves.items() if name.endswith(kind)])
        assert np.corrcoef(same)[np.triu_indices(len(same), 1)].max() < correlated


def test_two_members_have_preferences():
    preferences = json.loads((SHIPPED / "requirements.json").read_text(encoding="utf-8"))
    names = read("demo").asset_names
    assert {name: len(alternatives) for name, alternatives in preferences.items()} == {
        "Home 02 Load": 2,
        "Home 03 Load": 1,
    }
    assert set(preferences) <= set(names)
    assert preferences["Home 02 Load"][0]["Trading Partners"] == ["Home 01 PV"]
    assert "Home 01 PV" in names
    assert preferences["Home 03 Load"][0]["Energy Types"] == ["PV"]


def test_the_configuration_names_the_demo_and_files_that_ship():
    configuration = tomllib.loads((SHIPPED / "gridhook.toml").read_text(encoding="utf-8"))
    assert configuration["exchange"]["url"] == "embedded:demo"
    files = [settings["file"] for settings in configuration["plugins"].values() if "file" in settings]
    assert sorted(files) == ["forecasts.csv", "requirements.json"]


def test_shipped_forecasts_are_of_all_loads_and_pvs_good_and_not_perfect():
    meters, forecasts = columns_of("meters.csv"), columns_of("forecasts.csv")
    assert list(meters) == list(forecasts)
    assert meters.pop("time").tolist() == forecasts.pop("time").tolist()
    assert {*meters} == {name for name in read("demo").asset_names if name.endswith(("Load", "PV"))}
    errors = {name: np.abs(forecasts[name] - meters[name]).sum() / meters[name].sum() for name in meters}
    assert min(errors.values()) > 0.03
    assert max(errors.values()) < 0.5


def test_built_in_forecasts_are_of_all_loads_and_pvs_and_not_perfect(name):
    community = read(name)
    metered = community.is_load | community.is_pv
    measured, forecast = community.measured_kwh[metered], community.forecast_kwh[metered]
    errors = np.abs(forecast - measured).sum(axis=1) / measured.sum(axis=1)
    assert np.all((errors > 0.05) & (errors < 0.5))
    assert np.all((forecast > 0) == (measured > 0))
    assert not community.forecast_kwh[~metered].any()


def test_a_forecast_that_is_received_replaces_the_built_in_one(make_run):
    """The first slot has the built-in forecast; so has the second, but for what was sent."""
    noon = Overrides(datetime.datetime(2026, 6, 15, 10, tzinfo=datetime.UTC), 2)
    community = read_community(SHIPPED / "demo.toml", noon)
    run = make_run(community)
    run.claim(*community.asset_ids[:-1])

    def energies() -> dict[str, float]:
        assets = run.desk.view.grid().assets
        columns = zip(assets.name, assets.kind, assets.energy_requirement_kwh, assets.available_energy_kwh, strict=True)
        return {name: needed if kind == "load" else given for name, kind, needed, given in columns if kind != "storage"}

    built_in = dict(zip(community.asset_names, community.forecast_kwh, strict=True))
    run.open()
    assert energies() == pytest.approx({name: built_in[name][0] for name in energies()})
    ids = community.asset_ids[: len(energies())]
    sent = np.arange(1.0, 1.0 + len(ids))[:, None] / 100
    keep = 3
    run.desk.execute(Batch(2, (SendForecasts(ids[keep:], (community.slot_start(1),), sent[keep:]),)))
    run.ticks(community.rules.ticks_per_slot)
    run.simulation.close_slot()
    run.open()
    expected = [*(built_in[name][1] for name in community.asset_names[:keep]), *sent[keep:, 0]]
    assert list(energies().values()) == pytest.approx(expected)
