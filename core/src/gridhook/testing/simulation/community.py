"""The simulated community: homes with appliances below one grid, its fees and its tariff."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import attrs
import numpy as np
import pendulum

from gridhook.agent.slots import no_assets
from gridhook.arrays import Bools, Floats, Ints
from gridhook.assets import LOAD, PV, STORAGE
from gridhook.errors import did_you_mean, nearest
from gridhook.grid import MARKET, MARKET_MAKER, Grid, Tree
from gridhook.testing.simulation.appliances import Appliance

__all__ = ["SLOT_LENGTH", "START", "Community", "make_community"]

START = pendulum.datetime(2026, 6, 15)
"""Start of the first slot."""

SLOT_LENGTH = pendulum.duration(minutes=15)
_ROOT = "Grid"
_MARKET_MAKER = "Market Maker"


@attrs.frozen(eq=False)
class Community:
    """What does not change while a community trades.

    ``area``
        position in the tree of each asset; their numbers are those of the arrays below.
    ``kwh``
        float64 (assets, slots): what loads use and PVs make.
    ``capacity_kwh``, ``slot_kwh``, ``charge_kwh``
        per asset: capacity, the most in a slot, and charge at the beginning of batteries; 0 for the others.
    ``fees``
        per area, cents/kWh at the beginning; NaN for assets.
    ``feed_in_rate``, ``market_maker_rate``
        what the market maker pays and asks, cents/kWh.
    """

    tree: Tree
    area: Ints
    kwh: Floats
    capacity_kwh: Floats
    slot_kwh: Floats
    charge_kwh: Floats
    fees: Floats
    feed_in_rate: float
    market_maker_rate: float

    @property
    def slots(self) -> int:
        """Number of slots."""
        return int(self.kwh.shape[1])

    @cached_property
    def starts(self) -> tuple[pendulum.DateTime, ...]:
        """The starts of all slots."""
        return tuple(START + SLOT_LENGTH * slot for slot in range(self.slots))

    @cached_property
    def numbers(self) -> Mapping[pendulum.DateTime, int]:
        """The number of each slot by its start."""
        return {start: slot for slot, start in enumerate(self.starts)}

    @cached_property
    def is_load(self) -> Bools:
        """Per asset, whether it is a load."""
        return self._is_kind(LOAD)

    @cached_property
    def is_pv(self) -> Bools:
        """Per asset, whether it is a PV."""
        return self._is_kind(PV)

    @cached_property
    def is_stored(self) -> Bools:
        """Per asset, whether it is a battery."""
        return self._is_kind(STORAGE)

    def name_of(self, asset: int) -> str:
        """Return the home and name of an asset, such as ``Home 1/Load``."""
        return str(self.tree.paths[self.area[asset]]).removeprefix(f"{_ROOT}/")

    def path_fees(self, fees: Floats) -> Floats:
        """Return float64 (assets + 1, assets + 1): the fee between any two, the market maker being the last."""
        places = np.append(self.area, self.tree.market_maker)
        grid = Grid(self.tree, fees, fees, no_assets())
        return np.array([grid.path_fees(places, int(place)) for place in places])

    def _is_kind(self, kind: str) -> Bools:
        return np.array([self.tree.kinds[area] == kind for area in self.area.tolist()], dtype=np.bool_)


def make_community(
    homes: Mapping[str, Mapping[str, Appliance]],
    slots: int,
    fees: float | Mapping[str, float],
    feed_in_rate: float,
    market_maker_rate: float,
) -> Community:
    """Return a community of homes.

    :param fees: grid fee of each home, or those of some by their names, cents/kWh.
    :raises ValueError: it has no slots, a rate that is no number, a fee for a home that is not there, a home with the
        name of the market maker or none, or an appliance too few values.
    :raises TypeError: a home is no table of appliances.
    """
    if slots < 1:
        msg = f"a simulation has at least one slot, not {slots}"
        raise ValueError(msg)
    for name, rate in (("feed_in_rate", feed_in_rate), ("market_maker_rate", market_maker_rate)):
        if not np.isfinite(rate):
            msg = f"{name} has to be a number of cents/kWh, not {rate!r}"
            raise ValueError(msg)
    _check_homes(homes)
    tree, appliances = _tree(homes)
    power = np.array([its.power_kw for its in appliances], dtype=np.float64)
    return Community(
        tree,
        np.array([area for area, kind in enumerate(tree.kinds) if kind in (LOAD, PV, STORAGE)], dtype=np.int64),
        np.array([its.profile(slots) for its in appliances], dtype=np.float64).reshape(len(appliances), slots),
        np.array([its.capacity_kwh for its in appliances], dtype=np.float64),
        power * (SLOT_LENGTH.total_seconds() / 3600),
        np.array([its.charge_kwh for its in appliances], dtype=np.float64),
        _fees(tree, homes, fees),
        feed_in_rate,
        market_maker_rate,
    )


def _check_homes(homes: Mapping[str, object]) -> None:
    for home, inside in homes.items():
        if home in ("", _MARKET_MAKER):
            msg = f"a home cannot be called {home!r}"
            raise ValueError(msg)
        if not isinstance(inside, Mapping):
            msg = (
                f"{home!r} is a home, and has appliances by their names, such as {{'Load': load(0.4)}}, not {inside!r}"
            )
            raise TypeError(msg)


def _tree(homes: Mapping[str, Mapping[str, Appliance]]) -> tuple[Tree, list[Appliance]]:
    names, kinds, parents = [_ROOT, _MARKET_MAKER], [MARKET, MARKET_MAKER], [-1, 0]
    ids = ["id:", f"id:{_MARKET_MAKER}"]
    appliances: list[Appliance] = []
    for home, inside in homes.items():
        market = len(names)
        names += [home, *inside]
        ids += [f"id:{home}", *(f"id:{home}/{name}" for name in inside)]
        kinds += [MARKET, *(its.kind for its in inside.values())]
        parents += [0, *[market] * len(inside)]
        appliances += inside.values()
    return Tree(ids, names, kinds, np.array(parents), np.array(kinds) != MARKET_MAKER), appliances


def _fees(tree: Tree, homes: Mapping[str, object], fees: float | Mapping[str, float]) -> Floats:
    by_home = fees if isinstance(fees, Mapping) else dict.fromkeys(homes, fees)
    for home, fee in by_home.items():
        if home not in homes:
            msg = f"no home is called {home!r}, and there is a fee for it{did_you_mean(nearest(home, homes))}"
            raise ValueError(msg)
        if not (np.isfinite(fee) and fee >= 0):
            msg = f"the fee of {home!r} has to be 0 cents/kWh or more, not {fee!r}"
            raise ValueError(msg)
    # The root comes first, then the homes in their order; a home may have the name of the root.
    markets = [area for area, kind in enumerate(tree.kinds) if kind == MARKET]
    each = np.full(len(tree), np.nan)
    each[markets] = [0.0, *(by_home.get(home, 0.0) for home in homes)]
    return each
