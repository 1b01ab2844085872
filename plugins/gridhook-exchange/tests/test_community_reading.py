from __future__ import annotations

import datetime
from collections.abc import Callable

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridhook.errors import ConfigError
from gridhook_exchange.community import Overrides, read_community
from gridhook_exchange.market.community import Community

HEAD = 'name = "Town"\nstart = 2026-06-15\nslots = 4\nprofiles.file = "meters.csv"\n'
GRID = '[[markets]]\nname = "Grid"\n'
METERS = """\
time,load,pv,price
2026-06-15T00:00Z,1.0,0.0,0.20
2026-06-15T01:00Z,2.0,4.0,0.30
2026-06-15T02:00Z,3.0,8.0,0.10
"""

Read = Callable[..., Community]


def market(name: str, parent: str, fee: float = 0.0) -> str:
    return f'[[markets]]\nname = "{name}"\nparent = "{parent}"\nfee = {fee}\n'


def load(name: str = "Load", home: str = "Grid", profile: str = 'column = "load"', kind: str = "loads") -> str:
    return f'[[{kind}]]\nname = "{name}"\nmarket = "{home}"\nprofile = {{ {profile} }}\n'


def battery(name: str = "Battery", more: str = "") -> str:
    return f'[[storages]]\nname = "{name}"\nmarket = "Grid"\ncapacity_kwh = 8.0\npower_kw = 3.0\n{more}'


def table(first: datetime.datetime, minutes: int, values: list[float]) -> str:
    """Return a CSV file with one column, ``load``, that has these values."""
    moments = [first + datetime.timedelta(minutes=minutes) * row for row in range(len(values))]
    rows = [f"{moment.isoformat()},{value}\n" for moment, value in zip(moments, values, strict=True)]
    return "".join(["time,load\n", *rows])


@pytest.fixture
def read(tmp_path) -> Read:
    """Read a community file of this text, with files beside it; ``meters`` is the text of ``meters.csv``."""

    def reading(text: str, meters: str = METERS, overrides: Overrides | None = None, **files: str) -> Community:
        for name, content in {"community.toml": text, "meters.csv": meters, **files}.items():
            (tmp_path / name).write_text(content, encoding="utf-8")
        return read_community(tmp_path / "community.toml", overrides)

    return reading


@pytest.fixture
def mistakes(read, tmp_path) -> Callable[..., list[tuple[str, str, str]]]:
    """Read a wrong community file; returns each mistake's path, the line of the file it points at, and its message."""

    def reading(text: str, meters: str = METERS, overrides: Overrides | None = None) -> list[tuple[str, str, str]]:
        with pytest.raises(ConfigError) as raised:
            read(text, meters, overrides)
        lines = ["", *text.splitlines()]
        assert {problem.file for problem in raised.value.problems} == {tmp_path / "community.toml"}
        return [(problem.path, lines[problem.line or 0], problem.message) for problem in raised.value.problems]

    return reading


