"""Asking: one question to one hook of a plugin, guarded and checked as in a session."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from gridhook.figures import Figures
from gridhook.plugins.guard import Failure, Guard
from gridhook.plugins.loading import Implementation, Plugin
from gridhook.testing.conformance import NonconformingError, NotApplicableError
from gridhook.testing.situations import Situation

__all__ = ["Answer", "Question", "Sitting"]


@attrs.frozen(eq=False)
class Question:
    """What a hook is asked.

    ``situation``
        what the exchange has told; the plugin's observers hear of it first.
    ``arguments``
        by the specification's names.
    ``check``
        turns an answer into what the agent makes of it, or raises what is wrong with it.
    ``rows``
        number of rows of the table that it is about.
    """

    hook: str
    situation: Situation
    arguments: Mapping[str, Any]
    check: Callable[[Any], Any]
    rows: int


@attrs.frozen(eq=False)
class Answer:
    """A checked answer, and how long the plugin took."""

    value: Any
    seconds: float


@attrs.frozen(eq=False)
class Sitting:
    """One loaded plugin in one session."""

    plugin: Plugin
    guard: Guard

    def ask(self, question: Question, remedy: str = "") -> Answer:
        """Ask a question, and check the answer.

        :param remedy: what to do where it fails.
        :raises NotApplicableError: the plugin does not implement the hook.
        :raises NonconformingError: the plugin failed, or answered something else than what is asked.
        """
        self.implementation(question.hook)
        self.tell("event_received", {"event": question.situation.event})
        began = time.perf_counter()
        answer = self._call(question.hook, question.arguments, question.check)
        seconds = time.perf_counter() - began
        if isinstance(answer, Failure):
            raise NonconformingError(f"{answer.message}; {remedy}" if remedy else answer.message)
        return Answer(answer, seconds)

    def implementation(self, hook: str) -> Implementation:
        """Return the plugin's implementation of a hook.

        :raises NotApplicableError: there is none.
        """
        implementation = self.plugin.implementations.get(hook)
        if implementation is None:
            msg = f"{hook} is not implemented"
            raise NotApplicableError(msg)
        return implementation

    def tell(self, hook: str, arguments: Mapping[str, Any]) -> None:
        """Tell an observer, if the plugin is one.

        :raises NonconformingError: it failed.
        """
        failure = self._observe(hook, arguments)
        if failure is not None:
            msg = f"failed in {hook}: {failure.message}; observers may not raise"
            raise NonconformingError(msg)

    def finish(self, figures: Figures) -> None:
        """Let the session finish after something went wrong; another failure says nothing new."""
        self._observe("session_finished", {"summary": figures})

    def _observe(self, hook: str, arguments: Mapping[str, Any]) -> Failure | None:
        if hook not in self.plugin.implementations:
            return None
        answer = self._call(hook, arguments, lambda _: None)
        return answer if isinstance(answer, Failure) else None

    def _call(self, hook: str, arguments: Mapping[str, Any], check: Callable[[Any], Any]) -> Any | Failure:  # noqa: ANN401
        implementation = self.plugin.implementations[hook]
        taken = [arguments[name] for name in implementation.arguments]

        def answer() -> Any:  # noqa: ANN401 - what ``check`` returns
            value = implementation.function(*taken)
            return None if value is None else check(value)

        with self.guard.armed():
            return self.guard.call(answer)
