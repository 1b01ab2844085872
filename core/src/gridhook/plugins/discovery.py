"""What is installed: entry points and what their distributions say about themselves, without importing anything."""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib import metadata
from typing import Any

import attrs
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from gridhook.errors import did_you_mean, nearest
from gridhook.plugins.guard import Failure, Guard
from gridhook.plugins.interrupts import interruptible

__all__ = ["COMMANDS", "EXCHANGES", "PLUGINS", "Installed", "find_installed", "missing"]

PLUGINS = "gridhook"
EXCHANGES = "gridhook.exchanges"
COMMANDS = "gridhook.commands"
"""The entry-point groups: plugins, exchange links (name = URL scheme), subcommands."""

_CORE = "gridhook"


@attrs.frozen
class Installed:
    """An entry point of an installed distribution; nothing of it is imported before :meth:`load`.

    ``core_range``
        the versions of the core that the distribution says it works with; None: it does not say.
    ``problem``
        why it cannot be used, or None.
    """

    name: str
    distribution: str
    version: str
    core_range: str | None
    problem: str | None
    entry_point: metadata.EntryPoint = attrs.field(repr=False)

    def load(self) -> Any | Failure:  # noqa: ANN401 - whatever the distribution provides
        """Import and return what the entry point names; the call is guarded, but not timed.

        :raises KeyboardInterrupt: Ctrl-C came meanwhile.
        """
        with interruptible():
            return Guard(math.inf).call(self.entry_point.load)


def find_installed(group: str) -> Mapping[str, Installed]:
    """Return the entry points of a group by name.

    A name that several distributions claim, and a distribution that does not work with this core, is returned with
    its ``problem``.
    """
    by_name: dict[str, dict[str, Installed]] = {}
    for entry_point in metadata.entry_points(group=group):
        found = _describe(entry_point)
        # The same distribution can be on the path twice (an editable install and a build of it): the first one counts.
        by_name.setdefault(found.name, {}).setdefault(found.distribution, found)
    return {name: _only(list(claimants.values())) for name, claimants in sorted(by_name.items())}


def missing(name: str, installed: Mapping[str, Installed], what: str) -> str:
    """Return the message for a ``name`` that is not installed."""
    guess = did_you_mean(nearest(name, installed))
    known = f"; installed are {', '.join(installed)}" if installed else "; none is installed"
    return f"no {what} {name!r} is installed{guess or known}"


def _describe(entry_point: metadata.EntryPoint) -> Installed:
    distribution = entry_point.dist
    if distribution is None:
        return Installed(entry_point.name, "", "", None, None, entry_point)
    core_range, problem = _core_range(distribution)
    name, version = distribution.metadata["Name"], distribution.version
    return Installed(entry_point.name, name, version, core_range, problem, entry_point)


def _core_range(distribution: metadata.Distribution) -> tuple[str | None, str | None]:
    for text in distribution.requires or ():
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if canonicalize_name(requirement.name) != _CORE:
            continue
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        core = metadata.version(_CORE)
        if requirement.specifier.contains(core, prereleases=True):
            return str(requirement.specifier) or None, None
        name, version = distribution.metadata["Name"], distribution.version
        return str(requirement.specifier), (
            f"{name} {version} works with gridhook{requirement.specifier}, and this is gridhook {core}; "
            f"install a version of {name} that fits"
        )
    return None, None


def _only(claimants: list[Installed]) -> Installed:
    if len(claimants) == 1:
        return claimants[0]
    names = " and ".join(sorted(claimant.distribution for claimant in claimants))
    return attrs.evolve(claimants[0], problem=f"{names} both provide {claimants[0].name!r}; uninstall one of them")