class TestTree:
    def test_markets_and_assets_are_numbered_parents_first_and_the_market_maker_last(self, read):
        community = read(
            HEAD
            + market("House", "Street", 0.25)
            + market("Street", "Grid", 0.5)
            + '[[markets]]\nname = "Grid"\nfee = 1.5\n'
            + battery()
            + load("PV", "Street", 'column = "pv"', "pvs")
            + load("Load", "House")
        )
        assert community.market_names == ("Grid", "Street", "House")
        assert community.tree.parent.tolist() == [-1, 0, 1]
        assert community.fee.tolist() == [1.5, 0.5, 0.25]
        assert community.asset_names == ("Load", "PV", "Battery", "Market Maker")
        assert community.kinds == ("load", "pv", "storage", "market-maker")
        assert community.tree.home.tolist() == [2, 1, 0, 0]
        assert community.measured_kwh[:, 0].tolist() == [0.25, 0.0, 0.0, 0.0]

    def test_a_smart_meter_has_a_net_profile_with_both_signs(self, read):
        meters = METERS.replace("2.0,4.0", "-2.0,4.0")
        house = load("House", kind="smart_meters", profile='column = "load", scale = 2')
        other = load("Other", profile='column = "pv"')
        community = read(HEAD.replace("slots = 4", "slots = 8") + GRID + house + battery() + other, meters)
        assert community.asset_names == ("Other", "Battery", "House", "Market Maker")
        assert community.kinds == ("load", "storage", "smart-meter", "market-maker")
        assert community.measured_kwh[2].tolist() == [0.5] * 4 + [-1.0] * 4
        assert (np.sign(community.forecast_kwh[2]) == np.sign(community.measured_kwh[2])).all()
        assert (community.forecast_kwh[2] != community.measured_kwh[2]).any()

    def test_a_smart_meters_own_forecast_may_have_another_sign(self, read):
        house = load("House", kind="smart_meters") + 'forecast = { column = "pv" }\n'
        community = read(HEAD + GRID + house, METERS.replace("1.0,0.0", "1.0,-2.0"))
        assert community.forecast_kwh[0].tolist() == [-0.5] * 4

    def test_the_market_maker_trades_where_and_under_the_name_that_is_said(self, read):
        text = HEAD + '[tariff]\nname = "Utility"\nmarket = "House"\nfeed_in_rate = 7\nretail_rate = 31.5\n'
        community = read(text + GRID + market("House", "Grid"))
        assert community.asset_names == ("Utility",)
        assert community.tree.home.tolist() == [1]
        assert community.feed_in_rate.tolist() == [7.0] * 4
        assert community.retail_rate.tolist() == [31.5] * 4

    def test_ids_are_the_same_each_time_and_belong_to_one_asset_of_one_community(self, read):
        text = HEAD + GRID + load() + battery()
        community, again, other = read(text), read(text), read(text.replace("Town", "Village"))
        ids = {*community.market_ids, *community.asset_ids}
        assert len(ids) == 4
        assert ids == {*again.market_ids, *again.asset_ids}
        assert not ids & {*other.market_ids, *other.asset_ids}

    @pytest.mark.parametrize(
        ("markets", "path", "line", "message"),
        [
            (GRID + market("House", "Gird"), "markets[1].parent", 'parent = "Gird"', "did you mean 'Grid'?"),
            (GRID + market("House", "Sea"), "markets[1].parent", 'parent = "Sea"', "no market 'Sea'"),
            (GRID + market("House", "House"), "markets[1].parent", 'parent = "House"', "'House' is inside itself"),
            (GRID + '[[markets]]\nname = "Net"\n', "markets", "[[markets]]", "the root; there is 'Grid', 'Net'"),
        ],
    )
    def test_a_tree_that_is_none_is_a_mistake(self, mistakes, markets, path, line, message):
        ((where, pointed, said),) = mistakes(HEAD + markets)
        assert (where, pointed) == (path, line)
        assert said.endswith(message)

    def test_a_community_without_a_root_is_a_mistake(self, mistakes):
        assert ("markets", "markets = []") in [row[:2] for row in mistakes("markets = []\n" + HEAD)]
        messages = [message for _, _, message in mistakes(HEAD + market("A", "B") + market("B", "A"))]
        assert messages[0].endswith("the root; there is none")

    def test_each_market_of_a_ring_is_named_and_nothing_that_hangs_on_it(self, mistakes):
        ring = market("A", "C") + market("B", "A") + market("C", "B")
        found = mistakes(HEAD + GRID + ring + market("D", "A") + load(home="D"))
        assert [message for _, _, message in found] == [f"{name!r} is inside itself" for name in "ABC"]

    def test_what_is_inside_a_market_without_a_parent_is_not_wrong_too(self, mistakes):
        text = HEAD + GRID + market("House", "Street") + market("Street", "Gird") + load(home="House")
        assert [path for path, _, _ in mistakes(text)] == ["markets[2].parent"]

    def test_each_asset_in_a_market_that_is_not_there_is_a_mistake_with_its_line(self, mistakes):
        text = HEAD + '[tariff]\nmarket = "Sea"\n' + GRID + load("A", "Gird") + load("B", "Gird") + load("C", "Sea")
        assert mistakes(text) == [
            ("loads[0].market", 'market = "Gird"', "no market 'Gird'; did you mean 'Grid'?"),
            ("loads[1].market", 'market = "Gird"', "no market 'Gird'; did you mean 'Grid'?"),
            ("loads[2].market", 'market = "Sea"', "no market 'Sea'"),
            ("tariff.market", 'market = "Sea"', "no market 'Sea'"),
        ]

    @pytest.mark.parametrize(
        ("entries", "path", "name"),
        [
            (load("A") + load("A"), "loads[1].name", "A"),
            (load("A") + load("A", kind="pvs"), "pvs[0].name", "A"),
            (battery("A") + load("A"), "storages[0].name", "A"),
            (market("House", "Grid") + market("House", "Grid"), "markets[2].name", "House"),
            (load("Grid"), "loads[0].name", "Grid"),
            (load("Market Maker"), "loads[0].name", "Market Maker"),
        ],
    )
    def test_a_name_that_was_given_before_is_a_mistake(self, mistakes, entries, path, name):
        message = f"2 markets or assets are called {name!r}; names have to be unique"
        assert mistakes(HEAD + GRID + entries) == [(path, f'name = "{name}"', message)]


