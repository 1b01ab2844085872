from __future__ import annotations

import csv
from pathlib import Path

import pytest

from gridhook.cli import main
from gridhook_exchange.community import read_community

SMALL = ("--homes", "3", "--days", "1")


@pytest.fixture
def new(capsys):
    """Run ``gridhook community new``; returns exit status, output and error output."""

    def run(*arguments):
        status = 0
        try:
            main(["community", "new", *map(str, arguments)])
        except SystemExit as end:
            status = end.code
        return (status, *capsys.readouterr())

    return run


def kinds_of(folder) -> list[str]:
    return list(read_community(folder / "community.toml").kinds)


def test_a_community_is_written_and_the_way_to_trade_it_is_said(new, tmp_path):
    folder = tmp_path / "deep" / "village"
    status, out, err = new(folder, *SMALL)
    assert (status, err) == (0, "")
    assert out == f"wrote {folder}; gridhook run {folder / 'gridhook.toml'} trades it\n"
    names = ["community.toml", "forecasts.csv", "gridhook.toml", "meters.csv", "requirements.json"]
    assert sorted(path.name for path in folder.iterdir()) == names


def test_what_is_not_said_is_twelve_homes_for_a_week_half_with_panels_a_quarter_with_batteries(new, tmp_path):
    assert new(tmp_path / "village")[0] == 0
    kinds = kinds_of(tmp_path / "village")
    assert [kinds.count(kind) for kind in ("load", "pv", "storage")] == [12, 6, 3]
    with (tmp_path / "village" / "meters.csv").open(encoding="utf-8", newline="") as stream:
        _, *rows = csv.reader(stream)
    assert len(rows) == 7 * 96
    assert rows[0][0] == "2026-06-15T00:00+02:00"


@pytest.mark.parametrize(
    ("options", "counts"),
    [
        (["--homes", 8], [8, 4, 2]),
        (["--homes", 5], [5, 2, 1]),
        (["--homes", 2, "--panels", 0, "--batteries", 0], [2, 0, 0]),
        (["--homes", 3, "--panels", 3, "--batteries", 3], [3, 3, 3]),
        (["--homes", 4, "--panels", 1], [4, 1, 1]),
        (["--homes", 4, "--batteries", 4], [4, 2, 4]),
    ],
)
def test_homes_panels_and_batteries_are_as_many_as_said(new, tmp_path, options, counts):
    assert new(tmp_path / "village", *options, "--days", 1)[0] == 0
    kinds = kinds_of(tmp_path / "village")
    assert [kinds.count(kind) for kind in ("load", "pv", "storage")] == counts


def test_districts_first_day_days_and_seed_are_as_said(new, tmp_path):
    options = ("--homes", 4, "--districts", 3, "--first-day", "2026-12-24", "--days", 2, "--seed", 42)
    assert new(tmp_path / "village", *options)[0] == 0
    community = read_community(tmp_path / "village" / "community.toml")
    assert [name for name in community.market_names if name.startswith("Community")] == [
        "Community 1",
        "Community 2",
        "Community 3",
    ]
    assert community.start.isoformat() == "2026-12-23T23:00:00+00:00"
    assert community.seed == 42
    assert len((tmp_path / "village" / "meters.csv").read_text(encoding="utf-8").splitlines()) == 1 + 2 * 96


def test_the_same_options_write_the_same_bytes_and_another_seed_does_not(new, tmp_path):
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        assert new(tmp_path / name, *SMALL, "--seed", seed)[0] == 0
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()
    for name in ("meters.csv", "forecasts.csv", "community.toml"):
        assert (tmp_path / "one" / name).read_bytes() != (tmp_path / "other" / name).read_bytes()


def test_the_day_on_which_the_clock_is_put_forward_can_be_traded(new, tmp_path):
    assert new(tmp_path / "village", *SMALL, "--first-day", "2026-03-29")[0] == 0
    assert read_community(tmp_path / "village" / "community.toml").slots == 92


def test_a_folder_that_is_empty_is_filled(new, tmp_path):
    assert new(tmp_path, *SMALL)[0] == 0
    assert (tmp_path / "community.toml").is_file()


def test_a_folder_with_something_in_it_is_left_alone(new, tmp_path):
    (tmp_path / "meters.csv").write_text("mine", encoding="utf-8")
    status, out, err = new(tmp_path, *SMALL)
    assert (status, out, err) == (2, "", f"{tmp_path} is not empty; give another folder\n")
    assert [(path.name, path.read_text(encoding="utf-8")) for path in tmp_path.iterdir()] == [("meters.csv", "mine")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--homes", 1], "--homes"),
        (["--homes", "many"], "--homes"),
        (["--panels", -1], "--panels"),
        (["--batteries", -1], "--batteries"),
        (["--districts", 0], "--districts"),
        (["--days", 0], "--days"),
        (["--days", 367], "--days"),
        (["--seed", -1], "--seed"),
        (["--first-day", "2026-02-30"], "--first-day"),
        (["--first-day", "15.06.2026"], "--first-day"),
        (["--homes", 4, "--panels", 5], "4 homes cannot have 5 panels and 1 batteries"),
        (["--homes", 4, "--batteries", 5], "4 homes cannot have 2 panels and 5 batteries"),
        (["--house", 4], "--house"),
    ],
)
def test_a_bad_value_is_one_clear_message_and_nothing_is_written(new, tmp_path, options, message):
    status, out, err = new(tmp_path / "village", *options)
    assert (status, out) == (2, "")
    assert message in err
    assert "Traceback" not in err
    assert not (tmp_path / "village").exists()


def test_a_folder_has_to_be_given_and_a_file_is_none(new, tmp_path):
    assert new()[0] == 2
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    status, _, err = new(tmp_path / "file")
    assert status == 2
    assert "is a file" in err


@pytest.mark.parametrize("folder", ["a-file/village", "a-file"])
def test_a_file_in_the_way_is_one_line(new, tmp_path, folder):
    (tmp_path / "a-file").write_text("", encoding="utf-8")
    status, out, err = new(tmp_path / folder, *SMALL)
    assert (status, out) == (2, "")
    assert "Traceback" not in err
    assert "a-file" in err


@pytest.mark.parametrize("method", ["mkdir", "iterdir", "write_text"])
def test_a_place_that_is_not_ours_is_one_line(new, tmp_path, monkeypatch, method):
    def refuse(path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    (tmp_path / "village").mkdir()
    monkeypatch.setattr(Path, method, refuse)
    status, out, err = new(tmp_path / "village", *SMALL)
    assert (status, out) == (2, "")
    assert err.endswith(" cannot be written: Permission denied\n")
    assert err.startswith(str(tmp_path / "village"))
    assert len(err.splitlines()) == 1
