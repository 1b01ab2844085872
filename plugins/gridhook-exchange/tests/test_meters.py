"""``gridhook community new --meters``: what people have in their CSV files becomes a community that trades."""

from __future__ import annotations

import datetime
import tomllib

import pytest

from gridhook.cli import main
from gridhook_exchange.community import read_community

UTC = datetime.UTC


@pytest.fixture
def new(capsys, tmp_path):
    """Run ``gridhook community new``; returns exit status, output and error output."""

    def run(*arguments):
        status = 0
        try:
            main(["community", "new", str(tmp_path / "village"), *map(str, arguments)])
        except SystemExit as end:
            status = end.code
        return (status, *capsys.readouterr())

    return run


@pytest.fixture
def meters(tmp_path):
    """Write a CSV file of two days of hours, in UTC; a column is a constant or a function of the row."""

    def write(columns, *, name="meters.csv", time="time", hours=48, start="2026-06-15T00:00+00:00", offset="+00:00"):
        first = datetime.datetime.fromisoformat(start)
        lines = [",".join([time, *columns])]
        for hour in range(hours):
            moment = (first + datetime.timedelta(hours=hour)).isoformat(timespec="minutes")[:16]
            values = (str(value(hour) if callable(value) else value) for value in columns.values())
            lines.append(",".join([moment + offset, *values]))
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


@pytest.fixture
def made(tmp_path):
    """The community that was written."""
    return lambda: read_community(tmp_path / "village" / "community.toml")


def day_energies(community):
    """Return kWh of the first day per asset, without the market maker."""
    energies = community.measured_kwh[:-1, :96].sum(axis=1)
    return dict(zip(community.asset_names, energies.round(6).tolist(), strict=False))


def test_homes_loads_and_pvs_are_found_by_the_ends_of_names(new, meters, made, tmp_path):
    path = meters({"home_1_load_kWh": 0.5, "home_2_load_kWh": 0.25, "home_1_pv_kWh": 1.0, "weather": "warm"})
    status, out, err = new("--meters", path)
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        f"wrote {tmp_path / 'village'}: 2 homes, 2 loads, 1 PV; 2 days from 2026-06-15, 192 slots",
        "no meters are: weather (--load-columns and the like choose)",
        f"gridhook run {tmp_path / 'village' / 'gridhook.toml'} trades it; with --slots 96 the first day",
    ]
    community = made()
    assert day_energies(community) == {"Home 1 Load": 12.0, "Home 2 Load": 6.0, "Home 1 PV": 24.0}
    assert community.market_names == ("Grid", "Community", "Home 1", "Home 2")
    assert (community.slots, community.start.isoformat()) == (192, "2026-06-15T00:00:00+00:00")
    files = sorted(file.name for file in (tmp_path / "village").iterdir())
    assert files == ["community.toml", "gridhook.toml", "meters.csv"]
    assert (tmp_path / "village" / "meters.csv").read_bytes() == path.read_bytes()


def test_columns_without_a_kind_are_a_home_each_and_net_where_they_go_below_zero(new, meters, made):
    path = meters({"meter_17": 0.5, "bakery": lambda hour: 0.5 - hour % 2})
    assert new("--meters", path)[0] == 0
    community = made()
    assert dict(zip(community.asset_names, community.kinds, strict=True)) == {
        "Meter 17 Load": "load",
        "Bakery Meter": "smart-meter",
        "Market Maker": "market-maker",
    }


def test_columns_can_be_chosen_by_name_by_glob_and_with_a_home(new, meters, made):
    path = meters({"m_1": 0.5, "m_2": 0.25, "roof": 1.0, "x=y": 0.125, "wind": "strong"})
    options = ["--load-columns", "m_*", "--pv-columns", "M 2=roof", "--net-columns", "x=y"]
    assert new("--meters", path, *options)[0] == 0
    assert day_energies(made()) == {"M 1 Load": 12.0, "M 2 Load": 6.0, "M 2 PV": 24.0, "X=y Meter": 3.0}


@pytest.mark.parametrize(
    ("column", "options", "kwh"),
    [
        ("a_load", [], 48.0),
        ("a_load", ["--unit", "Wh"], 0.048),
        ("a_load_W", [], 0.048),
        ("a_load_Wh", ["--unit", "kW"], 48.0),
    ],
)
def test_the_unit_is_the_options_or_the_names_or_kwh(new, meters, made, column, options, kwh):
    assert new("--meters", meters({column: 2.0}), *options)[0] == 0
    assert day_energies(made()) == {"A Load": kwh}


