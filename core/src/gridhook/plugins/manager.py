"""The plugin manager: from a configuration to loaded plugins and the decisions that they make."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from gridhook.config import DOMAINS, Config, Table
from gridhook.errors import ConfigError, Problem, join_path
from gridhook.grid import Tree
from gridhook.plugins.calling import Caller
from gridhook.plugins.decisions import Decisions
from gridhook.plugins.discovery import PLUGINS, Installed, find_installed, missing
from gridhook.plugins.guard import Guard
from gridhook.plugins.loading import HOOKS, Plugin, Registry
from gridhook.plugins.naming import NamedArea, named_by, unknown_names

__all__ = ["Manager", "NoCoreRangeWarning", "build_manager", "load_plugins"]


class NoCoreRangeWarning(UserWarning):
    """A plugin does not say which versions of gridhook it works with."""


@attrs.frozen(eq=False)
class Manager:
    """The loaded plugins of one session, by name, in the configuration's order, and the areas that they name."""

    plugins: Mapping[str, Plugin]
    guard: Guard
    decisions: Decisions
    named: Sequence[NamedArea] = ()

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
    with guard.armed():
        for name, places in _named(config).items():
            found = installed.get(name)
            if found is None:
                problems += [Problem(place, missing(name, installed, "plugin")) for place in places]
                continue
            table = config.plugins.get(name) or Table(join_path("plugins", name), {}, Path())
            plugin, wrong = _load(registry, found, table)
            problems += [problem if problem.path != table.at else _at(problem, places) for problem in wrong]
            if plugin is not None:
                plugins[name] = plugin
                names, wrong = named_by(name, plugin.instance, table.at, guard)
                named += names
                problems += wrong
    problems += _misplaced(config, plugins)
    decisions = Decisions(config, Caller(plugins, guard, config.guard.failures))
    return Manager(plugins, guard, decisions, named), problems


def _load(registry: Registry, found: Installed, table: Table) -> tuple[Plugin | None, list[Problem]]:
    if found.problem is not None:
        return None, [Problem(table.at, found.problem)]
    if found.core_range is None:
        message = f"{found.distribution} does not say which versions of gridhook it works with"
        warnings.warn(NoCoreRangeWarning(message), stacklevel=2)
    return registry.load(found, table)


def _named(config: Config) -> dict[str, list[str]]:
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


def _at(problem: Problem, places: list[str]) -> Problem:
    return attrs.evolve(problem, path=places[0])


def _misplaced(config: Config, plugins: Mapping[str, Plugin]) -> list[Problem]:
    problems = []
    for domain in DOMAINS:
        hooks = [hook for hook, its in HOOKS.items() if its == domain]
        for name in config.plugins_of(domain):
            plugin = plugins.get(name)
            if plugin is not None and not any(hook in plugin.implementations for hook in hooks):
                does = f"it is for {', '.join(plugin.domains)}"
                problems.append(Problem(domain, f"{name!r} implements none of {', '.join(hooks)}; {does}"))
    return problems
