"""Growing files: whatever a live source does to its file, what was good stays, and nothing is read too early."""

from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gridhook.growingfiles import GrowingFile
from gridhook.series import SeriesError

HEAD = "time,load\n"
ROWS = ["2026-06-15T10:00,1\n", "2026-06-15T10:15,2\n", "2026-06-15T10:30,3\n", "2026-06-15T10:45,4\n"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "live.csv"


@pytest.fixture
def add(path):
    def add(*texts):
        with path.open("ab") as stream:
            stream.write("".join(texts).encode())

    return add


@pytest.fixture
def growing(path):
    return GrowingFile(path, "time", ZoneInfo("UTC"))


def test_a_file_that_comes_later_is_read_then(growing, add):
    assert not growing.look()
    assert not growing.columns
    add(HEAD, *ROWS[:2])
    assert growing.look()
    assert growing.values("load").tolist() == [1.0, 2.0]
    assert growing.interval == 900.0


def test_only_what_is_new_is_read_and_only_when_there_is_something(growing, add, monkeypatch, path):
    add(HEAD, *ROWS[:2])
    growing.look()
    assert not growing.look()
    add(ROWS[2])
    taken = []
    monkeypatch.setattr(growing, "_take", taken.extend)
    assert growing.look()
    assert taken == [ROWS[2].strip().encode()]


def test_a_last_line_that_is_half_written_waits(growing, add):
    add(HEAD, *ROWS[:2], "2026-06-15T10:30,1")
    growing.look()
    assert growing.values("load").tolist() == [1.0, 2.0]
    add("23\n")
    growing.look()
    assert growing.values("load").tolist() == [1.0, 2.0, 123.0]


def test_a_header_that_is_half_written_waits_too(growing, add):
    add("time,lo")
    assert not growing.look()
    add("ad\n", *ROWS[:2])
    assert growing.look()
    assert list(growing.columns) == ["time", "load"]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("rubbish\n", "live.csv, line 4: 1 field, and the header has 2; left out"),
        ("noon,5\n", "live.csv, line 4: 'noon' is not a time such as"),
        ("2026-06-15T10:22,5\n", "live.csv, line 4: its time is off the others' equal steps"),
        ("9999-06-15T10:15,5\n", "live.csv, line 4: its time is off the others' equal steps"),
        ("2026-06-15T10:45,many\n", "live.csv, line 4: column 'load': 'many' is not a number"),
        ("2026-06-15T10:45,inf\n", "live.csv, line 4: column 'load': 'inf' is not a number"),
        ("\xff,5\n", "live.csv, line 4: 'ÿ' is not a time"),
    ],
)
def test_a_line_that_is_broken_is_told_of_once_and_the_others_count(growing, add, caplog, broken, said):
    add(HEAD, *ROWS[:2], broken, ROWS[2])
    growing.look()
    assert growing.values("load")[:3].tolist() == [1.0, 2.0, 3.0]
    assert said in caplog.text
    assert len(caplog.records) == 1
    add("2026-06-15T11:00,5\n")
    growing.look()
    assert growing.values("load")[4] == 5.0
    assert len(caplog.records) == 1


def test_many_broken_lines_are_one_message(growing, add, caplog):
    add(HEAD, *ROWS[:2], *["rubbish\n"] * 5)
    growing.look()
    assert [record.getMessage() for record in caplog.records] == [
        "live.csv, line 4: 1 field, and the header has 2, and 4 more like it; left out"
    ]


def test_a_broken_value_does_not_lose_the_others_of_its_line(growing, add):
    add("time,load,pv\n", "2026-06-15T10:00,1,5\n", "2026-06-15T10:15,many,6\n")
    growing.look()
    np.testing.assert_array_equal(growing.values("load"), [1.0, np.nan])
    assert growing.values("pv").tolist() == [5.0, 6.0]


