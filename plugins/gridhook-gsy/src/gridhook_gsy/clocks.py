"""Clocks: how far that of this machine is from the exchange's."""

from __future__ import annotations

import time

from gridhook.checks import Check, ok, skipped, warning
from gridhook.errors import ExchangeError
from gridhook_gsy.rest import Rest

__all__ = ["check_clock", "compare_clocks"]

_MOST_SECONDS = 5.0


def check_clock(rest: Rest) -> Check:
    """Ask the server for the time, and compare it with this machine's."""
    begun, asked_at = time.time(), time.monotonic()
    try:
        told = rest.clock()
    except ExchangeError as error:
        return skipped("clock", str(error))
    if told is None:
        return skipped("clock", "the exchange does not tell the time (no Date header)")
    return compare_clocks(told, begun, time.monotonic() - asked_at)


def compare_clocks(told: float, begun: float, seconds: float) -> Check:
    """Compare a server's clock, told in whole seconds, with this machine's.

    :param begun: when the server was asked, by this machine's clock.
    :param seconds: how long it took to answer.
    """
    ahead = begun + seconds / 2 - (told + 0.5)
    if abs(ahead) <= _MOST_SECONDS + seconds / 2:
        return ok("clock", "this machine's and the exchange's agree within a few seconds")
    direction = "ahead of" if ahead > 0 else "behind"
    text = (
        f"this machine's is {abs(ahead):.0f} s {direction} the exchange's; slots, orders and the token are not "
        "affected, since their time comes from the exchange; times in logs are, and whether certificates count as valid"
    )
    return warning("clock", text, "let this machine keep its clock by NTP")
