"""Series: meter data of any interval and unit as energies or rates per slot."""

import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridhook.arrays import floats
from gridhook.series import AssetSeries, Series, SeriesError, SeriesReader, SeriesSettings, find_timezone
from gridhook.settings import read_settings
from gridhook.testing import make_assets

QUARTER, HOUR = 900.0, 3600.0
START = datetime.datetime(2026, 6, 15, tzinfo=datetime.UTC).timestamp()

VALUES = st.lists(st.floats(0, 100), min_size=1, max_size=12)
UNITS = st.sampled_from(["kWh", "Wh", "kW", "W"])


def series_of(values, interval=QUARTER, first=START):
    return Series(Path("meter.csv"), "load", first, interval, floats(values))


def read(tmp_path, text, column="load", timezone="UTC"):
    path = tmp_path / "meter.csv"
    path.write_text(text, encoding="utf-8")
    return SeriesReader(ZoneInfo(timezone)).read(path, "time", column)


def total_kwh(values, interval, unit):
    power_hours = interval / HOUR if unit in ("kW", "W") else 1.0
    return sum(values) * power_hours / (1000.0 if unit in ("Wh", "W") else 1.0)


@given(VALUES, UNITS, st.sampled_from([(HOUR, QUARTER), (QUARTER, HOUR), (QUARTER, QUARTER), (HOUR, 1200.0)]))
def test_no_energy_is_lost_or_made_by_another_slot_length(values, unit, lengths):
    interval, slot_length = lengths
    values = [*values, *[0.0] * (-len(values) % 4)]
    slots = round(len(values) * interval / slot_length)
    energies = series_of(values, interval).energy(unit, START, slot_length, slots)
    assert energies.shape == (slots,)
    assert np.all(energies >= 0)
    assert energies.sum() == pytest.approx(total_kwh(values, interval, unit))