def test_a_column_of_words_that_nobody_reads_is_no_matter(growing, add, caplog):
    add("time,load,quality\n", "2026-06-15T10:00,1,good\n", "2026-06-15T10:15,2,fair,,\n")
    growing.look()
    assert growing.values("load").tolist() == [1.0, 2.0]
    assert not caplog.records


def test_a_later_line_for_a_time_replaces_the_earlier_one(growing, add):
    add(HEAD, *ROWS[:3])
    growing.look()
    add("2026-06-15T10:15,9\n")
    growing.look()
    assert growing.values("load").tolist() == [1.0, 9.0, 3.0]


def test_a_row_that_is_left_out_is_a_gap(growing, add):
    add(HEAD, *ROWS[:2], ROWS[3])
    growing.look()
    np.testing.assert_array_equal(growing.values("load"), [1.0, 2.0, np.nan, 4.0])


@pytest.mark.parametrize("is_longer", [False, True])
def test_a_file_that_is_emptied_and_written_anew_goes_on(growing, add, path, is_longer):
    add(HEAD, *ROWS[:2])
    growing.look()
    path.write_bytes(b"")
    add(HEAD, *(ROWS[2:] if is_longer else ROWS[2:3]))
    if is_longer:
        add("2026-06-15T11:00,5\n")
    growing.look()
    assert growing.values("load").tolist()[:3] == [1.0, 2.0, 3.0]
    assert len(growing.values("load")) == (5 if is_longer else 3)


def test_a_file_that_is_rotated_goes_on_and_what_it_had_before_is_kept(growing, add, path, caplog):
    add(HEAD, ROWS[0], "2026-06-15T10:15,many\n")
    growing.look()
    growing.values("load")
    path.rename(path.with_name("live.csv.1"))
    assert not growing.look()
    add(HEAD, *ROWS[2:])
    growing.look()
    np.testing.assert_array_equal(growing.values("load"), [1.0, np.nan, 3.0, 4.0])
    assert len(caplog.records) == 1


def test_another_header_makes_it_another_file(growing, add, path):
    add(HEAD, *ROWS[:2])
    growing.look()
    path.unlink()
    add("time,pv\n", *ROWS[2:])
    growing.look()
    assert list(growing.columns) == ["time", "pv"]
    assert growing.values("pv").tolist() == [3.0, 4.0]


def test_a_header_without_the_time_is_an_error_until_it_is_another_one(growing, add, path):
    add("when,load\n", *ROWS[:2])
    with pytest.raises(SeriesError, match=r"live\.csv has no column 'time' for the time"):
        growing.look()
    assert not growing.look()
    add(ROWS[2])
    with pytest.raises(SeriesError, match="no column 'time' for the time; "):
        growing.look()
    path.unlink()
    add(HEAD, *ROWS[:2])
    assert growing.look()
    assert growing.values("load").tolist() == [1.0, 2.0]


def test_of_an_hour_that_comes_twice_the_second_one_is_the_later_across_looks(path, add):
    growing = GrowingFile(path, "time", ZoneInfo("Europe/Berlin"))
    add("time,load\n", "2026-10-25T01:00,1\n", "2026-10-25T02:00,2\n")
    growing.look()
    add("2026-10-25T02:00,3\n")
    growing.look()
    add("2026-10-25T03:00,4\n")
    growing.look()
    assert growing.values("load").tolist() == [1.0, 2.0, 3.0, 4.0]


def test_what_is_forgotten_is_gone(growing, add):
    add(HEAD, *ROWS)
    growing.look()
    growing.forget(growing.first + 1800)
    assert growing.values("load").tolist() == [3.0, 4.0]


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(growing, add):
    add("\ufefftime,load\r\n", *(row.replace("\n", "\r\n") for row in ROWS))
    growing.look()
    assert growing.values("load").tolist() == [1.0, 2.0, 3.0, 4.0]


def test_a_folder_in_its_place_is_an_error(growing, path):
    path.mkdir()
    with pytest.raises(SeriesError, match="cannot be read: Is a directory"):
        growing.look()
