"""Failures: one line that says what, and where in whose code."""

import json

import numpy as np
import pytest

from gridhook import per_lot
from gridhook.failures import describe, on_one_line, where
from gridhook.testing import make_lots, make_market

TOO_COLD = "too\n  cold\n"


def caught(function):
    with pytest.raises((ValueError, TypeError, AttributeError)) as info:
        function()
    return info.value


def here(function):
    return f" (core/tests/test_failures.py, line {function.__code__.co_firstlineno + 1})"


def raises():
    raise ValueError(TOO_COLD)


def calls_the_standard_library():
    json.loads("{")


def calls_numpy():
    np.broadcast_to(np.zeros(3), (2,))


def calls_gridhook():
    per_lot(print)


@pytest.mark.parametrize("function", [raises, calls_the_standard_library, calls_numpy, calls_gridhook])
def test_what_is_to_blame_is_the_last_line_that_is_not_a_tools(function):
    assert where(caught(function)) == here(function)


def test_a_lifted_rule_is_to_blame_for_itself():
    def price_energy(lot):
        return lot.nothing

    error = caught(lambda: per_lot(price_energy)(make_lots({}), make_market()))
    assert where(error) == here(price_energy)


def test_nobody_is_to_blame_for_what_was_not_raised():
    assert where(ValueError()) == ""


def test_an_error_is_one_line():
    assert describe(caught(raises)) == f"ValueError: too cold{here(raises)}"
    assert describe(KeyError("rate")) == "KeyError: 'rate'"
    assert describe(AssertionError()) == "AssertionError"


def test_lines_are_joined():
    assert on_one_line("one\n\n  two\r\nthree") == "one two three"
