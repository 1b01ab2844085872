"""Lines: where in a TOML file a key was written."""

import textwrap
import time

import pytest

from gridhook.config import lines as config_lines
from gridhook.config.lines import find_line, key_lines

TEXT = """\
# a comment with a = sign
[exchange]
url = "embedded:demo"  # [not.a.header]

[pricing]
use = [
  "ramp",   # x
  "fixed",
]
routes.storage = ["ramp"]
[ pricing.routes ]   # by kind
"Home 0*" = ["fixed"]
'Grid/House = 1' = ["fixed"]
pv=["ramp"]
\t[plugins."my one"]
\trate = 1.0
[[loads]]
name = "first"
[[loads]]
name = "second"
[loads.profile]
file = "a.csv"
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("exchange", 2),
        ("exchange.url", 3),
        ("pricing", 5),
        ("pricing.use", 6),
        ("pricing.routes", 10),
        ("pricing.routes.storage", 10),
        ('pricing.routes."Home 0*"', 12),
        ('pricing.routes."Grid/House = 1"', 13),
        ("pricing.routes.pv", 14),
        ('plugins."my one"', 15),
        ('plugins."my one".rate', 16),
        ("loads", 17),
        ("loads[0]", 17),
        ("loads[0].name", 18),
        ("loads[1]", 19),
        ("loads[1].name", 20),
        ("loads.profile.file", 22),
    ],
)
def test_the_line_of_each_table_and_key(path, line):
    assert key_lines(TEXT)[path] == line


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("exchange.url", 3),
        ("exchange.seed", 2),
        ("pricing.use[1]", 6),
        ("pricing.routes.storage[0].deeper", 10),
        ("loads[1].profile.file", 19),
        ("loads[7]", 17),
        ("settlement.use", None),
        ("", None),
    ],
)
def test_what_was_not_written_is_looked_for_around_it(path, line):
    assert find_line(key_lines(TEXT), path) == line


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment", "no assignment", '"unclosed = 1'])
def test_a_text_without_keys_has_no_lines(text):
    assert key_lines(text) == {}


def test_the_first_line_of_a_key_counts():
    assert key_lines("a.b = 1\na.c = 2\n") == {"a": 1, "a.b": 1, "a.c": 2}


def test_lines_inside_a_value_move_no_later_key():
    text = textwrap.dedent('''\
        [first]
        text = """
        rate = 1
        """
        rate = 2
        [second]
        rate = 3
        ''')
    lines = key_lines(text)
    assert (lines["second"], lines["second.rate"]) == (6, 7)


@pytest.mark.parametrize("line", [" " * 5_000, "a" * 5_000 + ";", "[" * 5_000, "'" * 5_001])
def test_a_long_line_that_is_no_key_takes_no_longer_than_others(line):
    start = time.process_time()
    assert key_lines(f"{line}\nrate = 1\n")["rate"] == 2
    assert time.process_time() - start < 0.5


def test_a_key_that_toml_cannot_read_is_taken_as_it_is():
    assert config_lines._parts(" a b ") == ("a b",)
