"""Partners: from the names of areas to the ids that orders carry."""

from __future__ import annotations

from gridhook import AreaError
from gridhook.grid import Tree

__all__ = ["Partners"]


class Partners:
    """The ids of partners in one tree; each list of names is looked up once per asset."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self._known: dict[tuple[str, tuple[str, ...]], tuple[str, ...] | AreaError] = {}

    def ids(self, asset: str, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return the ids of the areas with these names, and of all areas in them.

        The asset itself and the markets around it are left out: on the original, who names itself trades with anyone
        (PROTOCOL.md 6.5).

        :param asset: the id of the asset whose partners they are.
        :raises AreaError: a name leads to no area, or to several.
        """
        known = self._known.get((asset, names))
        if known is None:
            known = self._known[asset, names] = self._look_up(asset, names)
        if isinstance(known, AreaError):
            # Or it would remember each place that it was ever raised at.
            raise known.with_traceback(None)
        return known

    def _look_up(self, asset: str, names: tuple[str, ...]) -> tuple[str, ...] | AreaError:
        tree = self.tree
        try:
            found = dict.fromkeys(area for name in names for area in tree.below(tree.find(name)))
        except AreaError as error:
            return error
        own = self._around(asset)
        return tuple(tree.ids[area] for area in found if area not in own)

    def _around(self, asset: str) -> set[int]:
        area = self.tree.find(asset)
        around = set()
        while area >= 0:
            around.add(area)
            area = int(self.tree.parents[area])
        return around
