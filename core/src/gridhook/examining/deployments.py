"""Deployments: the configuration, its plugins, its exchange, and what the ones want of the other."""

from __future__ import annotations

from pathlib import Path

from gridhook.checks import Tell, ok, skipped, wrong
from gridhook.config.origins import origin_of
from gridhook.deployment import Survey
from gridhook.errors import ConfigError, ExchangeError
from gridhook.examining.areas import check_areas
from gridhook.examining.plugins import check_domains, check_plugins
from gridhook.linkcalls import blame, call_link, wrong_answer
from gridhook.links import Examinable, Examined

__all__ = ["examine"]


def examine(path: Path | None, found: Survey, tell: Tell) -> None:
    """Tell what is right and wrong with a deployment; what an earlier mistake leaves in the dark is skipped.

    :param path: the configuration file, as it was given.
    """
    if found.problems:
        for problem in found.problems:
            remedy = "correct it, or say otherwise on the command line; gridhook config check tells whether it is right"
            tell(wrong("config", str(problem), remedy, is_config=True))
    else:
        tell(ok("config", f"{path or 'the default configuration'} is right"))
    if path is not None and any((problem.file, problem.path) == (path, "") for problem in found.problems):
        for name in ("plugins", "exchange"):
            tell(skipped(name, f"{path} cannot be read"))
        return
    check_plugins(found, tell)
    check_domains(found.reading.config, tell)
    check_areas(found, _examine_exchange(found, tell), tell)


def _examine_exchange(found: Survey, tell: Tell) -> Examined:
    """Let the link look at its exchange."""
    exchange, section = found.exchange, found.reading.config.exchange
    if exchange is None or any(problem.path in ("exchange", "exchange.url") for problem in found.problems):
        tell(skipped("exchange", "its address is wrong: see config"))
        return Examined()
    origins = {key: origin_of(found.reading, ["exchange"], key) for key in ("url", "aggregator")}
    text = f"{section.url} ({origins['url']}), to trade there as {section.aggregator!r} ({origins['aggregator']})"
    tell(ok("exchange", text))
    if not isinstance(exchange, Examinable):
        tell(
            skipped("link", f"the link of {section.url.partition(':')[0]}: cannot examine its exchange; try a dry run")
        )
        return Examined(found.tree)
    try:
        seen = call_link(lambda: exchange.examine(found.request, tell))
    except ExchangeError as error:
        tell(wrong("exchange", str(error), "see that it is there, and that its address is right"))
        return Examined(found.tree)
    except ConfigError as error:
        told = {problem.message for problem in found.problems}
        for problem in error.problems:
            if problem.message not in told:
                placed = found.reading.place(problem)
                tell(wrong("exchange", str(placed), "correct it in the configuration", is_config=True))
        tell(skipped("exchange", "what it leads to is wrong: see config"))
        return Examined()
    if isinstance(seen, Examined):
        return seen
    text = blame(section.url, "examine", wrong_answer(seen, "Examined"))
    tell(wrong("link", text, "its authors may want to know; try a dry run"))
    return Examined(found.tree)
