"""The fixed plugin."""

import numpy as np
import pytest

from gridhook.testing import make_lots
from gridhook_ramp import Fixed

LOTS = make_lots({"kind": "load"}, {"kind": "pv"}, {"kind": "storage", "side": "bid"})


def test_the_rate_is_10_cents_unless_it_is_given():
    assert Fixed().price_energy(LOTS).tolist() == [10.0, 10.0, 10.0]
    assert Fixed(rate=12.5).price_energy(LOTS).tolist() == [12.5, 12.5, 12.5]


def test_no_lots_get_no_rates():
    assert np.array_equal(Fixed().price_energy(make_lots()), [])


def test_a_rate_below_zero_is_refused():
    with pytest.raises(ValueError, match="rate"):
        Fixed(rate=-1.0)
