"""Links: how a session reaches an exchange. Entry-point group ``gridhook.exchanges``, name = URL scheme."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import attrs

from gridhook.checks import Tell
from gridhook.commands import Batch
from gridhook.config import Config, ExchangeSection, Layer, read_layer
from gridhook.errors import ConfigError, Problem, join_path
from gridhook.events import ExchangeEvent
from gridhook.figures import Accounts
from gridhook.grid import Tree
from gridhook.linkcalls import blame, call_link, wrong_answer
from gridhook.plugins.discovery import EXCHANGES, find_installed, missing
from gridhook.plugins.guard import Failure
from gridhook.settings import fields_of, read_settings

__all__ = ["Examinable", "Examined", "Exchange", "Link", "LinkRequest", "Restoring", "base_layer", "find_exchange"]


class Link(Protocol):
    """An open connection to an exchange.

    The session takes an event, lets the agent act on it, and sends the batch before it takes the next.

    ``slots``
        how many slots there will be, if that is known.
    """

    slots: int | None

    @property
    def tick_seconds(self) -> float | None:
        """How often the exchange tells of the market, by the clock; an agent that takes longer comes too late.

        None where the exchange waits for batches, or while that is not known.
        """

    def events(self) -> Iterator[ExchangeEvent]:
        """Yield events until the exchange finishes; the first is ``Connected``.

        :raises ExchangeError: the exchange is gone.
        """

    def send(self, batch: Batch) -> None:
        """Send one batch; its answer comes as an event."""

    def accounts(self) -> Accounts | None:
        """Return what only the exchange can tell about all members; None where it does not."""

    def interrupt(self) -> None:
        """Let :meth:`events` end soon, also while it waits; called from a signal handler, so it may take no lock."""

    def close(self) -> None:
        """Let go of the exchange; may be called more than once.

        What the configuration wants done at the end, such as deleting open orders, is done here, within a bounded time.
        """


@runtime_checkable
class Restoring(Protocol):
    """What a link can do besides, where areas stay with an aggregator after its session."""

    def hold_at_end(self, ids: Sequence[str]) -> None:
        """Let :meth:`Link.close` see to it that the aggregator has just these areas, whatever it should do else."""


@attrs.frozen(eq=False)
class Examined:
    """What an examination found out about an exchange.

    ``tree``
        all areas; None: they could not be read.
    ``holders``
        name of the aggregator by area id, for areas that have one; None: the exchange does not tell.
    ``lists_areas``
        whether there is a registry at all; without one, areas are claimed by their names.
    """

    tree: Tree | None = None
    holders: Mapping[str, str] | None = None
    lists_areas: bool = True


@runtime_checkable
class Examinable(Protocol):
    """What an :class:`Exchange` can do besides, for ``gridhook doctor``."""

    def examine(self, request: LinkRequest, tell: Tell) -> Examined:
        """Look at everything that a session needs, as far as it can be reached, and tell what was found.

        Nothing on the exchange is changed: nothing created, selected, or ordered. Nothing is waited for without end.

        :param tell: takes each check when it is made, what cannot be checked included; none has a secret in it.
        :raises ConfigError: the address or what it leads to is wrong, as for :meth:`Exchange.known_areas`.
        """


@attrs.frozen
class LinkRequest:
    """What a link is opened for.

    ``url``
        the address, without its scheme and colon.
    ``aggregator``
        the name to trade under.
    ``slots``
        end after so many slots; None: when the exchange does.
    ``base``
        the folder that a path in the address is relative to.
    ``is_commanded``
        whether the address was given on the command line, which goes before the environment.
    """

    url: str
    aggregator: str
    slots: int | None
    base: Path
    is_commanded: bool = False


@runtime_checkable
class Exchange(Protocol):
    """What an entry point in ``gridhook.exchanges`` provides: an attrs class.

    Its fields are the keys that it understands in ``[exchange]`` besides the common ones.
    """

    @classmethod
    def base_config(cls, url: str) -> Path | None:
        """Return the configuration that belongs to an address (without scheme), if one does."""

    def known_areas(self, request: LinkRequest) -> Tree | None:
        """Return all areas, if they are known without connecting; None if they are not.

        :raises ConfigError: the address or what it leads to is wrong.
        """

    def open(self, request: LinkRequest) -> Link:
        """Open a link.

        :raises ConfigError: the address or what it leads to is wrong.
        :raises ExchangeError: the exchange cannot be reached.
        """


def find_exchange(
    config: Config, slots: int | None, *, is_commanded: bool = False, replaced_url: str | None = None
) -> tuple[Exchange | None, LinkRequest, list[Problem]]:
    """Return the exchange of the configured address, as far as its settings are right, and what to open it with.

    :param is_commanded: whether the address is the command line's.
    :param replaced_url: the file's, then: settings that only its link knows are left out.
    """
    scheme, _, rest = config.exchange.url.partition(":")
    request = LinkRequest(rest, config.exchange.aggregator, slots, config.link.base, is_commanded)
    cls, problem = _load(scheme)
    if cls is None:
        return None, request, [Problem("exchange.url", problem)]
    common = [field.name for field in fields_of(ExchangeSection)]
    foreign = _settings_of(replaced_url) - {field.name for field in fields_of(cls)}
    values = {key: value for key, value in config.link.values.items() if key not in foreign}
    read = call_link(lambda: read_settings(cls, values, base=config.link.base, at="exchange", beside=common))
    if isinstance(read, Failure):
        return None, request, [Problem("exchange.url", blame(scheme, "its settings", read))]
    exchange, problems = read
    if exchange is None:
        # What is right about it is enough to look for further mistakes.
        wrong = [re.split(r"[.[]", problem.path.removeprefix("exchange."))[0] for problem in problems]
        right = {key: value for key, value in values.items() if join_path("", key) not in wrong}
        exchange, _ = read_settings(cls, right, base=config.link.base)
    return exchange, request, problems


def base_layer(url: str) -> Layer | None:
    """Return the configuration that belongs to an exchange's address, if one does.

    :raises ConfigError: the link cannot say, or what it gives is wrong.
    """
    scheme, _, rest = url.partition(":")
    cls, _ = _load(scheme)
    if cls is None:
        return None
    path = call_link(lambda: cls.base_config(rest))
    if path is None:
        return None
    if not isinstance(path, Path):
        raise ConfigError(Problem("exchange.url", blame(url, "base_config", wrong_answer(path, "path"))))
    layer, problems = read_layer(path, f"{scheme}:{rest}")
    if problems:
        raise ConfigError(Problem("exchange.url", blame(url, "base_config", "; ".join(map(str, problems)))))
    return layer


def _settings_of(url: str | None) -> set[str]:
    """Return the keys that the link of an address knows; none where there is no such link."""
    cls, _ = (None, "") if url is None else _load(url.partition(":")[0])
    return set() if cls is None else {field.name for field in fields_of(cls)}


def _load(scheme: str) -> tuple[type[Exchange] | None, str]:
    installed = find_installed(EXCHANGES)
    found = installed.get(scheme)
    if found is None:
        return None, missing(scheme, installed, "exchange link")
    if found.problem is not None:
        return None, found.problem
    cls = found.load()
    if isinstance(cls, Failure):
        return None, f"the link of {found.distribution} cannot be imported: {cls.message}"
    wrong = _wrong_exchange(cls)
    return (None, f"the link of {found.distribution} is {wrong}") if wrong else (cls, "")


def _wrong_exchange(cls: object) -> str:
    """Return what an entry point is that provides no :class:`Exchange`; nothing where it does."""
    if not (inspect.isclass(cls) and attrs.has(cls)):
        return f"{cls!r}; an entry point in {EXCHANGES} has to be an attrs class"
    lacking = [name for name in ("base_config", "known_areas", "open") if not callable(getattr(cls, name, None))]
    return f"{cls.__name__}, which has no {', '.join(lacking)}" if lacking else ""