def test_several_files_may_have_their_own_times_units_and_kinds(new, meters, made, tmp_path):
    load = meters({"home 1": 0.5, "home 2": 0.5}, name="load.csv", hours=72)
    solar = meters({"home 2": 500.0}, name="pv_W.csv", time="when", start="2026-06-15T12:00+00:00")
    assert new("--meters", load, "--meters", solar)[0] == 0
    community = made()
    assert day_energies(community) == {"Home 1 Load": 12.0, "Home 2 Load": 12.0, "Home 2 PV": 12.0}
    # The one day that both have from midnight to midnight.
    assert (community.start.isoformat(), community.slots) == ("2026-06-16T00:00:00+00:00", 96)
    profiles = tomllib.loads((tmp_path / "village" / "community.toml").read_text(encoding="utf-8"))["pvs"]
    assert profiles[0]["profile"] == {"column": "home 2", "file": "pv_W.csv", "time": "when", "unit": "W"}


def test_a_file_per_home_gives_the_home_its_name(new, meters, made):
    paths = [meters({"load": 0.5, "pv": 1.0}, name=f"{name}.csv") for name in ("villa", "mill")]
    assert new("--meters", paths[0], "--meters", paths[1])[0] == 0
    assert list(day_energies(made())) == ["Villa Load", "Mill Load", "Villa PV", "Mill PV"]


@pytest.mark.parametrize(("options", "time"), [([], "Date"), (["--time", "end"], "end")])
def test_the_column_of_times_is_said_or_the_first(new, tmp_path, made, options, time):
    rows = [f"2026-06-15T{hour:02}:00Z,0.5,2026-06-16T{hour:02}:00Z" for hour in range(24)]
    path = tmp_path / "meters.csv"
    path.write_text("\n".join(["Date,a load,end", *rows]), encoding="utf-8")
    assert new("--meters", path, *options)[0] == 0
    assert made().start.day == (15 if time == "Date" else 16)


def test_days_are_those_of_the_time_zone(new, meters, made):
    path = meters({"a load": 0.5}, offset="", hours=72)
    status, out, _ = new("--meters", path, "--timezone", "Europe/Berlin")
    assert status == 0
    assert "taken for" not in out
    assert (made().start.isoformat(), made().slots) == ("2026-06-14T22:00:00+00:00", 288)


def test_times_without_an_offset_are_utc_and_that_is_said(new, meters, made):
    status, out, _ = new("--meters", meters({"a load": 0.5}, offset=""))
    assert status == 0
    assert "times without an offset are taken for UTC (--timezone says otherwise)\n" in out
    assert made().start.isoformat() == "2026-06-15T00:00:00+00:00"


def test_days_that_are_not_whole_are_left_out(new, meters, made):
    assert new("--meters", meters({"a load": 0.5}, hours=72, start="2026-06-15T01:00+00:00"))[0] == 0
    assert (made().start.day, made().slots) == (16, 192)


def test_first_day_days_districts_and_seed_are_as_said(new, meters, made):
    path = meters({"1": 0.5, "2": 0.5, "3": 0.5}, hours=96)
    assert new("--meters", path, "--first-day", "2026-06-16", "--days", 2, "--districts", 2, "--seed", 9)[0] == 0
    community = made()
    assert (community.start.day, community.slots, community.seed) == (16, 192, 9)
    parents = dict(zip(community.market_names, community.tree.parent.tolist(), strict=True))
    names = list(parents)
    assert [names[parents[home]] for home in ("Home 1", "Home 2", "Home 3")] == [
        "Community 1",
        "Community 1",
        "Community 2",
    ]


def test_batteries_stand_where_names_and_globs_say_and_the_last_one_counts(new, meters, made):
    path = meters({"1": 0.5, "2": 0.5, "3": 0.5})
    assert new("--meters", path, "--battery", "Home [12]", 6.4, 5, "--battery", "Home 2", 10, 3)[0] == 0
    batteries = made().batteries
    assert batteries.capacity_kwh.tolist() == [6.4, 10.0]
    assert batteries.power_kw.tolist() == [5.0, 3.0]


