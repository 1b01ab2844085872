"""Settings that all links to an exchange elsewhere have in common."""

from __future__ import annotations

from typing import Literal

import attrs
import pendulum
from attrs import validators

__all__ = ["LiveSettings"]

_MINUTES_OF_A_DAY = 1440


@attrs.define(kw_only=True)
class LiveSettings:
    """Keys of ``[exchange]``.

    ``slot_minutes``
        length of a slot; default: 15, until the slots themselves tell.
    ``energies``
        ``"batch"``: forecasts and measurements go with the orders; ``"asset"``: in a request per asset, as live
        data does.
    ``batch_commands``
        more commands than this are sent in several requests.
    ``reconnect_seconds``
        give up when a lost connection could not be restored for so long; default: never.
    ``withdraw_at_end``
        delete the open orders when the session ends before the exchange does.
    ``unselect_at_end``
        leave the assets and markets then, so that they trade for themselves again.
    """

    slot_minutes: float | None = attrs.field(
        default=None, validator=validators.optional([validators.gt(0), validators.le(_MINUTES_OF_A_DAY)])
    )
    energies: Literal["batch", "asset"] = "batch"
    batch_commands: int = attrs.field(default=10_000, validator=validators.ge(1))
    reconnect_seconds: float | None = attrs.field(default=None, validator=validators.optional(validators.gt(0)))
    withdraw_at_end: bool = False
    unselect_at_end: bool = False

    @property
    def slot_length(self) -> pendulum.Duration | None:
        """The length of a slot, if it is given."""
        return None if self.slot_minutes is None else pendulum.duration(minutes=self.slot_minutes)
