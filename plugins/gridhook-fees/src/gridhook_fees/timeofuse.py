"""Fees by the time of the day."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import attrs
import numpy as np
import pendulum

from gridhook import Markets, Rates, SettingError, hookimpl
from gridhook.series import SeriesError, find_timezone
from gridhook_fees.errors import FeesFileError
from gridhook_fees.listing import log_fees
from gridhook_fees.lookup import Sayer, find
from gridhook_fees.timetable import Timetable, read_timetable

__all__ = ["TimeOfUseFees"]

_log = logging.getLogger(__name__)


@attrs.define
class TimeOfUseFees:
    """Sets the grid fees that a file gives for the time at which the next slot begins (PROTOCOL.md 9.6, "time of use").

    A row holds until the next one is due: 15 minutes, if there is one for each quarter of an hour. A market without a
    column, and a time without a row or a fee, leave the fee as it is.

    ``file``
        ToU.csv, relative to the configuration file: a header ``Time;MARKET;MARKET`` with names or paths, times such as
        ``11:15:00``, cents/kWh with a decimal comma or point.
    ``timezone``
        the zone of its times.
    """

    file: Path
    timezone: str = "UTC"
    _zone: ZoneInfo = attrs.field(init=False, repr=False)
    _table: Timetable = attrs.field(init=False, repr=False)
    _sayer: Sayer = attrs.field(init=False, repr=False, factory=Sayer)

    @_zone.default
    def _find_zone(self) -> ZoneInfo:
        try:
            return find_timezone(self.timezone)
        except SeriesError as error:
            raise SettingError(str(error), "timezone") from error

    @_table.default
    def _read(self) -> Timetable:
        try:
            return read_timetable(self.file)
        except FeesFileError as error:
            raise SettingError(str(error), "file") from error

    def named_areas(self) -> Mapping[str, str]:
        """Return the markets that have a column; see :class:`gridhook.plugins.naming.NamingSpec`."""
        return {f'file["{market}"]': market for market in self._table.markets}

    @hookimpl
    def set_grid_fees(self, markets: Markets, slot: pendulum.DateTime) -> Rates:
        """Return the fees of the row that holds at ``slot``; see :class:`gridhook.hookspecs.GridOperatorSpec`."""
        time = slot.astimezone(self._zone).time()
        row = self._table.row_at(time)
        told = [None if row is None else find(row, market) for market in markets]
        self._complain(markets, told, f"{time:%H:%M} ({self.timezone})")
        fees = np.array([math.nan if fee is None else fee for fee in told])
        log_fees(_log, markets, fees, slot)
        return fees

    def _complain(self, markets: Markets, told: Sequence[float | None], time: str) -> None:
        listed = dict.fromkeys(self._table.markets, True)
        untold = [market for market, fee in zip(markets, told, strict=True) if fee is None]
        missing = dict.fromkeys(market for market in untold if not find(listed, market))
        self._sayer.say("column", missing, f"{self.file.name} has no column for %s")
        self._sayer.say(
            "fee", (one for one in untold if one not in missing), f"{self.file.name} has no fee for %s at {time}"
        )