class TestRules:
    def test_fees_are_constant_unless_they_are_said_to_be_percentages(self, read):
        assert read(HEAD + GRID).rules.fees == "constant"
        community = read(HEAD + '[rules]\nfees = "percent"\n' + GRID + market("House", "Grid", 100.0))
        assert community.rules.fees == "percent"
        assert community.fee.tolist() == [0.0, 100.0]

    def test_the_rules_of_the_file_are_the_communitys(self, read):
        usual = read(HEAD + GRID).rules
        assert (usual.priority, usual.clearing, usual.market) == ("compatible", "pay-as-bid", "two-sided")
        said = '[rules]\npriority = "price-time"\nclearing = "pay-as-clear"\nmin_age_ticks = 1\nsettlement_slots = 3\n'
        rules = read(HEAD + said + GRID).rules
        assert (rules.priority, rules.clearing, rules.min_age_ticks) == ("price-time", "pay-as-clear", 1)
        assert (rules.ticks_per_slot, rules.dispatch_ticks, rules.settlement_slots) == (60, 6, 3)
        assert read(HEAD + '[rules]\nmarket = "one-sided"\n' + GRID).rules.market == "one-sided"

    def test_pay_as_clear_needs_bids(self, mistakes):
        text = HEAD + '[rules]\nmarket = "one-sided"\nclearing = "pay-as-clear"\n' + GRID
        message = "pay-as-clear needs bids, and a one-sided market takes none"
        assert mistakes(text) == [("rules.clearing", 'clearing = "pay-as-clear"', message)]

    def test_more_than_everything_is_no_percentage(self, mistakes):
        text = HEAD + '[rules]\nfees = "percent"\n' + GRID + market("House", "Grid", 100.5)
        message = "a fee of 100.5 percent is more than 100"
        assert mistakes(text) == [("markets[1].fee", "fee = 100.5", message)]


