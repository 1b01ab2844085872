from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridhook_exchange.market.battery import Batteries


def make(
    capacity: float = 10.0, least: float = 1.0, power: float = 4.0, charging: float = 1.0, discharging: float = 1.0
) -> Batteries:
    return Batteries(np.array([0]), *(np.array([value]) for value in (capacity, least, power, charging, discharging)))


@pytest.mark.parametrize(("charge", "buys", "sells"), [(5.0, 1.0, 1.0), (9.5, 0.5, 1.0), (10.0, 0.0, 1.0)])
def test_a_battery_buys_and_sells_up_to_its_power_and_buys_up_to_its_room(charge, buys, sells):
    battery = make()
    assert battery.can_buy(np.array([charge]), 0.25) == pytest.approx([buys])
    assert battery.can_sell(np.array([charge]), 0.25) == pytest.approx([sells])


@pytest.mark.parametrize(("charge", "sells"), [(1.0, 0.0), (1.3, 0.3), (3.0, 1.0), (0.5, 0.0)])
def test_a_battery_sells_down_to_its_minimum_charge(charge, sells):
    assert make().can_sell(np.array([charge]), 0.25) == pytest.approx([sells])


def test_a_battery_above_its_capacity_buys_nothing():
    assert make().can_buy(np.array([10.5]), 1.0).tolist() == [0.0]


def test_power_counts_per_slot_whatever_its_length():
    assert make().can_buy(np.array([1.0]), 1.0) == pytest.approx([4.0])
    assert make().can_buy(np.array([1.0]), 0.25) == pytest.approx([1.0])


def test_losses_are_paid_on_the_grids_side():
    """Room for 1 kWh takes 1.25 kWh at 80 %; 1 kWh of charge gives 0.5 kWh at 50 %."""
    battery = make(power=100.0, charging=0.8, discharging=0.5)
    assert battery.can_buy(np.array([9.0]), 1.0) == pytest.approx([1.25])
    assert battery.can_sell(np.array([2.0]), 1.0) == pytest.approx([0.5])
    assert battery.after(np.array([5.0]), np.array([1.0]), np.array([0.0])) == pytest.approx([5.8])
    assert battery.after(np.array([5.0]), np.array([0.0]), np.array([1.0])) == pytest.approx([3.0])


@settings(max_examples=100, deadline=None)
@given(
    capacity=st.floats(0.1, 20.0),
    least=st.floats(0.0, 1.0),
    power=st.floats(0.1, 50.0),
    charging=st.floats(0.3, 1.0),
    discharging=st.floats(0.3, 1.0),
    filled=st.floats(0.0, 1.0),
    bought=st.floats(0.0, 1.0),
    sold=st.floats(0.0, 1.0),
)
def test_whatever_a_battery_may_trade_keeps_its_charge_within_its_limits(
    capacity, least, power, charging, discharging, filled, bought, sold
):
    """Not by clipping: what is bought and sold explains the charge."""
    battery = make(capacity, least * capacity, power, charging, discharging)
    charge = np.array([capacity * (least + filled * (1.0 - least))])
    buys, sells = battery.can_buy(charge, 0.25) * bought, battery.can_sell(charge, 0.25) * sold
    after = battery.after(charge, buys, sells)
    assert least * capacity <= after[0] <= capacity
    assert after == pytest.approx(charge + buys * charging - sells / discharging, abs=1e-9)


def test_rounding_errors_do_not_take_the_charge_out_of_its_limits():
    battery = make()
    assert battery.after(np.array([9.0]), np.array([1.0 + 1e-12]), np.array([0.0])).tolist() == [10.0]
    assert battery.after(np.array([2.0]), np.array([0.0]), np.array([1.0 + 1e-12])).tolist() == [1.0]


def test_some_batteries_can_be_taken_from_all():
    column = np.arange(3.0)
    all_of_them = Batteries(np.array([4, 5, 6]), column, column + 10, column + 20, column + 30, column + 40)
    taken = all_of_them.take(np.array([2, 0]))
    assert taken.asset.tolist() == [6, 4]
    assert taken.discharge_efficiency.tolist() == [42.0, 40.0]
