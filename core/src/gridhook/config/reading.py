"""Reading a configuration: the file, what stands behind it, and what the command line puts before it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs

from gridhook.config.lines import find_line, key_lines
from gridhook.config.model import DOMAINS, ROUTED_DOMAINS, SECTIONS, Config, ExchangeSection, RegistrationSection, Table
from gridhook.errors import Problem, did_you_mean, join_path, nearest
from gridhook.settings import fields_of, read_settings

__all__ = ["DEFAULTS", "Layer", "Reading", "default_layer", "read_config", "read_layer"]

DEFAULTS: Mapping[str, Any] = {"registration": {"use": ["claim"]}, "pricing": {"use": ["ramp"]}}
"""What holds where a configuration names an exchange and leaves these sections out."""


@attrs.frozen(eq=False)
class Layer:
    """One source of sections.

    ``label``
        what it is called in ``config show``.
    ``document``
        its sections.
    ``base``
        the folder that paths in it are relative to.
    ``file``, ``lines``
        the file and where in it each key stands, if it is one.
    ``given``
        paths that were given elsewhere, and so stand in no file.
    """

    label: str
    document: Mapping[str, Any]
    base: Path
    file: Path | None = None
    lines: Mapping[str, int] = attrs.field(factory=dict)
    given: tuple[str, ...] = ()

    def place(self, problem: Problem) -> Problem:
        """Return ``problem`` with the line of this layer's file."""
        path = problem.near or problem.path
        if path in self.given:
            return problem
        return attrs.evolve(problem, file=self.file, line=find_line(self.lines, path))


@attrs.frozen(eq=False)
class Reading:
    """A configuration as far as it could be read.

    ``config``
        the effective configuration; defaults stand in for what is wrong.
    ``origins``
        the layer of each section (``plugins.NAME`` are sections), and of each ``use`` that is not the section's own.
    ``problems``
        what is wrong.
    ``path``
        the configuration file, if there is one.
    ``replaced_url``
        the exchange's address in the file, where the command line names another one.
    """

    config: Config
    origins: Mapping[str, Layer]
    problems: tuple[Problem, ...]
    path: Path | None = None
    replaced_url: str | None = None

    def place(self, problem: Problem) -> Problem:
        """Return ``problem`` with the file and line in which its path was written."""
        parts = (problem.near or problem.path).split(".")
        for depth in range(len(parts), 0, -1):
            layer = self.origins.get(".".join(parts[:depth]).split("[")[0])
            if layer is not None:
                return layer.place(problem)
        return problem


def default_layer() -> Layer:
    """Return the layer behind a configuration that names an exchange."""
    return Layer("default", DEFAULTS, Path())


def read_layer(path: Path, label: str | None = None) -> tuple[Layer, list[Problem]]:
    """Read one TOML file; a file that cannot be read or parsed is one problem and an empty layer."""
    empty = Layer(label or str(path), {}, path.parent, path)
    if path.exists() and not (path.is_file() or path.is_dir()):
        return empty, [Problem("", "is not a regular file", path)]
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        return empty, [Problem("", f"cannot be read: {error.strerror}", path)]
    except UnicodeDecodeError as error:
        return empty, [Problem("", f"is not UTF-8 text: {error.reason} at byte {error.start}", path)]
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = getattr(error, "lineno", None) or _line_in(str(error))
        return empty, [Problem("", f"is not TOML: {error}", path, line)]
    return Layer(label or str(path), document, path.parent, path, key_lines(text)), []


def read_config(path: Path | None, exchange_url: str | None, base_for: Callable[[str], Layer | None]) -> Reading:
    """Read the configuration file at ``path`` (None: none), with the command line's ``--exchange`` before it.

    Where the file names no exchange, the configuration that belongs to the command line's (or the default) address is
    the base, if one does: each section of the file replaces the base's, but for ``use`` where it says nothing about it.
    Otherwise the base is :data:`DEFAULTS`.

    :param base_for: gives the configuration that belongs to an exchange's address, if one does.
    """
    layer, problems = read_layer(path) if path else (Layer("default", {}, Path()), [])
    named_in_file = "exchange" in layer.document
    url = exchange_url or (None if named_in_file else ExchangeSection().url)
    own_base = None if named_in_file or url is None else base_for(url)
    layers = [layer, own_base or default_layer()]
    if exchange_url is not None:
        override = {"exchange": {**_table(layer.document, "exchange"), "url": exchange_url}}
        layers.insert(0, Layer("--exchange", override, layer.base, layer.file, layer.lines, ("exchange.url",)))
    written = _table(layer.document, "exchange").get("url")
    replaced = written if exchange_url is not None and isinstance(written, str) else None
    return attrs.evolve(_combine(layers, problems), path=path, replaced_url=replaced)


