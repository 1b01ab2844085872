"""Registration: claim all registered assets, or some by name, kind or glob."""

from __future__ import annotations

import attrs

from gridhook import ASSET_KINDS, Claim, Grid, hookimpl

__all__ = ["ClaimPlugin"]


@attrs.frozen
class ClaimPlugin:
    """Claims assets; without names, kinds and globs it claims all that are registered.

    ``names``
        names or paths; each has to lead to exactly one asset (or market, for who operates it).
    ``kinds``
        ``load``, ``pv``, ``storage``, ``smart-meter``, ``market``.
    ``globs``
        patterns such as ``"Home 1*"``; with a ``/`` they are held against the path.
    ``exclude``
        names, paths or globs that are left out; one that matches nothing is a mistake, as with names.
    """

    names: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    globs: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    @hookimpl
    def claim_assets(self, grid: Grid) -> Claim:
        """Claim what the settings say; see :class:`gridhook.hookspecs.RegistrationSpec`."""
        del grid
        kinds = self.kinds
        if not (self.names or self.kinds or self.globs):
            kinds = ASSET_KINDS
        return Claim(self.names, kinds, self.globs, exclude=self.exclude)
