"""Checks: what ``gridhook doctor`` found, each with what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import attrs

__all__ = ["Check", "Status", "Tell", "ok", "skipped", "warning", "wrong"]

Status: TypeAlias = Literal["ok", "warning", "wrong", "skipped"]


@attrs.frozen
class Check:
    """One thing that was looked at.

    ``name``
        what it is, in a word or two.
    ``status``
        ``skipped``: it could not be looked at; ``text`` says why.
    ``text``
        what was found.
    ``remedy``
        what to do; empty where nothing has to be done.
    ``is_config``
        whether the call or the configuration is to blame, and not the exchange.
    """

    name: str
    status: Status
    text: str
    remedy: str = ""
    is_config: bool = attrs.field(default=False, kw_only=True)

    def to_json(self) -> dict[str, Any]:
        """Return the check as JSON-ready values."""
        return {"name": self.name, "status": self.status, "text": self.text, "remedy": self.remedy}


Tell: TypeAlias = Callable[[Check], None]
"""Takes the checks one by one, as they are made."""


def ok(name: str, text: str) -> Check:
    """Return a check that found nothing wrong."""
    return Check(name, "ok", text)


def warning(name: str, text: str, remedy: str) -> Check:
    """Return a check that found what may be wrong."""
    return Check(name, "warning", text, remedy)


def wrong(name: str, text: str, remedy: str, *, is_config: bool = False) -> Check:
    """Return a check that found what has to be changed before anything can be traded."""
    return Check(name, "wrong", text, remedy, is_config=is_config)


def skipped(name: str, reason: str) -> Check:
    """Return a check that could not be made."""
    return Check(name, "skipped", reason)
