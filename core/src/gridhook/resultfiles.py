"""Result files: a folder that the results of a run are written to."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gridhook.errors import ConfigError, GridhookError, Problem
from gridhook.results import AssetRow, ForecastErrorRow, OrderRow, TradeRow

__all__ = ["ResultsFolder"]

_SUMMARY = "summary.json"


class ResultsFolder:
    """A folder that results go to.

    :param path: the folder; it is made if it is not there.
    :raises ConfigError: it cannot be made or written to, or has files in it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
            if any(path.iterdir()):
                raise ConfigError(Problem("--report", f"{path} is not empty; give another folder"))
        except OSError as error:
            raise ConfigError(Problem("--report", f"{path} cannot be made: {error.strerror}")) from error
        try:
            # Who trades all day should not learn at its end that nothing can be written here.
            (path / _SUMMARY).touch()
            (path / _SUMMARY).unlink()
        except OSError as error:
            message = f"{path} cannot be written to: {error.strerror}; give another folder"
            raise ConfigError(Problem("--report", message)) from error

    def write(
        self,
        trades: Iterable[TradeRow],
        orders: Iterable[OrderRow],
        assets: Iterable[AssetRow],
        summary: Mapping[str, Any],
        forecasts: Iterable[ForecastErrorRow] = (),
    ) -> None:
        """Write all files; that of forecast errors only if there are any.

        :raises GridhookError: that is not possible: no space is left, or the folder is gone.
        """
        try:
            self._write("trades.csv", TradeRow, trades)
            self._write("orders.csv", OrderRow, orders)
            self._write("assets.csv", AssetRow, assets)
            errors = list(forecasts)
            if errors:
                self._write("forecast_errors.csv", ForecastErrorRow, errors)
            text = json.dumps(summary, indent=2, ensure_ascii=False)
            (self.path / _SUMMARY).write_text(f"{text}\n", encoding="utf-8")
        except OSError as error:
            msg = f"--report: {error.filename or self.path} cannot be written: {error.strerror}"
            raise GridhookError(msg) from error

    def _write(self, name: str, row_type: type[tuple[Any, ...]], rows: Iterable[tuple[Any, ...]]) -> None:
        with (self.path / name).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(row_type._fields)  # type: ignore[attr-defined]
            writer.writerows([_text(value) for value in row] for row in rows)


def _text(value: object) -> object:
    """Return a cell: what is not known is empty, and flags are as JSON has them."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value != value else value  # noqa: PLR0124 - NaN
