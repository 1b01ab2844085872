"""Diagnosing: whether what is installed can be loaded, and why not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import attrs

from gridhook.checks import Check, ok, skipped, warning, wrong
from gridhook.config import Table
from gridhook.errors import Problem, join_path
from gridhook.examining.plugins import loaded
from gridhook.plugins.discovery import COMMANDS, EXCHANGES, PLUGINS, Installed, find_installed
from gridhook.plugins.guard import Failure, Guard
from gridhook.plugins.interrupts import interruptible
from gridhook.plugins.loading import Registry
from gridhook.plugins.manager import load_plugin
from gridhook.settings import MISSING

__all__ = ["Diagnosis", "diagnose"]

_KINDS = {PLUGINS: "plugin", EXCHANGES: "link", COMMANDS: "command"}


@attrs.frozen
class Diagnosis:
    """What was found about one entry point; ``traceback`` is that of the exception that is the reason, if one is."""

    check: Check
    traceback: str = ""


def diagnose(tables: Mapping[str, Table], timeout_seconds: float, names: Collection[str] = ()) -> Iterator[Diagnosis]:
    """Import and construct what is installed, and tell of each how it went.

    :param tables: the settings of plugins by name; others get none.
    :param timeout_seconds: for each step of loading a plugin.
    :param names: only these; none: all plugins, links and commands.
    """
    for group, kind in _KINDS.items():
        for name, installed in find_installed(group).items():
            if names and name not in names:
                continue
            called = f"{kind} {name}"
            if installed.is_barred:
                yield Diagnosis(skipped(called, f"{installed.problem}"))
            elif installed.problem is not None:
                yield Diagnosis(wrong(called, installed.problem, "nothing of it is imported before that is put right"))
            elif group == PLUGINS:
                yield _plugin(installed, tables.get(name), timeout_seconds)
            else:
                yield _imported(called, installed)
            if installed.passed_over:
                others = ", ".join(installed.passed_over)
                text = f"{others} also provides {name!r}, which is {installed.distribution}'s, and is not used"
                yield Diagnosis(warning(called, text, f"uninstall {others}, unless it is there for something else"))


def _plugin(installed: Installed, table: Table | None, timeout_seconds: float) -> Diagnosis:
    table = table or Table(join_path("plugins", installed.name), {}, Path())
    guard = Guard(timeout_seconds)
    with guard.armed(), interruptible():
        plugin, _, problems = load_plugin(Registry(guard), guard, installed, table)
    if plugin is None:
        return _unloaded(installed, table, problems)
    return Diagnosis(loaded(plugin, installed.core_range))


def _unloaded(installed: Installed, table: Table, problems: Collection[Problem]) -> Diagnosis:
    called, text = f"plugin {installed.name}", "; ".join(map(str, problems))
    show = f"gridhook plugins show {installed.name}"
    if not table.values and all(problem.message == MISSING for problem in problems):
        names = ", ".join(problem.path.removeprefix(f"{table.at}.") for problem in problems)
        remedy = f"give them in [{table.at}]; {show} tells what they are"
        return Diagnosis(Check(called, "ok", f"{_origin(installed)}; it needs settings: {names}", remedy))
    trace = next((problem.traceback for problem in problems if problem.traceback), "")
    if all(problem.path for problem in problems) and not trace:
        return Diagnosis(wrong(called, text, f"correct [{table.at}]; {show} tells its settings", is_config=True))
    return Diagnosis(wrong(called, f"{_origin(installed)}: {text}", _remedy(installed)), trace)


def _imported(called: str, installed: Installed) -> Diagnosis:
    found = installed.load()
    if isinstance(found, Failure):
        text = f"{_origin(installed)}: cannot be imported: {found.message}"
        return Diagnosis(wrong(called, text, _remedy(installed)), found.traceback)
    return Diagnosis(ok(called, _origin(installed)))


def _origin(installed: Installed) -> str:
    return f"{installed.distribution} {installed.version}"


def _remedy(installed: Installed) -> str:
    return f"install another version of {installed.distribution}, or tell its authors; --traceback shows where it fails"
