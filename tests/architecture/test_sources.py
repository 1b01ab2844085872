"""Rules for all sources: small rooms, no loose ends, catching broadly is for the plugin guard."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path
    for folder in ("core/src", *sorted(str(p) for p in (ROOT / "plugins").glob("*/src")))
    for path in (ROOT / folder).rglob("*.py")
)
GUARD = "gridhook/plugins/guard.py"
HANDS_OVER = "gridhook/testing/driving.py"  # raises in one thread what another one caught


def functions(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_is_a_small_room(path):
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert text.count("\n") <= 350
    long = [node.name for node in functions(tree) if node.end_lineno - node.lineno + 1 > 60]
    assert not long
    assert ast.get_docstring(tree)
    if path.name != "__main__.py":
        assert re.search(r"^__all__ = ", text, re.MULTILINE) or path.name == "__init__.py"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_has_no_loose_ends(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\b(TODO|FIXME|XXX)\b", text)
    assert not re.search(r"/(work|root|home)/", text)
    if not path.as_posix().endswith((GUARD, HANDS_OVER)):
        assert not re.search(r"except (Base)?Exception\b|except:", text)


def test_the_median_module_is_short():
    lines = sorted(path.read_text(encoding="utf-8").count("\n") for path in SOURCES)
    assert lines[len(lines) // 2] <= 120