class TestProfiles:
    @pytest.mark.parametrize(
        ("unit", "minutes", "slot_minutes", "values", "kwh"),
        [
            ("kWh", 15, 15, [1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]),
            ("Wh", 15, 15, [1.0, 2.0, 3.0, 4.0], [0.001, 0.002, 0.003, 0.004]),
            ("kW", 15, 15, [1.0, 2.0, 3.0, 4.0], [0.25, 0.5, 0.75, 1.0]),
            ("W", 15, 15, [1000.0, 0.0, 0.0, 0.0], [0.25, 0.0, 0.0, 0.0]),
            ("kWh", 60, 15, [1.0, 2.0], [0.25, 0.25, 0.25, 0.25]),
            ("kW", 60, 15, [1.0, 2.0], [0.25, 0.25, 0.25, 0.25]),
            ("kWh", 60, 30, [1.0, 2.0], [0.5, 0.5, 1.0, 1.0]),
            ("kWh", 15, 30, [1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 0.0, 8.0], [3.0, 7.0, 0.0, 8.0]),
            ("kW", 15, 30, [1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 0.0, 8.0], [0.75, 1.75, 0.0, 2.0]),
            ("kWh", 10, 15, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [2.0, 4.0, 6.5, 8.5]),
        ],
    )
    def test_energy_of_a_slot_comes_from_any_unit_and_interval(self, read, unit, minutes, slot_minutes, values, kwh):
        start = datetime.datetime(2026, 6, 15, tzinfo=datetime.UTC)
        text = f"slot_minutes = {slot_minutes}\n{HEAD}" + GRID + load(profile=f'column = "load", unit = "{unit}"')
        assert read(text, table(start, minutes, values)).measured_kwh[0] == pytest.approx(kwh)

    def test_a_profile_says_what_differs_from_the_common_settings(self, read):
        common = 'profiles.time = "when"\nprofiles.unit = "kW"\n'
        own = 'column = "x", file = "own.csv", time = "at", unit = "Wh", scale = 2.5'
        community = read(
            HEAD + common + GRID + load("A") + load("B", profile=own),
            METERS.replace("time", "when"),
            **{"own.csv": METERS.replace("time", "at").replace("load", "x")},
        )
        assert community.measured_kwh[:2, 0].tolist() == pytest.approx([0.25, 1.0 / 4 / 1000 * 2.5])

    @pytest.mark.parametrize(
        ("start", "first"),
        [
            ("2026-06-15", "2026-06-14T22:00:00+00:00"),
            ("2026-06-15T06:30:00", "2026-06-15T04:30:00+00:00"),
            ("2026-06-15T06:30:00Z", "2026-06-15T06:30:00+00:00"),
            ("2026-01-15", "2026-01-14T23:00:00+00:00"),
        ],
    )
    def test_a_run_starts_at_a_local_time_if_nothing_else_is_said(self, read, start, first):
        community = read(f'timezone = "Europe/Berlin"\n{HEAD.replace("2026-06-15", start)}{GRID}')
        assert community.start.isoformat() == first
        assert community.slot_start(1) - community.start == datetime.timedelta(minutes=15)

    @pytest.mark.parametrize(
        ("day", "hours", "expected"),
        [
            ("2026-03-29", [0, 1, 3, 4], [0, 1, 3, 4]),
            ("2026-10-25", [0, 1, 2, 2, 3], [0, 1, 2, 2, 3]),
            ("2026-06-15", [0, 1, 2, 3], [0, 1, 2, 3]),
        ],
    )
    def test_local_times_are_right_on_days_on_which_the_clock_is_changed(self, read, day, hours, expected):
        """The value of each row is its hour; none is lost, and none is counted twice."""
        rows = "".join(f"{day}T{hour:02}:{minute:02},{hour}\n" for hour in hours for minute in (0, 15, 30, 45))
        text = f'timezone = "Europe/Berlin"\n{HEAD.replace("2026-06-15", day).replace("= 4", f"= {4 * len(hours)}")}'
        community = read(text + GRID + load(), f"time,load\n{rows}")
        assert community.measured_kwh[0, ::4].tolist() == expected

    def test_times_with_an_offset_mean_the_same_in_every_time_zone(self, read):
        text = HEAD.replace("2026-06-15", "2026-06-15T00:00:00Z") + GRID + load()
        community = read(f'timezone = "America/New_York"\n{text}', METERS.replace("T01:00Z", "T03:00+02:00"))
        assert community.measured_kwh[0].tolist() == [0.25] * 4

    @pytest.mark.parametrize(
        ("profile", "meters", "message"),
        [
            ('column = "laod"', METERS, "meters.csv has no column 'laod'; did you mean 'load'?"),
            ('column = "wind"', METERS, "no column 'wind'; there are time, load, pv, price"),
            ('column = "load", time = "tiem"', METERS, "no column 'tiem' for the time; did you mean 'time'?"),
            ('column = "load", file = "nowhere.csv"', METERS, "nowhere.csv cannot be read: No such file or directory"),
            ('column = "load"', "", "meters.csv is not a CSV file with a header"),
            ('column = "load"', METERS.replace("1.0", "one"), "line 2, column 'load': 'one' is not a number"),
            ('column = "load"', METERS.replace("1.0", ""), "column 'load' has no value for 2026-06-15T00:00Z"),
            ('column = "load"', METERS.replace("1.0", "nan"), "column 'load' has no value for 2026-06-15T00:00Z"),
            ('column = "load"', METERS.replace("1.0", "-1.0"), "column 'load' has values below zero"),
            ('column = "load"', METERS.replace("1.0", "inf"), "column 'load' has a value that is not finite"),
            ('column = "load"', METERS.replace("T01:00Z", "T25:00Z"), "line 3: '2026-06-15T25:00Z' is not a time"),
            ('column = "load"', METERS.replace("T02", "T01"), "line 4: the times do not go on in equal steps"),
        ],
    )
    def test_a_profile_that_cannot_be_read_is_a_mistake_with_its_line(self, mistakes, profile, meters, message):
        ((path, line, said),) = mistakes(HEAD + GRID + load(profile=profile), meters)
        assert (path, line) == ("loads[0].profile", f"profile = {{ {profile} }}")
        assert message in said

    def test_rows_that_are_missing_are_a_mistake_only_during_the_run(self, read, mistakes):
        start = datetime.datetime(2026, 6, 14, 23, tzinfo=datetime.UTC)
        text, meters = HEAD + GRID + load(), table(start, 15, [1.0] * 12)
        gap = "2026-06-15T00:30:00+00:00,1.0\n"
        assert gap in meters
        ((_, _, message),) = mistakes(text, meters.replace(gap, ""))
        assert message == "meters.csv, column 'load' has no value for 2026-06-15T00:30Z"
        for outside in ("2026-06-14T23:30:00+00:00,1.0\n", "2026-06-15T01:30:00+00:00,1.0\n"):
            assert read(text, meters.replace(outside, "")).measured_kwh[0].tolist() == [1.0] * 4

    def test_a_file_that_does_not_cover_the_run_is_one_mistake_for_all_its_profiles(self, mistakes):
        text = HEAD + GRID + load("A") + load("B", profile='column = "pv"', kind="pvs")
        ((path, _, message),) = mistakes(text, overrides=Overrides(slots=13))
        assert path == "loads[0].profile"
        covered = "covers 2026-06-15T00:00Z to 2026-06-15T03:00Z, not all of 2026-06-15T00:00Z to 2026-06-15T03:15Z"
        assert message == f"meters.csv {covered}"

    @pytest.mark.parametrize("slots", [1_000_001, 10**30])
    def test_a_run_of_far_too_many_slots_is_refused(self, read, mistakes, slots):
        with pytest.raises(ConfigError, match=r"^slots: a run has 1,000,000 slots at most$"):
            read(HEAD + GRID + load(), overrides=Overrides(slots=slots))
        ((path, line, _),) = mistakes(HEAD.replace("slots = 4", "slots = 1000001") + GRID + load())
        assert (path, line) == ("slots", "slots = 1000001")

    def test_a_profile_needs_a_file(self, mistakes):
        text = HEAD.replace('profiles.file = "meters.csv"\n', "") + GRID + load()
        ((path, _, message),) = mistakes(text)
        assert (path, message) == ("loads[0].profile", "no 'file' is given, neither here nor in [profiles]")


