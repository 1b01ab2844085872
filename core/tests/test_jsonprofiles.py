"""JSON profiles: times and values per asset, of dates or of a day that comes again."""

import json
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gridhook.jsonprofiles import read_json_profiles
from gridhook.series import SeriesError


@pytest.fixture
def read(tmp_path):
    def read(content, timezone="UTC"):
        path = tmp_path / "profiles.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return read_json_profiles(path, ZoneInfo(timezone))

    return read


def test_dates_are_a_series_per_asset_each_with_steps_of_its_own(read):
    profiles = read(
        {
            "Load 1": {"2026-06-15T10:00": 1, "2026-06-15T10:15": None, "2026-06-15T10:45": 4},
            "PV 1": {"2026-06-15T12:00+02:00": 0.5, "2026-06-15T13:00+02:00": 0.75},
        }
    )
    load, pv = profiles.series("Load 1"), profiles.series("PV 1")
    np.testing.assert_array_equal(load.values, [1.0, np.nan, np.nan, 4.0])
    assert (load.interval, pv.interval, load.first) == (900.0, 3600.0, pv.first)


def test_times_without_an_offset_are_local(read):
    local = read({"a": {"2026-06-15T12:00": 1, "2026-06-15T13:00": 2}}, "Europe/Berlin").series("a")
    assert local.first == read({"a": {"2026-06-15T10:00": 1, "2026-06-15T11:00": 2}}).series("a").first


@pytest.mark.parametrize("times", [("00:00", "6:00"), ("00:00:00", "06:00:00")])
def test_times_of_a_day_come_again_every_day(read, times):
    profile = read({"a": dict(zip(times, (1.0, 3.0), strict=True))}).series("a")
    midnight = 86_400.0 * 20_000
    assert profile.energy("kW", midnight, 3600.0, 24).tolist() == [1.0] * 6 + [3.0] * 18
    assert profile.energy("kW", midnight + 86_400.0, 3600.0, 1).tolist() == [1.0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"profiles\.json is not JSON: Expecting"),
        ("[" * 100_000, r"profiles\.json is not JSON"),
        ([], "has to be an object with one of times and values per asset"),
        ({"a": 1}, "has to be an object with one of times"),
        ({"a": {}}, "has to be an object with one of times"),
        ({"a": {"00:00": "1"}}, "'a', '00:00': '1' is not a number"),
        ({"a": {"00:00": True}}, "'a', '00:00': True is not a number"),
        ('{"a": {"00:00": NaN}}', "'a', '00:00': nan is not a number"),
        ('{"a": {"00:00": 1' + "0" * 400 + "}}", "is not a number"),
        ({"a": {"25:00": 1}}, "'a': '25:00' is not a time of day such as 06:15"),
        ({"a": {"00:00": 1, "2026-06-15T10:00": 2}}, "'a' has times of a day such as '00:00' and others"),
        ({"a": {"noon": 1}}, "'a': 'noon' is not a time such as 2026"),
        ({"a": {"2026-06-15T10:00": 1}}, "'a': its times, two or more, have to go on in equal steps"),
        ({"a": {"2026-06-15T10:00": 1, "2026-06-15T09:00": 1}}, "equal steps"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_place(read, content, message):
    with pytest.raises(SeriesError, match=message):
        read(content)


def test_a_profile_that_is_not_there_is_named(read):
    with pytest.raises(SeriesError, match="no column 'Laod'; did you mean 'Load'"):
        read({"Load": {"00:00": 1}}).series("Laod")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SeriesError, match="cannot be read: No such file"):
        read_json_profiles(tmp_path / "none.json", ZoneInfo("UTC"))
