"""Calling: one guarded call of one plugin's hook, with its calls, failures and bench kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from gridhook.arrays import Objects
from gridhook.events import PluginFailed
from gridhook.figures import PluginFigures
from gridhook.plugins.guard import Failure, Guard
from gridhook.plugins.loading import HOOKS, Plugin
from gridhook.plugins.tracing import Trace

__all__ = ["Benched", "Caller"]

_ROWS_NAMED = 3


@attrs.frozen
class Benched:
    """No call was made: the plugin sits out until the next slot."""


@attrs.define
class _Count:
    calls: int = 0
    failures: int = 0


class Caller:
    """Calls hooks of loaded plugins.

    :param plugins: the loaded plugins by name, in the configuration's order.
    :param guard: makes the calls.
    :param failures: so many failures of one hook in a row bench a plugin until the next slot.
    """

    def __init__(self, plugins: Mapping[str, Plugin], guard: Guard, failures: int) -> None:
        self.plugins = plugins
        self._guard = guard
        self._limit = failures
        self._in_a_row: dict[tuple[str, str], int] = {}
        self._benched: set[str] = set()
        self._counts: dict[tuple[str, str], _Count] = {}
        self._failed: list[PluginFailed] = []
        self._trace: Trace | None = None

    def trace(self) -> Trace:
        """Take note of what calls cost from now on."""
        if self._trace is None:
            self._trace = Trace()
        return self._trace

    def implements(self, hook: str) -> Callable[[str], bool]:
        """Return a test for plugin names: does it implement ``hook``?"""
        return lambda name: hook in self.plugins[name].implementations

    def call(
        self,
        name: str,
        hook: str,
        arguments: Mapping[str, Any],
        check: Callable[[Any], Any],
        paths: Sequence[str] | Objects = (),
    ) -> Any | Failure | Benched:  # noqa: ANN401 - what ``check`` returns
        """Call one plugin's hook; None is returned as it is, any other answer goes through ``check``.

        :param paths: of the rows that the plugin is asked about, for the message if it fails.
        """
        if name in self._benched:
            return Benched()
        implementation = self.plugins[name].implementations[hook]
        taken = [arguments[argument] for argument in implementation.arguments]

        def answer() -> Any:  # noqa: ANN401
            value = implementation.function(*taken)
            return None if value is None else check(value)

        count = self._counts.setdefault((name, HOOKS[hook]), _Count())
        count.calls += 1
        trace = self._trace
        start = 0.0 if trace is None else trace.start()
        result = self._guard.call(answer)
        if trace is not None:
            trace.add(name, hook, start, len(paths), result, failed=isinstance(result, Failure))
        if isinstance(result, Failure):
            count.failures += 1
            self._note(name, hook, result, paths)
        else:
            self._in_a_row[name, hook] = 0
        return result

    def begin_slot(self) -> None:
        """Let benched plugins try again."""
        self._benched.clear()

    def take_failures(self) -> tuple[PluginFailed, ...]:
        """Return the failures since the last time, and forget them."""
        failed, self._failed = tuple(self._failed), []
        return failed

    def figures(self) -> tuple[PluginFigures, ...]:
        """Return calls and failures of each plugin in each of its domains."""
        return tuple(
            PluginFigures(plugin.name, domain, plugin.version, count.calls, count.failures)
            for plugin in self.plugins.values()
            for domain in plugin.domains
            for count in [self._counts.get((plugin.name, domain), _Count())]
        )

    def _note(self, name: str, hook: str, failure: Failure, paths: Sequence[str] | Objects) -> None:
        # A plugin that was benched and fails again at once keeps its count: one more failure benches it again.
        self._in_a_row[name, hook] = self._in_a_row.get((name, hook), 0) + 1
        benched = self._in_a_row[name, hook] >= self._limit
        if benched:
            self._benched.add(name)
        event = PluginFailed(name, hook, failure.message, _named(paths), benched, failure.traceback)
        self._failed.append(event)


def _named(paths: Sequence[str] | Objects) -> str:
    named = ", ".join(paths[:_ROWS_NAMED])
    more = len(paths) - _ROWS_NAMED
    return f"{named} and {more} more" if more > 0 else named
