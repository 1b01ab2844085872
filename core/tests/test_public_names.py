"""What plugin authors import: all of it is there, documented, and loaded only when it is used."""

import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import gridhook

MODULES = [
    info.name for info in pkgutil.walk_packages(gridhook.__path__, "gridhook.") if not info.name.endswith("__main__")
]


@pytest.mark.parametrize("name", gridhook.__all__)
def test_a_public_name_can_be_imported_and_is_its_modules(name):
    module = importlib.import_module(gridhook._HOMES[name])
    assert getattr(gridhook, name) is getattr(module, name)
    assert name in module.__all__


def test_what_is_public_is_said_once_everywhere():
    assert list(gridhook._HOMES) != []
    assert sorted(gridhook._HOMES) == sorted(gridhook.__all__) == sorted(set(gridhook.__all__))
    assert sorted(typed_names()) == sorted(gridhook.__all__)


def typed_names():
    """The names that type checkers see."""
    tree = ast.parse(Path(gridhook.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    return [alias.name for node in block.body for alias in node.names]


@pytest.mark.parametrize("name", gridhook.__all__)
def test_a_public_name_is_documented(name):
    value = getattr(gridhook, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        assert vars(value)["__doc__"] if inspect.isclass(value) else value.__doc__
        return
    lines = inspect.getsource(importlib.import_module(gridhook._HOMES[name])).splitlines()
    (number,) = [number for number, line in enumerate(lines) if line.startswith((f"{name} =", f"{name}:"))]
    assert lines[number + 1].startswith('"""'), "a text below the constant"


@pytest.mark.parametrize("module", MODULES)
def test_each_module_says_what_it_is_and_has_what_it_promises(module):
    loaded = importlib.import_module(module)
    assert loaded.__doc__
    assert [name for name in getattr(loaded, "__all__", ()) if not hasattr(loaded, name)] == []


def test_dir_is_complete():
    assert {*gridhook.__all__, "__doc__", "__all__"} <= set(dir(gridhook))
    assert dir(gridhook) == sorted(set(dir(gridhook)))


def test_the_version_is_the_distributions():
    assert gridhook.__version__ == version("gridhook")


@pytest.mark.parametrize("name", ["Nothing", "per_lots", "_Rates"])
def test_a_name_that_is_none_is_an_attribute_error(name):
    with pytest.raises(AttributeError, match=f"^module 'gridhook' has no attribute '{name}'$"):
        getattr(gridhook, name)


def test_names_are_loaded_when_they_are_used():
    script = """
import sys
import gridhook
loaded = {name for name in sys.modules if name.startswith("gridhook.")}
assert not loaded, loaded
assert "Rates" in dir(gridhook)
gridhook.Problem
assert "gridhook.errors" in sys.modules
assert "Problem" in vars(gridhook)
assert not {"numpy", "pendulum", "pluggy"} & set(sys.modules)
from gridhook import *
assert HOLD == float("inf") and per_lot and hookimpl
assert not {"gridhook.cli", "gridhook.session", "gridhook.plugins", "click", "rich"} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
