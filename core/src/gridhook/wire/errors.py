"""What is wrong with a message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from gridhook.errors import GridhookError

__all__ = ["WireError", "fail", "inside"]


class WireError(GridhookError, ValueError):
    """A JSON value is not what the protocol says.

    The text says where and what: ``energy: has to be a number, not 'abc'``.

    ``where``
        the key, with the keys that lead to it: ``requirements[0].energy``; empty for the value as a whole.
    ``problem``
        what is wrong there.
    ``command``
        the ``type`` of the command that could not be read; empty if it has none, or if it is no command.
    """

    def __init__(self, where: str, problem: str, command: str = "") -> None:
        self.where = where
        self.problem = problem
        self.command = command
        super().__init__(f"{where}: {problem}" if where else problem)


def fail(where: str, problem: str) -> NoReturn:
    """Raise a :class:`WireError`."""
    raise WireError(where, problem)


@contextmanager
def inside(where: str) -> Iterator[None]:
    """Put ``where`` before the place that an error in this block tells."""
    try:
        yield
    except WireError as error:
        place = ".".join(filter(None, (where, error.where)))
        raise WireError(place, error.problem, error.command) from None