@given(VALUES, UNITS, st.sampled_from([QUARTER, HOUR, 300.0]), st.integers(0, 60), st.sampled_from([QUARTER, HOUR]))
def test_a_slot_has_its_share_of_each_interval_that_it_touches(values, unit, interval, late, slot_length):
    first = START + 60.0 * late
    slots = int((START + interval * len(values) - first) // slot_length)
    if slots < 1:
        return
    energies = series_of(values, interval).energy(unit, first, slot_length, slots)
    for slot, energy in enumerate(energies):
        begin = first + slot * slot_length
        shares = [
            max(0.0, min(begin + slot_length, START + (at + 1) * interval) - max(begin, START + at * interval))
            / interval
            for at in range(len(values))
        ]
        weighted = [value * share for value, share in zip(values, shares, strict=True)]
        assert energy == pytest.approx(total_kwh(weighted, interval, unit), abs=1e-9)


@given(VALUES, st.sampled_from([QUARTER, HOUR]))
def test_a_mean_rate_is_weighted_by_time(values, slot_length):
    rates = series_of(values, HOUR).mean(START, slot_length, round(len(values) * HOUR / slot_length))
    assert rates.reshape(len(values), -1).mean(axis=1) == pytest.approx(values, abs=1e-9)


@pytest.mark.parametrize(("unit", "kwh"), [("kWh", 8.0), ("Wh", 0.008), ("kW", 2.0), ("W", 0.002)])
def test_a_value_is_energy_or_power_by_its_unit(unit, kwh):
    (energy,) = series_of([8.0]).energy(unit, START, QUARTER, 1)
    assert energy == pytest.approx(kwh)


@pytest.mark.parametrize(("first", "slots"), [(START - QUARTER, 2), (START, 3), (START + 2 * QUARTER, 1)])
def test_time_that_is_not_covered_is_an_error_that_says_what_is(first, slots):
    series = series_of([1.0, 2.0])
    assert not series.covers(first, slots * QUARTER)
    with pytest.raises(SeriesError, match=r"meter\.csv covers 2026-06-15T00:00Z to 2026-06-15T00:30Z, not all of"):
        series.energy("kWh", first, QUARTER, slots)
    with pytest.raises(SeriesError, match="covers"):
        series.mean(first, QUARTER, slots)


def test_a_gap_is_an_error_only_where_it_is_asked_for():
    series = series_of([1.0, np.nan, 3.0])
    assert series.energy("kWh", START + 2 * QUARTER, QUARTER, 1).tolist() == [3.0]
    assert series.covers(START, QUARTER)
    assert not series.covers(START, 2 * QUARTER)
    with pytest.raises(SeriesError, match="column 'load' has no value for 2026-06-15T00:15Z"):
        series.energy("kWh", START, QUARTER, 3)


def test_net_energies_may_be_below_zero():
    series = series_of([1.0, -2.0], HOUR)
    assert series.energy("kWh", START, HOUR, 2, is_net=True).tolist() == [1.0, -2.0]
    assert series.energy("kWh", START, QUARTER, 8, is_net=True).tolist() == [0.25] * 4 + [-0.5] * 4


def test_energies_are_not_below_zero_and_rates_may_be():
    series = series_of([1.0, -2.0])
    with pytest.raises(SeriesError, match="'load' has values below zero, the first at 2026-06-15T00:15Z"):
        series.energy("kWh", START, QUARTER, 2)
    assert series.energy("kWh", START, QUARTER, 1).tolist() == [1.0]
    assert series.mean(START, QUARTER, 2).tolist() == [1.0, -2.0]


def test_a_file_is_read_by_columns(tmp_path):
    text = "\ufefftime, load ,pv\n2026-06-15T00:00,1.5,0\n2026-06-15T00:15, 2 ,0\n\n"
    series = read(tmp_path, text)
    assert (series.first, series.interval, series.values.tolist()) == (START, QUARTER, [1.5, 2.0])


def test_times_may_have_an_offset(tmp_path):
    text = "time,load\n2026-06-15T02:00+02:00,1\n2026-06-15T00:15Z,2\n"
    assert read(tmp_path, text, timezone="America/New_York").first == START


def test_times_without_an_offset_are_local(tmp_path):
    series = read(tmp_path, "time,load\n2026-06-15 02:00,1\n2026-06-15 03:00,2\n", timezone="Europe/Berlin")
    assert (series.first, series.interval) == (START, HOUR)


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        ("2026-03-29", [0, 1, 3, 4]),
        ("2026-10-25", [0, 1, 2, 2, 3, 4]),
    ],
)
def test_a_day_on_which_the_clock_is_changed_has_all_its_hours_and_no_more(tmp_path, day, hours):
    rows = "\n".join(f"{day}T{hour:02}:{minute:02},1" for hour in hours for minute in (0, 15, 30, 45))
    series = read(tmp_path, f"time,load\n{rows}\n", timezone="Europe/Berlin")
    assert series.interval == QUARTER
    assert series.values.tolist() == [1.0] * 4 * len(hours)


def test_half_an_hour_that_comes_twice_is_read_in_order(tmp_path):
    times = ["01:15", "01:30", "01:45", "01:30", "01:45", "02:00"]
    rows = "\n".join(f"2026-04-05T{time},{number}" for number, time in enumerate(times))
    series = read(tmp_path, f"time,load\n{rows}\n", timezone="Australia/Lord_Howe")
    assert (series.interval, series.values.tolist()) == (QUARTER, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
    assert series.first == datetime.datetime(2026, 4, 4, 14, 15, tzinfo=datetime.UTC).timestamp()


@pytest.mark.parametrize(
    ("timezone", "time", "advice"),
    [
        ("Europe/Berlin", "2026-03-29T02:30", "give the zone that they are in, such as 'Etc/GMT-1'"),
        ("Europe/London", "2026-03-29T01:30", "give the zone that they are in, such as 'Etc/GMT+0'"),
        ("America/New_York", "2026-03-08T02:00", "give the zone that they are in, such as 'Etc/GMT+5'"),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "give the zone that they are in"),
    ],
)
def test_a_local_time_that_is_left_out_is_said(tmp_path, timezone, time, advice):
    with pytest.raises(SeriesError) as caught:
        read(tmp_path, f"time,load\n{time},1\n", timezone=timezone)
    said = f"meter.csv, line 2: {time} is left out in {timezone}, where clocks are put forward then; "
    assert str(caught.value) == f"{said}if the times stay on winter time all year, {advice}"


