"""Rendering: the templates, filled for one new distribution."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from string import Template

from packaging.requirements import Requirement
from packaging.version import Version

from gridhook.scaffold.authors import quoted_author
from gridhook.scaffold.clashing import refuse_clash
from gridhook.scaffold.naming import NewName

__all__ = ["KINDS", "core_range", "render"]

KINDS = ("registration", "forecasting", "pricing", "requirements", "settlement", "observation")
"""The domains for which there is a strategy to start from."""

_CORE = "gridhook"
_SUFFIX = ".tmpl"


def render(new: NewName, kind: str, author: str | None = None) -> Mapping[str, str]:
    """Return the files of a new distribution by their paths in it, in alphabetical order.

    :param kind: one of :data:`KINDS`.
    :param author: who is named in the metadata; None: nobody.
    :raises ConfigError: the class would be called like something else in its module or in its tests, or the author
        cannot be named.
    """
    folder = resources.files(__package__) / "templates"
    words = {"name": new.name, "module": new.module, "class_name": new.class_name, "distribution": new.distribution}
    words |= {path.removesuffix(".py"): text.rstrip() for path, text in _filled(folder / "shared", words).items()}
    parts = _filled(folder / kind, words)
    strategy = ast.parse(parts["strategy.py"])
    refuse_clash(new, strategy, ast.parse(parts["test_strategy.py"]))
    words |= {
        "author": "" if author is None else f"authors = [{{ name = {quoted_author(author)} }}]\n",
        "config": parts["config.toml"],
        "core_range": core_range(metadata.version(_CORE)),
        "dependencies": "".join(f'    "{requirement}",\n' for requirement in _dependencies(strategy)),
        "python": metadata.metadata(_CORE)["Requires-Python"],
        "purpose": str(ast.get_docstring(strategy)).partition("\n")[0],
        "settings": parts["settings.md"],
    }
    common = _filled(folder / "common", words)
    files = {path.replace("MODULE", new.module): text for path, text in common.items()}
    files[f"src/{new.module}/__init__.py"] = parts["strategy.py"]
    files[f"tests/test_{new.module.removeprefix('gridhook_')}.py"] = parts["test_strategy.py"]
    files[f"{new.name}.toml"] = parts["config.toml"]
    return dict(sorted(files.items()))


def core_range(version: str) -> str:
    """Return the versions of the core that a plugin which is made with ``version`` works with.

    Before 1.0 every minor release may change the specifications, from then on only a major one.
    """
    made_with = Version(version)
    lowest = made_with.public if made_with.is_prerelease else f"{made_with.major}.{made_with.minor}"
    highest = str(made_with.major + 1) if made_with.major else f"0.{made_with.minor + 1}"
    return f">={lowest},<{highest}"


def _filled(folder: Traversable, words: Mapping[str, str]) -> dict[str, str]:
    return {path: Template(text).substitute(words) for path, text in _texts(folder)}


def _texts(folder: Traversable, above: str = "") -> Iterator[tuple[str, str]]:
    """Return the templates in a folder and below, by the paths of what is made of them."""
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _texts(entry, f"{above}{entry.name}/")
        elif entry.name.endswith(_SUFFIX):
            yield above + entry.name.removesuffix(_SUFFIX), entry.read_text(encoding="utf-8")


def _dependencies(module: ast.Module) -> list[str]:
    """Return the requirements of what a module imports besides the core, as the core has them."""
    imported = {alias.name for node in ast.walk(module) if isinstance(node, ast.Import) for alias in node.names}
    required = sorted(metadata.requires(_CORE) or ())
    return [text for text in required if "extra" not in text and Requirement(text).name in imported]
