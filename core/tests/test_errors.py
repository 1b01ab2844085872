"""Errors: what, where, and what to do."""

from pathlib import Path

import pytest

from gridhook import (
    AmbiguousAreaError,
    AreaError,
    ConfigError,
    ExchangeError,
    GridhookError,
    Problem,
    UnknownAreaError,
)
from gridhook.errors import did_you_mean, join_path, nearest


@pytest.mark.parametrize("error", [ConfigError, ExchangeError, AreaError, UnknownAreaError, AmbiguousAreaError])
def test_one_except_clause_catches_them_all(error):
    assert issubclass(error, GridhookError)


def test_an_area_that_is_not_found_is_a_lookup_error_too():
    assert issubclass(UnknownAreaError, AreaError)
    assert issubclass(AreaError, LookupError)


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (Problem("pricing.use", "is missing", Path("my.toml"), 7), "my.toml:7: pricing.use: is missing"),
        (Problem("pricing.use", "is missing", Path("my.toml")), "my.toml: pricing.use: is missing"),
        (Problem("pricing.use", "is missing"), "pricing.use: is missing"),
        (Problem("", "is not TOML"), "is not TOML"),
    ],
)
def test_a_problem_is_one_line_that_says_where(problem, line):
    assert str(problem) == line


def test_a_config_error_is_all_problems_one_line_each():
    error = ConfigError([Problem("a", "is missing"), Problem("b", "is wrong")])
    assert str(error) == "a: is missing\nb: is wrong"
    assert [problem.path for problem in error.problems] == ["a", "b"]
    assert ConfigError(Problem("a", "is missing")).problems == (Problem("a", "is missing"),)


def test_the_nearest_names_come_first_whatever_their_case():
    assert nearest("RAMPS", ["fixed", "ramp", "Ramps"]) == ["Ramps", "ramp"]
    assert nearest("nothing like it", ["fixed", "ramp"]) == []


def test_no_more_names_than_asked_for():
    assert len(nearest("load 1", [f"load {number}" for number in range(9)])) == 3


@pytest.mark.parametrize(
    ("names", "end"),
    [([], ""), (["ramp"], "; did you mean 'ramp'?"), (["ramp", "fixed"], "; did you mean 'ramp' or 'fixed'?")],
)
def test_a_guess_ends_a_sentence(names, end):
    assert did_you_mean(names) == end


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        (("pricing", "use"), "pricing.use"),
        (("", "my-plugin_2"), "my-plugin_2"),
        (("", "my one"), '"my one"'),
        (("plugins.ramp", "rate.max"), 'plugins.ramp."rate.max"'),
        (("loads[2]", "", 'a"b'), r'loads[2].""."a\"b"'),
    ],
)
def test_keys_that_are_not_bare_are_quoted_in_a_path(keys, path):
    assert join_path(*keys) == path
