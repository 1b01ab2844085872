"""Choosing meters: which columns become which assets of which homes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

import attrs

from gridhook.errors import ConfigError, Problem, did_you_mean, nearest
from gridhook_exchange.meters.files import MeterFile
from gridhook_exchange.meters.naming import LOAD, NET, PV, Named, read_name

__all__ = ["Choice", "Meter", "choose_meters"]

_OPTIONS = {LOAD: "--load-columns", PV: "--pv-columns", NET: "--net-columns"}


@attrs.frozen
class Choice:
    """What a user says about columns.

    ``kind``
        what they meter.
    ``columns``
        a column's name or a glob of names; after ``HOME=`` it is that home's.
    """

    kind: str
    columns: str


@attrs.frozen
class Meter:
    """A column that is an asset.

    ``kind``
        what it meters; empty where that is for its values to say.
    ``unit``
        what its name says; empty where it says nothing.
    """

    file: MeterFile
    column: str
    home: str
    kind: str
    unit: str

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return f"{self.file.path.name}, column {self.column!r}"


def choose_meters(files: Sequence[MeterFile], choices: Sequence[Choice]) -> list[Meter]:
    """Return the meters in the order of their columns.

    With ``choices`` they are the columns that these name. Without, those whose name, or whose file's, has a word that
    says what they meter; where none has, all columns are meters, of a home each.

    :raises ConfigError: a choice names no column, or two columns are the same asset; all such mistakes.
    """
    all_meters = [_named(file, column, is_alone=len(files) == 1) for file in files for column in file.columns]
    named = [meter for meter in all_meters if meter.kind]
    meters = _chosen(all_meters, choices) if choices else named or all_meters
    if not meters:
        names = ", ".join(file.path.name for file in files)
        raise ConfigError(Problem("--meters", f"{names} has no column but that of times; a column is a meter"))
    _check_unique(meters)
    return meters


def _named(file: MeterFile, column: str, *, is_alone: bool) -> Meter:
    """Return a meter by its column's name; what that does not say, the file's name may."""
    own, files = read_name(column), Named("", "", "") if is_alone else read_name(file.path.stem)
    return Meter(file, column, own.home or files.home or "Home", own.kind or files.kind, own.unit or files.unit)


def _chosen(meters: Sequence[Meter], choices: Sequence[Choice]) -> list[Meter]:
    chosen: dict[int, Meter] = {}
    problems = []
    for choice in choices:
        home, rows = _matches(meters, choice.columns)
        option = _OPTIONS[choice.kind]
        if not rows:
            guess = _others([meter.column for meter in meters], choice.columns.rpartition("=")[2])
            problems.append(Problem(option, f"no column {choice.columns!r}{guess}"))
        for row in rows:
            meter = attrs.evolve(meters[row], kind=choice.kind, home=home or meters[row].home)
            if chosen.setdefault(row, meter) != meter:
                problems.append(Problem(option, f"{meter.place} is taken twice, as {_what(chosen[row])} too"))
    if problems:
        raise ConfigError(problems)
    return [chosen[row] for row in sorted(chosen)]


def _matches(meters: Sequence[Meter], text: str) -> tuple[str, list[int]]:
    """Return the home that a choice names, if it does, and the positions of its columns."""
    rows = _rows_of(meters, text)
    if rows or "=" not in text:
        return "", rows
    home, _, columns = text.partition("=")
    return home.strip(), _rows_of(meters, columns.strip())


def _rows_of(meters: Sequence[Meter], pattern: str) -> list[int]:
    named = [row for row, meter in enumerate(meters) if meter.column == pattern]
    return named or [row for row, meter in enumerate(meters) if fnmatchcase(meter.column, pattern)]


def _others(columns: Iterable[str], pattern: str) -> str:
    known = list(dict.fromkeys(columns))
    return did_you_mean(nearest(pattern, known)) or f"; there are {', '.join(known)}"


def _check_unique(meters: Sequence[Meter]) -> None:
    first: dict[tuple[str, str], Meter] = {}
    problems = []
    for meter in meters:
        other = first.setdefault((meter.home, meter.kind), meter)
        if other is not meter:
            advice = f"say whose it is: {_OPTIONS[meter.kind or LOAD]} 'HOME={meter.column}'"
            problems.append(Problem("--meters", f"{meter.place}: {other.place} is {_what(meter)} already; {advice}"))
    if problems:
        raise ConfigError(problems)


def _what(meter: Meter) -> str:
    return f"the {({LOAD: 'load', PV: 'PV', NET: 'meter'}).get(meter.kind, 'meter')} of {meter.home!r}"
