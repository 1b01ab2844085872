"""Each hook is documented with an example, checked by the conformance kit, and tested by right and wrong plugins."""

import ast
import inspect
from pathlib import Path

import pytest

from gridhook.hookspecs import SPECIFICATIONS
from gridhook.plugins.loading import HOOKS
from gridhook.testing.checks import BY_DOMAIN

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "hooks.md").read_text(encoding="utf-8")


def implemented_in(folder):
    """The hooks that sources in a folder implement."""
    functions = (
        node
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and any("hookimpl" in ast.unparse(mark) for mark in node.decorator_list)
    )
    return {function.name for function in functions}


@pytest.mark.parametrize("domain", SPECIFICATIONS)
def test_the_reference_shows_the_specification_of_each_domain(domain):
    specification = SPECIFICATIONS[domain]
    assert f".. autoclass:: {specification.__module__}.{specification.__name__}\n   :members:" in PAGE


@pytest.mark.parametrize("hook", HOOKS)
def test_each_hook_has_an_example_of_itself(hook):
    text = inspect.getdoc(getattr(SPECIFICATIONS[HOOKS[hook]], hook))
    assert ".. code-block:: python\n" in text
    assert f"def {hook}(" in text.partition(".. code-block:: python\n")[2]


@pytest.mark.parametrize("hook", HOOKS)
def test_each_hook_is_checked_by_the_conformance_kit(hook):
    assert [check.name for check in BY_DOMAIN[HOOKS[hook]] if check.hook == hook]


def test_each_hook_has_a_frozen_plugin_and_one_that_does_it_wrong():
    frozen = map(implemented_in, (ROOT / "tests" / "contract").glob("frozen_*"))
    assert set().union(*frozen) >= set(HOOKS)
    assert implemented_in(ROOT / "tests" / "integration" / "zoo") >= set(HOOKS)
