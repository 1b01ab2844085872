"""Routing: which plugins serve which assets, in which order. Most specific first: path > name > glob > kind > use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import attrs
import numpy as np

from gridhook.arrays import Bools, Ints
from gridhook.assets import ASSET_KINDS, Assets
from gridhook.claims import matches
from gridhook.errors import Problem, did_you_mean, join_path, nearest
from gridhook.grid import Tree
from gridhook.lots import Lots

__all__ = ["Router", "Turn"]


@attrs.frozen(eq=False)
class Turn:
    """One plugin's turn: its name, and the rows that it is asked about."""

    plugin: str
    rows: Ints


class Router:
    """The routes of one domain.

    :param domain: its name, for messages.
    :param use: the plugins for all assets, in order.
    :param routes: the plugins for some, by path, name, glob or kind.
    """

    def __init__(self, domain: str, use: Sequence[str], routes: Mapping[str, Sequence[str]]) -> None:
        self._domain = domain
        self._routes = [tuple(use), *(tuple(route) for route in routes.values())]
        self._numbers = {key: number for number, key in enumerate(routes, start=1)}
        self._globs = [key for key in routes if any(sign in key for sign in "*?[")]
        self._by_path: dict[str, int] = {}

    def turns(
        self, table: Lots | Assets, takes_part: Callable[[str], bool], is_open: Callable[[], Bools] | None = None
    ) -> Iterator[Turn]:
        """Yield the turns of the plugins that take part, each with the rows of ``table`` whose route it is on.

        First each row's first plugin, then each row's second, and so on; within a round in the order of the file.

        :param is_open: gives, at each turn, which rows still want an answer; without it, all do at every turn.
        """
        routes = [[name for name in route if takes_part(name)] for route in self._routes]
        assigned = self._assign(table) if self._numbers else None
        for rank in range(max(map(len, routes))):
            for name in dict.fromkeys(route[rank] for route in routes if len(route) > rank):
                served = np.ones(len(table), dtype=np.bool_)
                if assigned is not None:
                    served = np.array([route[rank : rank + 1] == [name] for route in routes])[assigned]
                rows = np.flatnonzero(served if is_open is None else served & is_open())
                if len(rows):
                    yield Turn(name, rows)

    def route_of(self, path: str, name: str, kind: str) -> tuple[str, ...]:
        """Return the plugins that serve an asset, in order."""
        return self._routes[self._number(path, name, kind)]

    def unmatched(self, tree: Tree) -> list[Problem]:
        """Return a problem for each key that no asset of the grid matches."""
        assets = [area for area, kind in enumerate(tree.kinds) if kind in ASSET_KINDS]
        names = [tree.names[area] for area in assets]
        paths = [tree.paths[area] for area in assets]
        problems = []
        for key in self._numbers:
            is_found = key in ASSET_KINDS or key in names or key in paths
            if key in self._globs:
                is_found = is_found or any(map(matches, [key] * len(names), names, paths))
            if not is_found:
                guess = did_you_mean(nearest(key, [*ASSET_KINDS, *names, *paths]))
                message = f"no asset has this path, name, glob or kind{guess}"
                problems.append(Problem(join_path(self._domain, "routes", key), message))
        return problems

    def _assign(self, table: Lots | Assets) -> Ints:
        """Return the number of each row's route."""
        paths = table.path.tolist()
        if not self._by_path.keys() >= set(paths):
            for row in zip(paths, table.name.tolist(), table.kind.tolist(), strict=True):
                self._number(*row)
        return np.fromiter(map(self._by_path.__getitem__, paths), dtype=np.int64, count=len(paths))

    def _number(self, path: str, name: str, kind: str) -> int:
        number = self._by_path.get(path)
        if number is None:
            number = self._by_path[path] = self._find_number(path, name, kind)
        return number

    def _find_number(self, path: str, name: str, kind: str) -> int:
        for key in (path, name):
            if key in self._numbers:
                return self._numbers[key]
        for key in self._globs:
            if matches(key, name, path):
                return self._numbers[key]
        return self._numbers.get(kind, 0)
