"""Naming: areas that plugins' settings name, held against those that an exchange has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import attrs

from gridhook.assets import ASSET_KINDS
from gridhook.errors import AreaError, Problem, did_you_mean, nearest
from gridhook.grid import Tree
from gridhook.plugins.guard import Failure, Guard, WrongAnswerError

__all__ = ["NamedArea", "NamingSpec", "named_by", "unknown_names"]

_METHODS = ("named_areas", "named_assets")


class NamingSpec:
    """Which areas do the settings name? Plain methods, without ``@hookimpl``; both are optional.

    A name that leads nowhere does nothing, and nobody would notice. So plugins say what they name: it is looked up
    before anything connects where the exchange knows its areas beforehand, and is an error then; elsewhere a name that
    leads nowhere is a warning, since the area may still appear.
    """

    def named_areas(self) -> Mapping[str, str]:
        """Say which areas (assets, homes, other markets) the settings name.

        Called once, when the plugin has been loaded.

        :returns: the id, path or name of each area, by its place in the settings, such as ``partner`` or
            ``limits."Home 1"``. A name has to lead to exactly one area.

        .. code-block:: python

            import attrs

            @attrs.define
            class OneNeighbour:
                partner: str

                def named_areas(self):
                    return {"partner": self.partner}
        """
        return {}

    def named_assets(self) -> Mapping[str, str]:
        """Say which assets the settings name, where a market will not do.

        :returns: as ``named_areas``, but a path or a name, which may lead to several assets.
        """
        return {}


@attrs.frozen
class NamedArea:
    """An area that a plugin's settings name: the path of the setting, and whether the area has to be an asset."""

    at: str
    name: str
    is_asset: bool


def named_by(plugin: str, instance: object, at: str, guard: Guard) -> tuple[list[NamedArea], list[Problem]]:
    """Ask a plugin what its settings, a table at ``at``, name; that it cannot say it is a problem without a path."""
    named: list[NamedArea] = []
    for method in _METHODS:
        function = getattr(instance, method, None)
        if not callable(function):
            continue
        answer = guard.call(partial(_ask, function))
        if isinstance(answer, Failure):
            message = f"{plugin!r} failed in {method}: {answer.message}"
            return [], [Problem("", message, traceback=answer.traceback)]
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
