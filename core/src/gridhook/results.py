"""Results: what happened in a run, as rows for spreadsheets: trades, orders, assets, and a summary."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import attrs
import pendulum

from gridhook.assets import Assets
from gridhook.commands import Batch, PlaceOrders
from gridhook.events import Answered, Connected, Event, SlotOpened, Ticked, Traded
from gridhook.figures import Figures
from gridhook.grid import Tree
from gridhook.orders import Energies, Requirement
from gridhook.trades import SPOT, Trade
from gridhook.witness import EnergyHook

__all__ = [
    "AssetRow",
    "ForecastErrorRow",
    "OrderRow",
    "ResultsWriter",
    "SessionResults",
    "TradeRow",
    "requirements_text",
]


class TradeRow(NamedTuple):
    """A line of ``trades.csv``: slots as ISO-8601 in UTC, areas as paths, rates in cents/kWh (empty: not told)."""

    id: str
    market: str
    slot: str
    buyer: str
    seller: str
    energy_kWh: float  # noqa: N815 - the column's name
    buyer_rate: float
    seller_rate: float
    with_partner: bool


class OrderRow(NamedTuple):
    """A line of ``orders.csv``: when it was sent, for which slot, and what the exchange said to it."""

    sent_in: str
    progress: float
    slot: str
    asset: str
    side: str
    rate: float
    energy_kWh: float  # noqa: N815 - the column's name
    requirements: str
    status: str
    reason: str


class AssetRow(NamedTuple):
    """A line of ``assets.csv``: what one asset traded for one slot, kWh and cents."""

    slot: str
    asset: str
    kind: str
    bought_kWh: float  # noqa: N815 - the column's name
    sold_kWh: float  # noqa: N815 - the column's name
    paid_cents: float
    received_cents: float
    settled_kWh: float  # noqa: N815 - the column's name


class ForecastErrorRow(NamedTuple):
    """A line of ``forecast_errors.csv``: an asset's forecasts of one lead time, as :class:`ForecastError` says it."""

    asset: str
    lead_minutes: float
    slots: int
    forecast_kWh: float  # noqa: N815 - the column's name
    measured_kWh: float  # noqa: N815 - the column's name
    error_kWh: float  # noqa: N815 - the column's name
    wape: float
    compared_slots: int
    compared_wape: float
    persistence_wape: float


class ResultsWriter(Protocol):
    """Where results go."""

    def write(
        self,
        trades: Iterable[TradeRow],
        orders: Iterable[OrderRow],
        assets: Iterable[AssetRow],
        summary: Mapping[str, Any],
        forecasts: Iterable[ForecastErrorRow] = (),
    ) -> None:
        """Write all of them."""
        ...