def test_rows_and_values_that_are_missing_are_gaps(tmp_path):
    text = "time,load\n2026-06-15T00:00,1\n2026-06-15T00:15,\n2026-06-15T00:30,3\n2026-06-15T01:00,5\n"
    values = read(tmp_path, text).values
    assert values[[0, 2, 4]].tolist() == [1.0, 3.0, 5.0]
    assert np.isnan(values[[1, 3]]).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "meter.csv is not a CSV file with a header: it is empty"),
        ("\n \n,\n", "it is empty"),
        ("time;load\n", "meter.csv has no column 'time' for the time; its header is 'time;load'"),
        ("tiem,load\n", "meter.csv has no column 'time' for the time; did you mean 'tiem'"),
        ("time,laod\n2026-06-15T00:00,1\n2026-06-15T00:15,1\n", "no column 'load'; did you mean 'laod'"),
        ("time,load\n2026-06-15T00:00,1\n", "fewer than two rows"),
        ("time,load\nMonday,1\n", "line 2: 'Monday' is not a time such as 2026-06-15T00:15"),
        ("load,time\n1,2026-06-15T00:00\n1\n", "line 3: 1 field, and the header has 2$"),
        ("load,time\n\n1,2026-06-15T00:00\n\n1,\n", "line 5: '' is not a time"),
        ("time,load\n2026-06-15T00:00,1\n2026-06-15T00:15,many\n", "line 3, column 'load': 'many' is not a number"),
        (
            "time,load,pv\n2026-06-15T00:00,1,5,0,5\n",
            r"meter.csv, line 2: 5 fields, and the header has 3 \(a decimal comma\?\)",
        ),
        (
            "time,load\n\n2026-06-15T00:00,1\n2026-06-15T00:15,inf\n",
            "line 4, column 'load' has a value that is not finite",
        ),
        ("time,load\n2026-06-15T00:00,1\n2026-06-15T00:00,1\n", "line 3: the times do not go on in equal steps"),
        (
            "time,load\n2026-06-15T00:00,1\n2026-06-15T00:15,1\n2026-06-15T00:37,1\n",
            "line 4: the times do not go on in equal steps",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_line(tmp_path, text, message):
    with pytest.raises(SeriesError, match=message):
        read(tmp_path, text)


def test_a_surplus_that_is_empty_shifts_nothing(tmp_path):
    text = "time,load\n2026-06-15T00:00,1.5,,\n2026-06-15T00:15,2, \n,,,\n"
    assert read(tmp_path, text).values.tolist() == [1.5, 2.0]


def test_a_file_of_another_encoding_says_where(tmp_path):
    path = tmp_path / "meter.csv"
    path.write_bytes(b"time,load\n2026-06-15T00:00,1\ncaf\xe9,1\n")
    with pytest.raises(SeriesError, match=r"meter\.csv, line 3: is not UTF-8 text \(.*\); save the file as UTF-8"):
        SeriesReader(ZoneInfo("UTC")).read(path, "time", "load")


def test_a_file_that_is_not_csv_says_where(tmp_path):
    with pytest.raises(SeriesError, match=r"meter\.csv, line 2: is not CSV: field larger than"):
        read(tmp_path, f"time,load\n{'1' * 200_000},1\n")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SeriesError, match=r"nowhere\.csv cannot be read: No such file"):
        SeriesReader(ZoneInfo("UTC")).read(tmp_path / "nowhere.csv", "time", "load")


def test_a_file_is_read_once_for_all_its_columns(tmp_path):
    path = tmp_path / "meter.csv"
    path.write_text("time,load,pv\n2026-06-15T00:00,1,2\n2026-06-15T00:15,3,4\n", encoding="utf-8")
    reader = SeriesReader(ZoneInfo("UTC"))
    assert reader.read(path, "time", "load").values.tolist() == [1.0, 3.0]
    path.unlink()
    assert reader.read(path, "time", "pv").values.tolist() == [2.0, 4.0]


def test_a_time_zone_that_does_not_exist_is_named():
    assert find_timezone("Europe/Berlin") == ZoneInfo("Europe/Berlin")
    with pytest.raises(SeriesError, match="no time zone 'Berlin'; one is 'Europe/Berlin'"):
        find_timezone("Berlin")


METERS = """\
time,Load 1,roof
2026-06-15T10:00,4,8
2026-06-15T11:00,,8
"""
SLOTS = [pendulum.datetime(2026, 6, 15, 10, 45), pendulum.datetime(2026, 6, 15, 11)]


