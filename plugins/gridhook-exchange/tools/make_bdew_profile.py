"""Write src/gridhook_exchange/generate/bdew_h25.csv: the BDEW standard load profile of households.

The profile H25 (BDEW 2025, from meters of 2018 and 2019) is taken from demandlib (MIT licence,
https://github.com/oemof/demandlib), which is needed for this script only: ``python -m pip install demandlib``.
The output has one column per month and kind of day (workday, saturday, sunday), 96 quarter hours each, in Wh for a
household that uses 1000 kWh in the year; the values are the means of the dynamic profile over the days of 2026.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
from demandlib.bdew import H25

TARGET = Path(__file__).parents[1] / "src" / "gridhook_exchange" / "generate" / "bdew_h25.csv"
DAYS = {"workday": range(5), "saturday": (5,), "sunday": (6,)}


def main() -> None:
    """Write the file."""
    index = pd.date_range("2026-01-01", "2026-12-31 23:45", freq="15min")
    power = pd.Series(H25(index).to_numpy(), index=index)
    wh_per_slot = power * (1000.0 * 1000.0 / power.sum())
    columns = {
        f"{month:02d}_{day}": wh_per_slot[(index.month == month) & index.weekday.isin(list(weekdays))]
        for month in range(1, 13)
        for day, weekdays in DAYS.items()
    }
    means = {name: values.groupby(values.index.time).mean() for name, values in columns.items()}
    with TARGET.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["time", *means])
        for quarter in range(96):
            time = f"{quarter // 4:02d}:{quarter % 4 * 15:02d}"
            writer.writerow([time, *(f"{mean.iloc[quarter]:.3f}" for mean in means.values())])


if __name__ == "__main__":
    main()
