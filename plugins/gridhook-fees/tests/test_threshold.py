"""Threshold fees: the original's file as it stands, and a moving average that moves."""

import json
import logging
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridhook.settings import read_settings
from gridhook.testing import SLOT, make_markets
from gridhook_fees import ThresholdFees
from gridhook_fees.thresholds import Steps, read_thresholds

STEPS = [(10, 0.9), (15, 2.1), (20, 3), (25, 3.9), (30, 6), (50, 30)]
TEMPLATE = [{"Import / Export threshold": threshold, "Grid fee": fee} for threshold, fee in STEPS]


@pytest.fixture
def aziiz(tmp_path):
    def write(content=None):
        path = tmp_path / "aziiz.json"
        content = {"Grid": TEMPLATE, "Grid/Community": TEMPLATE[:1]} if content is None else content
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return write


def fee(plugin, imported, exported=0.0, name="Grid"):
    markets = make_markets({"name": name, "imported_kwh": imported, "exported_kwh": exported})
    return plugin.set_grid_fees(markets, SLOT)[0]


@pytest.mark.parametrize(
    ("energy", "expected"),
    [(0.0, 0.9), (10.0, 0.9), (10.001, 2.1), (15, 2.1), (20, 3), (25, 3.9), (30, 6), (50, 30), (50.001, 2000.0)],
)
def test_the_first_threshold_that_is_not_exceeded_counts(aziiz, energy, expected):
    assert fee(ThresholdFees(aziiz()), energy) == expected
    assert fee(ThresholdFees(aziiz(), moving_average=False), energy) == expected


def test_the_fee_above_all_thresholds_can_be_chosen(aziiz):
    assert fee(ThresholdFees(aziiz(), above=99.0), 1000.0) == 99.0


def test_the_moving_average_is_of_the_last_four_balances(aziiz):
    plugin = ThresholdFees(aziiz())
    told = [fee(plugin, *flows) for flows in [(40, 0), (0, 40), (0, 36), (0, 0), (0, 64), (44, 0)]]
    # 40, 0, -12, -9, -35, -14: of the first value nothing is left in the fifth.
    assert told == [30, 0.9, 2.1, 0.9, 30, 2.1]


def test_a_shorter_look_back_forgets_sooner(aziiz):
    plugin = ThresholdFees(aziiz(), look_back=1)
    assert [fee(plugin, imported) for imported in (40, 0)] == [30, 0.9]


def test_without_a_moving_average_the_larger_of_import_and_export_counts(aziiz):
    plugin = ThresholdFees(aziiz(), moving_average=False)
    assert [fee(plugin, *flows) for flows in [(40, 40), (0, 12), (18, 12)]] == [30, 2.1, 3]


@pytest.mark.parametrize("moving_average", [True, False])
def test_while_nothing_is_told_of_a_slot_its_fee_is_left_and_the_average_waits(aziiz, moving_average):
    plugin = ThresholdFees(aziiz(), moving_average=moving_average)
    assert math.isnan(fee(plugin, math.nan, math.nan))
    assert fee(plugin, 40) == 30
    for half in [(math.nan, 1.0), (1.0, math.nan)]:
        assert math.isnan(fee(plugin, *half))
    assert fee(plugin, 20) == (6 if moving_average else 3)


def test_as_long_as_no_fee_is_known_there_is_no_list(aziiz, caplog):
    caplog.set_level(logging.INFO, "gridhook_fees.threshold")
    fee(ThresholdFees(aziiz()), math.nan, math.nan)
    assert not caplog.messages


def test_each_market_has_its_own_thresholds_and_its_own_average(aziiz, caplog):
    plugin = ThresholdFees(aziiz())
    markets = make_markets(
        {"name": "Grid", "imported_kwh": 12.0, "exported_kwh": 0.0},
        {"name": "Community", "path": "Grid/Community", "imported_kwh": 0.0, "exported_kwh": 9.0},
        {"name": "Elsewhere", "imported_kwh": 0.0, "exported_kwh": 0.0},
    )
    for _ in range(2):
        told = plugin.set_grid_fees(markets, SLOT)
        assert np.array_equal(told, [2.1, 0.9, np.nan], equal_nan=True)
    assert caplog.messages == ["aziiz.json has no entry for Elsewhere; these fees stay as they are"]
    assert plugin.named_areas() == {'file["Grid"]': "Grid", 'file["Grid/Community"]': "Grid/Community"}


