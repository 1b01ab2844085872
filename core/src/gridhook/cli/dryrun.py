"""The dry run on the command line: a line on stderr for each order that was not sent, and a sentence at the end."""

from __future__ import annotations

import contextlib
import sys

from gridhook.dryrun import Unsent, UnsentOrder
from gridhook.orders import Requirement

__all__ = ["UnsentOrders"]


class UnsentOrders:
    """Shows what is not sent, and counts it."""

    def __init__(self) -> None:
        self._orders = 0
        self._deletions = 0

    def show(self, unsent: Unsent) -> None:
        """Write one line."""
        if isinstance(unsent, UnsentOrder):
            self._orders += 1
        else:
            self._deletions += 1
        _say(_line(unsent))

    def sum_up(self) -> None:
        """Write how many there were."""
        deletions = f", and the orders of {self._deletions} lots not deleted" if self._deletions else ""
        _say(f"dry run: {self._orders} orders were not sent{deletions}")


def _say(line: str) -> None:
    # That nobody reads it any more is no reason to end.
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{line}\n")


def _line(unsent: Unsent) -> str:
    place = f"not sent: {unsent.now.in_timezone('UTC'):YYYY-MM-DD[T]HH:mm[Z]} {unsent.progress:4.0%} {unsent.path}"
    # Orders of ended slots are for their settlement markets.
    slot = "" if unsent.slot == unsent.now else f" for {unsent.slot.in_timezone('UTC'):YYYY-MM-DD[T]HH:mm[Z]}"
    if not isinstance(unsent, UnsentOrder):
        return f"{place} delete its {unsent.side}s{slot}"
    requirements = " or ".join(map(_conditions, unsent.requirements))
    return (
        f"{place} {unsent.side} {unsent.energy_kwh:.4f} kWh at {unsent.rate:.4f} cents/kWh{slot}"
        f"{f', only {requirements}' if requirements else ''}"
    )


def _conditions(requirement: Requirement) -> str:
    rate, energy = requirement.rate, requirement.energy_kwh
    return (
        " ".join(
            (
                *([f"with {', '.join(requirement.partners)}"] if requirement.partners else ()),
                *([f"of {', '.join(requirement.energy_types)}"] if requirement.energy_types else ()),
                *([] if energy is None else [f"up to {energy:.4f} kWh"]),
                *([] if rate is None else [f"at {rate:.4f} cents/kWh"]),
            )
        )
        or "with anybody"
    )