class SessionResults:
    """Collects the results of a session from what it sends and is told.

    :param writer: gets them in the end.
    """

    def __init__(self, writer: ResultsWriter) -> None:
        self._writer = writer
        self._paths: dict[str, str] = {}
        self._kinds: dict[str, str] = {}
        self._tree: Tree | None = None
        self._own: set[str] = set()
        self._now = ("", 0.0)
        self._trades: list[Trade] = []
        self._orders: list[OrderRow] = []
        self._waiting: dict[int, list[OrderRow]] = {}

    def saw(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case Connected(tree=tree):
                self._know(tree)
            case SlotOpened() | Ticked():
                self._know(event.grid.tree)
                self._now = (_moment(event.slot), event.progress)
                self._own.update(event.grid.assets.id.tolist())
            case Traded(trades=trades):
                self._trades += trades
            case Answered():
                self._answer(event)
            case _:
                pass

    def answered(
        self, hook: EnergyHook, assets: Assets, slots: Sequence[pendulum.DateTime], energies: Energies
    ) -> None:
        """Results say nothing about what plugins forecast and measured."""

    def sent(self, batch: Batch) -> None:
        """Take note of a batch."""
        orders = [command for command in batch.commands if isinstance(command, PlaceOrders)]
        self._waiting[batch.transaction] = [row for command in orders for row in self._placed(command)]

    def finish(self, figures: Figures) -> None:
        """Write all files; orders without an answer are ``unknown``."""
        for rows in self._waiting.values():
            self._orders += [row._replace(status="unknown", reason="the exchange did not answer") for row in rows]
        self._waiting.clear()
        trades = [self._trade(trade) for trade in self._trades]
        self._writer.write(trades, self._orders, self._assets(), figures.to_json(), self._errors(figures))

    def _know(self, tree: Tree) -> None:
        if tree is not self._tree:
            self._tree = tree
            # An area that was there once may still be told of.
            self._paths |= zip(tree.ids, tree.paths, strict=True)
            self._kinds |= zip(tree.ids, tree.kinds, strict=True)

    def _placed(self, command: PlaceOrders) -> Iterable[OrderRow]:
        for number, line in enumerate(command.lines):
            yield OrderRow(
                *self._now,
                _moment(line.slot),
                self._path(line.asset),
                line.side,
                line.rate,
                line.energy_kwh,
                requirements_text(command.requirements.get(number, ())),
                "",
                "",
            )

    def _answer(self, answer: Answered) -> None:
        rows = self._waiting.pop(answer.transaction, [])
        for number, row in enumerate(rows):
            taken = number < len(answer.accepted) and bool(answer.accepted[number])
            status = "not_sent" if answer.is_dry_run else "accepted" if taken else "refused"
            self._orders.append(row._replace(status=status, reason=answer.order_errors.get(number, "")))

    def _trade(self, trade: Trade) -> TradeRow:
        return TradeRow(
            trade.id,
            trade.market,
            _moment(trade.slot),
            self._path(trade.buyer),
            self._path(trade.seller),
            trade.energy_kwh,
            trade.buyer_rate,
            trade.seller_rate,
            trade.with_partner,
        )

    def _assets(self) -> list[AssetRow]:
        rows: dict[tuple[str, str], AssetRow] = {}
        for trade in self._trades:
            for asset, rate, is_buyer in (
                (trade.buyer, trade.buyer_rate, True),
                (trade.seller, trade.seller_rate, False),
            ):
                if asset not in self._own:
                    continue
                key = (_moment(trade.slot), self._path(asset))
                row = rows.get(key) or AssetRow(*key, self._kinds.get(asset, ""), 0.0, 0.0, 0.0, 0.0, 0.0)
                rows[key] = _add(row, trade.energy_kwh, rate, is_buyer=is_buyer, is_spot=trade.market == SPOT)
        return [rows[key] for key in sorted(rows)]

    def _errors(self, figures: Figures) -> list[ForecastErrorRow]:
        return [
            ForecastErrorRow(
                self._path(error.asset),
                error.lead_minutes,
                error.slots,
                error.forecast_kwh,
                error.measured_kwh,
                error.error_kwh,
                _number(error.wape),
                error.compared_slots,
                _number(error.compared_wape),
                _number(error.persistence_wape),
            )
            for error in figures.forecasts.errors
        ]

    def _path(self, area: str) -> str:
        return self._paths.get(area, area)


def requirements_text(requirements: Iterable[Requirement]) -> str:
    """Return the requirements of an order as JSON; empty if there are none."""
    conditions = [attrs.asdict(one) for one in requirements]
    return json.dumps(conditions) if conditions else ""


def _add(row: AssetRow, energy_kwh: float, rate: float, *, is_buyer: bool, is_spot: bool) -> AssetRow:
    cents = energy_kwh * rate
    settled = row.settled_kWh + (0.0 if is_spot else energy_kwh)
    if is_buyer:
        return row._replace(
            bought_kWh=row.bought_kWh + energy_kwh, paid_cents=row.paid_cents + cents, settled_kWh=settled
        )
    return row._replace(
        sold_kWh=row.sold_kWh + energy_kwh, received_cents=row.received_cents + cents, settled_kWh=settled
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _moment(time: pendulum.DateTime) -> str:
    return time.in_timezone("UTC").isoformat()