class TestRates:
    @pytest.mark.parametrize(
        ("unit", "cents"), [("EUR/kWh", [20, 30, 10]), ("USD/kWh", [20, 30, 10]), ("cents/kWh", [0.2, 0.3, 0.1])]
    )
    def test_a_rate_may_be_a_column_in_any_unit(self, read, unit, cents):
        tariff = f'[tariff]\nretail_rate = {{ column = "price", unit = "{unit}" }}\n'
        community = read(HEAD.replace("= 4", "= 12") + tariff + GRID)
        assert community.retail_rate == pytest.approx(np.repeat(np.array(cents, dtype=float), 4))
        assert community.feed_in_rate.tolist() == [8.0] * 12

    def test_a_rate_of_a_long_slot_is_the_mean_over_it(self, read):
        start = datetime.datetime(2026, 6, 15, tzinfo=datetime.UTC)
        tariff = '[tariff]\nfeed_in_rate = { column = "load" }\n'
        community = read(
            f"slot_minutes = 30\n{HEAD}{tariff}{GRID}", table(start, 15, [1.0, 3.0, -2.0, 0.0, *[0.0] * 4])
        )
        assert community.feed_in_rate == pytest.approx([2.0, -1.0, 0.0, 0.0])

    @pytest.mark.parametrize("which", ["feed_in_rate", "retail_rate"])
    @pytest.mark.parametrize(
        ("column", "value", "message"),
        [
            ("price", "inf", "column 'price' has a value that is not finite"),
            ("price", "-inf", "column 'price' has a value that is not finite"),
            ("price", "nan", "column 'price' has no value for 2026-06-15T00:00Z"),
            ("price", "", "column 'price' has no value for 2026-06-15T00:00Z"),
            ("prize", "0.20", "no column 'prize'; did you mean 'price'?"),
        ],
    )
    def test_a_rate_that_is_no_number_is_a_mistake_with_its_line(self, mistakes, which, column, value, message):
        line = f'{which} = {{ column = "{column}" }}'
        ((path, pointed, said),) = mistakes(f"{HEAD}[tariff]\n{line}\n{GRID}", METERS.replace("0.20", value))
        assert (path, pointed) == (f"tariff.{which}", line)
        assert said.endswith(message)


