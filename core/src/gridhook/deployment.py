"""A deployment: a configuration with its plugins and its exchange, checked as a whole before anything connects."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from pathlib import Path

import attrs

from gridhook.agent import AgentSettings
from gridhook.config import Config, Reading, read_config
from gridhook.dryrun import DryRunLink, Unsent
from gridhook.errors import ConfigError, Problem, join_path
from gridhook.figures import SessionInfo
from gridhook.grid import Tree
from gridhook.guardedlink import guard_link
from gridhook.linkcalls import blame, call_link, link_failed, wrong_answer
from gridhook.links import Exchange, Link, LinkRequest, base_layer, find_exchange
from gridhook.plugins import Manager, load_plugins
from gridhook.plugins.guard import Failure
from gridhook.records.lines import VERSION, Header
from gridhook.records.recorder import Recorder
from gridhook.results import SessionResults
from gridhook.session import Session

__all__ = ["Deployment", "Survey", "prepare", "survey"]

_log = logging.getLogger(__name__)


@attrs.frozen(eq=False)
class Deployment:
    """What ``prepare`` makes of a configuration file: everything loaded, nothing connected.

    ``is_known``
        whether all areas are known beforehand, so that a name that leads nowhere is a mistake.
    """

    reading: Reading
    manager: Manager
    exchange: Exchange
    request: LinkRequest
    is_known: bool

    @property
    def config(self) -> Config:
        """The effective configuration."""
        return self.reading.config

    @property
    def agent_settings(self) -> AgentSettings:
        """What the configuration says to the agent."""
        return AgentSettings(self.config.forecasting.horizon, self.config.exchange.requirements)

    @property
    def header(self) -> Header:
        """Which session it is, for a record."""
        exchange, path = self.config.exchange, self.reading.path
        return Header(
            VERSION,
            metadata.version("gridhook"),
            exchange.aggregator,
            exchange.url,
            None if path is None else str(path.absolute()),
            {name: plugin.version for name, plugin in self.manager.plugins.items()},
        )

    def open(
        self,
        on_slot: Callable[[int], None] | None = None,
        results: SessionResults | None = None,
        unsent: Callable[[Unsent], None] | None = None,
        recorder: Recorder | None = None,
    ) -> Session:
        """Connect to the exchange.

        :param on_slot: called when a slot opens, with the number of slots so far.
        :param results: gets all events and batches, and the figures in the end.
        :param unsent: makes it a dry run, and gets the orders that are not sent.
        :param recorder: keeps all that happens.
        :raises ConfigError: the address leads to something that is wrong.
        :raises ExchangeError: the exchange cannot be reached.
        """
        config = self.config
        link = self._link(unsent)
        if recorder is not None:
            recorder.begin(self.header)
        return Session(
            link,
            self.manager,
            SessionInfo(config.exchange.aggregator, config.exchange.url),
            self.agent_settings,
            self.request.slots,
            on_slot,
            self._refuse if self.is_known else None,
            self._refuse,
            [one for one in (results, recorder) if one is not None],
        )

    def _link(self, unsent: Callable[[Unsent], None] | None) -> Link:
        url = self.config.exchange.url
        opened = call_link(lambda: self.exchange.open(self.request))
        if isinstance(opened, Failure):
            raise link_failed(url, "open", opened)
        link = guard_link(opened, url)
        if unsent is None:
            return link
        dry = DryRunLink(link, unsent)
        if not self.is_known:
            _log.warning("%s", dry.caution)
        return dry

    def _refuse(self, problems: Sequence[Problem]) -> None:
        raise ConfigError([self.reading.place(problem) for problem in problems])


@attrs.frozen(eq=False)
class Survey:
    """What there is of a deployment, though some of it may be wrong.

    ``exchange``
        None: there is no link for the address.
    ``tree``
        all areas, where they are known beforehand.
    ``problems``
        all that is wrong, in the order of the file.
    """

    reading: Reading
    manager: Manager
    exchange: Exchange | None
    request: LinkRequest
    tree: Tree | None
    problems: tuple[Problem, ...]


def prepare(path: Path | None = None, *, exchange: str | None = None, slots: int | None = None) -> Deployment:
    """Read a configuration, load its plugins and find its exchange.

    :param path: the configuration file; None: the one that ships with the demo community.
    :param exchange: an address that goes before the file's.
    :param slots: end after so many slots.
    :raises ConfigError: all that is wrong, at once.
    """
    found = survey(path, exchange=exchange, slots=slots)
    if found.problems or found.exchange is None:
        raise ConfigError(found.problems)
    for name, problems in found.manager.broken.items():
        for problem in problems:
            _log.warning("%s; %s", found.reading.place(problem), _without(name, found.reading.config))
    for problem in _unused(found):
        _log.warning("%s", problem)
    return Deployment(found.reading, found.manager, found.exchange, found.request, is_known=found.tree is not None)


def _unused(found: Survey) -> Iterator[Problem]:
    """Yield plugins that have a table in the file and are in no section, although they do more than observe."""
    config = found.reading.config
    for name, plugin in found.manager.plugins.items():
        domains = [domain for domain in plugin.domains if domain != "observation"]
        if domains and not config.domains_of(name) and name not in found.manager.broken:
            text = f"is in no section, so that it is asked for nothing; name {name!r} under [{domains[0]}] use"
            placed = found.reading.place(Problem(join_path("plugins", name), text))
            if placed.file == found.reading.path:
                yield placed


def _without(name: str, config: Config) -> str:
    """Return what it means that a plugin is broken and trading goes on."""
    guarding = [domain for domain in config.domains_of(name) if domain in ("pricing", "requirements")]
    if guarding:
        return f"it may have been a limit: no order stands for the assets that it serves in {' and '.join(guarding)}"
    return "it counts as a plugin that always fails"


def survey(path: Path | None = None, *, exchange: str | None = None, slots: int | None = None) -> Survey:
    """Do what ``prepare`` does as far as that is possible, and return what is wrong with the rest."""
    reading = read_config(path, exchange, base_layer)
    manager, plugin_problems = load_plugins(reading.config)
    found, request, link_problems = find_exchange(
        reading.config, slots, is_commanded=exchange is not None, replaced_url=reading.replaced_url
    )
    tree, area_problems = _known_areas(found, request, reading.config.exchange.url)
    problems = [*plugin_problems, *link_problems, *area_problems]
    if tree is not None:
        problems += manager.unknown_areas(tree)
    placed = [*reading.problems, *(reading.place(problem) for problem in problems)]
    in_order = sorted(dict.fromkeys(placed), key=lambda problem: problem.line or 0)
    return Survey(reading, manager, found, request, tree, tuple(in_order))


def _known_areas(exchange: Exchange | None, request: LinkRequest, url: str) -> tuple[Tree | None, list[Problem]]:
    """Return the exchange's areas, if they are known without connecting."""
    if exchange is None:
        return None, []
    try:
        tree = call_link(lambda: exchange.known_areas(request))
    except ConfigError as error:
        return None, list(error.problems)
    if tree is None or isinstance(tree, Tree):
        return tree, []
    return None, [Problem("exchange.url", blame(url, "known_areas", wrong_answer(tree, "Tree")))]
