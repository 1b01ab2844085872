"""The plugin manager: finding, loading, routing and guarding plugins. Nothing is loaded on import."""

from gridhook.plugins.decisions import Decisions
from gridhook.plugins.manager import Manager, build_manager, load_plugins

__all__ = ["Decisions", "Manager", "build_manager", "load_plugins"]
