"""Absent plugins: what stands in for one that is broken, where the configuration says that trading goes on without it.

It fails whenever it is asked, so that all that a failure means holds for it, too: the next plugin on the route gets the
rows, and where it may have been a cap or a requirement, nothing is let through.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from gridhook.config import Config
from gridhook.plugins.discovery import Installed
from gridhook.plugins.guard import WrongAnswerError
from gridhook.plugins.loading import HOOKS, Implementation, Plugin

__all__ = ["stand_in"]

_OBSERVER = "session_started"
"""What a plugin without a section is asked, so that its failure is told, once."""


def stand_in(installed: Installed, config: Config, why: Sequence[str]) -> Plugin:
    """Return a plugin that fails in every hook of the sections that name it.

    :param why: what is wrong with the plugin.
    """
    domains = {domain for domain in HOOKS.values() if domain != "observation"}
    used = {domain for domain in domains if installed.name in config.plugins_of(domain)}
    hooks = [hook for hook, domain in HOOKS.items() if domain in used] or [_OBSERVER]

    def fail() -> NoReturn:
        msg = f"it is not loaded: {'; '.join(why)}"
        raise WrongAnswerError(msg)

    implementations = {hook: Implementation(hook, fail, ()) for hook in hooks}
    return Plugin(installed.name, installed.distribution, installed.version, None, implementations)
