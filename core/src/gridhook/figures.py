"""The figures at the end of a session: what ``--json`` prints and observers get."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

__all__ = [
    "Accounts",
    "CommunityFigures",
    "Figures",
    "ForecastError",
    "ForecastFigures",
    "MemberFigures",
    "PluginFigures",
    "PreferenceFigures",
    "SessionInfo",
    "SettlementFigures",
]


@attrs.frozen
class SessionInfo:
    """What observers are told about their session: the aggregator's name and the exchange's address."""

    aggregator: str
    exchange: str


@attrs.frozen
class MemberFigures:
    """One member: a home, that is a market with assets.

    ``bought_kwh``, ``sold_kwh``
        energy of its assets' trades.
    ``bill_cents``
        payments and fees of spot and settlement trades, plus all measured energy that no trade covers, at the tariff.
    ``bill_without_market_cents``
        the same measured energy netted inside the home at the same tariff, its battery serving only itself.
    """

    name: str
    kinds: tuple[str, ...]
    bought_kwh: float
    sold_kwh: float
    bill_cents: float
    bill_without_market_cents: float
    saving_cents: float


@attrs.frozen
class CommunityFigures:
    """Shares of the community's energy, 0..1; None when nothing was consumed or produced.

    ``self_sufficiency`` is the share of consumption, ``self_consumption`` that of production, that stayed inside.
    """

    self_sufficiency: float | None = None
    self_consumption: float | None = None


@attrs.frozen
class Accounts:
    """What only an exchange that meters everybody can tell."""

    members: tuple[MemberFigures, ...]
    community: CommunityFigures
    wape: float | None


@attrs.frozen
class ForecastError:
    """How far an asset's forecasts of one lead time were from what was measured, sums over ``slots``.

    ``lead_minutes``
        from the beginning of the slot in which they were sent to that of their own.
    ``error_kwh``
        sum of |forecast - measured|.
    ``compared_slots``, ``compared_measured_kwh``, ``compared_error_kwh``, ``persistence_error_kwh``
        the same over those slots of which persistence, the measurement of the day before, is known; and its error.
    """

    asset: str
    lead_minutes: float
    slots: int
    forecast_kwh: float
    measured_kwh: float
    error_kwh: float
    compared_slots: int
    compared_measured_kwh: float
    compared_error_kwh: float
    persistence_error_kwh: float

    @property
    def wape(self) -> float | None:
        """Sum |forecast - measured| / sum |measured|."""
        return _share(self.error_kwh, self.measured_kwh)

    @property
    def compared_wape(self) -> float | None:
        """The same over the compared slots."""
        return _share(self.compared_error_kwh, self.compared_measured_kwh)

    @property
    def persistence_wape(self) -> float | None:
        """That of persistence over the compared slots."""
        return _share(self.persistence_error_kwh, self.compared_measured_kwh)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


_NOT_JSON = {"json": False}


@attrs.frozen
class ForecastFigures:
    """``sent`` (asset, slot) forecasts that were taken; ``wape`` = sum |forecast - measured| / sum |measured|.

    ``persistence_wape``
        that of persistence, where measurements of a day before are known; not in the JSON.
    ``errors``
        per asset and lead time; not in the JSON.
    """

    sent: int = 0
    wape: float | None = None
    persistence_wape: float | None = attrs.field(default=None, metadata=_NOT_JSON)
    errors: tuple[ForecastError, ...] = attrs.field(default=(), metadata=_NOT_JSON)


@attrs.frozen
class SettlementFigures:
    """Orders accepted, trades and energy of settlement markets."""

    orders: int = 0
    trades: int = 0
    settled_kwh: float = 0.0


@attrs.frozen
class PreferenceFigures:
    """Accepted orders that carried requirements, and trades that met one that names partners."""

    orders: int = 0
    trades_with_partner: int = 0


@attrs.frozen
class PluginFigures:
    """One plugin in one domain; ``calls`` counts failures too."""

    name: str
    domain: str
    version: str
    calls: int
    failures: int


@attrs.frozen
class Figures:
    """All figures of a session; None where the exchange cannot tell. ``orders`` are accepted spot orders."""

    slots: int
    orders: int
    trades: int
    traded_kwh: float
    members: tuple[MemberFigures, ...] | None
    community: CommunityFigures
    forecasts: ForecastFigures
    settlement: SettlementFigures
    preferences: PreferenceFigures
    reasons: Mapping[str, int]
    plugins: tuple[PluginFigures, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the figures as JSON-ready values; energies are named ``…_kWh``."""
        renamed: dict[str, Any] = _rename(attrs.asdict(self, filter=_is_json))
        return renamed


def _is_json(field: attrs.Attribute[Any], _: object) -> bool:
    return bool(field.metadata.get("json", True))


def _rename(value: Any) -> Any:  # noqa: ANN401 - JSON values
    if isinstance(value, Mapping):
        return {key.replace("_kwh", "_kWh"): _rename(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_rename(inner) for inner in value]
    return value
