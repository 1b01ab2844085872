"""Events: what the exchange says, and the notices that the agent adds for observers, log and report."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias

import attrs
import pendulum

from gridhook.arrays import Bools, bools
from gridhook.errors import Problem
from gridhook.grid import Grid, Tree
from gridhook.market import Throughput
from gridhook.reasons import Reasons
from gridhook.trades import Trades

__all__ = [
    "Answered",
    "AreasClaimed",
    "AreasLost",
    "BatchUnanswered",
    "Capability",
    "ClaimedArea",
    "Connected",
    "ConnectionLost",
    "ConnectionRestored",
    "Event",
    "ExchangeEvent",
    "ExchangeSilent",
    "Finished",
    "LinkEvent",
    "MessageUnreadable",
    "Notice",
    "OrdersRefused",
    "PluginFailed",
    "Reasoned",
    "Refused",
    "RequirementsUnkept",
    "SlotOpened",
    "SlotsMissed",
    "TickLate",
    "Ticked",
    "TicksSkipped",
    "Traded",
]

Capability: TypeAlias = Literal["binding", "stripped", "unsupported"]
"""What an exchange does with requirements: keeps to them, drops them, or cannot take them."""


@attrs.frozen(eq=False)
class Connected:
    """The exchange is reached; ``tree`` is its registry, ``requirements`` what it does with them.

    It comes again when a connection was lost and is restored: what is there, and whose, may have changed meanwhile.

    ``held``
        ids of the areas that this aggregator has already, from an earlier session or connection.
    ``lists_areas``
        whether there is a registry at all. Without one, an area has to be asked for by its name, and ``tree`` is empty
        until a market event brings one: only to who has an area.
    """

    tree: Tree
    requirements: Capability
    held: frozenset[str] = frozenset()
    lists_areas: bool = True


@attrs.frozen(eq=False)
class SlotOpened:
    """A slot has begun. Rates in cents/kWh, NaN while unknown."""

    slot: pendulum.DateTime
    slot_length: pendulum.Duration
    grid: Grid
    feed_in_rate: float
    market_maker_rate: float
    progress: float = 0.0


@attrs.frozen(eq=False)
class Ticked:
    """A tenth of the slot has passed (or what the exchange dispatches); ``progress`` is 0..1."""

    slot: pendulum.DateTime
    slot_length: pendulum.Duration
    grid: Grid
    feed_in_rate: float
    market_maker_rate: float
    progress: float


@attrs.frozen(eq=False)
class Traded:
    """Own assets traded."""

    trades: Trades


@attrs.frozen
class Refused:
    """Why the exchange did not take a command."""

    command: str
    asset: str
    message: str


@attrs.frozen(eq=False)
class Answered:
    """The answer to a batch.

    ``accepted``
        one entry per row of the batch's :class:`~gridhook.commands.PlaceOrders`, in order.
    ``order_errors``
        the exchange's reason per refused row.
    ``refused``
        other commands that were refused.
    ``sent_forecasts``
        number of (asset, slot) forecasts that were taken.
    ``unknown_energies``
        assets of which nobody knows whether their forecasts and measurements came through.
    ``throughput``
        of markets that were asked for, by their ids: that of the last finished slot.
    ``is_dry_run``
        whether orders were not sent at all: none is accepted, and the agent goes on as if they stood.
    """

    transaction: int
    accepted: Bools = attrs.field(converter=bools)
    order_errors: Mapping[int, str]
    refused: tuple[Refused, ...] = ()
    sent_forecasts: int = 0
    unknown_energies: frozenset[str] = frozenset()
    is_dry_run: bool = False
    throughput: Mapping[str, Throughput] = MappingProxyType({})


@attrs.frozen
class Finished:
    """The exchange has ended."""


@attrs.frozen
class ConnectionLost:
    """The connection to the exchange broke; the link tries to restore it. What was not answered will never be."""

    reason: str


@attrs.frozen
class ConnectionRestored:
    """The connection is there again, after a gap of ``gap_seconds``; what was said meanwhile is not known."""

    gap_seconds: float


@attrs.frozen
class ExchangeSilent:
    """For ``seconds`` no slot has begun, although the connection seems to hold; the link makes a new one."""

    seconds: float


@attrs.frozen
class TicksSkipped:
    """Newer events had come before ``count`` others were acted on; only the newest one is."""

    count: int


@attrs.frozen
class MessageUnreadable:
    """The exchange said something that makes no sense, and that was passed over; ``problem`` says where and what."""

    problem: str


@attrs.frozen
class AreasLost:
    """The exchange has taken areas from this aggregator, by their ids."""

    ids: tuple[str, ...]


class ClaimedArea(NamedTuple):
    """An area that this aggregator claims; ``id`` is the exchange's UUID."""

    name: str
    kind: str
    path: str
    id: str


@attrs.frozen
class AreasClaimed:
    """The areas that this aggregator now controls, as paths, and what in its claims leads nowhere.

    Where no area is known yet, they are what is asked for: names and ids.

    ``areas``
        what is known of the areas of ``paths``; nothing where no area is known yet.

    ``is_impossible``
        whether these claims can never lead to an area on this exchange.
    """

    paths: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    is_impossible: bool = False
    areas: tuple[ClaimedArea, ...] = ()


@attrs.frozen
class PluginFailed:
    """A plugin raised, hung or answered wrongly; only its own answer is lost.

    ``rows`` are the paths of the lots or assets that it was asked about (the first few, then a count).
    """

    plugin: str
    hook: str
    message: str
    rows: str = ""
    benched: bool = False
    traceback: str = attrs.field(default="", repr=False)


@attrs.frozen
class SlotsMissed:
    """Slots passed of which the exchange told nothing."""

    slots: tuple[pendulum.DateTime, ...]


@attrs.frozen
class TickLate:
    """A tick of the past arrived; it was not acted on."""

    slot: pendulum.DateTime
    progress: float


@attrs.frozen
class BatchUnanswered:
    """The next event came before the answer to a batch: what became of its orders is unknown."""

    transaction: int


@attrs.frozen
class OrdersRefused:
    """The exchange refused commands; each with its reason."""

    refused: tuple[Refused, ...]


@attrs.frozen(eq=False)
class Reasoned:
    """The final reasons of one tick's lots; ``spot_orders`` of them were accepted spot orders, and so on."""

    slot: pendulum.DateTime
    progress: float
    reasons: Reasons
    spot_orders: int
    settlement_orders: int
    orders_with_requirements: int


@attrs.frozen
class RequirementsUnkept:
    """Assets have requirements, which this exchange does not keep to; told once per asset.

    ``capability``
        ``stripped`` or ``unsupported``.
    ``held``, ``waived``
        ids of the assets of which no order stands because of it, and of those that trade as if they had none.
    """

    capability: Capability
    held: tuple[str, ...]
    waived: tuple[str, ...]


LinkEvent: TypeAlias = (
    ConnectionLost | ConnectionRestored | ExchangeSilent | TicksSkipped | MessageUnreadable | AreasLost
)
"""What happens between an agent and an exchange: for observers, log and report."""

ExchangeEvent: TypeAlias = Connected | SlotOpened | Ticked | Traded | Answered | Finished | LinkEvent
Notice: TypeAlias = (
    AreasClaimed
    | PluginFailed
    | SlotsMissed
    | TickLate
    | BatchUnanswered
    | OrdersRefused
    | Reasoned
    | RequirementsUnkept
)
Event: TypeAlias = ExchangeEvent | Notice
