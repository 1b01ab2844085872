"""Absent plugins: what stands in for one that is broken, where the configuration says that trading goes on without it.

It fails whenever it is asked, in all hooks of the sections that name it, since nobody knows which of them it has. What
it may have been decides: a forecast is the next plugin's on the route, but a price may have been capped by it, and a
trade restricted, so that for the assets on its routes in pricing and requirements no order stands.
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
    used = config.domains_of(installed.name)
    hooks = [hook for hook, domain in HOOKS.items() if domain in used] or [_OBSERVER]

    def fail() -> NoReturn:
        msg = f"it is not loaded: {'; '.join(why)}"
        raise WrongAnswerError(msg)

    implementations = {hook: Implementation(hook, fail, ()) for hook in hooks}
    return Plugin(installed.name, installed.distribution, installed.version, None, implementations)
