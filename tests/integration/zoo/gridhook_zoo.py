"""Plugins that do all that can be done wrong."""

import ctypes
import os
import signal
import sys
import time

import attrs
import numpy as np

from gridhook import HOLD, Claim, Orders, Requirement, Requirements, hookimpl


class Raises:
    @hookimpl
    def price_energy(self, lots):
        raise RuntimeError("the price feed is gone")


class RaisesUnprintably:
    @hookimpl
    def price_energy(self, lots):
        class Unprintable(Exception):
            def __str__(self):
                raise self

        raise Unprintable


class Exits:
    @hookimpl
    def price_energy(self, lots):
        sys.exit(3)


class Interrupts:
    @hookimpl
    def price_energy(self, lots):
        raise KeyboardInterrupt


class Loops:
    @hookimpl
    def price_energy(self, lots):
        while True:
            pass


class LoopsAgainstCuts:
    """Swallows what ends it, as a bare ``except`` around a request does."""

    @hookimpl
    def price_energy(self, lots):
        try:
            time.sleep(3600)
        except BaseException:
            return np.full(len(lots), 20.0)


class TakesTheAlarm:
    @hookimpl
    def price_energy(self, lots):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        raise RuntimeError("alarmed")


class Sleeps:
    @hookimpl
    def price_energy(self, lots):
        time.sleep(3600)


class Recurses:
    @hookimpl
    def price_energy(self, lots):
        return self.price_energy(lots)


class WrongLength:
    @hookimpl
    def price_energy(self, lots):
        return [1.0] * (len(lots) + 1)


class WrongType:
    @hookimpl
    def price_energy(self, lots):
        return "20 cents"


class WrongDtype:
    @hookimpl
    def price_energy(self, lots):
        return np.array(["20"] * len(lots))


class Complex:
    @hookimpl
    def price_energy(self, lots):
        return np.full(len(lots), 20.0 + 1.0j)


class Ragged:
    @hookimpl
    def price_energy(self, lots):
        return [[1.0], [1.0, 2.0]]


class MinusInfinity:
    @hookimpl
    def price_energy(self, lots):
        return np.full(len(lots), -HOLD)


class Absurd:
    @hookimpl
    def price_energy(self, lots):
        return np.full(len(lots), 1e9)


class TooMuch:
    @hookimpl
    def price_energy(self, lots):
        return Orders([0], [20.0], [1e6])


class WrongLots:
    @hookimpl
    def price_energy(self, lots):
        return Orders([len(lots)], [20.0], [0.1])


class Writes:
    @hookimpl
    def price_energy(self, lots):
        lots.energy_kwh[:] = 0


class WritesIntoTheGrid:
    @hookimpl
    def price_energy(self, lots, market):
        market.grid.current_market_fee[:] = 99.0


class Assigns:
    @hookimpl
    def price_energy(self, lots):
        lots.energy_kwh = np.zeros(len(lots))


class Claws:
    """Makes a column writeable, and writes."""

    @hookimpl
    def price_energy(self, lots):
        lots.energy_kwh.flags.writeable = True
        lots.energy_kwh[:] = 1e6


class AllNaN:
    @hookimpl
    def price_energy(self, lots):
        return np.full(len(lots), np.nan)


class AllNone:
    @hookimpl
    def price_energy(self, lots):
        return None


class Negative:
    @hookimpl
    def price_energy(self, lots):
        return np.full(len(lots), -5.0)


class Prints:
    @hookimpl
    def price_energy(self, lots):
        print("hello from a plugin")
        os.write(1, b"hello from under Python\n")
        sys.__stdout__.write("hello from beside\n")
        ctypes.CDLL(None).printf(b"hello from C\n")


class CapsWrongly:
    @hookimpl
    def adjust_rates(self, rates):
        return rates[:-1]


class RequiresWrongly:
    @hookimpl
    def require(self, lots):
        return {0: "green"}


class RequiresText:
    @hookimpl
    def require(self, lots):
        return Requirements({row: (Requirement(partners="Home 01"),) for row in range(len(lots))})


class ForecastsNegative:
    @hookimpl
    def forecast_energy(self, assets, slots):
        return np.full((len(assets), len(slots)), -1.0)


class ForecastsTransposed:
    @hookimpl
    def forecast_energy(self, assets, slots):
        return np.zeros((len(slots) + 1, len(assets)))


class MeasuresInfinity:
    @hookimpl
    def measure_energy(self, assets, slots):
        return np.full((len(assets), len(slots)), np.inf)


class SettlesWrongly:
    @hookimpl
    def settle_deviations(self, deviations):
        raise ValueError("no rates for deviations")


class ClaimsText:
    @hookimpl
    def claim_assets(self, grid):
        return ["Home 01 Load"]


class ClaimsNumbers:
    @hookimpl
    def claim_assets(self, grid):
        return Claim(names=[1])


class Fees:
    @hookimpl
    def set_grid_fees(self, markets):
        return [-1.0] * len(markets)


class Observer:
    @hookimpl
    def event_received(self, event):
        raise ValueError("cannot look")


class ObservesTooLong:
    @hookimpl
    def event_received(self, event):
        time.sleep(3600)


class StartsBadly:
    @hookimpl
    def session_started(self, session):
        raise OSError("no such database")

    @hookimpl
    def session_finished(self, summary):
        sys.exit(1)


class Misspelt:
    @hookimpl
    def price_enery(self, lots):
        return None


class MisspeltArgument:
    @hookimpl
    def price_energy(self, lot):
        return None


class Unmarked:
    def price_energy(self, lots):
        return None


class Wraps:
    @hookimpl(wrapper=True)
    def price_energy(self, lots):
        return (yield)


@attrs.define
class ConstructedBadly:
    def __attrs_post_init__(self):
        raise OSError("no such database")

    @hookimpl
    def price_energy(self, lots):
        return None


@attrs.define
class ConstructedNever:
    def __attrs_post_init__(self):
        time.sleep(3600)

    @hookimpl
    def price_energy(self, lots):
        return None


@attrs.define
class NamesBadly:
    def named_areas(self):
        return ["Home 01"]

    @hookimpl
    def price_energy(self, lots):
        return None
