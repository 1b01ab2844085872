"""Time whole commands in processes of their own, against a Python that only imports numpy: ``python trading.py``.

``--help``; the demo day from cold start to table; and ``python trading.py HOMES SLOTS`` a generated community,
with slots of 60 ticks.
"""

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from timing import report

CALM = "import numpy"


def cpu(*command, cwd=None):
    """Return the seconds of CPU that a command took, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    outcome = subprocess.run([sys.executable, *command], check=True, cwd=cwd, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, outcome.stdout


def numpy_only():
    return min(cpu("-c", CALM)[0] for _ in range(5))


def commands():
    floor = numpy_only()
    showing = min(cpu("-m", "gridhook", "--help")[0] for _ in range(5))
    report("gridhook --help", showing, floor, "importing numpy")
    day = min(cpu("-m", "gridhook", "run")[0] for _ in range(3))
    report("gridhook run, demo day", day, floor, "importing numpy")


def community(homes, slots):
    with tempfile.TemporaryDirectory() as folder:
        cpu("-m", "gridhook", "community", "new", "it", "--homes", str(homes), cwd=folder)
        file = Path(folder) / "it" / "community.toml"
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("slots = 96\n", f"slots = {slots}\n"), encoding="utf-8")
        seconds, output = cpu("-m", "gridhook", "run", "it/gridhook.toml", "--json", cwd=folder)
        orders = json.loads(output)["orders"]
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        what = f"{homes} homes, {slots} slots, {orders} orders, {peak:.0f} MiB"
        report(what, seconds, numpy_only(), "importing numpy")


if len(sys.argv) > 1:
    community(*map(int, sys.argv[1:3]))
else:
    commands()
