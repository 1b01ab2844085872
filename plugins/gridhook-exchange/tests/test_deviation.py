from __future__ import annotations

import numpy as np
import pytest

from gridhook_exchange.market.deviation import deviations


def test_the_golden_example_of_the_protocol():
    """PROTOCOL.md, Appendix C 5: a load bought 1.0 and used 1.23 kWh, a PV sold nothing and produced 0.87 kWh."""
    found = deviations(np.array([1.23, 0.87]), np.array([1.0, 0.0]), np.array([0.0, 0.0]), np.array([True, False]))
    assert found == pytest.approx([0.23, -0.87])


@pytest.mark.parametrize(
    ("is_load", "measured", "traded", "sign"),
    [(True, 1.5, 1.0, 1), (True, 0.5, 1.0, -1), (False, 0.5, 1.0, 1), (False, 1.5, 1.0, -1), (True, 1.0, 1.0, 0)],
)
def test_who_has_too_little_has_to_buy_and_who_has_too_much_may_sell(is_load, measured, traded, sign):
    bought, sold = (traded, 0.0) if is_load else (0.0, traded)
    found = deviations(np.array([measured]), np.array([bought]), np.array([sold]), np.array([is_load]))
    assert np.sign(found).tolist() == [sign]
    assert abs(found[0]) == pytest.approx(abs(measured - traded))


def test_what_was_not_measured_has_no_deviation():
    found = deviations(np.full(2, np.nan), np.ones(2), np.ones(2), np.array([True, False]))
    assert np.isnan(found).all()
