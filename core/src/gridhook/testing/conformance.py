"""What checks of a plugin found, and what they raise."""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs

__all__ = ["Conformance", "Finding", "NonconformingError", "NotApplicableError", "Outcome"]

Outcome: TypeAlias = Literal["passed", "failed", "skipped"]


class NonconformingError(Exception):
    """A plugin does not do what its specification asks for; the text says what came, and what to do."""


class NotApplicableError(Exception):
    """A check has nothing to look at; the text says why."""


@attrs.frozen
class Finding:
    """What one check found.

    ``check``
        what was looked at, in a few words.
    ``hook``
        the hook that was asked; empty where the plugin as a whole was looked at.
    ``message``
        what was seen; for a failure what was asked, what came, and what to do; for a skipped check the reason.
    ``seconds``
        how long the check took, with all that it needed.
    """

    check: str
    hook: str
    outcome: Outcome
    message: str
    seconds: float = 0.0

    def __str__(self) -> str:
        place = f"{self.hook}, {self.check}" if self.hook else self.check
        return f"{place}: {self.message}" if self.message else place


@attrs.frozen
class Conformance:
    """What all checks of a plugin found, in the order in which they were made."""

    findings: tuple[Finding, ...]

    @property
    def failures(self) -> tuple[Finding, ...]:
        """What failed."""
        return tuple(finding for finding in self.findings if finding.outcome == "failed")

    def __str__(self) -> str:
        return "\n".join(f"{finding.outcome:<8}{finding}" for finding in self.findings)

    def raise_for_failures(self) -> None:
        """Raise an error that lists all failures, one per line; do nothing where there is none.

        :raises AssertionError: something failed.
        """
        if self.failures:
            raise AssertionError("\n".join(str(finding) for finding in self.failures))