@pytest.fixture
def meters(tmp_path):
    path = tmp_path / "meters.csv"
    path.write_text(METERS, encoding="utf-8")
    return path


def test_assets_have_columns_by_name_or_as_the_settings_say(meters):
    series = AssetSeries(meters, "time", "kW", "UTC", {"PV 1": "roof", "Grid/B/PV 2": "roof"})
    assets = make_assets({"name": "Load 1"}, {"name": "PV 1"}, {"name": "PV 2", "path": "Grid/B/PV 2"}, {"name": "?"})
    energies = series.energies(assets, SLOTS, pendulum.duration(minutes=15))
    np.testing.assert_array_equal(energies, [[1.0, np.nan], [2.0, 2.0], [2.0, 2.0], [np.nan, np.nan]])


def test_slots_outside_of_the_file_have_no_energy(meters):
    series = AssetSeries(meters, "time", "kWh", "UTC", {})
    slots = [SLOTS[0].subtract(hours=1), SLOTS[0]]
    energies = series.energies(make_assets({"name": "Load 1"}), slots, pendulum.duration(minutes=15))
    np.testing.assert_array_equal(energies, [[np.nan, 1.0]])


@pytest.mark.parametrize("minutes", [15, 30, 60])
def test_assets_have_the_same_energy_in_slots_of_any_length(tmp_path, minutes):
    path = tmp_path / "meters.csv"
    rows = [f"2026-06-15T{at // 4:02d}:{at % 4 * 15:02d},{at}" for at in range(96)]
    path.write_text("\n".join(["time,Load 1", *rows]), encoding="utf-8")
    slots = [pendulum.datetime(2026, 6, 15).add(minutes=at) for at in range(0, 24 * 60, minutes)]
    series = AssetSeries(path, "time", "kWh", "UTC", {})
    energies = series.energies(make_assets({"name": "Load 1"}), slots, pendulum.duration(minutes=minutes))
    assert energies.sum() == pytest.approx(sum(range(96)))


def test_what_is_below_zero_is_zero_and_said_once_per_asset(tmp_path, caplog):
    path = tmp_path / "meters.csv"
    path.write_text("time,Load 1,PV 1\n2026-06-15T10:00,-1,-2\n2026-06-15T11:00,3,-4\n", encoding="utf-8")
    series = AssetSeries(path, "time", "kWh", "UTC", {})
    assets, hour = make_assets({"name": "Load 1"}, {"name": "PV 1"}), pendulum.duration(hours=1)
    for _ in range(2):
        energies = series.energies(assets, [SLOTS[1].subtract(hours=1), SLOTS[1]], hour)
        assert energies.tolist() == [[0.0, 3.0], [0.0, 0.0]]
    assert [record.getMessage() for record in caplog.records] == [
        f"{asset}: meters.csv, column '{asset}' has values below zero; they count as 0" for asset in ("Load 1", "PV 1")
    ]


def test_a_growing_file_is_looked_at_again_whenever_it_is_asked(tmp_path, caplog):
    path = tmp_path / "live.csv"
    settings, problems = read_settings(
        SeriesSettings, {"file": "live.csv", "growing": True, "columns": {"PV 1": "roof"}}, base=tmp_path
    )
    assert problems == []
    assets, quarter = make_assets({"name": "Load 1"}, {"name": "PV 1"}), pendulum.duration(minutes=15)

    def energies():
        return settings.series.energies(assets, [SLOTS[1]], quarter)[:, 0]

    assert np.isnan(energies()).all()
    path.write_text("time,Load 1\n2026-06-15T11:00,1\n", encoding="utf-8")
    assert np.isnan(energies()).all()
    with path.open("a", encoding="utf-8") as stream:
        stream.write("2026-06-15T11:15,2\n")
    assert energies()[0] == 1.0
    assert np.isnan(energies()[1])
    assert [record.getMessage() for record in caplog.records] == [
        "live.csv has no column 'roof'; there are time, Load 1"
    ]
    path.unlink()
    path.write_text("time,Load 1,roof\n2026-06-15T11:00,1,7\n2026-06-15T11:15,1,8\n", encoding="utf-8")
    assert energies().tolist() == [1.0, 7.0]


