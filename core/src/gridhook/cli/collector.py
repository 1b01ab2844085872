"""The garbage collector of a process that trades."""

from __future__ import annotations

import gc

__all__ = ["relax_collector"]

_OBJECTS = 100_000
_YOUNG = 20
_OLD = 100


def relax_collector() -> None:
    """Let the collector look for cycles less often.

    An event of a large grid is a tree of some 100,000 objects without a cycle, which by default is looked at several
    times while it is read: that took a third of the time.
    """
    gc.set_threshold(_OBJECTS, _YOUNG, _OLD)
