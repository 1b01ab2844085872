"""Forecast errors: how far forecasts were from measurements, and how far persistence would have been."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pendulum

from gridhook.arrays import Bools, Floats, Ints
from gridhook.commands import Batch, SendForecasts, SendMeasurements
from gridhook.events import SlotOpened, Ticked
from gridhook.figures import ForecastError

__all__ = ["ForecastErrors"]

_LONGEST_LEAD = 24 * 60.0
"""Forecasts from longer ago are not kept, so that a horizon of months needs no more memory. Minutes."""

_PATIENCE = pendulum.duration(hours=6)
"""After so long, measurements that come late, or are corrected, no longer count."""

_MEMORY = pendulum.duration(days=3)
"""Measurements are kept for so long, as persistence."""

_COLUMNS = 8


class ForecastErrors:
    """Compares the forecasts and measurements that are sent, per asset and lead time.

    The lead time is from the beginning of the slot in which a forecast was sent to that of its own. Persistence is what
    was measured in the same slot of the last day that had ended by then. What was sent last counts.
    """

    def __init__(self) -> None:
        self._now: pendulum.DateTime | None = None
        self._rows: dict[str, int] = {}
        self._forecasts: dict[pendulum.DateTime, dict[float, Floats]] = {}
        self._measured: dict[pendulum.DateTime, Floats] = {}
        self._sums: dict[float, Floats] = {}
        self._last: Floats = np.zeros((0, _COLUMNS))

    def saw(self, event: SlotOpened | Ticked) -> None:
        """Take note of the time."""
        self._now = event.slot
        if isinstance(event, SlotOpened):
            old = event.slot - _PATIENCE
            self._compare(slot for slot in tuple(self._forecasts) if slot < old)
            for slot in [slot for slot in self._measured if slot < old - _MEMORY]:
                del self._measured[slot]

    def sent(self, batch: Batch) -> None:
        """Take note of what is sent."""
        for command in batch.commands:
            if isinstance(command, SendMeasurements):
                for slot, energies in _by_slot(command):
                    kept = self._measured.get(slot, np.empty(0))
                    self._measured[slot] = self._spread(kept, command.assets, energies)
            elif isinstance(command, SendForecasts) and self._now is not None:
                for slot, energies in _by_slot(command):
                    lead = (slot - self._now).total_seconds() / 60.0
                    if lead <= _LONGEST_LEAD:
                        leads = self._forecasts.setdefault(slot, {})
                        leads[lead] = self._spread(leads.get(lead, np.empty(0)), command.assets, energies)

    def errors(self) -> tuple[ForecastError, ...]:
        """Return the errors of all forecasts whose measurement is known, by lead time and asset."""
        self._compare(slot for slot in tuple(self._forecasts) if slot in self._measured)
        return tuple(
            _error(asset, lead, self._sums[lead][row])
            for lead in sorted(self._sums)
            for asset, row in self._rows.items()
            if row < len(self._sums[lead]) and self._sums[lead][row, 0]
        )

    def last_before_the_gate(self) -> ForecastError:
        """Return the error of all assets' last forecasts for each slot, to be called after :meth:`errors`."""
        return _error("", 0.0, self._last.sum(axis=0))

    def _spread(self, kept: Floats, assets: Iterable[str], energies: Floats) -> Floats:
        """Return one value per asset that was ever seen: the new one, or where that is NaN the one that was kept."""
        rows: Ints = np.array([self._rows.setdefault(asset, len(self._rows)) for asset in assets], dtype=np.int64)
        spread = _longer(kept, len(self._rows))
        is_told = np.isfinite(energies)
        spread[rows[is_told]] = energies[is_told]
        return spread

    def _compare(self, slots: Iterable[pendulum.DateTime]) -> None:
        for slot in slots:
            by_lead = self._forecasts.pop(slot)
            if slot not in self._measured:
                continue
            count = len(self._rows)
            measured = _longer(self._measured[slot], count)
            unseen: Bools = np.ones(count, dtype=np.bool_)
            for lead in sorted(by_lead):
                days = int(lead // _LONGEST_LEAD) + 1
                before = self._measured.get(slot.subtract(days=days), np.empty(0))
                sums = _compared(_longer(by_lead[lead], count), measured, _longer(before, count))
                self._sums[lead] = _added(self._sums.get(lead), sums)
                self._last = _added(self._last, sums * unseen[:, np.newaxis])
                unseen &= sums[:, 0] == 0


def _by_slot(command: SendForecasts | SendMeasurements) -> Iterable[tuple[pendulum.DateTime, Floats]]:
    return zip(command.slots, command.energy_kwh.T, strict=True)


def _longer(values: Floats, count: int) -> Floats:
    longer: Floats = np.full(count, np.nan)
    longer[: len(values)] = values
    return longer


def _compared(forecast: Floats, measured: Floats, before: Floats) -> Floats:
    """Return per asset: slots, forecast, measured and error; and slots, measured, error and that of persistence.

    The latter four are over the slots in which persistence is known.
    """
    error, naive = np.abs(forecast - measured), np.abs(before - measured)
    is_known = np.isfinite(error)
    is_comparable = is_known & np.isfinite(naive)
    columns = [np.where(is_known, column, 0.0) for column in (1.0, forecast, measured, error)]
    columns += [np.where(is_comparable, column, 0.0) for column in (1.0, measured, error, naive)]
    return np.stack(columns, axis=1)


def _added(kept: Floats | None, sums: Floats) -> Floats:
    added: Floats = sums.copy()
    if kept is not None:
        added[: len(kept)] += kept
    return added


def _error(asset: str, lead_minutes: float, sums: Floats) -> ForecastError:
    slots, forecast, measured, error, compared, compared_measured, compared_error, naive = sums.tolist()
    return ForecastError(
        asset=asset,
        lead_minutes=lead_minutes,
        slots=int(slots),
        forecast_kwh=forecast,
        measured_kwh=measured,
        error_kwh=error,
        compared_slots=int(compared),
        compared_measured_kwh=compared_measured,
        compared_error_kwh=compared_error,
        persistence_error_kwh=naive,
    )
