"""Reading a community: from its file to what the market model needs, or to all that is wrong with it."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias
from zoneinfo import ZoneInfo

import attrs
import numpy as np
import pendulum

from gridhook.arrays import Floats
from gridhook.assets import LOAD, PV, SMART_METER, STORAGE
from gridhook.config import Layer, read_layer
from gridhook.errors import ConfigError, Problem, did_you_mean, nearest
from gridhook.series import Series, SeriesError, SeriesReader, find_timezone
from gridhook.settings import read_settings
from gridhook_exchange.community.file import (
    MOST_SLOTS,
    CommunityFile,
    LoadEntry,
    MarketEntry,
    ProfileEntry,
    PvEntry,
    RateEntry,
    SmartMeterEntry,
    StorageEntry,
)
from gridhook_exchange.community.forecasting import imperfect
from gridhook_exchange.market.battery import Batteries
from gridhook_exchange.market.community import Community, Rules
from gridhook_exchange.market.fees import MOST_PERCENT
from gridhook_exchange.market.tree import MarketTree

__all__ = ["Overrides", "read_community"]

_AssetEntry: TypeAlias = LoadEntry | PvEntry | StorageEntry | SmartMeterEntry

_NAMESPACE = uuid.UUID("7b1f4c0e-8c57-5b06-9c1e-0b3f3f9b7a51")
_MIN_TICKS = 10
_KINDS: dict[type[_AssetEntry], str] = {
    LoadEntry: LOAD,
    PvEntry: PV,
    StorageEntry: STORAGE,
    SmartMeterEntry: SMART_METER,
}
_CENTS = {"cents/kWh": 1.0, "EUR/kWh": 100.0, "USD/kWh": 100.0}


@attrs.frozen
class Overrides:
    """What a run changes in a community file; None leaves it as it is."""

    start: datetime.date | None = None
    slots: int | None = None
    seed: int | None = None


def read_community(path: Path, overrides: Overrides | None = None) -> Community:
    """Read a community file and the profiles that it names.

    :raises ConfigError: all that is wrong, with the lines of the file; or a change that is.
    """
    if overrides is not None and overrides.slots is not None and overrides.slots > MOST_SLOTS:
        raise ConfigError(Problem("slots", f"a run has {MOST_SLOTS:,} slots at most"))
    layer, problems = read_layer(path)
    if not problems:
        file, problems = read_settings(CommunityFile, layer.document, base=path.parent)
        if file is not None:
            changes = attrs.asdict(overrides or Overrides(), filter=lambda _, value: value is not None)
            community, problems = _Builder(attrs.evolve(file, **changes)).build()
            if community is not None:
                return community
    raise ConfigError([_placed(problem, layer) for problem in problems])


def _placed(problem: Problem, layer: Layer) -> Problem:
    return problem if problem.line else layer.place(problem)


class _Builder:
    """Turns a file into arrays, and collects what does not fit."""

    def __init__(self, file: CommunityFile) -> None:
        self._file = file
        self._problems: list[Problem] = []
        self._timezone = self._find_timezone()
        start = file.start
        if not isinstance(start, datetime.datetime):
            start = datetime.datetime.combine(start, datetime.time())
        self._first = (start if start.tzinfo else start.replace(tzinfo=self._timezone)).timestamp()
        self._slot_seconds = file.slot_minutes * 60.0
        self._reader = SeriesReader(self._timezone)

    def build(self) -> tuple[Community | None, list[Problem]]:
        """Return the community, or None and the problems."""
        file = self._file
        markets = self._markets()
        numbers = {market.name: number for number, market in enumerate(markets)}
        assets = self._assets()
        self._check_names(assets)
        self._check_rules()
        home = [self._number(f"{at}.market", entry.market, numbers) for at, entry in assets]
        home.append(self._number("tariff.market", file.tariff.market, numbers))
        ticks = self._ticks()
        measured = np.array([*(self._measured(at, entry) for at, entry in assets), np.zeros(file.slots)])
        forecast = measured.copy()
        for row, (at, entry) in enumerate(assets):
            forecast[row] = self._forecast(at, entry, measured[row])
        feed_in = self._rate("tariff.feed_in_rate", file.tariff.feed_in_rate)
        retail = self._rate("tariff.retail_rate", file.tariff.retail_rate)
        if self._problems:
            return None, self._problems
        names = (*(entry.name for _, entry in assets), file.tariff.name)
        parent = [-1 if market.parent is None else numbers[market.parent] for market in markets]
        return Community(
            name=file.name,
            tree=MarketTree(np.array(parent, dtype=np.int64), np.array(home, dtype=np.int64)),
            market_names=tuple(numbers),
            market_ids=tuple(self._id("market", name) for name in numbers),
            fee=np.array([market.fee for market in markets]),
            asset_names=names,
            asset_ids=tuple(self._id("asset", name) for name in names),
            kinds=(*(_kind(entry) for _, entry in assets), "market-maker"),
            measured_kwh=measured,
            forecast_kwh=forecast,
            batteries=_batteries(file),
            initial_charge_kwh=np.array([one.initial_charge * one.capacity_kwh for one in file.storages]),
            feed_in_rate=feed_in,
            retail_rate=retail,
            start=pendulum.from_timestamp(self._first),
            slot_length=pendulum.duration(minutes=file.slot_minutes),
            seed=file.seed,
            rules=self._rules(ticks),
        ), []

    def _complain(self, path: str, message: str) -> None:
        self._problems.append(Problem(path, message))

    def _complain_of_series(self, path: str, error: SeriesError) -> None:
        # A file that does not cover the run is one mistake, however many profiles come from it.
        if all(problem.message != str(error) for problem in self._problems):
            self._complain(path, str(error))

    def _find_timezone(self) -> ZoneInfo:
        try:
            return find_timezone(self._file.timezone)
        except SeriesError as error:
            self._complain("timezone", str(error))
            return ZoneInfo("UTC")

    def _assets(self) -> list[tuple[str, _AssetEntry]]:
        """Return all assets with their places in the file."""
        file = self._file
        lists: dict[str, Sequence[_AssetEntry]] = {
            "loads": file.loads,
            "pvs": file.pvs,
            "storages": file.storages,
            "smart_meters": file.smart_meters,
        }
        return [(f"{key}[{row}]", entry) for key, entries in lists.items() for row, entry in enumerate(entries)]

    def _markets(self) -> list[MarketEntry]:
        """Return the markets, parents first, and last those that have no way to the root."""
        waiting = list(self._file.markets)
        roots = [market.name for market in waiting if market.parent is None]
        if len(roots) != 1:
            found = ", ".join(map(repr, roots)) or "none"
            self._complain("markets", f"one market has to be without a parent, the root; there is {found}")
        known = {market.name for market in waiting}
        placed: dict[str, MarketEntry] = {}
        while waiting:
            ready = [market for market in waiting if market.parent is None or market.parent in placed]
            if not ready:
                break
            placed.update({market.name: market for market in ready})
            waiting = [market for market in waiting if market.name not in placed]
        parents = {market.name: market.parent for market in waiting}
        for market in waiting:
            where = f"markets[{self._file.markets.index(market)}].parent"
            if market.parent not in known:
                self._complain(where, f"no market {market.parent!r}{did_you_mean(nearest(market.parent or '', known))}")
            elif _is_inside_itself(market.name, parents):
                self._complain(where, f"{market.name!r} is inside itself")
        return [*placed.values(), *waiting]

    def _check_names(self, assets: Sequence[tuple[str, _AssetEntry]]) -> None:
        places = {self._file.tariff.name: ["tariff"]}
        markets = [(f"markets[{row}]", market) for row, market in enumerate(self._file.markets)]
        for at, entry in (*markets, *assets):
            places.setdefault(entry.name, []).append(at)
        for name, ats in places.items():
            if len(ats) > 1:
                message = f"{len(ats)} markets or assets are called {name!r}; names have to be unique"
                self._complain(f"{ats[-1]}.name", message)

    def _number(self, path: str, market: str | None, numbers: dict[str, int]) -> int:
        if market is None:
            return 0
        if market not in numbers:
            self._complain(path, f"no market {market!r}{did_you_mean(nearest(market, numbers))}")
        return numbers.get(market, 0)

    def _check_rules(self) -> None:
        rules = self._file.rules
        if rules.market == "one-sided" and rules.clearing == "pay-as-clear":
            self._complain("rules.clearing", "pay-as-clear needs bids, and a one-sided market takes none")
        for row, market in enumerate(self._file.markets):
            if rules.fees == "percent" and market.fee > MOST_PERCENT:
                self._complain(f"markets[{row}].fee", f"a fee of {market.fee:g} percent is more than {MOST_PERCENT:g}")

    def _rules(self, ticks: int) -> Rules:
        rules = self._file.rules
        return Rules(
            ticks_per_slot=ticks,
            dispatch_ticks=max(ticks // 10, 1),
            min_age_ticks=rules.min_age_ticks,
            settlement_slots=rules.settlement_slots,
            fees=rules.fees,
            priority=rules.priority,
            clearing=rules.clearing,
            market=rules.market,
        )

    def _ticks(self) -> int:
        file = self._file
        ticks, rest = divmod(file.slot_minutes * 60, file.tick_seconds)
        if rest or ticks < _MIN_TICKS:
            message = (
                f"a slot of {file.slot_minutes} min is not {_MIN_TICKS} or more whole ticks of {file.tick_seconds} s"
            )
            self._complain("tick_seconds", message)
        return ticks

    def _measured(self, at: str, entry: _AssetEntry) -> Floats:
        if isinstance(entry, StorageEntry):
            return np.zeros(self._file.slots)
        return self._energy(f"{at}.profile", entry.profile, is_net=isinstance(entry, SmartMeterEntry))

    def _forecast(self, at: str, entry: _AssetEntry, measured: Floats) -> Floats:
        if isinstance(entry, StorageEntry):
            return measured
        if entry.forecast is None:
            return imperfect(measured, self._file.forecast.error, self._file.seed, entry.name)
        return self._energy(f"{at}.forecast", entry.forecast, is_net=isinstance(entry, SmartMeterEntry))

    def _energy(self, path: str, profile: ProfileEntry, *, is_net: bool) -> Floats:
        file = self._file
        try:
            series = self._series(profile)
            unit = profile.unit or file.profiles.unit
            energy = series.energy(unit, self._first, self._slot_seconds, file.slots, is_net=is_net)
            return energy * profile.scale
        except SeriesError as error:
            self._complain_of_series(path, error)
            return np.zeros(file.slots)

    def _rate(self, path: str, rate: float | RateEntry) -> Floats:
        slots = self._file.slots
        if not isinstance(rate, RateEntry):
            return np.full(slots, rate)
        try:
            return self._series(rate).mean(self._first, self._slot_seconds, slots) * _CENTS[rate.unit]
        except SeriesError as error:
            self._complain_of_series(path, error)
            return np.zeros(slots)

    def _series(self, profile: ProfileEntry | RateEntry) -> Series:
        common = self._file.profiles
        file = profile.file or common.file
        if file is None:
            msg = "no 'file' is given, neither here nor in [profiles]"
            raise SeriesError(msg)
        series = self._reader.read(file, profile.time or common.time, profile.column)
        if np.any(np.isinf(series.values)):
            msg = f"{file.name}, column {profile.column!r} has a value that is not finite"
            raise SeriesError(msg)
        return series

    def _id(self, what: str, name: str) -> str:
        return str(uuid.uuid5(_NAMESPACE, f"{self._file.name}/{what}/{name}"))


def _is_inside_itself(market: str, parents: Mapping[str, str | None]) -> bool:
    """Tell whether the way up from a market comes back to it."""
    passed: set[str] = set()
    above = parents[market]
    while above is not None and above in parents and above not in passed:
        passed.add(above)
        above = parents[above]
    return market in passed


def _kind(entry: _AssetEntry) -> str:
    return _KINDS[type(entry)]


def _batteries(file: CommunityFile) -> Batteries:
    first = len(file.loads) + len(file.pvs)
    storages = file.storages
    return Batteries(
        asset=first + np.arange(len(storages)),
        capacity_kwh=np.array([one.capacity_kwh for one in storages]),
        min_charge_kwh=np.array([one.min_charge * one.capacity_kwh for one in storages]),
        power_kw=np.array([one.power_kw for one in storages]),
        charge_efficiency=np.array([one.charge_efficiency for one in storages]),
        discharge_efficiency=np.array([one.discharge_efficiency for one in storages]),
    )
