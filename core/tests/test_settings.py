"""Settings: a table becomes an object, or a list of all that is wrong with it."""

import datetime
import re
from pathlib import Path
from typing import Literal

import attrs
import pytest
from attrs import validators

from gridhook import SettingError
from gridhook.settings import fields_of, read_settings

BASE = Path("/somewhere")
MOMENT = datetime.datetime(2026, 6, 15, 10, tzinfo=datetime.UTC)


@attrs.frozen
class Limit:
    kwh: float
    hours: list[int] = attrs.field(factory=list)


@attrs.frozen
class Settings:
    rate: float = attrs.field(default=10.0, validator=validators.ge(0))
    steps: int = attrs.field(default=4, validator=[validators.ge(1), validators.le(10)])
    name: str = ""
    on: bool = False
    file: Path | None = None
    mode: Literal["fixed", "ramp"] = "fixed"
    names: tuple[str, ...] = ()
    limits: dict[str, Limit] = attrs.field(factory=dict)
    fee: float | Limit = 0.0
    since: datetime.datetime | None = None
    day: datetime.date | None = None
    state: dict[str, float] = attrs.field(factory=dict, init=False)


def read(cls=Settings, at="plugins.mine", beside=(), **table):
    return read_settings(cls, table, base=BASE, at=at, beside=beside)


def problem_of(**table):
    settings, problems = read(**table)
    assert settings is None
    (problem,) = problems
    return problem.path, problem.message


def test_without_a_table_the_defaults_hold():
    assert read() == (Settings(), [])


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("rate", 12.5, 12.5),
        ("rate", 12, 12.0),
        ("steps", 10, 10),
        ("name", "ramp", "ramp"),
        ("on", True, True),
        ("file", "data/meters.csv", BASE / "data/meters.csv"),
        ("file", "/elsewhere/meters.csv", Path("/elsewhere/meters.csv")),
        ("mode", "ramp", "ramp"),
        ("names", ["a", "b"], ("a", "b")),
        ("limits", {"load": {"kwh": 1, "hours": [7, 8]}}, {"load": Limit(1.0, [7, 8])}),
        ("fee", 2, 2.0),
        ("fee", {"kwh": 2.0}, Limit(2.0)),
        ("since", MOMENT, MOMENT),
        ("day", datetime.date(2026, 6, 15), datetime.date(2026, 6, 15)),
    ],
)
def test_a_value_of_the_right_type_is_taken(key, value, expected):
    settings, problems = read(**{key: value})
    assert problems == []
    assert getattr(settings, key) == expected
    assert type(getattr(settings, key)) is type(expected)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("rate", "12", "has to be a number, not '12'"),
        ("rate", True, "has to be a number, not True"),
        ("rate", float("inf"), "has to be a number, not inf"),
        ("rate", float("nan"), "has to be a number, not nan"),
        ("steps", 2.0, "has to be a whole number, not 2.0"),
        ("steps", True, "has to be a whole number, not True"),
        ("name", 7, "has to be a text, not 7"),
        ("on", 1, "has to be true or false, not 1"),
        ("on", "yes", "has to be true or false, not 'yes'"),
        ("file", 7, "has to be a text, not 7"),
        ("mode", "rampe", "has to be one of 'fixed', 'ramp', not 'rampe'; did you mean 'ramp'?"),
        ("mode", 7, "has to be one of 'fixed', 'ramp', not 7"),
        ("names", "abc", "has to be a list, not 'abc'"),
        ("limits", ["load"], "has to be a table, not ['load']"),
        ("since", "2026-06-15", "has to be a date and time, not '2026-06-15'"),
        ("day", "2026-06-15", "has to be a date (and time) such as 2026-06-15, not '2026-06-15'"),
    ],
)
def test_nothing_is_coerced(key, value, message):
    assert problem_of(**{key: value}) == (f"plugins.mine.{key}", message)


@pytest.mark.parametrize(
    ("table", "path"),
    [
        ({"names": ["a", 7]}, "plugins.mine.names[1]"),
        ({"limits": {"load": {"kwh": "1"}}}, "plugins.mine.limits.load.kwh"),
        ({"limits": {"load": {"kwh": 1, "hours": [7, "8"]}}}, "plugins.mine.limits.load.hours[1]"),
        ({"limits": {"load": 7}}, "plugins.mine.limits.load"),
        ({"fee": {"kwh": "2"}}, "plugins.mine.fee.kwh"),
    ],
)
def test_a_problem_deep_inside_says_where(table, path):
    assert problem_of(**table)[0] == path


def test_what_has_no_default_is_missing():
    assert problem_of(cls=Limit, hours=[1]) == ("plugins.mine.kwh", "is missing")


def test_a_misspelt_key_names_the_nearest():
    assert problem_of(stepps=3) == ("plugins.mine.stepps", "no such setting; did you mean 'steps'?")


