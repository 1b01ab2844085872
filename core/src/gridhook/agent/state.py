"""The agent's state: everything that it remembers between events. Immutable; each step makes a new one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import attrs
import numpy as np
import pendulum

from gridhook.agent.lotting import KeyedLots
from gridhook.agent.standing import Extra, Standing
from gridhook.agent.unsent import Energies
from gridhook.arrays import Bools, Floats, Ints, Objects
from gridhook.events import Capability
from gridhook.grid import Tree
from gridhook.market import Throughput
from gridhook.orders import Requirement
from gridhook.settlement import SettlementWindow

__all__ = ["AgentSettings", "Pending", "Plan", "State", "Told", "initial_state"]


@attrs.frozen
class AgentSettings:
    """What the configuration says to the agent.

    ``horizon``
        number of coming slots to forecast.
    ``requirements``
        what the exchange does with requirements; None: what it says itself.
    """

    horizon: int = 1
    requirements: Capability | None = None


@attrs.frozen(eq=False)
class Plan:
    """What one tick's lots came to, and the order lines that follow from it.

    ``keyed``
        all lots of the tick.
    ``reason``, ``plugin``, ``number``
        per lot: its reason so far, the plugin that decided, and the rate or energy that the reason is about.
    ``withdrawn``
        per lot: whether its open orders are deleted.
    ``line_lot``, ``line_rate``, ``line_energy``
        per order to place: its lot, cents/kWh and kWh.
    ``requirements``, ``energy_types``
        per order that has any.
    ``extra``
        per lot with orders that are more than one plain rate, the orders in full.
    ``waived``
        per lot: whether it trades as if it had no requirements, since this exchange does not keep to them.
    """

    keyed: KeyedLots
    reason: Ints
    plugin: Objects
    number: Floats
    withdrawn: Bools
    line_lot: Ints
    line_rate: Floats
    line_energy: Floats
    requirements: Mapping[int, tuple[Requirement, ...]]
    energy_types: Mapping[int, str]
    extra: Mapping[int, Extra]
    waived: Bools


@attrs.frozen(eq=False)
class Pending:
    """A plan whose batch is not answered yet, and the energies in it; the answer makes the plan's reasons final.

    ``sold``
        ids of the assets whose offers of the running slot had been sold completely when the plan was made.
    """

    transaction: int
    slot: pendulum.DateTime
    progress: float
    plan: Plan
    energies: Energies = ()
    sold: frozenset[str] = frozenset()


@attrs.frozen(eq=False)
class Told:
    """The newest measurements that were sent.

    ``energy_kwh``
        float64 (assets, slots); NaN where none was.
    """

    assets: tuple[str, ...] = ()
    slots: tuple[pendulum.DateTime, ...] = ()
    energy_kwh: Floats = attrs.field(factory=lambda: np.empty((0, 0)))


@attrs.frozen(eq=False)
class State:
    """What the agent knows.

    ``tree``, ``lists_areas``, ``capability``
        the areas, whether they come from a registry, and what the exchange does with requirements.
    ``areas``
        positions of the claimed areas.
    ``slot``, ``progress``
        the newest market event.
    ``is_fresh``
        whether there was none on this connection yet.
    ``joined``
        the first slot of all.
    ``unmeasured``
        the first slot whose measurements were not asked for since it ended.
    ``told``
        what was said of slots that can still be measured.
    ``window``
        how long slots can be settled.
    ``asset_fees``
        per own asset, the grid fee to the market maker, cents/kWh.
    ``throughput``
        of operated markets, by their ids: what came with an answer since the last slot began.
    ``sold_out``
        ids of the assets of which the exchange takes no other offer in the running slot.
    ``unsent``
        forecasts and measurements that may not have reached the exchange.
    ``transactions``
        number of batches so far.
    ``told_unkept``
        ids of assets of which was told that the exchange does not keep to their requirements.
    """

    settings: AgentSettings
    tree: Tree | None = None
    lists_areas: bool = True
    capability: Capability = "unsupported"
    areas: tuple[int, ...] = ()
    slot: pendulum.DateTime | None = None
    progress: float = 0.0
    is_fresh: bool = False
    joined: pendulum.DateTime | None = None
    unmeasured: pendulum.DateTime | None = None
    told: Told = attrs.field(factory=Told)
    window: SettlementWindow = attrs.field(factory=SettlementWindow)
    asset_ids: tuple[str, ...] = ()
    asset_fees: Floats = attrs.field(factory=lambda: np.empty(0))
    standing: Standing = attrs.field(factory=Standing.empty)
    pending: Pending | None = None
    throughput: Mapping[str, Throughput] = MappingProxyType({})
    sold_out: frozenset[str] = frozenset()
    unsent: Energies = ()
    transactions: int = 0
    told_unkept: frozenset[str] = frozenset()


def initial_state(settings: AgentSettings) -> State:
    """Return the state before the first event."""
    return State(settings)