def _combine(layers: list[Layer], problems: list[Problem]) -> Reading:
    sections: dict[str, Any] = {}
    origins: dict[str, Layer] = {}
    plugins: dict[str, Table] = {}
    for layer in layers:
        problems += [layer.place(problem) for problem in _unknown_sections(layer.document)]
    for name, cls in SECTIONS.items():
        layer, *behind = [one for one in layers if name in one.document] or layers[-1:]
        origins[name] = layer
        values = layer.document.get(name, {})
        giver = next((one for one in behind if "use" in _table(one.document, name)), None)
        if name in DOMAINS and isinstance(values, dict) and "use" not in values and giver is not None:
            # A section that does not say which plugins to use leaves that as it would be without the section.
            values = {"use": giver.document[name]["use"], **values}
            origins[f"{name}.use"] = giver
        sections[name], found = _read_section(name, cls, values, layer.base)
        problems += [layer.place(problem) for problem in found]
    for layer in layers:
        tables = layer.document.get("plugins", {})
        if not isinstance(tables, dict):
            problems.append(layer.place(Problem("plugins", f"has to be a table of tables, not {tables!r}")))
            continue
        for name, values in tables.items():
            at = join_path("plugins", name)
            if not isinstance(values, dict):
                problems.append(layer.place(Problem(at, f"has to be a table, not {values!r}")))
            elif name not in plugins:
                plugins[name] = Table(at, values, layer.base)
                origins[at] = layer
    exchange = origins["exchange"]
    known = {field.name for field in fields_of(ExchangeSection)}
    options = {key: value for key, value in _table(exchange.document, "exchange").items() if key not in known}
    config = Config(link=Table("exchange", options, exchange.base), plugins=plugins, **sections)
    return Reading(_without_idle_base_plugins(config, layers, origins), origins, tuple(problems))


def _table(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = document.get(name, {})
    return table if isinstance(table, dict) else {}


def _read_section(name: str, cls: type, values: object, base: Path) -> tuple[Any, list[Problem]]:
    if not isinstance(values, dict):
        return cls(), [Problem(name, f"has to be a table, not {values!r}")]
    if cls is ExchangeSection:
        known = {field.name for field in fields_of(cls)}
        values = {key: value for key, value in values.items() if key in known}
    section, problems = read_settings(cls, values, base=base, at=name)
    if cls is RegistrationSection:
        problems = [_about_routes(problem) for problem in problems]
    if not problems:
        return section, []
    # What is right about it is enough to look for further mistakes.
    wrong = {re.split(r"[.[]", problem.path.removeprefix(f"{name}."))[0] for problem in problems}
    right = {key: value for key, value in values.items() if join_path("", key) not in wrong}
    partly: Any = read_settings(cls, right, base=base)[0]
    return cls() if partly is None else partly, problems


def _about_routes(problem: Problem) -> Problem:
    """Say why a section without routes has none."""
    if problem.path.partition(".")[2] != "routes":
        return problem
    return attrs.evolve(problem, message=f"only {', '.join(ROUTED_DOMAINS)} have routes; these plugins are all asked")


def _unknown_sections(document: Mapping[str, Any]) -> list[Problem]:
    known = [*SECTIONS, "plugins"]
    return [
        Problem(name, f"no such section{did_you_mean(nearest(name, known)) or '; there are ' + ', '.join(known)}")
        for name in document
        if name not in known
    ]


def _without_idle_base_plugins(config: Config, layers: list[Layer], origins: Mapping[str, Layer]) -> Config:
    """Drop the base's tables of plugins that the effective sections do not use: they were never asked for."""
    base = layers[-1]
    used = {name for domain in SECTIONS if domain not in ("exchange", "guard") for name in config.plugins_of(domain)}
    kept = {
        name: table
        for name, table in config.plugins.items()
        if name in used or origins[join_path("plugins", name)] is not base
    }
    return attrs.evolve(config, plugins=kept)


def _line_in(message: str) -> int | None:
    """Find the line number in a message of tomllib, which before Python 3.14 gives it in words only."""
    _, found, rest = message.partition("(at line ")
    return int(rest.split(",")[0]) if found and rest.split(",")[0].isdigit() else None
