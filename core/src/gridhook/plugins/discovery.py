"""What is installed: entry points and what their distributions say about themselves, without importing anything."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

import attrs
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from gridhook.errors import ConfigError, Problem, did_you_mean, nearest
from gridhook.plugins.asking import ask_once
from gridhook.plugins.firstparty import OWNERS
from gridhook.plugins.guard import Failure

__all__ = ["ALLOWED", "COMMANDS", "EXCHANGES", "PLUGINS", "Installed", "find_installed", "find_plugin", "missing"]

PLUGINS = "gridhook"
EXCHANGES = "gridhook.exchanges"
COMMANDS = "gridhook.commands"
"""The entry-point groups: plugins, exchange links (name = URL scheme), subcommands."""

ALLOWED = "GRIDHOOK_PLUGINS"
"""The environment variable that limits which plugins may be loaded: their names, parted by commas."""

_CORE = "gridhook"
_OF_CORE = re.compile(r"\s*gridhook(?![\w.-])", re.IGNORECASE)


@attrs.frozen
class Installed:
    """An entry point of an installed distribution; nothing of it is imported before :meth:`load`.

    ``core_range``
        the versions of the core that the distribution says it works with; None: it does not say.
    ``problem``
        why it may not be loaded, or None.
    ``is_barred``
        whether the only problem is that ``GRIDHOOK_PLUGINS`` does not name it.
    ``passed_over``
        other distributions that provide the same name, which is not theirs.
    """

    name: str
    distribution: str
    version: str
    core_range: str | None
    problem: str | None
    entry_point: metadata.EntryPoint = attrs.field(repr=False)
    is_barred: bool = False
    passed_over: tuple[str, ...] = ()

    def load(self) -> Any | Failure:  # noqa: ANN401 - whatever the distribution provides
        """Import and return what the entry point names; the call is guarded.

        :raises KeyboardInterrupt: Ctrl-C came meanwhile.
        """
        return ask_once(self.entry_point.load)


def find_installed(group: str) -> Mapping[str, Installed]:
    """Return the entry points of a group by name.

    Returned with its ``problem`` is what several distributions provide, what takes a first-party name, what does not
    work with this core, and a plugin that ``GRIDHOOK_PLUGINS`` does not name.
    """
    by_name: dict[str, dict[str, Installed]] = {}
    for entry_point in metadata.entry_points(group=group):
        found = _describe(entry_point)
        # The same distribution can be on the path twice (an editable install and a build of it): the first one counts.
        by_name.setdefault(found.name, {}).setdefault(canonicalize_name(found.distribution), found)
    owners, allowed = OWNERS.get(group, {}), _allowed() if group == PLUGINS else None
    return {
        name: _limited(_chosen(list(claimants.values()), owners.get(name)), allowed)
        for name, claimants in sorted(by_name.items())
    }


def find_plugin(name: str) -> Installed:
    """Return the plugin of a name, which may be loaded.

    :raises ConfigError: it is not installed, or may not be loaded.
    """
    installed = find_installed(PLUGINS)
    found = installed.get(name)
    if found is None:
        raise ConfigError(Problem("", missing(name, installed, "plugin")))
    if found.problem is not None:
        raise ConfigError(Problem("", found.problem))
    return found


def missing(name: str, installed: Mapping[str, Installed], what: str) -> str:
    """Return the message for a ``name`` that is not installed."""
    owner = next((names[name] for names in OWNERS.values() if names.get(name, _CORE) != _CORE), None)
    if owner is not None:
        return f"no {what} {name!r} is installed; pip install {owner}"
    guess = did_you_mean(nearest(name, installed))
    known = f"; installed are {', '.join(installed)}" if installed else "; none is installed"
    return f"no {what} {name!r} is installed{guess or known}"


def _allowed() -> tuple[str, ...] | None:
    """Return the names of plugins that may be loaded; None: all."""
    value = os.environ.get(ALLOWED)
    return None if value is None else tuple(name.strip() for name in value.split(",") if name.strip())


def _describe(entry_point: metadata.EntryPoint) -> Installed:
    distribution = entry_point.dist
    if distribution is None:
        return Installed(entry_point.name, "", "", None, None, entry_point)
    said = distribution.metadata
    if "Name" not in said or "Version" not in said:
        where = getattr(distribution, "_path", "a folder of Python's path")
        problem = f"{where} does not say which distribution it is of; reinstall it, or delete what is left of it"
        return Installed(entry_point.name, str(where), "?", None, problem, entry_point)
    name, version = said["Name"], said["Version"]
    return Installed(entry_point.name, name, version, *_core_range(distribution, name, version), entry_point)


def _core_range(distribution: metadata.Distribution, name: str, version: str) -> tuple[str | None, str | None]:
    """Return the versions of the core that a distribution works with, and why it does not with this one."""
    wanted = SpecifierSet()
    for text in distribution.requires or ():
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            if _OF_CORE.match(text):
                unread = f"has a core range that cannot be read ({text}); install a version of it that fits"
                return text, f"{name} {version} {unread}"
            continue
        if canonicalize_name(requirement.name) != _CORE:
            continue
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            wanted &= requirement.specifier
    core = metadata.version(_CORE)
    if wanted.contains(core, prereleases=True):
        return str(wanted) or None, None
    return str(wanted), (
        f"{name} {version} works with gridhook{wanted}, and this is gridhook {core}; "
        f"install a version of {name} that fits"
    )


def _chosen(claimants: Sequence[Installed], owner: str | None) -> Installed:
    """Return the one that has a right to the name, or one with a problem."""
    others = sorted(one.distribution for one in claimants if canonicalize_name(one.distribution) != owner)
    if owner is not None and len(others) < len(claimants):
        (own,) = (one for one in claimants if canonicalize_name(one.distribution) == owner)
        return attrs.evolve(own, passed_over=tuple(others))
    first, names = claimants[0], " and ".join(others)
    if owner is not None:
        problem = f"{first.name!r} is a name of {owner}, and {names} may not take it; uninstall {names}"
        return attrs.evolve(first, problem=problem)
    if len(claimants) > 1:
        return attrs.evolve(first, problem=f"{names} both provide {first.name!r}; uninstall one of them")
    return first


def _limited(found: Installed, allowed: tuple[str, ...] | None) -> Installed:
    if allowed is None or found.name in allowed or found.problem is not None:
        return found
    may = f"only {', '.join(allowed)}" if allowed else "no plugin"
    problem = f"{ALLOWED} lets {may} be loaded, and not {found.name!r}; add it there"
    return attrs.evolve(found, problem=problem, is_barred=True)
