"""The profiles plugin."""

import numpy as np
import pendulum
import pytest

from gridhook.events import SlotOpened
from gridhook.series import SeriesSettings
from gridhook.settings import read_settings
from gridhook.testing import SLOT, make_assets, make_grid
from gridhook_profiles import Profiles

ASSETS = make_assets({"name": "Load 1", "kind": "load"}, {"name": "PV 1", "kind": "pv"})
QUARTER = pendulum.duration(minutes=15)
SLOTS = (SLOT, SLOT + QUARTER)


@pytest.fixture
def csv(tmp_path):
    def write(text, name="forecasts.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


FILE = """time,Load 1,PV 1,other
2026-06-15T10:00,0.1,0.5,9
2026-06-15T10:15,0.2,,9
2026-06-15T10:30,0.3,0.7,9
"""


def test_the_column_of_an_assets_name_is_its_forecast(csv):
    forecast = Profiles(csv(FILE)).forecast_energy(ASSETS, SLOTS)
    assert np.array_equal(forecast, [[0.1, 0.2], [0.5, np.nan]], equal_nan=True)


def test_a_slot_that_the_file_does_not_cover_has_no_answer(csv):
    forecast = Profiles(csv(FILE)).forecast_energy(ASSETS, (SLOT + QUARTER * 3,))
    assert np.isnan(forecast).all()


def test_columns_can_be_named_by_name_or_path(csv):
    by_name = Profiles(csv(FILE), columns={"Load 1": "other"}).forecast_energy(ASSETS, SLOTS)
    assert by_name[0].tolist() == [9.0, 9.0]


def test_a_column_that_is_not_there_is_a_mistake(csv):
    with pytest.raises(ValueError, match="no column 'othr'; did you mean 'other'"):
        Profiles(csv(FILE), columns={"Load 1": "othr"})


def test_scale_changes_the_files_values_only(csv):
    forecast = Profiles(csv(FILE), scale=0.5, pv_kwh=0.86).forecast_energy(ASSETS, SLOTS)
    assert forecast.tolist() == [[0.05, 0.1], [0.25, 0.86]]


def test_unit_time_column_and_timezone_are_heeded(csv):
    path = csv("when,Load 1\n2026-06-15T12:00,0.4\n2026-06-15T12:15,0.8\n")
    forecast = Profiles(path, time="when", unit="kW", timezone="Europe/Berlin").forecast_energy(ASSETS, SLOTS)
    assert forecast[0] == pytest.approx([0.1, 0.2])


def test_constants_are_given_only_when_asked_for():
    assert np.isnan(Profiles().forecast_energy(ASSETS, SLOTS)).all()
    assert Profiles(load_kwh=1.2, pv_kwh=0.86).forecast_energy(ASSETS, SLOTS).tolist() == [[1.2, 1.2], [0.86, 0.86]]


def test_slots_are_as_long_as_the_exchange_says(csv):
    plugin = Profiles(csv(FILE))
    grid = make_grid({"Grid": {}})
    plugin.event_received(SlotOpened(SLOT, pendulum.duration(minutes=30), grid, 8.0, 30.0))
    assert plugin.forecast_energy(ASSETS, (SLOT,))[0] == pytest.approx([0.3])


@pytest.fixture
def history(csv):
    """Of two weeks until 10:15: the value is the day's number in June, and a hundredth per quarter of an hour."""
    times = [SLOT.subtract(days=14) + QUARTER * at for at in range(14 * 96 + 1)]
    rows = [f"{time:YYYY-MM-DDTHH:mm},{time.day + (time.hour * 4 + time.minute // 15) / 100:g}" for time in times]
    return csv("\n".join(["time,Load 1", *rows]) + "\n", "history.csv")


@pytest.mark.parametrize(("period", "days"), [("day", 14), ("week", 8)])
def test_persistence_is_what_was_in_the_same_slot_before(history, period, days):
    plugin = Profiles(persistence=period, history=SeriesSettings(history))
    forecast = plugin.forecast_energy(ASSETS, SLOTS)
    assert forecast[0] == pytest.approx([days + 0.40, days + 0.41])
    assert np.isnan(forecast[1]).all()


def test_scale_changes_what_persists_too(history):
    plugin = Profiles(persistence="day", history=SeriesSettings(history), scale=0.5)
    assert plugin.forecast_energy(ASSETS, SLOTS)[0, 0] == pytest.approx(14.40 / 2)


def test_without_persistence_the_history_is_not_used(history):
    assert np.isnan(Profiles(history=SeriesSettings(history)).forecast_energy(ASSETS, SLOTS)).all()


@pytest.mark.parametrize(("period", "days"), [("day", [14, 15, 15, 15]), ("week", [8, 9, 9, 10])])
def test_far_slots_persist_from_the_last_day_that_is_known(history, period, days):
    plugin = Profiles(persistence=period, history=SeriesSettings(history))
    far = [SLOT, SLOT.add(days=1), SLOT.add(days=1) + QUARTER, SLOT.add(days=2)]
    forecast = plugin.forecast_energy(ASSETS, far)[0]
    expected = [day + hundredth for day, hundredth in zip(days, (0.40, 0.40, 0.41, 0.40), strict=True)]
    # 10:15 of the 15th is not known yet, so that a day later the 14th holds.
    expected[2] = (14 if period == "day" else 9) + 0.41
    assert forecast == pytest.approx(expected)


def test_the_file_goes_before_persistence_and_persistence_before_the_constants(csv, history):
    plugin = Profiles(csv(FILE), persistence="day", history=SeriesSettings(history), load_kwh=1.2, pv_kwh=0.86)
    slots = (SLOTS[0], SLOT + QUARTER * 3)
    assert plugin.forecast_energy(ASSETS, slots) == pytest.approx(np.array([[0.1, 14.43], [0.5, 0.86]]))


def test_persistence_without_a_history_looks_at_the_past_in_the_file(history):
    plugin = Profiles(history, persistence="day")
    assert plugin.forecast_energy(ASSETS, [SLOT, SLOT.add(days=1)])[0] == pytest.approx([15.40, 15.40])


@pytest.mark.parametrize(
    ("now", "hours_ago"),
    [("2026-03-29T12:00", 23), ("2026-10-25T12:00", 25), ("2026-10-24T12:00", 24)],
)
def test_the_same_slot_is_that_of_the_same_local_time(csv, now, hours_ago):
    slot = pendulum.parse(now, tz="Europe/Berlin").in_timezone("UTC")
    times = [slot.subtract(hours=ago) for ago in range(30, 0, -1)]
    rows = [f"{time.isoformat()},{ago}" for ago, time in zip(range(30, 0, -1), times, strict=True)]
    past = SeriesSettings(csv("\n".join(["time,Load 1", *rows])), timezone="Europe/Berlin", unit="kW")
    plugin = Profiles(persistence="day", history=past)
    assert plugin.forecast_energy(ASSETS, [slot])[0, 0] == pytest.approx(hours_ago / 4)


def test_a_growing_history_is_used_as_far_as_it_is_there(tmp_path):
    path = tmp_path / "live.csv"
    settings = {"persistence": "day", "history": {"file": "live.csv", "growing": True}}
    plugin, problems = read_settings(Profiles, settings, base=tmp_path)
    assert problems == []
    assert np.isnan(plugin.forecast_energy(ASSETS, SLOTS)).all()
    path.write_text("time,Load 1\n2026-06-14T10:00,7\n2026-06-14T10:15,8\n", encoding="utf-8")
    assert plugin.forecast_energy(ASSETS, SLOTS)[0].tolist() == [7.0, 8.0]


def test_a_growing_file_of_forecasts_is_looked_at_at_each_slot(tmp_path):
    path = tmp_path / "live.csv"
    plugin = Profiles(path, growing=True)
    path.write_text(FILE, encoding="utf-8")
    assert plugin.forecast_energy(ASSETS, SLOTS)[0].tolist() == [0.1, 0.2]
    with path.open("a", encoding="utf-8") as stream:
        stream.write("2026-06-15T10:15,0.9,0.9,9\n")
    assert plugin.forecast_energy(ASSETS, SLOTS)[0].tolist() == [0.1, 0.9]


@pytest.mark.parametrize(("key", "path"), [("Home/PV 1", "Home/PV 1"), ("PV 1", "Home/PV 1"), ("pv", "Home/PV 1")])
def test_what_is_above_an_assets_power_is_clipped_and_said_once(csv, caplog, key, path):
    assets = make_assets({"name": "Load 1"}, {"name": "PV 1", "kind": "pv", "path": path})
    plugin = Profiles(csv(FILE), max_kw={key: 1.6})
    for _ in range(2):
        assert plugin.forecast_energy(assets, (SLOT, SLOT + QUARTER * 2)).tolist() == [[0.1, 0.3], [0.4, 0.4]]
    assert [record.getMessage() for record in caplog.records] == [
        "Home/PV 1: a forecast of 0.7 kWh is more than max_kw makes in a slot; it is 0.4 kWh"
    ]


def test_the_power_of_the_asset_itself_goes_before_that_of_its_kind(csv):
    plugin = Profiles(csv(FILE), max_kw={"pv": 0.4, "PV 1": 1.6})
    assert plugin.forecast_energy(ASSETS, SLOTS[:1])[1].tolist() == [0.4]


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"file": "gone.csv"}, "plugins.profiles.file"),
        ({"unit": "MWh"}, "plugins.profiles.unit"),
        ({"scale": -1}, "plugins.profiles.scale"),
        ({"persistence": "month"}, "plugins.profiles.persistence"),
        ({"history": {"file": "gone.csv"}}, "plugins.profiles.history.file"),
        ({"max_kw": {"PV 1": -1}}, "plugins.profiles.max_kw"),
        ({"load_kwh": -1}, "plugins.profiles.load_kwh"),
        ({"file": "forecasts.csv", "timezone": "Berlin"}, "plugins.profiles.timezone"),
        ({"file": "forecasts.csv", "time": "when"}, "plugins.profiles.file"),
        ({"file": "forecasts.csv", "columns": {"PV 1": "roof"}}, 'plugins.profiles.columns."PV 1"'),
    ],
)
def test_mistakes_in_the_settings_are_named(tmp_path, csv, settings, path):
    csv(FILE)
    _, (problem,) = read_settings(Profiles, settings, base=tmp_path, at="plugins.profiles")
    assert problem.path == path


def test_it_says_which_assets_its_settings_are_for(csv):
    plugin = Profiles(history=SeriesSettings(columns={"Load 1": "a"}), max_kw={"PV 1": 5.0, "pv": 10.0, "load": 9.0})
    assert plugin.named_assets() == {'history.columns."Load 1"': "Load 1", 'max_kw."PV 1"': "PV 1"}


def test_it_says_which_assets_its_columns_are_for(csv):
    assert Profiles(csv(FILE), columns={"Load 2": "other"}).named_assets() == {'columns."Load 2"': "Load 2"}
