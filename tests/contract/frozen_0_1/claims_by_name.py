"""A module with one hook: claim what has a number below 7, and no battery."""

from gridhook import Claim, hookimpl


@hookimpl
def claim_assets(grid):
    chosen = []
    for path, kind, name in zip(grid.tree.paths, grid.tree.kinds, grid.tree.names):
        if kind in ("load", "pv") and name.split()[1] < "07":
            chosen.append(path)
    return Claim(names=chosen, kinds=[], globs=["Home 01 *"], exclude=["Home 02 Load"])
