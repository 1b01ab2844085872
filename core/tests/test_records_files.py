"""Records as files: written while a session goes on, continued by the next one, read again, broken or not."""

import json
import logging
from pathlib import Path

import pytest

from gridhook.errors import ConfigError
from gridhook.events import Finished, MessageUnreadable, TicksSkipped
from gridhook.records.lines import Header, Heard, Noticed
from gridhook.records.reading import read_record
from gridhook.records.recorder import Recorder

HEADER = Header(1, "0.1.0", "ada", "embedded:demo", None, {})


def write(path, *events, header=HEADER):
    recorder = Recorder(path)
    recorder.begin(header)
    for event in events:
        recorder.saw(event)
    recorder.close()


def kinds(path):
    return [type(line).__name__ for line in read_record(path)]


def test_each_line_is_there_before_the_next_event(tmp_path):
    path = tmp_path / "record.jsonl"
    recorder = Recorder(path)
    recorder.begin(HEADER)
    recorder.saw(Finished())
    assert [type(line) for line in read_record(path)] == [Header, Heard]
    recorder.close()


def test_a_record_is_continued_by_the_next_session(tmp_path):
    path = tmp_path / "record.jsonl"
    write(path, TicksSkipped(1))
    write(path, Finished())
    assert kinds(path) == ["Header", "Heard", "Header", "Heard"]


def test_a_session_that_was_broken_off_loses_its_last_line_only(tmp_path):
    path = tmp_path / "record.jsonl"
    write(path, TicksSkipped(1), TicksSkipped(2))
    path.write_bytes(path.read_bytes()[:-20])
    assert kinds(path) == ["Header", "Heard"]
    write(path, Finished())
    assert kinds(path) == ["Header", "Heard", "Header", "Heard"]


def test_a_line_that_was_damaged_in_the_middle_is_named(tmp_path):
    path = tmp_path / "record.jsonl"
    write(path, TicksSkipped(1), TicksSkipped(2))
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([lines[0], lines[1][:-9], lines[2]]), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"record\.jsonl:2: it is not JSON"):
        kinds(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"record\.jsonl: it is empty, and no record"),
        ("time,kWh\n1,2\n", r"record\.jsonl:1: it is not JSON"),
        ('{"slots": 1}\n', r"record\.jsonl:1: a record begins with a header; this is none"),
        ('{"is":"Header","version":99}\n', r":1: the record is of version 99, and this gridhook reads version 1"),
        ('{"is":"Header","version":1}\n', r":1: it is no line of a record"),
    ],
)
def test_what_is_no_record_is_an_error(tmp_path, text, message):
    path = tmp_path / "record.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        kinds(path)


def test_a_record_that_is_not_there_or_is_no_text_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        kinds(tmp_path / "none")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        kinds(tmp_path / "binary")


def test_a_file_of_something_else_is_not_written_to(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text("time,rate\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="is there, and no record"):
        Recorder(path)
    assert path.read_text(encoding="utf-8") == "time,rate\n"
    with pytest.raises(ConfigError, match=r"--record: .* cannot be written: Is a directory"):
        Recorder(tmp_path)


def test_a_full_disk_is_said_once_and_ends_nothing(tmp_path, caplog, monkeypatch):
    recorder = Recorder(tmp_path / "record.jsonl")
    recorder.close()
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full here, which is a disk that is always full")
    monkeypatch.setattr(recorder, "_file", full.open("w", encoding="utf-8"))
    with caplog.at_level(logging.WARNING):
        recorder.begin(HEADER)
        recorder.saw(Finished())
    (said,) = [one.getMessage() for one in caplog.records]
    assert said.endswith("cannot be written any more, the session goes on unrecorded: No space left on device")


def test_lines_are_plain_json(tmp_path):
    path = tmp_path / "record.jsonl"
    write(path, MessageUnreadable("naïve"))
    header, heard = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    assert (header["is"], header["aggregator"]) == ("Header", "ada")
    assert heard["event"] == {"is": "MessageUnreadable", "problem": "naïve"}
    (_, line) = read_record(path)
    assert not isinstance(line, Noticed)
