"""The name of a new plugin, in all its spellings."""

from __future__ import annotations

import builtins
import keyword
import re
import sys

import attrs

from gridhook.errors import ConfigError, Problem

__all__ = ["NewName"]

_PREFIX = "gridhook-"
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 40
"""Lines of the templates that carry the name keep to their length with this many characters."""


@attrs.frozen
class NewName:
    """The name of a plugin: ``night-rates``.

    ``distribution``, ``module``, ``class_name``
        ``gridhook-night-rates``, ``gridhook_night_rates``, ``NightRates``.
    """

    name: str

    @classmethod
    def parse(cls, text: str) -> NewName:
        """Return the name that a user means by ``text``, with or without ``gridhook-``.

        :raises ConfigError: it cannot be the name of a distribution, a module and a class.
        """
        new = cls(text.removeprefix(_PREFIX))
        problem = _malformed(text, new.name) or _misleading(new)
        if problem:
            raise ConfigError(Problem("", problem))
        return new

    @property
    def distribution(self) -> str:
        """The name under which it is installed."""
        return _PREFIX + self.name

    @property
    def module(self) -> str:
        """The name under which it is imported."""
        return self.distribution.replace("-", "_")

    @property
    def class_name(self) -> str:
        """The name of its class."""
        return "".join(part[:1].upper() + part[1:] for part in self.name.split("-"))


def _malformed(text: str, name: str) -> str:
    if not _NAME.fullmatch(name):
        likely = re.sub(r"[^a-z0-9]+", "-", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()).strip("-")
        guess = f"; did you mean {likely!r}?" if _NAME.fullmatch(likely) else ""
        return (
            f"{text!r} cannot be the name of a plugin, which is small letters and digits in words joined by single "
            f"hyphens, and begins with a letter{guess}"
        )
    if len(name) > _LONGEST:
        return f"{text!r} is longer than {_LONGEST} characters; choose a shorter name"
    return ""


def _misleading(new: NewName) -> str:
    plain = new.name.replace("-", "_")
    advice = f"choose another name, such as {'my-' + new.name!r}"
    if keyword.iskeyword(plain) or keyword.iskeyword(new.class_name):
        return f"{new.name!r} is a word of Python's own; {advice}"
    if plain in sys.stdlib_module_names:
        return f"{new.name!r} is a module of Python's own; {advice}"
    if hasattr(builtins, new.class_name):
        return f"{new.name!r} would be the class {new.class_name}, which Python has; {advice}"
    return ""