class TestForecasts:
    TEXT = HEAD + "[forecast]\nerror = 0.2\n" + GRID + load() + battery()

    def test_each_load_and_pv_has_a_built_in_forecast_that_errs(self, read):
        community = read(self.TEXT + load("PV", profile='column = "load"', kind="pvs"))
        assert not np.any(np.isclose(community.forecast_kwh[:2], community.measured_kwh[:2]))
        assert not np.any(np.isclose(community.forecast_kwh[0], community.forecast_kwh[1]))
        assert np.all(community.forecast_kwh[:2] > 0)
        assert np.all(community.forecast_kwh[2:] == 0)

    def test_a_forecast_without_error_is_the_profile(self, read):
        community = read(self.TEXT.replace("error = 0.2", "error = 0"))
        assert community.forecast_kwh.tolist() == community.measured_kwh.tolist()

    def test_a_column_takes_the_place_of_the_built_in_forecast(self, read):
        text = HEAD.replace("= 4", "= 8") + GRID + load() + 'forecast = { column = "pv", scale = 0.5 }\n'
        community = read(text)
        assert community.measured_kwh[0].tolist() == [0.25] * 4 + [0.5] * 4
        assert community.forecast_kwh[0].tolist() == [0.0] * 4 + [0.5] * 4

    def test_a_forecast_that_cannot_be_read_is_a_mistake_with_its_line(self, mistakes):
        ((path, line, message),) = mistakes(HEAD + GRID + load() + 'forecast = { column = "lod" }\n')
        assert (path, line) == ("loads[0].forecast", 'forecast = { column = "lod" }')
        assert message == "meters.csv has no column 'lod'; did you mean 'load'?"

    def test_the_seed_draws_the_errors(self, read):
        one, again, other = (read(self.TEXT, overrides=Overrides(seed=seed)) for seed in (1, 1, 2))
        assert one.forecast_kwh.tolist() == again.forecast_kwh.tolist()
        assert one.forecast_kwh.tolist() != other.forecast_kwh.tolist()
        assert one.measured_kwh.tolist() == other.measured_kwh.tolist()


class TestBatteriesAndRules:
    def test_shares_of_the_capacity_become_energies(self, read):
        more = "initial_charge = 0.75\nmin_charge = 0.25\ncharge_efficiency = 0.9\ndischarge_efficiency = 0.8\n"
        pv = load("PV", profile='column = "pv"', kind="pvs")
        community = read(HEAD + GRID + battery("A", more) + load() + pv + battery("B"))
        two = community.batteries
        assert [community.asset_names[asset] for asset in two.asset] == ["A", "B"]
        assert two.capacity_kwh.tolist() == [8.0, 8.0]
        assert two.power_kw.tolist() == [3.0, 3.0]
        assert two.min_charge_kwh.tolist() == pytest.approx([2.0, 0.8])
        assert community.initial_charge_kwh.tolist() == [6.0, 4.0]
        assert two.charge_efficiency.tolist() == [0.9, 0.95]
        assert two.discharge_efficiency.tolist() == [0.8, 0.95]

    @pytest.mark.parametrize(
        ("minutes", "seconds", "ticks", "dispatch"), [(15, 15, 60, 6), (5, 30, 10, 1), (60, 1, 3600, 360)]
    )
    def test_a_slot_has_ticks_and_aggregators_are_told_ten_times_in_it(self, read, minutes, seconds, ticks, dispatch):
        rules = read(f"slot_minutes = {minutes}\ntick_seconds = {seconds}\n{HEAD}{GRID}").rules
        assert (rules.ticks_per_slot, rules.dispatch_ticks) == (ticks, dispatch)

    def test_rules_are_those_of_the_file(self, read):
        rules = read(f"{HEAD}[rules]\nmin_age_ticks = 5\nsettlement_slots = 0\n{GRID}").rules
        assert (rules.min_age_ticks, rules.settlement_slots) == (5, 0)

    @pytest.mark.parametrize(("minutes", "seconds"), [(15, 7), (15, 91), (5, 31), (5, 60), (15, 901)])
    def test_a_slot_is_ten_or_more_whole_ticks(self, mistakes, minutes, seconds):
        ((path, line, message),) = mistakes(f"slot_minutes = {minutes}\ntick_seconds = {seconds}\n{HEAD}{GRID}")
        assert (path, line) == ("tick_seconds", f"tick_seconds = {seconds}")
        assert message == f"a slot of {minutes} min is not 10 or more whole ticks of {seconds} s"


