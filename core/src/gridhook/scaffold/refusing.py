"""Which names are taken: by what is installed, by what belongs to gridhook, and by what plugins import."""

from __future__ import annotations

from importlib import metadata

import gridhook
from gridhook.errors import ConfigError, Problem
from gridhook.plugins.discovery import COMMANDS, EXCHANGES, PLUGINS, find_installed
from gridhook.plugins.firstparty import OWNERS
from gridhook.scaffold.naming import NewName

__all__ = ["refuse_taken"]

_WHAT = {PLUGINS: "a plugin", EXCHANGES: "an exchange link", COMMANDS: "a command"}


def refuse_taken(new: NewName) -> None:
    """Make sure that a name is free.

    :raises ConfigError: it is taken; the message says by whom.
    """
    owner = _of_entry_point(new) or _of_distribution(new) or _of_gridhook(new)
    if owner:
        raise ConfigError(Problem("", f"{new.name!r} is taken: {owner}; choose another name"))


def _of_entry_point(new: NewName) -> str:
    for group, what in _WHAT.items():
        found = find_installed(group).get(new.name)
        if found is not None:
            return f"{found.distribution} {found.version}, which is installed, has {what} of this name"
        if new.name in OWNERS[group]:
            owner = OWNERS[group][new.name]
            whose = owner if owner == "gridhook" else f"{owner}, which is gridhook's own,"
            return f"{whose} has {what} of this name"
    return ""


def _of_distribution(new: NewName) -> str:
    if any(new.distribution in names.values() for names in OWNERS.values()):
        return f"{new.distribution} is gridhook's own"
    try:
        return f"{new.distribution} {metadata.version(new.distribution)} is installed"
    except metadata.PackageNotFoundError:
        return ""


def _of_gridhook(new: NewName) -> str:
    if new.class_name in gridhook.__all__:
        return f"its class would be called {new.class_name}, and plugins import gridhook's {new.class_name}"
    return ""
