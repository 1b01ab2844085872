"""The subject of checks: a plugin and its settings, loaded anew for each check, as a session would."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs

from gridhook.config import GuardSection, Table
from gridhook.errors import Problem
from gridhook.figures import (
    CommunityFigures,
    Figures,
    ForecastFigures,
    PreferenceFigures,
    SessionInfo,
    SettlementFigures,
)
from gridhook.plugins.discovery import PLUGINS, Installed
from gridhook.plugins.guard import Guard
from gridhook.plugins.loading import Plugin, Registry
from gridhook.testing.asking import Sitting
from gridhook.testing.conformance import NonconformingError, NotApplicableError

__all__ = ["NO_FIGURES", "SECONDS_PER_ROW", "SESSION", "Subject"]

SECONDS_PER_ROW = 1e-4
"""A rule of ``@per_lot`` takes about a hundredth of this."""

SESSION = SessionInfo("conformance", "conformance:kit")
NO_FIGURES = Figures(
    0, 0, 0, 0.0, None, CommunityFigures(), ForecastFigures(), SettlementFigures(), PreferenceFigures(), {}, ()
)


class _Given(metadata.EntryPoint):
    """An entry point whose object is at hand; a module is run anew."""

    def __init__(self, name: str, found: object) -> None:
        super().__init__(name, "given", PLUGINS)
        vars(self)["found"] = found

    def load(self) -> Any:  # noqa: ANN401 - whatever the distribution provides
        found = vars(self)["found"]
        return _again(found) if isinstance(found, ModuleType) else found


def _are_tables(_: object, __: object, tables: object) -> None:
    if isinstance(tables, Mapping) or not all(isinstance(table, Mapping) for table in tables):  # type: ignore[attr-defined]
        msg = f"refused_settings are several tables, such as ({{'rate': -1.0}},), not {tables!r}"
        raise TypeError(msg)


@attrs.frozen(eq=False)
class Subject:
    """A plugin under check.

    ``plugin``
        the class or module that its entry point names.
    ``settings``
        its ``[plugins.NAME]`` table.
    ``refused_settings``
        tables that it has to refuse.
    ``base``
        the folder that paths in the tables are relative to.
    ``seconds_per_row``
        what takes longer for each row of a long table is too slow.
    ``name``
        what it is called in messages.
    """

    plugin: object
    settings: Mapping[str, Any] = attrs.field(factory=dict)
    refused_settings: Sequence[Mapping[str, Any]] = attrs.field(default=(), validator=_are_tables)
    base: Path = attrs.field(factory=Path)
    seconds_per_row: float = SECONDS_PER_ROW
    name: str = attrs.field()

    @name.default
    def _name_it(self) -> str:
        return str(getattr(self.plugin, "__name__", "plugin")).rpartition(".")[2].lower()

    def load(self, settings: Mapping[str, Any] | None = None) -> tuple[Plugin | None, list[Problem]]:
        """Load it into a registry of its own, with its own settings or others, and return all that is wrong."""
        installed = Installed(
            name=self.name,
            distribution="",
            version="",
            core_range=None,
            problem=None,
            entry_point=_Given(self.name, self.plugin),
        )
        table = Table(f"plugins.{self.name}", self.settings if settings is None else settings, self.base)
        guard = make_guard()
        with guard.armed():
            return Registry(guard).load(installed, table)

    def hooks(self) -> frozenset[str]:
        """Return the hooks that it implements; none where it cannot be loaded."""
        plugin, problems = self.load()
        return frozenset() if plugin is None or problems else frozenset(plugin.implementations)

    def loaded(self) -> Plugin:
        """Load it anew.

        :raises NotApplicableError: it cannot be loaded.
        """
        plugin, problems = self.load()
        if plugin is None or problems:
            msg = "the plugin cannot be loaded"
            raise NotApplicableError(msg)
        return plugin

    @contextmanager
    def session(self) -> Iterator[Sitting]:
        """Load it anew, and let its session start and finish around whatever it is asked.

        :raises NotApplicableError: it cannot be loaded.
        :raises NonconformingError: it fails when the session starts or finishes.
        """
        sitting = Sitting(self.loaded(), make_guard())
        sitting.tell("session_started", {"session": SESSION})
        try:
            yield sitting
        except (NonconformingError, NotApplicableError):
            sitting.finish(NO_FIGURES)
            raise
        sitting.tell("session_finished", {"summary": NO_FIGURES})


def make_guard() -> Guard:
    """Return a guard as sessions have it by default."""
    return Guard(GuardSection().timeout_seconds)


def _again(module: ModuleType) -> ModuleType:
    """Return a module as if it were imported for the first time; the same one where it has no source to run again."""
    spec = module.__spec__
    if spec is None or spec.loader is None:
        return module
    copy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    return copy
