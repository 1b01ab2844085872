"""Settles deviations at one rate per side."""

from gridhook import hookimpl, per_lot


@hookimpl
@per_lot
def settle_deviations(deviation):
    return 28.0 if deviation.side == "bid" else 9.0
