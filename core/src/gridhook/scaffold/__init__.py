"""The scaffold: a new distribution with a small strategy that works, to be changed into one's own."""

from gridhook.scaffold.naming import NewName
from gridhook.scaffold.refusing import refuse_taken
from gridhook.scaffold.rendering import KINDS, render
from gridhook.scaffold.writing import write_files

__all__ = ["KINDS", "NewName", "refuse_taken", "render", "write_files"]