def test_a_growing_file_forgets_what_is_older_than_two_weeks(tmp_path):
    path = tmp_path / "live.csv"
    days = [SLOTS[1].subtract(days=20 - day) for day in range(22)]
    rows = [f"{day:YYYY-MM-DDTHH:mm},1\n" for day in days]
    path.write_text("".join(["time,Load 1\n", *rows[:20]]), encoding="utf-8")
    series = AssetSeries(path, "time", "kWh", "UTC", {}, is_growing=True)
    with path.open("a", encoding="utf-8") as stream:
        stream.writelines(rows[20:])
    day = pendulum.duration(days=1)
    energies = series.energies(make_assets({"name": "Load 1"}), [days[20]], day)
    assert energies.tolist() == [[1.0]]
    assert np.isnan(series.energies(make_assets({"name": "Load 1"}), days[:5], day)).all()
    assert series.energies(make_assets({"name": "Load 1"}), days[6:], day).sum() == 16.0


def test_a_growing_json_file_is_read_again_and_a_broken_one_keeps_the_last_good_state(tmp_path, caplog):
    path = tmp_path / "live.json"
    series = AssetSeries(path, "time", "kWh", "UTC", {}, is_growing=True)
    assets, quarter = make_assets({"name": "Load 1"}), pendulum.duration(minutes=15)

    def energy(text):
        path.write_text(text, encoding="utf-8")
        return [series.energies(assets, [SLOTS[1]], quarter)[0, 0] for _ in range(2)]

    assert np.isnan(series.energies(assets, [SLOTS[1]], quarter)).all()
    assert energy('{"Load 1": {"00:00": 24}}') == [0.25, 0.25]
    assert energy('{"Load 1": {"00:00": 48') == [0.25, 0.25]
    assert energy('{"Load 1": {"00:00": 48.0}}') == [0.5, 0.5]
    (record,) = caplog.records
    assert record.getMessage().startswith("live.json is not JSON")
    assert record.getMessage().endswith("what was read before holds")


def test_a_json_file_is_told_by_its_name(tmp_path):
    (tmp_path / "day.json").write_text('{"Load 1": {"00:00": 2, "11:00": 4}}', encoding="utf-8")
    settings, problems = read_settings(SeriesSettings, {"file": "day.json", "unit": "kW"}, base=tmp_path)
    assert problems == []
    energies = settings.series.energies(make_assets({"name": "Load 1"}), SLOTS, pendulum.duration(minutes=15))
    assert energies.tolist() == [[0.5, 1.0]]


def test_an_hour_that_the_clocks_leave_out_is_an_error_that_says_so(tmp_path):
    rows = "\n".join(f"2026-03-29T{hour:02}:00,1" for hour in range(5))
    with pytest.raises(SeriesError, match=r"line 4: 2026-03-29T02:00 is left out in Europe/Berlin, where clocks"):
        read(tmp_path, f"time,load\n{rows}\n", timezone="Europe/Berlin")


def test_a_column_that_the_settings_name_has_to_be_there(meters):
    with pytest.raises(SeriesError, match="no column 'rof'; did you mean 'roof'"):
        AssetSeries(meters, "time", "kW", "UTC", {"PV 1": "rof"})


def test_settings_open_the_file_beside_the_configuration(meters):
    settings, problems = read_settings(SeriesSettings, {"file": "meters.csv", "unit": "kW"}, base=meters.parent)
    assert problems == []
    energies = settings.series.energies(make_assets({"name": "Load 1"}), SLOTS[:1], pendulum.duration(minutes=15))
    assert energies.tolist() == [[1.0]]


def test_settings_without_a_file_have_no_series():
    assert SeriesSettings().series is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"file": "meter.csv"}, "meter.csv cannot be read"),
        ({"file": "meters.csv", "timezone": "Berlin"}, "no time zone 'Berlin'"),
        ({"unit": "MWh"}, "has to be one of 'kWh', 'kW', 'Wh', 'W', not 'MWh'"),
    ],
)
def test_settings_that_lead_nowhere_are_problems(meters, settings, message):
    _, (problem,) = read_settings(SeriesSettings, settings, base=meters.parent, at="plugins.mine")
    assert problem.path.startswith("plugins.mine")
    assert message in problem.message
