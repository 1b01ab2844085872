"""Limits: how much a client may ask for."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from gridhook_exchange.service.errors import Refusal, Why

__all__ = ["LONGEST_ID", "Limits", "check_size"]

LONGEST_ID = 200
"""Characters of the longest id that is taken."""

_FAR_TOO_MANY = 10


@attrs.frozen
class Limits:
    """What a client may do.

    ``lease_slots``
        an aggregator that is not heard for more slots than this loses its areas; they trade for themselves again.
    ``most_commands``
        in one batch; those beyond are refused.
    ``most_batches``
        of one aggregator in one tick.
    ``kept_transactions``, ``kept_commands``
        per aggregator: answers to so many batches and commands are kept, to be given again to a batch that comes again.
    ``most_aggregators``
        of one user.
    """

    lease_slots: int = 4
    most_commands: int = 100_000
    most_batches: int = 100
    kept_transactions: int = 1000
    kept_commands: int = 200_000
    most_aggregators: int = 100


def check_size(body: Mapping[str, object], limits: Limits) -> None:
    """Refuse a batch that is so large that not even the refusals of its commands could be told.

    :raises Refusal: it is, or its ids are.
    """
    transaction, by_area = body.get("transaction_id"), body.get("batch_commands")
    if isinstance(transaction, str) and not 0 < len(transaction) <= LONGEST_ID:
        raise Refusal(Why.INVALID, f"'transaction_id' has to have 1 to {LONGEST_ID} characters")
    if not isinstance(by_area, dict):
        return
    if any(len(area) > LONGEST_ID for area in by_area):
        raise Refusal(Why.INVALID, f"the uuid of an area has {LONGEST_ID} characters at most")
    commands = sum(max(len(its), 1) if isinstance(its, list) else 1 for its in by_area.values())
    most = _FAR_TOO_MANY * limits.most_commands
    if commands > most:
        raise Refusal(Why.TOO_MANY, f"the batch has {commands} commands; {most} are far too many")
