"""Checks that every hook with an answer has in common: each case answered, again and alike, and tables left alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

from gridhook.testing.asking import Question
from gridhook.testing.checks.cases import Case, moments
from gridhook.testing.checks.check import Check
from gridhook.testing.checks.comparing import is_same, shown
from gridhook.testing.checks.signatures import check_signature
from gridhook.testing.conformance import NonconformingError
from gridhook.testing.situations import Situation, make_situation
from gridhook.testing.subject import Subject

__all__ = ["Ask", "checks_of"]

Ask: TypeAlias = Callable[[Situation], Question]
"""Makes a hook's question of a situation."""

Look: TypeAlias = Callable[[Question, Any], None]
"""Looks closer at a checked answer; raises NonconformingError."""


def checks_of(hook: str, ask: Ask, cases: Sequence[Case], many: Case, look: Look | None = None) -> tuple[Check, ...]:
    """Return the checks of one hook.

    :param cases: in which it is asked.
    :param many: the case with so many rows that the time counts.
    :param look: what else an answer has to be like.
    """
    look = look or _nothing_else
    return (
        Check("signature", hook, partial(check_signature, hook)),
        *(Check(case.name, hook, partial(_answers, ask, case, look)) for case in cases),
        Check(many.name, hook, partial(_copes, ask, many)),
        Check("asked again", hook, partial(_answers_again, ask)),
        Check("same answers", hook, partial(_answers_alike, ask)),
        Check("tables left alone", hook, partial(_leaves_alone, ask)),
    )


def _nothing_else(question: Question, value: Any) -> None:  # noqa: ANN401
    """Take any answer."""


def _answers(ask: Ask, case: Case, look: Look, subject: Subject) -> str:
    for situation in case.situations():
        with subject.session() as sitting:
            question = ask(situation)
            look(question, sitting.ask(question, case.remedy).value)
    return ""


def _copes(ask: Ask, case: Case, subject: Subject) -> str:
    (situation,) = case.situations()
    with subject.session() as sitting:
        question = ask(situation)
        answer = sitting.ask(question, case.remedy)
    per_row = answer.seconds / question.rows
    took = f"{answer.seconds * 1e3:.1f} ms, {per_row * 1e6:.3g} us per row"
    if per_row > subject.seconds_per_row:
        msg = f"took {took}, and seconds_per_row allows {subject.seconds_per_row * 1e6:.3g} us; {case.remedy}"
        raise NonconformingError(msg)
    return took


def _answers_again(ask: Ask, subject: Subject) -> str:
    with subject.session() as sitting:
        for situation in moments():
            sitting.ask(ask(situation), "the same plugin is asked at every tick, and may be asked the same twice")
    return ""


def _answers_alike(ask: Ask, subject: Subject) -> str:
    situations = moments()
    first, second = (_all_answers(ask, situations, subject) for _ in range(2))
    for one, two in zip(first, second, strict=True):
        if not is_same(one, two):
            msg = (
                f"asked the same, a new instance answers {shown(two)} after {shown(one)}; a record could not be "
                "replayed: take randomness from a seed in the settings, and the time from the slot"
            )
            raise NonconformingError(msg)
    return ""


def _all_answers(ask: Ask, situations: Sequence[Situation], subject: Subject) -> list[Any]:
    with subject.session() as sitting:
        return [sitting.ask(ask(situation)).value for situation in situations]


def _leaves_alone(ask: Ask, subject: Subject) -> str:
    with subject.session() as sitting:
        for situation in (make_situation(homes=2), make_situation(is_sparse=True)):
            # numpy raises where one is written to, and lets none be made writeable.
            sitting.ask(ask(situation), "tables are read-only: copy what you want to change")
    return ""