def test_a_key_like_no_other_lists_them_all():
    path, message = problem_of(cls=Limit, kwh=1.0, colour="red")
    assert (path, message) == ("plugins.mine.colour", "no such setting; there are kwh, hours")


def test_keys_that_somebody_else_reads_are_proposed_too():
    _, (problem,) = read(cls=Limit, kwh=1.0, agregator="me", beside=["url", "aggregator"])
    assert problem.message == "no such setting; did you mean 'aggregator'?"


def test_what_init_does_not_take_is_no_setting():
    assert "state" not in [field.name for field in fields_of(Settings)]
    assert problem_of(state={})[0] == "plugins.mine.state"


@pytest.mark.parametrize(
    ("key", "value", "text"), [("rate", -1.0, ">= 0"), ("steps", 0, ">= 1"), ("steps", 11, "<= 10")]
)
def test_validators_are_the_bounds(key, value, text):
    path, message = problem_of(**{key: value})
    assert path == f"plugins.mine.{key}"
    assert text in message


def test_all_mistakes_are_found_at_once():
    _, problems = read(rate=-1.0, steps="many", names=[1, "a", 2], nam="x", limits={"load": {}})
    assert {problem.path for problem in problems} == {
        "plugins.mine.rate",
        "plugins.mine.steps",
        "plugins.mine.names[0]",
        "plugins.mine.names[2]",
        "plugins.mine.nam",
        "plugins.mine.limits.load.kwh",
    }


def test_what_a_class_refuses_as_a_whole_is_a_problem_of_its_table():
    @attrs.frozen
    class Range:
        low: float = 0.0
        high: float = 1.0

        def __attrs_post_init__(self):
            if self.low > self.high:
                msg = "low is above high"
                raise ValueError(msg)

    assert read(cls=Range, low=0.5)[1] == []
    assert problem_of(cls=Range, low=2.0) == ("plugins.mine", "low is above high")


def constructing(raises):
    """A class whose constructor raises that; the lines of a traceback are those of this file."""

    @attrs.frozen
    class Fails:
        rate: float = 1.0

        def __attrs_post_init__(self):
            raise raises

    return Fails


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("no meter\nat all"), "no meter at all"),
        (SettingError("no meter", "rate"), "no meter"),
        (ValueError(), "'mine' cannot be constructed: ValueError (…)"),
        (KeyError("MY_API_KEY"), "'mine' cannot be constructed: KeyError: 'MY_API_KEY' (…)"),
        (AssertionError(), "'mine' cannot be constructed: AssertionError (…)"),
        (TypeError("not so"), "'mine' cannot be constructed: TypeError: not so (…)"),
        (
            FileNotFoundError(2, "No such file or directory", "a.key"),
            "'mine' cannot be constructed: FileNotFoundError: [Errno 2] No such file or directory: 'a.key' (…)",
        ),
        (
            UnicodeDecodeError("utf-8", b"\xe9", 0, 1, "invalid"),
            (
                "'mine' cannot be constructed: UnicodeDecodeError: "
                "'utf-8' codec can't decode byte 0xe9 in position 0: invalid (…)"
            ),
        ),
    ],
)
def test_a_constructor_that_fails_says_how_and_where(error, message):
    path, said = problem_of(cls=constructing(error))
    assert re.sub(r"\(core/tests/test_settings\.py, line \d+\)", "(…)", said) == message
    assert path == ("plugins.mine.rate" if isinstance(error, SettingError) else "plugins.mine")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("too high"), "too high"),
        (TypeError("not a rate", "more", "of it"), "not a rate"),
        (KeyError("rate"), "is refused: KeyError: 'rate' (…)"),
        (AssertionError(), "is refused: AssertionError (…)"),
    ],
)
def test_a_validator_that_fails_otherwise_is_not_taken_for_a_missing_key(error, message):
    def refuse(*_):
        raise error

    @attrs.frozen
    class Picky:
        rate: float = attrs.field(validator=refuse)

    path, said = problem_of(cls=Picky, rate=1.0)
    assert path == "plugins.mine.rate"
    assert re.sub(r"\(core/tests/test_settings\.py, line \d+\)", "(…)", said) == message


def test_a_type_that_no_table_can_give_is_a_problem_of_its_field():
    @attrs.frozen
    class Odd:
        rate: int | str = 1
        name: str = ""
        kinds: dict[str, set[int] | str] = attrs.field(factory=dict)

    _, problems = read(cls=Odd)
    assert [problem.path for problem in problems] == ["plugins.mine.rate", "plugins.mine.kinds"]
    assert problems[0].message.startswith("no setting can be int | str; there are bool, int, ")


def test_without_a_place_the_keys_stand_alone():
    _, (problem,) = read(at="", steps="many")
    assert problem.path == "steps"


def test_a_class_without_attrs_has_no_fields():
    assert fields_of(int) == ()
