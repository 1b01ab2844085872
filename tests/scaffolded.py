"""Make a new distribution of each kind, and check that it is as tidy as it tells its author to be.

``python tests/scaffolded.py style`` needs ``ruff`` and ``validate-pyproject``; ``types`` needs ``mypy`` and ``pytest``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from gridhook.scaffold import KINDS, NewName, render, write_files

ROOT = Path(__file__).parents[1]
NAMES = ("n", "night-rates", "-".join(["fourth"] * 5), "n" * 40)
"""Short and long: neither may change how a line is broken."""


def main(what: str) -> None:
    """Check all kinds; raise if anything is found."""
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            for name in NAMES if what == "style" else NAMES[1:2]:
                new = NewName.parse(name)
                home = Path(folder) / kind / new.distribution
                write_files(home, render(new, kind, "Ann Example"))
                {"style": _check_style, "types": _check_types}[what](home)


def _check_style(home: Path) -> None:
    _run(home, "ruff", "check", "--no-cache", ".")
    _run(home, "ruff", "format", "--no-cache", "--check", ".")
    _run(home, "validate-pyproject", "pyproject.toml")


def _check_types(home: Path) -> None:
    _run(home, sys.executable, "-m", "mypy", "--cache-dir", str(home.parents[1] / "cache"))


def _run(home: Path, *command: str) -> None:
    environment = {**os.environ, "MYPYPATH": str(ROOT / "core" / "src")}
    subprocess.run(command, cwd=home, env=environment, check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
