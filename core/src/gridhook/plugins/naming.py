"""Naming: areas that plugins' settings name, held against those that an exchange has.

A plugin says what it names by one or two plain methods (functions, if it is a module), both of them optional:
``named_areas() -> Mapping[str, str]`` for places in its settings where any area will do, ``named_assets()`` where only
an asset will.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import attrs

from gridhook.assets import ASSET_KINDS
from gridhook.errors import AreaError, Problem, did_you_mean, nearest
from gridhook.grid import Tree
from gridhook.plugins.guard import Failure, Guard, WrongAnswerError

__all__ = ["NamedArea", "named_by", "unknown_names"]

_METHODS = ("named_areas", "named_assets")


@attrs.frozen
class NamedArea:
    """An area that a plugin's settings name: the path of the setting, and whether the area has to be an asset."""

    at: str
    name: str
    is_asset: bool


def named_by(plugin: str, instance: object, at: str, guard: Guard) -> tuple[list[NamedArea], list[Problem]]:
    """Ask a plugin what its settings name; one that cannot say it is a problem of its table ``at``."""
    named: list[NamedArea] = []
    for method in _METHODS:
        function = getattr(instance, method, None)
        if not callable(function):
            continue
        answer = guard.call(partial(_ask, function))
        if isinstance(answer, Failure):
            return [], [Problem(at, f"{plugin!r} failed in {method}: {answer.message}")]
        named += [NamedArea(f"{at}.{place}", name, method == "named_assets") for place, name in answer.items()]
    return named, []


def unknown_names(named: Sequence[NamedArea], tree: Tree) -> list[Problem]:
    """Return a problem for each name that leads to no area of the grid, or to none of the kind that is meant."""
    assets = [area for area, kind in enumerate(tree.kinds) if kind in ASSET_KINDS]
    known = {*(tree.names[area] for area in assets), *(tree.paths[area] for area in assets)}
    problems = []
    for one in named:
        if not one.is_asset:
            problems += _unknown_area(one, tree)
        elif one.name not in known:
            is_market = one.name in tree.names or one.name in tree.paths
            why = f"{one.name!r} is no asset" if is_market else f"no asset is called {one.name!r}"
            problems.append(Problem(one.at, f"{why}{did_you_mean(nearest(one.name, sorted(known)))}"))
    return problems


def _unknown_area(one: NamedArea, tree: Tree) -> list[Problem]:
    try:
        tree.find(one.name)
    except AreaError as error:
        return [Problem(one.at, str(error))]
    return []


def _ask(method: Callable[[], object]) -> Mapping[str, str]:
    answer = method()
    if not isinstance(answer, Mapping) or not all(isinstance(text, str) for pair in answer.items() for text in pair):
        msg = f"has to answer a mapping of places in the settings to names of areas, not {answer!r}"
        raise WrongAnswerError(msg)
    return answer
