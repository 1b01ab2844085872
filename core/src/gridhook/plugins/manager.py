"""The plugin manager: from a configuration to loaded plugins and the decisions that they make."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from gridhook.config import DOMAINS, Config, Table
from gridhook.errors import ConfigError, Problem, join_path
from gridhook.grid import Tree
from gridhook.plugins.absent import stand_in
from gridhook.plugins.calling import Caller
from gridhook.plugins.decisions import Decisions
from gridhook.plugins.discovery import PLUGINS, Installed, find_installed, missing
from gridhook.plugins.guard import Guard
from gridhook.plugins.interrupts import interruptible
from gridhook.plugins.loading import HOOKS, Plugin, Registry
from gridhook.plugins.naming import NamedArea, named_by, unknown_names
from gridhook.settings import MISSING

__all__ = ["Manager", "NoCoreRangeWarning", "build_manager", "load_plugin", "load_plugins", "named_plugins"]


class NoCoreRangeWarning(UserWarning):
    """A plugin does not say which versions of gridhook it works with."""


@attrs.frozen(eq=False)
class Manager:
    """The loaded plugins of one session, by name, in the configuration's order, and the areas that they name.

    ``broken``
        what is wrong with plugins that are installed and cannot be loaded. Where trading goes on without them, others
        of their names stand in.
    """

    plugins: Mapping[str, Plugin]
    guard: Guard
    decisions: Decisions
    named: Sequence[NamedArea] = ()
    broken: Mapping[str, Sequence[Problem]] = attrs.field(factory=dict)

    def unknown_areas(self, tree: Tree) -> list[Problem]:
        """Return a problem for each route and each setting of a plugin that leads to no area of the grid."""
        return [*self.decisions.unmatched_routes(tree), *unknown_names(self.named, tree)]


def build_manager(config: Config) -> Manager:
    """Load the plugins that ``config`` names.

    :raises ConfigError: one is not installed, cannot be loaded, or does not do what it is used for.
    """
    manager, problems = load_plugins(config)
    if problems:
        raise ConfigError(problems)
    return manager


def load_plugins(config: Config) -> tuple[Manager, list[Problem]]:
    """Load the plugins that ``config`` names, as far as that is possible, and return all that is wrong."""
    guard = Guard(config.guard.timeout_seconds)
    installed = find_installed(PLUGINS)
    registry = Registry(guard)
    plugins: dict[str, Plugin] = {}
    named: list[NamedArea] = []
    problems: list[Problem] = []
    broken: dict[str, list[Problem]] = {}
    with guard.armed(), interruptible() as check_interrupt:
        for name, places in named_plugins(config).items():
            found = installed.get(name)
            if found is None:
                problems += [Problem(place, missing(name, installed, "plugin")) for place in places]
                continue
            table = config.plugins.get(name) or Table(join_path("plugins", name), {}, Path())
            plugin, names, wrong = _load(registry, guard, found, table)
            check_interrupt()
            named += names
            if plugin is not None:
                plugins[name] = plugin
                continue
            is_written = name in config.plugins
            broken[name] = [_placed(problem, table, places, is_written=is_written) for problem in wrong]
            if _goes_on(config, wrong):
                plugins[name] = stand_in(found, config, [problem.message for problem in wrong])
            else:
                problems += broken[name]
    problems += _misplaced(config, plugins)
    decisions = Decisions(config, Caller(plugins, guard, config.guard.failures))
    return Manager(plugins, guard, decisions, named, broken), problems


def _goes_on(config: Config, wrong: Sequence[Problem]) -> bool:
    """Tell a broken plugin from one with wrong settings, which are the configuration's mistakes."""
    is_broken = all(problem.traceback or not problem.path for problem in wrong)
    return is_broken and config.guard.on_load_failure == "go-on"


def _load(
    registry: Registry, guard: Guard, found: Installed, table: Table
) -> tuple[Plugin | None, list[NamedArea], list[Problem]]:
    """Return a plugin and the areas that its settings name, or what is wrong with it."""
    if found.problem is not None:
        return None, [], [Problem("", found.problem)]
    if found.core_range is None:
        message = f"{found.distribution} does not say which versions of gridhook it works with"
        warnings.warn(NoCoreRangeWarning(message), stacklevel=2)
    return load_plugin(registry, guard, found, table)


def load_plugin(
    registry: Registry, guard: Guard, found: Installed, table: Table
) -> tuple[Plugin | None, list[NamedArea], list[Problem]]:
    """Load a plugin that may be loaded, and ask which areas its settings name; or return what is wrong with it."""
    plugin, wrong = registry.load(found, table)
    if plugin is None or wrong:
        return None, [], wrong
    named, wrong = named_by(found.name, plugin.instance, table.at, guard)
    return (None, [], wrong) if wrong else (plugin, named, [])


def named_plugins(config: Config) -> dict[str, list[str]]:
    """Return each plugin name with the places that name it, in the configuration's order."""
    places: dict[str, list[str]] = {}
    for domain in DOMAINS:
        for name in config.section(domain).use:
            places.setdefault(name, []).append(f"{domain}.use")
        for key, route in config.routes(domain).items():
            for name in route:
                places.setdefault(name, []).append(join_path(domain, "routes", key))
    for name, table in config.plugins.items():
        places.setdefault(name, []).append(table.at)
    return places


def _placed(problem: Problem, table: Table, places: list[str], *, is_written: bool) -> Problem:
    """Return a problem at the place that names the plugin, unless it is about a setting in a table that was written."""
    if not problem.path:
        return attrs.evolve(problem, path=places[0])
    if is_written:
        return problem
    setting = problem.path.removeprefix(f"{table.at}.")
    hint = f"; add [{table.at}] with {setting} = …" if problem.message == MISSING else ""
    return attrs.evolve(problem, message=f"{problem.message}{hint}", near=places[0])


def _misplaced(config: Config, plugins: Mapping[str, Plugin]) -> list[Problem]:
    problems = []
    for domain in DOMAINS:
        hooks = [hook for hook, its in HOOKS.items() if its == domain]
        for name in config.plugins_of(domain):
            plugin = plugins.get(name)
            # One that has only hooks that were removed is warned of, and stays.
            if plugin is not None and plugin.domains and not any(hook in plugin.implementations for hook in hooks):
                does = f"it is for {', '.join(plugin.domains)}"
                problems.append(Problem(domain, f"{name!r} implements none of {', '.join(hooks)}; {does}"))
    return problems
