"""Calling: one plugin's failure costs it its answer, and after some in a row its turn."""

import time

import pytest

from gridhook import hookimpl
from gridhook.plugins.calling import Benched
from gridhook.plugins.guard import Failure, WrongAnswerError


class Scripted:
    """A plugin of two domains that answers what its test says, or raises it."""

    def __init__(self):
        self.answer = None
        self.asked = []

    def say(self, *arguments):
        self.asked.append(arguments)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer

    @hookimpl
    def price_energy(self, market, lots):
        return self.say(market, lots)

    @hookimpl
    def require(self, lots):
        return self.say(lots)


ARGUMENTS = {"lots": "some lots", "rates": "some rates", "market": "a market"}


def unchecked(answer):
    return answer


@pytest.fixture
def plugin():
    return Scripted()


@pytest.fixture
def caller(caller_of, plugin):
    return caller_of(mine=plugin, failures=3)


def ask(caller, hook="price_energy", check=unchecked, paths=()):
    return caller.call("mine", hook, ARGUMENTS, check, paths)


def fail(caller, plugin, times=1):
    plugin.answer = ValueError("too cold")
    for _ in range(times):
        assert isinstance(ask(caller), Failure)


def test_a_plugin_gets_the_arguments_that_it_takes(caller, plugin):
    ask(caller)
    ask(caller, "require")
    assert plugin.asked == [("a market", "some lots"), ("some lots",)]


def test_an_answer_is_what_its_check_makes_of_it(caller, plugin):
    plugin.answer = "12"
    assert ask(caller, check=float) == 12.0


def test_no_answer_is_not_checked(caller):
    assert ask(caller, check=float) is None


def test_a_wrong_answer_is_a_failure(caller, plugin):
    def refuse(answer):
        message = f"not {answer!r}"
        raise WrongAnswerError(message)

    plugin.answer = "twelve"
    assert ask(caller, check=refuse).message == "not 'twelve'"
    assert ask(caller, check=float).message.startswith("ValueError")


def test_a_failure_names_plugin_hook_and_rows_and_is_told_once(caller, plugin):
    plugin.answer = ValueError("too cold")
    ask(caller, "require", paths=["Grid/A", "Grid/B"])
    (failed,) = caller.take_failures()
    assert (failed.plugin, failed.hook) == ("mine", "require")
    assert failed.message.startswith("ValueError: too cold (core/tests/test_plugins_calling.py, line ")
    assert (failed.rows, failed.benched) == ("Grid/A, Grid/B", False)
    assert "ValueError: too cold" in failed.traceback
    assert caller.take_failures() == ()


@pytest.mark.parametrize(
    ("paths", "named"),
    [([], ""), (["a", "b", "c"], "a, b, c"), (["a", "b", "c", "d", "e"], "a, b, c and 2 more")],
)
def test_of_many_rows_only_the_first_are_named(caller, plugin, paths, named):
    plugin.answer = ValueError()
    ask(caller, paths=paths)
    assert caller.take_failures()[0].rows == named


def test_failures_in_a_row_bench_a_plugin_until_the_next_slot(caller, plugin):
    fail(caller, plugin, times=3)
    assert [failed.benched for failed in caller.take_failures()] == [False, False, True]
    assert ask(caller) == Benched()
    assert ask(caller, "require") == Benched()
    assert len(plugin.asked) == 3
    assert caller.take_failures() == ()
    caller.begin_slot()
    plugin.answer = 12
    assert ask(caller) == 12


def test_an_answer_between_failures_keeps_a_plugin_in_play(caller, plugin):
    fail(caller, plugin, times=2)
    plugin.answer = None
    ask(caller)
    fail(caller, plugin, times=2)
    assert not any(failed.benched for failed in caller.take_failures())


def test_a_plugin_that_fails_right_after_its_bench_is_benched_at_once(caller, plugin):
    fail(caller, plugin, times=3)
    caller.begin_slot()
    fail(caller, plugin)
    assert ask(caller) == Benched()


def test_a_plugin_that_recovered_has_all_its_failures_again(caller, plugin):
    fail(caller, plugin, times=3)
    caller.begin_slot()
    plugin.answer = 12
    ask(caller)
    fail(caller, plugin, times=2)
    plugin.answer = 12
    assert ask(caller) == 12


def test_one_plugins_bench_is_not_anothers(caller_of, plugin):
    other = Scripted()
    caller = caller_of(mine=plugin, other=other, failures=1)
    fail(caller, plugin)
    other.answer = 12
    assert caller.call("other", "price_energy", ARGUMENTS, unchecked) == 12


def test_calls_and_failures_are_counted_per_plugin_and_domain(caller_of, plugin):
    caller = caller_of(mine=plugin, other=Scripted(), failures=2)
    ask(caller)
    ask(caller, "require")
    fail(caller, plugin, times=2)
    ask(caller)
    figures = [(one.name, one.domain, one.version, one.calls, one.failures) for one in caller.figures()]
    assert figures == [
        ("mine", "pricing", "1.0", 3, 2),
        ("mine", "requirements", "1.0", 1, 0),
        ("other", "pricing", "1.0", 0, 0),
        ("other", "requirements", "1.0", 0, 0),
    ]


def test_a_plugin_implements_what_it_implements(caller):
    assert caller.implements("require")("mine")
    assert not caller.implements("adjust_rates")("mine")


def test_a_check_is_guarded_too(caller, plugin):
    """What a plugin answers may run code of its own when it is looked at."""

    class Answer:
        def __float__(self):
            raise SystemExit

    plugin.answer = Answer()
    assert ask(caller, check=float).message.startswith("SystemExit (core/tests/test_plugins_calling.py, line ")


def test_without_an_armed_guard_a_slow_plugin_is_waited_for(caller_of):
    class Slow(Scripted):
        @hookimpl
        def price_energy(self):
            time.sleep(0.02)
            return 12

    caller = caller_of(mine=Slow(), timeout_seconds=0.01)
    assert ask(caller) == 12


def test_that_another_hook_works_keeps_nobody_from_the_bench(caller_of):
    class Plugin:
        @hookimpl
        def price_energy(self, lots):
            raise RuntimeError

        @hookimpl
        def event_received(self, event): ...

    caller = caller_of(one=Plugin())
    results = []
    for _ in range(5):
        caller.call("one", "event_received", {"event": None}, lambda value: value)
        results.append(caller.call("one", "price_energy", {"lots": ()}, lambda value: value))
    assert [isinstance(result, Benched) for result in results] == [False, False, False, True, True]
