"""Listing: what is installed, what of it is enabled and where it is used; nothing else is imported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from gridhook.deployment import Survey
from gridhook.plugins.discovery import COMMANDS, EXCHANGES, PLUGINS, Installed, find_installed
from gridhook.plugins.guard import Failure
from gridhook.plugins.loading import HOOKS, implemented_hooks
from gridhook.plugins.manager import named_plugins

__all__ = ["Listed", "list_installed"]


@attrs.frozen
class Listed:
    """An entry point.

    ``kind``
        ``plugin``, ``exchange`` or ``command``.
    ``domains``
        those in which a plugin implements hooks; None: it was not imported, or it is no plugin.
    ``enabled``
        whether a run would import it; a command is imported when it is called.
    ``used_in``
        where the configuration names it, such as ``pricing.routes.storage``.
    ``core_range``
        the versions of gridhook that it works with; None: it does not say.
    ``problem``
        why it cannot be used, or None.
    ``passed_over``
        other distributions that provide the same name, which is not theirs.
    """

    kind: str
    name: str
    domains: tuple[str, ...] | None
    distribution: str
    version: str
    enabled: bool
    used_in: tuple[str, ...]
    core_range: str | None
    problem: str | None
    passed_over: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return attrs.asdict(
            self, value_serializer=lambda _, __, value: list(value) if isinstance(value, tuple) else value
        )


def list_installed(found: Survey, *, import_all: bool = False) -> list[Listed]:
    """Return all plugins, links and commands that are installed.

    :param found: the deployment that says what is enabled.
    :param import_all: whether to import plugins that are not enabled, too, to tell their domains.
    """
    return [*_plugins(found, import_all=import_all), *_links(found), *_commands()]


def _plugins(found: Survey, *, import_all: bool) -> Iterator[Listed]:
    places = named_plugins(found.reading.config)
    for name, installed in find_installed(PLUGINS).items():
        plugin = found.manager.plugins.get(name)
        problems = [problem.message for problem in found.manager.broken.get(name, ())]
        domains = None if plugin is None or problems else plugin.domains
        problem = installed.problem or "; ".join(problems) or None
        if import_all and name not in places and problem is None:
            domains, problem = _imported(installed)
        yield _listed("plugin", installed, problem, domains, places.get(name, ()))


def _links(found: Survey) -> Iterator[Listed]:
    scheme = found.reading.config.exchange.url.partition(":")[0]
    for name, installed in find_installed(EXCHANGES).items():
        yield _listed("exchange", installed, installed.problem, None, ["exchange.url"] if name == scheme else ())


def _commands() -> Iterator[Listed]:
    for installed in find_installed(COMMANDS).values():
        yield _listed("command", installed, installed.problem, None, ())


def _imported(installed: Installed) -> tuple[tuple[str, ...] | None, str | None]:
    """Return the domains of a plugin, or why they cannot be told."""
    loaded = installed.load()
    if isinstance(loaded, Failure):
        return None, f"{installed.name!r} cannot be imported: {loaded.message}"
    hooks = implemented_hooks(loaded)
    if isinstance(hooks, Failure):
        return None, f"{installed.name!r} does not tell its hooks: {hooks.message}"
    return tuple(dict.fromkeys(HOOKS[hook] for hook in hooks)), None


def _listed(
    kind: str, installed: Installed, problem: str | None, domains: tuple[str, ...] | None, places: Sequence[str]
) -> Listed:
    return Listed(
        kind,
        installed.name,
        domains,
        installed.distribution,
        installed.version,
        installed.problem is None and (kind == "command" or bool(places)),
        tuple(places),
        installed.core_range,
        problem,
        installed.passed_over,
    )
