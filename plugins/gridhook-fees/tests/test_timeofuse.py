"""Time-of-use fees: the original's file as it stands, and what is wrong in others."""

import datetime
import logging

import numpy as np
import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridhook.settings import read_settings
from gridhook.testing import SLOT, make_markets
from gridhook_fees import TimeOfUseFees
from gridhook_fees.timetable import read_timetable

MARKETS = make_markets({"name": "Grid"}, {"name": "Community", "path": "Grid/Community"}, {"name": "Elsewhere"})
QUARTERS = [f"{quarter // 4:02d}:{quarter % 4 * 15:02d}:00" for quarter in range(96)]


@pytest.fixture
def tou(tmp_path):
    def write(text):
        path = tmp_path / "ToU.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def usual(tou):
    """A file as the template has it: 96 rows, decimal commas, empty columns behind; row n has the fees n/10 and n."""
    rows = [f"{time};{number // 10},{number % 10};{number};;;" for number, time in enumerate(QUARTERS)]
    return tou("\r\n".join(["Time;Grid;Community;;;", *rows, ";;;;;", ""]))


def fees(plugin, slot=SLOT, markets=MARKETS):
    return plugin.set_grid_fees(markets, slot).tolist()[:2]


@pytest.mark.parametrize("quarter", range(96))
def test_every_row_of_the_originals_file_is_the_fee_of_the_slot_that_begins_then(usual, quarter):
    slot = pendulum.datetime(2026, 6, 15).add(minutes=15 * quarter)
    assert fees(TimeOfUseFees(usual), slot) == [quarter / 10, quarter]


