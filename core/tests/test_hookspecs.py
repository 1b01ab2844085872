"""The hook specifications: what plugins rely on, and that what they are shown works."""

import inspect
import re
import textwrap
from functools import partial
from types import ModuleType

import numpy as np
import pytest

from gridhook import HOLD, Claim, Figures, Markets, Requirement, Requirements, SessionInfo
from gridhook.events import Traded
from gridhook.figures import CommunityFigures, ForecastFigures, PreferenceFigures, SettlementFigures
from gridhook.hookspecs import SPECIFICATIONS
from gridhook.plugins.answers import (
    check_claim,
    check_energies,
    check_fees,
    check_offers,
    check_rates,
    check_requirements,
)
from gridhook.plugins.guard import Guard
from gridhook.plugins.loading import HOOKS, Registry
from gridhook.testing import SLOT, make_assets, make_grid, make_lots, make_market
from gridhook.trades import Trades

HOOK_ARGUMENTS = {
    "registration": {"claim_assets": ["grid"]},
    "forecasting": {"forecast_energy": ["assets", "slots"]},
    "pricing": {"price_energy": ["lots", "market"], "adjust_rates": ["rates", "lots", "market"]},
    "requirements": {"require": ["lots", "rates", "market"]},
    "settlement": {"measure_energy": ["assets", "slots"], "settle_deviations": ["deviations", "market"]},
    "grid_fees": {"set_grid_fees": ["markets", "slot"]},
    "observation": {"session_started": ["session"], "event_received": ["event"], "session_finished": ["summary"]},
}
"""The contract with all plugins that are published: a change here is a new major version of the core."""

GRID = make_grid({"Grid": {"Home 02": {"Load": "load", "PV": "pv"}, "Home 03": {"Home 03 Load": "load"}}})
MARKET = make_market(feed_in_rate=8.0, market_maker_rate=30.0, grid=GRID)
ASSETS = make_assets({"name": "Load"}, {"name": "PV", "kind": "pv"})
LOTS = make_lots({"name": "Load"}, {"name": "PV", "kind": "pv"})
MARKETS = Markets(["id:Grid"], ["Grid"], ["Grid"], [0.0], [0.0], [np.nan])
SLOTS = (SLOT, SLOT.add(minutes=15))
TRADES = Trades(["t"], ["spot"], [SLOT], ["id:Load"], ["id:PV"], [0.5], [20.0], [19.0], [False])
FIGURES = Figures(
    slots=1,
    orders=2,
    trades=3,
    traded_kwh=0.5,
    members=None,
    community=CommunityFigures(),
    forecasts=ForecastFigures(),
    settlement=SettlementFigures(),
    preferences=PreferenceFigures(),
    reasons={},
    plugins=(),
)

GREEN = Requirements({0: (Requirement(energy_types=("PV",)),)})
EXAMPLES = {
    "claim_assets": ({"grid": GRID}, check_claim, Claim(kinds=["load", "pv"], exclude=["Home 03 *"])),
    "forecast_energy": (
        {"assets": ASSETS, "slots": SLOTS},
        partial(check_energies, rows=2, slots=2),
        [[0.3, 0.3], [np.nan, np.nan]],
    ),
    "price_energy": ({"lots": LOTS, "market": MARKET}, partial(check_offers, lots=LOTS), [19.0, 19.0]),
    "adjust_rates": (
        {"rates": np.array([40.0, 40.0]), "lots": LOTS, "market": MARKET},
        partial(check_rates, rows=2),
        [30.0, 40.0],
    ),
    "require": (
        {"lots": LOTS, "rates": np.array([20.0, 20.0]), "market": MARKET},
        partial(check_requirements, rows=2),
        GREEN,
    ),
    "measure_energy": (
        {"assets": ASSETS, "slots": SLOTS},
        partial(check_energies, rows=2, slots=2),
        [[np.nan, np.nan], [np.nan, np.nan]],
    ),
    "settle_deviations": ({"deviations": LOTS, "market": MARKET}, partial(check_offers, lots=LOTS), [5.0, 10.0]),
    "set_grid_fees": ({"markets": MARKETS, "slot": SLOT.at(18)}, partial(check_fees, rows=1), [4.0]),
    "session_started": ({"session": SessionInfo("me", "embedded:demo")}, None, "trading on embedded:demo\n"),
    "event_received": ({"event": Traded(TRADES)}, None, "0.5 kWh\n"),
    "session_finished": ({"summary": FIGURES}, None, "3 trades\n"),
}
"""Per hook what its example is called with, the check of its answer, and what it answers (or prints)."""


def specified(hook):
    return vars(SPECIFICATIONS[HOOKS[hook]])[hook]


def example_of(hook):
    """Return the code of a hook's example as a module."""
    _, _, block = inspect.getdoc(specified(hook)).partition(".. code-block:: python\n")
    module = ModuleType(f"example_of_{hook}")
    exec(textwrap.dedent(block), vars(module))  # noqa: S102 - it is our own documentation
    return module


def test_hooks_and_their_arguments_change_only_on_purpose():
    found = {
        domain: {
            hook: list(inspect.signature(function).parameters)[1:]
            for hook, function in vars(specification).items()
            if not hook.startswith("_")
        }
        for domain, specification in SPECIFICATIONS.items()
    }
    assert found == HOOK_ARGUMENTS


def test_every_hook_belongs_to_one_domain():
    assert {hook: domain for domain, hooks in HOOK_ARGUMENTS.items() for hook in hooks} == HOOKS


@pytest.mark.parametrize("hook", HOOKS)
def test_every_argument_is_documented_in_order(hook):
    documented = re.findall(r":param (\w+):", inspect.getdoc(specified(hook)))
    assert documented == HOOK_ARGUMENTS[HOOKS[hook]][hook]


@pytest.mark.parametrize("hook", [hook for hook, domain in HOOKS.items() if domain != "observation"])
def test_every_hook_that_answers_says_what_its_answer_means(hook):
    assert ":returns:" in inspect.getdoc(specified(hook))


@pytest.mark.parametrize("hook", HOOKS)
def test_the_example_of_a_hook_is_a_plugin_that_works(hook, capsys):
    arguments, check, expected = EXAMPLES[hook]
    plugin, problems = Registry(Guard(10.0)).register("example", example_of(hook))
    assert problems == []
    assert list(plugin.implementations) == [hook]
    implementation = plugin.implementations[hook]
    answer = implementation.function(*(arguments[name] for name in implementation.arguments))
    if check is None:
        assert answer is None
        assert capsys.readouterr().out == expected
    elif isinstance(expected, Claim | Requirements):
        assert check(answer) == expected
    else:
        np.testing.assert_array_equal(check(answer), expected)


def test_hold_is_an_answer_of_pricing():
    assert check_rates([HOLD, np.nan], 2)[0] == HOLD