COLUMNS = {"home_1_load": 0.5, "home_1_pv": 0.25}


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        (COLUMNS, ["--load-columns", "home_1_laod"], "--load-columns: no column 'home_1_laod'; did you mean"),
        (COLUMNS, ["--pv-columns", "roof*"], "--pv-columns: no column 'roof*'; there are home_1_load, home_1_pv"),
        (
            COLUMNS,
            ["--load-columns", "*", "--pv-columns", "home_1_pv"],
            "--pv-columns: meters.csv, column 'home_1_pv' is taken twice, as the load of 'Home 1' too",
        ),
        (
            {"home 1 load": 1, "home_1_load": 1},
            [],
            "column 'home 1 load' is the load of 'Home 1' already; say whose it is: --load-columns 'HOME=home_1_load'",
        ),
        (COLUMNS, ["--unit", "MWh"], "'MWh' is not one of 'kWh', 'Wh', 'kW', 'W'"),
        (COLUMNS, ["--timezone", "Berlin"], "--timezone: no time zone 'Berlin'; one is 'Europe/Berlin'"),
        (COLUMNS, ["--time", "when"], "has no column 'when' for the time; there are time, home_1_load"),
        (COLUMNS, ["--time", "home_1_pv"], "--meters: meters.csv, line 2: '0.25' is not a time such as"),
        (COLUMNS, ["--first-day", "2026-06-18"], "the meters have 2026-06-15 to 2026-06-16 (whole days in UTC), not"),
        (COLUMNS, ["--days", "3"], "not 2026-06-15 and 3 days from there"),
        (COLUMNS, ["--battery", "Home 2", 6.4, 5], "--battery: no home 'Home 2'; did you mean 'Home 1'?"),
        (COLUMNS, ["--battery", "Home 1", 0, 5], "--battery"),
        (COLUMNS, ["--homes", 3], "--homes: draws, and --meters has the homes; see --battery for batteries"),
        ({"a load": "much"}, [], "--meters: meters.csv, line 2, column 'a load': 'much' is not a number"),
        (
            {"a load": lambda hour: -1 if hour == 3 else 1},
            [],
            (
                "--meters: meters.csv, column 'a load' has values below zero, the first at 2026-06-15T03:00Z; "
                "what a home draws and feeds in as one is --net-columns 'a load'"
            ),
        ),
        ({"a pv": -1}, [], "write 0 there, or turn the sign of the column"),
        (
            {"a load": lambda hour: "" if hour == 30 else 1, "a pv": 1},
            [],
            (
                "--meters: meters.csv, column 'a load' has no value for 2026-06-16T06:00Z\n"
                "--meters: the longest stretch without a gap: --first-day 2026-06-15 --days 1"
            ),
        ),
        ({}, [], "--meters: meters.csv has no column but that of times; a column is a meter"),
        ({"grid load": 1, "grid": 1}, ["--load-columns", "grid"], "--meters: two areas would be called 'Grid'"),
    ],
)
def test_a_mistake_is_one_clear_message_and_nothing_is_written(new, meters, tmp_path, columns, options, message):
    status, out, err = new("--meters", meters(columns), *options)
    assert (status, out) == (2, "")
    assert message in err
    assert not (tmp_path / "village").exists()


def test_less_than_a_day_is_no_day(new, meters):
    status, _, err = new("--meters", meters({"a load": 1}, hours=30, start="2026-06-15T01:00+00:00"))
    assert status == 2
    assert "no day from midnight to midnight in UTC: the meters have 2026-06-15T01:00Z to 2026-06-16T07:00Z" in err


def test_files_that_cannot_lie_in_one_folder_are_said(new, meters):
    one = meters({"a load": 1})
    other = meters({"b load": 1}, name="more/meters.csv")
    _, _, err = new("--meters", one, "--meters", other)
    assert "meters.csv is copied beside the community, where there is another meters.csv; rename it" in err


def test_a_column_that_is_there_twice_is_said(new, tmp_path):
    path = tmp_path / "meters.csv"
    path.write_text("time,a load,a load\n2026-06-15T00:00Z,1,2\n", encoding="utf-8")
    assert "meters.csv has two columns 'a load'; give each a name of its own" in new("--meters", path)[2]


@pytest.mark.parametrize("content", [b"", b"time,a load\n\xff\xfe,1\n"])
def test_a_file_that_is_no_csv_is_said(new, tmp_path, content):
    path = tmp_path / "meters.csv"
    path.write_bytes(content)
    status, _, err = new("--meters", path)
    assert status == 2
    assert err.startswith("--meters: meters.csv is not ")


@pytest.mark.parametrize("option", [["--time", "t"], ["--unit", "kW"], ["--timezone", "UTC"], ["--pv-columns", "x"]])
def test_options_of_meters_need_meters(new, option):
    status, _, err = new(*option)
    assert (status, err) == (2, f"{option[0]}: needs --meters\n")


def test_a_name_with_quotes_is_written_as_it_is(new, tmp_path, made):
    rows = [f"2026-06-15T{hour:02}:00Z,0.5" for hour in range(24)]
    path = tmp_path / "meters.csv"
    path.write_text("\n".join(['time,"The ""Mill"" \\ load"', *rows]), encoding="utf-8")
    assert new("--meters", path)[0] == 0
    assert list(day_energies(made())) == ['The "Mill" \\ Load']
