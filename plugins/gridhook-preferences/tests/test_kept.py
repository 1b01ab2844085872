"""The file that is kept: read again when it changed, and a broken edit does no harm."""

import json
import logging
import os

import pytest

from gridhook_preferences.file import PreferencesFileError
from gridhook_preferences.kept import KeptFile


@pytest.fixture
def path(tmp_path):
    return tmp_path / "requirements.json"


@pytest.fixture
def write(path):
    """Write rates by asset (or a text), as if a second after the last time."""
    seconds = iter(range(1_000_000_000, 1_000_000_100))

    def write(document):
        text = (
            document if isinstance(document, str) else json.dumps({key: [{"Rate": document[key]}] for key in document})
        )
        path.write_text(text, encoding="utf-8")
        second = next(seconds)
        os.utime(path, (second, second))

    return write


def rates(kept):
    return {asset: one.rate for asset, (one,) in kept.preferences.items()}


def warnings(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def test_a_changed_file_is_read_again(path, write):
    write({"Load": 5})
    kept = KeptFile(path)
    write({"Load": 6, "PV": 7})
    assert kept.look_again()
    assert rates(kept) == {"Load": 6.0, "PV": 7.0}


def test_a_file_of_the_same_time_but_another_length_has_changed(path, write):
    write({"Load": 5})
    kept = KeptFile(path)
    before = path.stat()
    write({"Load": 5.5})
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert kept.look_again()
    assert rates(kept) == {"Load": 5.5}


def test_a_file_that_did_not_change_is_not_read_again(path, write):
    write({"Load": 5})
    kept = KeptFile(path)
    before = kept.preferences
    assert not kept.look_again()
    assert kept.preferences is before


def test_a_broken_edit_keeps_what_was_read_before_and_says_so_once(path, write, caplog):
    write({"Load": 5})
    kept = KeptFile(path)
    write('{"Load": [{"Rte": 6}]}')
    assert not kept.look_again()
    assert not kept.look_again()
    assert rates(kept) == {"Load": 5.0}
    (said,) = warnings(caplog)
    assert str(path) in said
    assert "no such key 'Rte'" in said
    assert "still hold" in said


def test_a_repaired_file_is_read_again(path, write):
    write({"Load": 5})
    kept = KeptFile(path)
    write("{")
    kept.look_again()
    write({"Load": 6})
    assert kept.look_again()
    assert rates(kept) == {"Load": 6.0}


def test_a_file_that_is_gone_keeps_what_was_read_before_and_says_so_once(path, write, caplog):
    write({"Load": 5})
    kept = KeptFile(path)
    path.unlink()
    assert not kept.look_again()
    assert not kept.look_again()
    assert rates(kept) == {"Load": 5.0}
    (said,) = warnings(caplog)
    assert "cannot be read" in said


def test_a_file_that_is_broken_from_the_first_is_an_error(path, write):
    write("{")
    with pytest.raises(PreferencesFileError, match="is not JSON"):
        KeptFile(path)
