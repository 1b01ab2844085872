"""Events of an aggregator's channel (PROTOCOL.md 2.4, 3.7)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, TypeAlias

import attrs
import pendulum

from gridhook.events import Finished, SlotOpened, Ticked, Traded
from gridhook.grid import Grid, Tree
from gridhook.wire.errors import fail
from gridhook.wire.times import format_slot, read_time
from gridhook.wire.trades import TradeEntry, join_entries, read_trade_entries, write_trade_entry
from gridhook.wire.trees import read_grid_tree
from gridhook.wire.values import describe, read_object, read_optional_number, read_text, required, to_null

__all__ = [
    "NUM_TICKS",
    "Selected",
    "Unselected",
    "WireEvent",
    "read_event",
    "read_moment",
    "write_finish_event",
    "write_market_event",
    "write_selected",
    "write_tick_event",
    "write_trade_event",
    "write_unselected",
]

NUM_TICKS = 10.0
"""What ``num_ticks`` always says, however many there are."""


@attrs.frozen
class Selected:
    """An asset or a market has selected this aggregator."""

    area: str


@attrs.frozen
class Unselected:
    """An asset or a market has left this aggregator."""

    area: str


WireEvent: TypeAlias = SlotOpened | Ticked | Traded | Finished | Selected | Unselected
_ReadTree: TypeAlias = Callable[[object], Grid]


def read_event(
    value: object, slot_length: pendulum.Duration, known: Tree | None = None, *, is_listed: bool = True
) -> WireEvent | None:
    """Return the event that a message is; None if it is none, such as an answer.

    :param slot_length: no message tells it.
    :param known: the areas as known so far: see :func:`~gridhook.wire.trees.read_grid_tree`. Trade events carry a
        tree too, which is not looked at.
    :param is_listed: whether a registry tells of all areas: see there.
    :raises WireError: the event is of an unknown kind, or something about it is wrong.
    """
    message = read_object(value, "")
    if "event" not in message:
        return None
    name = read_text(message["event"], "event")
    read = _READERS.get(name)
    if read is None:
        fail("event", f"{describe(name)} is no event; there are {', '.join(_READERS)}")
    return read(message, slot_length, partial(read_grid_tree, known=known, is_listed=is_listed))


def read_moment(value: object) -> tuple[pendulum.DateTime, float] | None:
    """Return slot and progress of the market or tick event that a message is; None if it is none. Fast.

    :raises WireError: it is one, and its slot or progress are wrong.
    """
    message = read_object(value, "")
    if message.get("event") not in ("market", "tick"):
        return None
    slot = read_time(required(message, "market_slot"), "market_slot")
    return slot, _read_completion(required(message, "slot_completion"))


def write_market_event(
    event: SlotOpened, grid_tree: Mapping[str, object], simulation_id: str | None = None
) -> dict[str, Any]:
    """Return the event of a new slot as JSON; the progress in whole hundredths, rounded down.

    :param grid_tree: of ``event.grid``, as :func:`~gridhook.wire.trees.write_grid_tree` returns it.
    :param simulation_id: null on a local exchange.
    """
    return _write_progress("market", event, grid_tree, simulation_id)


def write_tick_event(
    event: Ticked, grid_tree: Mapping[str, object], simulation_id: str | None = None
) -> dict[str, Any]:
    """Return the event of a tick as JSON; arguments as for :func:`write_market_event`."""
    return _write_progress("tick", event, grid_tree, simulation_id)


def write_trade_event(
    entries: Iterable[TradeEntry],
    grid_tree: Mapping[str, object],
    feed_in_rate: float,
    market_maker_rate: float,
    simulation_id: str | None = None,
) -> dict[str, Any]:
    """Return the event of trades as JSON; rates in cents/kWh, NaN while unknown."""
    return {
        "trade_list": [write_trade_entry(entry) for entry in entries],
        "grid_tree": grid_tree,
        "feed_in_tariff_rate": to_null(feed_in_rate),
        "market_maker_rate": to_null(market_maker_rate),
        **_envelope("trade", simulation_id),
    }


def write_finish_event(simulation_id: str | None = None) -> dict[str, Any]:
    """Return the last event as JSON."""
    return _envelope("finish", simulation_id)


def write_selected(area: str) -> dict[str, Any]:
    """Return the event that an area has selected this aggregator as JSON."""
    return {"event": "selected_by_device", "device_uuid": area}


def write_unselected(area: str) -> dict[str, Any]:
    """Return the event that an area has left this aggregator as JSON."""
    return {"event": "unselected_by_device", "device_uuid": area}


def _write_progress(
    name: str, event: SlotOpened | Ticked, grid_tree: Mapping[str, object], simulation_id: str | None
) -> dict[str, object]:
    # A share such as 0.29 is a little less than 29 hundredths of 1.
    return {
        "slot_completion": f"{math.floor(event.progress * 100 + 1e-6)}%",
        "market_slot": format_slot(event.slot),
        "grid_tree": grid_tree,
        "feed_in_tariff_rate": to_null(event.feed_in_rate),
        "market_maker_rate": to_null(event.market_maker_rate),
        **_envelope(name, simulation_id),
    }


def _envelope(name: str, simulation_id: str | None) -> dict[str, object]:
    return {"event": name, "simulation_id": simulation_id, "num_ticks": NUM_TICKS}


def _read_progress(
    event: type[SlotOpened | Ticked],
) -> Callable[[Mapping[str, object], pendulum.Duration, _ReadTree], SlotOpened | Ticked]:
    def read(
        message: Mapping[str, object], slot_length: pendulum.Duration, read_tree: _ReadTree
    ) -> SlotOpened | Ticked:
        return event(
            slot=read_time(required(message, "market_slot"), "market_slot"),
            slot_length=slot_length,
            grid=read_tree(required(message, "grid_tree")),
            feed_in_rate=read_optional_number(message.get("feed_in_tariff_rate"), "feed_in_tariff_rate"),
            market_maker_rate=read_optional_number(message.get("market_maker_rate"), "market_maker_rate"),
            progress=_read_completion(required(message, "slot_completion")),
        )

    return read


def _read_completion(value: object) -> float:
    text = read_text(value, "slot_completion")
    digits = text.removesuffix("%")
    if digits == text or not (digits.isascii() and digits.isdigit()) or int(digits) > 100:  # noqa: PLR2004
        fail("slot_completion", f"has to be a share such as '10%', not {describe(text)}")
    return int(digits) / 100


def _read_traded(message: Mapping[str, object], slot_length: pendulum.Duration, _: _ReadTree) -> Traded:
    return Traded(join_entries(read_trade_entries(required(message, "trade_list")), slot_length))


def _read_finished(_: Mapping[str, object], __: pendulum.Duration, ___: _ReadTree) -> Finished:
    return Finished()


def _read_selected(message: Mapping[str, object], _: pendulum.Duration, __: _ReadTree) -> Selected:
    return Selected(read_text(required(message, "device_uuid"), "device_uuid"))


def _read_unselected(message: Mapping[str, object], _: pendulum.Duration, __: _ReadTree) -> Unselected:
    return Unselected(read_text(required(message, "device_uuid"), "device_uuid"))


_READERS: dict[str, Callable[[Mapping[str, object], pendulum.Duration, _ReadTree], WireEvent]] = {
    "market": _read_progress(SlotOpened),
    "tick": _read_progress(Ticked),
    "trade": _read_traded,
    "finish": _read_finished,
    "selected_by_device": _read_selected,
    "unselected_by_device": _read_unselected,
}