def test_the_log_lists_what_the_fees_are_for(aziiz, caplog):
    caplog.set_level(logging.INFO, "gridhook_fees.threshold")
    fee(ThresholdFees(aziiz()), 12.0)
    assert caplog.messages[-1].splitlines()[1:] == ["  market  now   next     kWh", "  Grid      -  2.100  12.000"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "aziiz.json is not JSON"),
        ("[" * 100_000, "aziiz.json is not JSON"),
        ('{"Grid": [], "Grid": []}', "aziiz.json is not JSON: 'Grid' is there twice"),
        ("[]", "aziiz.json: has to be an object of market names"),
        ("{}", "aziiz.json: has to be an object of market names"),
        ({"Grid": []}, "aziiz.json: 'Grid' has to be a list of objects, at least one"),
        ({"Grid": {"fee": 1}}, "aziiz.json: 'Grid' has to be a list of objects, at least one"),
        ({"Grid": [{"Grid fee": 1}]}, "aziiz.json: 'Grid', entry 1: 'Import / Export threshold' has to be a number"),
        ({"Grid": [{**TEMPLATE[0], "Fee": 1}]}, "aziiz.json: 'Grid', entry 1: no such key 'Fee'; there are"),
        ({"Grid": [{**TEMPLATE[0], "Grid fee": -1}]}, "aziiz.json: 'Grid', entry 1: 'Grid fee' has to be a number"),
        ({"Grid": [{**TEMPLATE[0], "Grid fee": True}]}, "aziiz.json: 'Grid', entry 1: 'Grid fee' has to be a number"),
        ('{"Grid": [{"Import / Export threshold": NaN, "Grid fee": 1}]}', "aziiz.json: 'Grid', entry 1"),
        (
            {"Grid": [TEMPLATE[1], TEMPLATE[0]]},
            "aziiz.json: 'Grid', entry 2: the threshold 10 does not exceed the one before, 15",
        ),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_with_the_place(tmp_path, aziiz, content, message):
    aziiz(content)
    _, (problem,) = read_settings(ThresholdFees, {"file": "aziiz.json"}, base=tmp_path, at="plugins.threshold-fees")
    assert problem.path == "plugins.threshold-fees.file"
    assert problem.message.startswith(message)


@pytest.mark.parametrize(
    ("settings", "path"),
    [({"file": "gone.json"}, "file"), ({"look_back": 0}, "look_back"), ({"above": -1}, "above")],
)
def test_mistakes_in_the_settings_are_named(tmp_path, aziiz, settings, path):
    aziiz()
    settings = {"file": "aziiz.json", **settings}
    _, (problem,) = read_settings(ThresholdFees, settings, base=tmp_path, at="plugins.threshold-fees")
    assert problem.path == f"plugins.threshold-fees.{path}"


ENERGIES = st.floats(0, 1e6)


@given(
    thresholds=st.lists(ENERGIES, min_size=1, max_size=8, unique=True).map(sorted),
    data=st.data(),
    energy=ENERGIES,
    above=ENERGIES,
)
def test_the_fee_of_any_table_is_the_one_that_a_finger_finds(tmp_path_factory, thresholds, data, energy, above):
    fees = data.draw(st.lists(ENERGIES, min_size=len(thresholds), max_size=len(thresholds)))
    pairs = list(zip(thresholds, fees, strict=True))
    path = tmp_path_factory.mktemp("tables") / "aziiz.json"
    entries = [{"Import / Export threshold": threshold, "Grid fee": fee} for threshold, fee in pairs]
    path.write_text(json.dumps({"Grid": entries}), encoding="utf-8")
    steps = read_thresholds(path)["Grid"]
    assert steps == Steps(tuple(thresholds), tuple(fees))
    for asked in (energy, *thresholds):
        expected = next((its for threshold, its in pairs if asked <= threshold), above)
        assert steps.fee(asked, above) == expected


@given(
    flows=st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=1, max_size=12),
    look_back=st.integers(1, 5),
)
def test_over_any_history_the_average_is_of_the_last_balances(tmp_path_factory, flows, look_back):
    path = tmp_path_factory.mktemp("tables") / "aziiz.json"
    path.write_text(json.dumps({"Grid": TEMPLATE}), encoding="utf-8")
    plugin = ThresholdFees(path, look_back=look_back)
    balances = []
    for imported, exported in flows:
        balances.append(imported - exported)
        last = balances[-look_back:]
        mean = abs(sum(last) / len(last))
        expected = next((its for threshold, its in STEPS if mean <= threshold), 2000.0)
        assert fee(plugin, imported, exported) == expected
