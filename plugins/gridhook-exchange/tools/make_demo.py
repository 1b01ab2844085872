"""Write src/gridhook_exchange/demo/: the community that ``gridhook run`` trades.

Twelve homes in Freiburg, for a week in June and one in February 2026. All numbers are drawn from one seed by the
modules in src/gridhook_exchange/generate/, which say where they come from: loads from the BDEW standard profile H25,
sunshine from solar geometry and a model of clouds. No part of it is measured, and nobody lives there.
"""

from __future__ import annotations

import datetime
import sys
from pathlib import Path

from gridhook_exchange.generate.plan import Period, Wishes, draw_plan
from gridhook_exchange.generate.writing import write_plan

TARGET = Path(__file__).parents[1] / "src" / "gridhook_exchange" / "demo"
SUMMER = Period(datetime.date(2026, 6, 15), 7)
WINTER = Period(datetime.date(2026, 2, 9), 7)


def make_demo(folder: Path) -> None:
    """Write all files of the demo community into a folder."""
    plan = draw_plan(Wishes(homes=12, panels=6, batteries=3, seed=1), [SUMMER, WINTER])
    write_plan(plan, folder, {"demo": 0, "demo-winter": 1}, "embedded:demo")


if __name__ == "__main__":
    make_demo(Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET)
