"""The manager of a simulation: plugins that are at hand, each routed in all domains that it implements."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs

from gridhook.assets import ASSET_KINDS
from gridhook.claims import Claim
from gridhook.config import DOMAINS, ROUTED_DOMAINS, SECTIONS, Config, Table
from gridhook.errors import ConfigError, Problem, did_you_mean, join_path, nearest
from gridhook.events import PluginFailed
from gridhook.grid import MARKET
from gridhook.hookspecs import hookimpl
from gridhook.plugins import Decisions, Manager
from gridhook.plugins.calling import Caller
from gridhook.plugins.guard import Guard
from gridhook.plugins.loading import Plugin, Registry
from gridhook.plugins.naming import NamedArea, named_by

__all__ = ["Given", "NotingDecisions", "Routes", "make_manager"]

Given = Sequence[object] | Mapping[str, object]
"""Instances or modules, by name or in a sequence."""

Routes = Mapping[str, Mapping[str, Sequence[str]]]
"""By domain, then by path, name, glob or kind: names of plugins."""

_EVERYTHING = "everything"


class _ClaimsEverything:
    """Claims all that there is, where no plugin says what to claim."""

    @hookimpl
    def claim_assets(self) -> Claim:
        return Claim(kinds=(*ASSET_KINDS, MARKET))


class NotingDecisions(Decisions):
    """Decisions that keep what failed, observers' failures too, of which a session only logs."""

    def __init__(self, config: Config, caller: Caller) -> None:
        super().__init__(config, caller)
        self.failed: list[PluginFailed] = []

    def take_failures(self) -> tuple[PluginFailed, ...]:
        """Return what failed since the last time."""
        failures = super().take_failures()
        self.failed += failures
        return failures


def make_manager(given: Given, routes: Routes) -> tuple[Manager, NotingDecisions]:
    """Return a manager of these plugins, and its decisions; without one for registration, everything is claimed.

    :raises ConfigError: a plugin does not fit the specifications, or a route names what is not there.
    """
    sections = _sections(routes, {})
    guard = Guard(sections["guard"].timeout_seconds)
    registry = Registry(guard)
    plugins: dict[str, Plugin] = {}
    named: list[NamedArea] = []
    problems: list[Problem] = []
    for name, instance in _by_name(given):
        plugin, wrong = _register(registry, name, instance)
        problems += wrong
        if plugin is not None:
            plugins[name] = plugin
            areas, wrong = named_by(name, instance, join_path("plugins", name), guard)
            named += areas
            problems += wrong
    if not any("claim_assets" in plugin.implementations for plugin in plugins.values()):
        everything, _ = registry.register(_EVERYTHING, _ClaimsEverything())
        assert everything is not None
        plugins[_EVERYTHING] = everything
    problems += _unknown_routes(routes, plugins)
    if problems:
        raise ConfigError(problems)
    nothing = Table("", {}, Path())
    config = Config(link=nothing, plugins={}, **_sections(routes, plugins))
    decisions = NotingDecisions(config, Caller(plugins, guard, config.guard.failures))
    return Manager(plugins, guard, decisions, named), decisions


def _by_name(given: Given) -> Iterator[tuple[str, object]]:
    """Yield plugins with their names; of several of one name the second gets a ``-2``, and so on."""
    if isinstance(given, Mapping):
        yield from given.items()
        return
    if not isinstance(given, Iterable):
        msg = f"plugins are given as a list, or by their names: [{type(given).__name__}(…)]"
        raise TypeError(msg)
    times: dict[str, int] = {}
    for instance in given:
        whole = instance.__name__ if isinstance(instance, ModuleType) else type(instance).__name__
        name = whole.rpartition(".")[2].lower()
        times[name] = times.get(name, 0) + 1
        yield name if times[name] == 1 else f"{name}-{times[name]}", instance


def _register(registry: Registry, name: str, instance: object) -> tuple[Plugin | None, list[Problem]]:
    if inspect.isclass(instance):
        return None, [Problem("", f"{instance.__name__} is a class; a simulation takes {instance.__name__}(…)")]
    plugin, problems = registry.register(name, instance)
    return (None if problems else plugin), problems


def _sections(routes: Routes, plugins: Mapping[str, Plugin]) -> dict[str, Any]:
    """Return the sections of a configuration that lets plugins serve all domains that they implement."""
    sections = {name: section() for name, section in SECTIONS.items()}
    for domain in DOMAINS:
        use = [name for name, plugin in plugins.items() if domain in plugin.domains]
        its = {"routes": {key: list(route) for key, route in routes.get(domain, {}).items()}}
        sections[domain] = attrs.evolve(sections[domain], use=use, **(its if domain in ROUTED_DOMAINS else {}))
    return sections


def _unknown_routes(routes: Routes, plugins: Mapping[str, Plugin]) -> Iterator[Problem]:
    for domain, keys in routes.items():
        if domain not in ROUTED_DOMAINS:
            guess = did_you_mean(nearest(domain, ROUTED_DOMAINS)) or f"; there are {', '.join(ROUTED_DOMAINS)}"
            yield Problem(f"{domain}.routes", f"no domain with routes is called {domain!r}{guess}")
            continue
        for key, route in keys.items():
            for name in route:
                if name not in plugins or domain not in plugins[name].domains:
                    its = [other for other, plugin in plugins.items() if domain in plugin.domains]
                    message = f"no plugin for {domain} is called {name!r}; there are {', '.join(its) or 'none'}"
                    yield Problem(join_path(domain, "routes", key), message)
