"""Build every distribution, check its metadata, and run all distributions' tests against the installed wheels.

``python tests/distributions.py [PYTEST ARGUMENTS]``; needs ``twine`` and ``uv``.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
MEMBERS = (ROOT / "core", *sorted((ROOT / "plugins").iterdir()))


def main(pytest_arguments: list[str]) -> None:
    """Build, check, install and test; raise if anything fails."""
    with tempfile.TemporaryDirectory() as folder:
        dist, environment = Path(folder) / "dist", Path(folder) / "environment"
        for member in MEMBERS:
            _run("uv", "build", "--quiet", "--out-dir", dist, member)
        artifacts = sorted(dist.glob("gridhook*"))
        _run(sys.executable, "-m", "twine", "check", "--strict", *artifacts)
        _run("uv", "venv", "--quiet", "--python", sys.executable, environment)
        python = environment / "bin" / "python"
        wheels = [f"{artifact}{_extra(artifact)}" for artifact in artifacts if artifact.suffix == ".whl"]
        test = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]["test"]
        _run("uv", "pip", "install", "--quiet", "--python", python, *wheels, *test)
        # Without the sources beside them, tests can only import what is installed.
        copies = Path(folder) / "tests"
        for member in MEMBERS:
            shutil.copytree(member / "tests", copies / member.name / "tests")
        shutil.copy(ROOT / "pyproject.toml", copies)
        _run(python, "-m", "pytest", *(copies / member.name for member in MEMBERS), *pytest_arguments, cwd=copies)


def _extra(wheel: Path) -> str:
    return "[redis,serve]" if wheel.name.startswith("gridhook_exchange") else ""


def _run(*command: object, cwd: Path | None = None) -> None:
    subprocess.run([str(part) for part in command], check=True, cwd=cwd)


if __name__ == "__main__":
    main(sys.argv[1:])