class TestWholeFiles:
    def test_mistakes_of_all_kinds_are_reported_at_once(self, mistakes):
        text = (
            'timezone = "Europe/Berlim"\ntick_seconds = 7\n'
            + HEAD.replace("06-15", "06-15T00:00:00Z")
            + '[tariff]\nretail_rate = { column = "prize" }\n'
            + GRID
            + market("House", "Gird")
            + load("A", "Hause")
            + load("A", profile='column = "laod"')
        )
        assert {path: line for path, line, _ in mistakes(text)} == {
            "timezone": 'timezone = "Europe/Berlim"',
            "tick_seconds": "tick_seconds = 7",
            "tariff.retail_rate": 'retail_rate = { column = "prize" }',
            "markets[1].parent": 'parent = "Gird"',
            "loads[0].market": 'market = "Hause"',
            "loads[1].name": 'name = "A"',
            "loads[1].profile": 'profile = { column = "laod" }',
        }

    def test_mistakes_of_the_format_are_reported_at_once_with_their_lines(self, mistakes):
        text = (
            HEAD.replace("= 4", "= 0")
            + "[foercast]\n[tariff]\nretail_rate = inf\n"
            + GRID
            + battery(more="min_charge = 2\n")
        )
        assert sorted((path, line) for path, line, _ in mistakes(text)) == [
            ("foercast", "[foercast]"),
            ("slots", "slots = 0"),
            ("storages[0].min_charge", "min_charge = 2"),
            ("tariff.retail_rate", "retail_rate = inf"),
        ]

    def test_a_battery_whose_limits_contradict_each_other_is_a_mistake_with_its_line(self, mistakes):
        ((path, line, _),) = mistakes(HEAD + GRID + battery(more="initial_charge = 0.1\nmin_charge = 0.2\n"))
        assert (path, line) == ("storages[0]", "[[storages]]")

    def test_the_text_of_an_error_says_file_line_path_and_message(self, read, tmp_path):
        with pytest.raises(ConfigError) as raised:
            read(HEAD + GRID + load(home="Gird"))
        where = f"{tmp_path / 'community.toml'}:9: loads[0].market: "
        assert str(raised.value) == f"{where}no market 'Gird'; did you mean 'Grid'?"

    @pytest.mark.parametrize(
        ("text", "message"), [("name = ", "is not TOML"), ('name = "T"\nname = "T"\n', "is not TOML")]
    )
    def test_a_file_that_is_not_toml_is_one_mistake(self, read, text, message):
        with pytest.raises(ConfigError, match=message):
            read(text)

    def test_a_file_that_is_not_there_is_one_mistake(self, tmp_path):
        with pytest.raises(ConfigError, match=r"none\.toml: cannot be read"):
            read_community(tmp_path / "none.toml")

    def test_a_run_may_change_start_length_and_seed(self, read):
        text = HEAD + "seed = 3\n" + GRID + load()
        start = datetime.datetime(2026, 6, 15, 1, tzinfo=datetime.UTC)
        community = read(text, overrides=Overrides(start, 8, 7))
        assert (community.start, community.slots, community.seed) == (start, 8, 7)
        assert community.measured_kwh[0].tolist() == [0.5] * 4 + [0.75] * 4
        assert [read(text, overrides=one).seed for one in (None, Overrides(), Overrides(seed=0))] == [3, 3, 0]

    @settings(deadline=None)
    @given(st.permutations([GRID, market("A", "Grid"), market("B", "A"), market("C", "B"), market("D", "A")]))
    def test_the_order_of_markets_in_a_file_changes_nothing_about_the_tree(self, tmp_path_factory, markets):
        path = tmp_path_factory.mktemp("town") / "community.toml"
        path.write_text(HEAD + "".join(markets), encoding="utf-8")
        community = read_community(path)
        names = [*community.market_names, None]
        parents = {name: names[parent] for name, parent in zip(names[:-1], community.tree.parent.tolist(), strict=True)}
        assert parents == {"Grid": None, "A": "Grid", "B": "A", "C": "B", "D": "A"}
        assert all(names.index(parent) < names.index(name) for name, parent in parents.items() if parent)

    def test_nothing_that_was_read_is_left_undefined(self, read):
        community = read(HEAD + GRID + load() + battery())
        numbers = [value for value in attrs.asdict(community, recurse=False).values() if isinstance(value, np.ndarray)]
        assert len(numbers) == 6
        assert all(np.all(np.isfinite(value)) for value in numbers)
