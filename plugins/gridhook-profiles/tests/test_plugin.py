"""The profiles plugin."""

import numpy as np
import pendulum
import pytest

from gridhook.events import SlotOpened
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


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"file": "gone.csv"}, "plugins.profiles.file"),
        ({"unit": "MWh"}, "plugins.profiles.unit"),
        ({"scale": -1}, "plugins.profiles.scale"),
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


def test_it_says_which_assets_its_columns_are_for(csv):
    assert Profiles(csv(FILE), columns={"Load 2": "other"}).named_assets() == {'columns."Load 2"': "Load 2"}
