"""The embedded exchange as a link: in process, in lockstep with the agent, as fast as possible."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import attrs
from attrs import validators

from gridhook.assets import ASSET_KINDS
from gridhook.checks import Tell, ok
from gridhook.commands import Batch
from gridhook.errors import ConfigError, Problem, did_you_mean, nearest
from gridhook.events import Answered, Connected, ExchangeEvent, Finished, SlotOpened, Ticked, Traded
from gridhook.figures import Accounts
from gridhook.grid import Tree
from gridhook.inprocess import InProcessLink
from gridhook.links import Examined, LinkRequest
from gridhook_exchange.community import Overrides, read_community
from gridhook_exchange.desk import Desk
from gridhook_exchange.market.accounts import close_accounts
from gridhook_exchange.market.community import Community
from gridhook_exchange.market.simulation import Simulation
from gridhook_exchange.registry import build_registry

__all__ = ["SHIPPED", "EmbeddedExchange", "EmbeddedLink", "find_community"]

SHIPPED = Path(__file__).parent / "demo"
"""The folder of the communities that ship with this distribution."""


@attrs.define
class EmbeddedExchange:
    """``embedded:NAME`` or ``embedded:PATH/community.toml``: an exchange inside this process.

    ``start``, ``seed``
        go before those of the community file.
    """

    start: datetime.date | None = None
    seed: int | None = attrs.field(default=None, validator=validators.optional(validators.ge(0)))

    _community: Community | None = attrs.field(init=False, default=None)

    @classmethod
    def base_config(cls, url: str) -> Path | None:
        """Return the configuration that ships with the demo community, for its addresses."""
        return SHIPPED / "gridhook.toml" if url in _shipped() else None

    def open(self, request: LinkRequest) -> EmbeddedLink:
        """Read the community and return a link to it.

        :raises ConfigError: there is no such community, or its file is wrong.
        """
        return EmbeddedLink(self._read(request))

    def known_areas(self, request: LinkRequest) -> Tree:
        """Return the areas of the community.

        :raises ConfigError: there is no such community, or its file is wrong.
        """
        return build_registry(self._read(request)).tree

    def examine(self, request: LinkRequest, tell: Tell) -> Examined:
        """Read the community and say what is in it.

        :raises ConfigError: there is no such community, or its file is wrong.
        """
        file, community = find_community(request.url, request.base), self._read(request)
        tree = build_registry(community).tree
        homes = {parent for kind, parent in zip(tree.kinds, tree.parents.tolist(), strict=True) if kind in ASSET_KINDS}
        assets = sum(kind in ASSET_KINDS for kind in tree.kinds)
        first = community.slot_start(0).isoformat()
        tell(ok("community", f"{file}: {assets} assets in {len(homes)} markets, {community.slots} slots from {first}"))
        return Examined(tree, {})

    def _read(self, request: LinkRequest) -> Community:
        if self._community is None:
            overrides = Overrides(self.start, request.slots, self.seed)
            self._community = read_community(find_community(request.url, request.base), overrides)
        return self._community


class EmbeddedLink(InProcessLink):
    """A run of a community, driven by the one who takes its events."""

    def __init__(self, community: Community) -> None:
        super().__init__(community.slots)
        self._community = community
        self._simulation = Simulation(community)
        self._registry = build_registry(community)
        self._desk = Desk(self._simulation, self._registry)

    def accounts(self) -> Accounts | None:
        """Return the figures of all members so far."""
        return close_accounts(self._simulation)

    def execute(self, batch: Batch) -> Answered:
        """Execute a batch at the end of the running tick."""
        return self._desk.execute(batch)

    def run(self) -> Iterator[ExchangeEvent]:
        """Yield the events of all slots; batches that were sent meanwhile are executed at the end of the tick."""
        yield Connected(self._registry.tree, "binding")
        yield from self.answers()
        for slot in range(self._community.slots):
            self._simulation.open_slot()
            for tick in range(self._community.rules.ticks_per_slot):
                yield from self._tick(slot, tick)
            self._simulation.close_slot()
        yield Finished()

    def _tick(self, slot: int, tick: int) -> Iterator[ExchangeEvent]:
        simulation = self._simulation
        trades = self._desk.view.trades(simulation.begin_tick())
        if trades is not None:
            yield Traded(trades)
        rules = self._community.rules
        if tick % rules.dispatch_ticks == 0:
            yield self._market_event(slot, tick / rules.ticks_per_slot)
        answers = list(self.answers())
        simulation.end_tick()
        yield from answers

    def _market_event(self, slot: int, progress: float) -> SlotOpened | Ticked:
        community = self._community
        event = Ticked if progress else SlotOpened
        return event(
            slot=community.slot_start(slot),
            slot_length=community.slot_length,
            grid=self._desk.view.grid(),
            feed_in_rate=float(community.feed_in_rate[slot]),
            market_maker_rate=float(community.retail_rate[slot]),
            progress=progress,
        )


def _shipped() -> list[str]:
    return sorted(path.stem for path in SHIPPED.glob("demo*.toml"))


def find_community(name: str, base: Path, where: str = "exchange.url") -> Path:
    """Return the file of a community: one that ships, by its name, or one at a path relative to ``base``.

    :param where: where the name stands, for whoever wrote it.
    :raises ConfigError: there is none.
    """
    if name in _shipped():
        return SHIPPED / f"{name}.toml"
    path = base / name
    if path.is_file():
        return path
    guess = did_you_mean(nearest(name, _shipped()))
    known = ", ".join(_shipped())
    raise ConfigError(Problem(where, f"no community {name!r}: no such file, and {known} ship{guess}"))
