"""Clashes: a class that would be called like something else in the modules that it is written into."""

from __future__ import annotations

import ast

from gridhook.errors import ConfigError, Problem
from gridhook.scaffold.naming import NewName

__all__ = ["refuse_clash"]


def refuse_clash(new: NewName, strategy: ast.Module, tests: ast.Module) -> None:
    """Make sure that the class is called like nothing that its module imports, or that its tests import or define.

    :raises ConfigError: it is; the message says where the other one is from.
    """
    taken = dict.fromkeys(_defined(tests), "its tests define for something else")
    taken |= {name: f"its tests import from {source}" for name, source in _imported(tests) if source != new.module}
    taken |= {name: f"its module imports from {source}" for name, source in _imported(strategy)}
    if new.class_name in taken:
        message = (
            f"{new.name!r} would be the class {new.class_name}, which {taken[new.class_name]}; "
            f"choose another name, such as {'my-' + new.name!r}"
        )
        raise ConfigError(Problem("", message))


def _imported(module: ast.Module) -> list[tuple[str, str]]:
    """Return the names that a module imports by ``from … import …``, each with where it is from."""
    imports = [node for node in ast.walk(module) if isinstance(node, ast.ImportFrom)]
    return [(alias.name, str(node.module)) for node in imports for alias in node.names]


def _defined(module: ast.Module) -> list[str]:
    """Return the classes and functions of a module."""
    return [node.name for node in module.body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