@pytest.mark.parametrize("minutes", [5, 15, 30, 60])
def test_slots_of_other_lengths_have_the_fee_that_holds_when_they_begin(usual, minutes):
    plugin = TimeOfUseFees(usual)
    for slot in range(24 * 60 // minutes):
        moment = pendulum.datetime(2026, 6, 15).add(minutes=minutes * slot)
        assert fees(plugin, moment)[1] == minutes * slot // 15


def test_times_are_of_the_zone_that_the_settings_name(usual):
    berlin = TimeOfUseFees(usual, timezone="Europe/Berlin")
    assert fees(berlin, pendulum.datetime(2026, 6, 15, 10))[1] == 48
    assert fees(TimeOfUseFees(usual), pendulum.datetime(2026, 6, 15, 10))[1] == 40


@pytest.mark.parametrize(("day", "hours"), [(29, 23), (25, 25)])
def test_on_days_of_the_clock_change_fees_follow_the_clock(usual, day, hours):
    month = 3 if hours == 23 else 10
    start = pendulum.datetime(2026, month, day, tz="Europe/Berlin")
    plugin = TimeOfUseFees(usual, timezone="Europe/Berlin")
    told = [fees(plugin, start.in_timezone("UTC").add(hours=hour))[1] / 4 for hour in range(hours)]
    at_night = [0, 1, 3, 4] if hours == 23 else [0, 1, 2, 2, 3, 4]
    assert told == [*at_night, *range(5, 24)]


def test_columns_are_found_in_any_order_and_by_path(tou):
    path = tou("Community;Time;Grid/Community;Grid\n1;11:15:00;2;3\n")
    assert fees(TimeOfUseFees(path), pendulum.datetime(2026, 6, 15, 11, 15)) == [3.0, 2.0]
    assert TimeOfUseFees(path).named_areas()['file["Grid/Community"]'] == "Grid/Community"


def test_decimals_have_a_comma_or_a_point(tou):
    assert fees(TimeOfUseFees(tou("Time;Grid;Community\n10:00;0,25;.5\n"))) == [0.25, 0.5]


def test_rows_hold_as_long_as_they_are_apart(tou):
    night_and_day = TimeOfUseFees(tou("Time;Grid\n06:00:00;5\n22:00:00;1\n"))
    told = [fees(night_and_day, pendulum.datetime(2026, 6, 15, hour))[0] for hour in (0, 5, 6, 13, 21, 22, 23)]
    assert told == [1, 1, 5, 5, 5, 1, 1]


def test_what_the_file_does_not_say_is_left_as_it_is_and_said_once(tou, caplog):
    plugin = TimeOfUseFees(tou("Time;Grid;Community\n10:00;1;\n10:15;1;2\n"))
    for _ in range(3):
        told = plugin.set_grid_fees(MARKETS, SLOT)
        assert np.array_equal(told, [1.0, np.nan, np.nan], equal_nan=True)
    assert caplog.messages == [
        "ToU.csv has no column for Elsewhere; these fees stay as they are",
        "ToU.csv has no fee for Grid/Community at 10:00 (UTC); these fees stay as they are",
    ]
    caplog.clear()
    for minutes in (30, 45):
        assert np.isnan(plugin.set_grid_fees(MARKETS, SLOT.add(minutes=minutes))).all()
    assert caplog.messages == ["ToU.csv has no fee for Grid at 10:30 (UTC); these fees stay as they are"]


def test_many_markets_that_the_file_does_not_know_are_one_warning(tou, caplog):
    TimeOfUseFees(tou("Time;Grid\n10:00;1\n")).set_grid_fees(MARKETS, SLOT)
    (message,) = caplog.messages
    assert message.startswith("ToU.csv has no column for Grid/Community and 1 more;")


def test_current_and_next_fees_are_listed_in_the_log(usual, caplog):
    caplog.set_level(logging.INFO, "gridhook_fees.timeofuse")
    TimeOfUseFees(usual).set_grid_fees(MARKETS, SLOT)
    assert "  Grid/Community    -  40.000" in caplog.messages[-1].splitlines()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "ToU.csv is not a CSV file with a header: it is empty"),
        ("Zeit;Grid\n00:00;1\n", "ToU.csv has no column 'Time'; its header is 'Zeit;Grid'"),
        ("Time,Grid\n00:00,1\n", "ToU.csv has no column 'Time'; its header is 'Time,Grid'"),
        ("Time;;\n00:00;;\n", "ToU.csv has no column of a market"),
        ("Time;Grid\n", "ToU.csv has no rows"),
        ("Time;Grid;Grid\n00:00;1;2\n", "ToU.csv has two columns 'Grid'"),
        ("Time;Grid;Time\n00:00;1;2\n", "ToU.csv has two columns 'Time'"),
        ("Time;Grid\n24:00:00;1\n", "ToU.csv, line 2: '24:00:00' is not a time of the day such as 11:15:00"),
        ("Time;Grid\n;1\n", "ToU.csv, line 2: '' is not a time of the day such as 11:15:00"),
        ("Time;Grid\n00:00;1\n\n00:00:00;1\n", "ToU.csv, line 4: the time '00:00:00' is there already"),
        ("Time;Grid\n00:00;-1\n", "ToU.csv, line 2, column 'Grid': '-1' is not a fee from 0 up such as 1,25"),
        ("Time;Grid\n00:00;nan\n", "ToU.csv, line 2, column 'Grid': 'nan' is not a fee from 0 up such as 1,25"),
        ("Time;Grid\n00:00;1.234,5\n", "ToU.csv, line 2, column 'Grid': '1.234,5' is not a fee"),
        ("Time;Grid;\n00:00;1;2\n", "ToU.csv, line 2: '2' is in column 3, which has no name"),
        ("Time;Grid\n00:00;1;2\n", "ToU.csv, line 2: '2' is in column 3, which has no name"),
        ("Time;Grid\n00:00;1\n00:15;1\n00:40;1\n", "ToU.csv: its times do not go on in equal steps"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_with_the_place(tmp_path, tou, text, message):
    tou(text)
    _, (problem,) = read_settings(TimeOfUseFees, {"file": "ToU.csv"}, base=tmp_path, at="plugins.time-of-use-fees")
    assert problem.path == "plugins.time-of-use-fees.file"
    assert problem.message.startswith(message)


@pytest.mark.parametrize(
    ("settings", "path"), [({"file": "gone.csv"}, "file"), ({"file": "ToU.csv", "timezone": "Berlin"}, "timezone")]
)
def test_mistakes_in_the_settings_are_named(tmp_path, usual, settings, path):
    _, (problem,) = read_settings(TimeOfUseFees, settings, base=tmp_path, at="plugins.time-of-use-fees")
    assert problem.path == f"plugins.time-of-use-fees.{path}"


def test_a_file_in_another_encoding_is_refused(tmp_path):
    (tmp_path / "ToU.csv").write_bytes("Time;Grün\n00:00;1\n".encode("latin-1"))
    _, (problem,) = read_settings(TimeOfUseFees, {"file": "ToU.csv"}, base=tmp_path, at="")
    assert "save the file as UTF-8" in problem.message


@given(
    minutes=st.sampled_from([15, 30, 60, 120, 360]),
    columns=st.lists(st.text("abc ÄÖ/", min_size=1).map(str.strip).filter(bool), min_size=1, max_size=4, unique=True),
    empty=st.integers(0, 3),
    mark=st.sampled_from(",."),
    data=st.data(),
)
def test_whatever_fees_are_written_are_read_again_at_their_times(tmp_path_factory, minutes, columns, empty, mark, data):
    starts = range(0, 24 * 60, minutes)
    cents = st.one_of(st.none(), st.integers(0, 999_999))
    written = data.draw(st.lists(st.lists(cents, min_size=len(columns), max_size=len(columns)), min_size=len(starts)))
    order = data.draw(st.permutations(range(len(starts))))
    text = [";".join(["Time", *columns, *[""] * empty])]
    for row in order:
        fields = ["" if fee is None else f"{fee // 100}{mark}{fee % 100:02d}" for fee in written[row]]
        text.append(";".join([f"{starts[row] // 60:02d}:{starts[row] % 60:02d}:00", *fields, *[""] * empty]))
    path = tmp_path_factory.mktemp("tables") / "ToU.csv"
    path.write_text("\n".join(text), encoding="utf-8")
    table = read_timetable(path)
    assert table.markets == tuple(columns)
    for minute in range(0, 24 * 60, 5):
        row = table.row_at(datetime.time(minute // 60, minute % 60))
        expected = written[minute // minutes]
        assert list(row.values()) == [None if fee is None else pytest.approx(fee / 100) for fee in expected]
