"""The grid tree of an event: markets with their fees and figures, own assets with their state (PROTOCOL.md 3.8)."""

from gridhook.wire.trees.reading import read_grid_tree
from gridhook.wire.trees.writing import LastSlot, write_grid_tree

__all__ = ["LastSlot", "read_grid_tree", "write_grid_tree"]
