"""Measurements: asked for as long as they can take effect, told once."""

import numpy as np
import pytest

from gridhook.commands import SendMeasurements
from gridhook.events import ConnectionLost


def asked(stage):
    return [call[2] for call in stage.decide.asked if call[0] == "measure_energy"][-1]


def told(stage):
    """Return what is sent: by asset and number of the slot, kWh."""
    sent = stage.command(SendMeasurements)
    if sent is None:
        return {}
    number = {stage.slot(one): one for one in range(-10, 2000)}
    return {
        (asset[3:], number[slot]): energy
        for asset, energies in zip(sent.assets, sent.energy_kwh.tolist(), strict=True)
        for slot, energy in zip(sent.slots, energies, strict=True)
        if not np.isnan(energy)
    }


def test_the_running_slot_is_asked_for_too_and_what_is_known_of_it_is_told(stage):
    stage.decide.measure_running = 0.5
    stage.connect().open_slot(stage.load())
    assert asked(stage) == (stage.slot(0),)
    assert told(stage) == {("Load", 0): 0.5}


def test_what_was_told_during_a_slot_is_not_told_again_after_it(stage):
    stage.decide.measure = stage.decide.measure_running = 0.5
    stage.connect().open_slot(stage.load()).answer().open_slot(stage.load(), slot=1)
    assert asked(stage) == (stage.slot(0), stage.slot(1))
    assert told(stage) == {("Load", 1): 0.5}


def test_what_has_changed_is_told_again(stage):
    stage.decide.measure_running = 0.5
    stage.connect().open_slot(stage.load(), stage.pv()).answer()
    stage.decide.measure, stage.decide.measure_running = np.array([[0.5], [0.75]]), None
    stage.open_slot(stage.load(), stage.pv(), slot=1)
    assert told(stage) == {("PV", 0): 0.75}


def test_a_slow_meter_is_asked_until_it_is_too_late_to_settle(stage):
    """PROTOCOL.md 8: a measurement takes effect when the next slot begins."""
    stage.connect()
    for slot in range(6):
        window = {one: [np.nan] for one in range(max(slot - 4, 0), slot)}
        stage.open_slot(stage.load(), slot=slot, deviations=window or None).answer()
    assert asked(stage) == tuple(map(stage.slot, (2, 3, 4, 5)))
    stage.decide.measure = np.array([[0.25, np.nan, 0.75]])
    stage.open_slot(stage.load(), slot=6, deviations={one: [np.nan] for one in (2, 3, 4, 5)})
    assert told(stage) == {("Load", 3): 0.25, ("Load", 5): 0.75}


def test_slots_before_the_session_are_not_asked_for(stage):
    """Who was here before may have told of them, and told again they would be settled again (PROTOCOL.md 7)."""
    stage.connect().open_slot(stage.load(), slot=10, deviations={one: [np.nan] for one in (6, 7, 8, 9)})
    assert asked(stage) == (stage.slot(10),)
    stage.open_slot(stage.load(), slot=11, deviations={one: [np.nan] for one in (7, 8, 9, 10)})
    assert asked(stage) == (stage.slot(10), stage.slot(11))


def test_each_asset_is_told_of_once_whoever_comes_and_goes(stage):
    stage.decide.measure_running = 0.5
    stage.connect().open_slot(stage.load(), stage.pv()).answer()
    stage.decide.measure, stage.decide.measure_running = 0.5, None
    stage.open_slot(stage.load(name="Other Load"), stage.pv(), slot=1)
    assert told(stage) == {("Other Load", 0): 0.5}


def test_what_was_told_of_the_running_slot_without_an_answer_is_told_again(stage):
    stage.decide.measure_running = 0.5
    stage.connect().open_slot(stage.load()).tick(0.5, stage.load())
    assert told(stage) == {("Load", 0): 0.5}
    stage.step(ConnectionLost("it broke")).open_slot(stage.load(), slot=1)
    sent = [one.slots for one in stage.batch if isinstance(one, SendMeasurements)]
    assert sent == [(stage.slot(0),), (stage.slot(1),)]


def test_an_exchange_that_begins_its_time_anew_has_been_told_nothing(stage):
    stage.decide.measure_running = 0.5
    stage.connect().open_slot(stage.load(), slot=4).answer().open_slot(stage.load(), slot=5).answer()
    stage.connect().open_slot(stage.load(), slot=4)
    assert told(stage) == {("Load", 4): 0.5}
    assert asked(stage) == (stage.slot(4),)


def test_an_exchange_that_begins_its_time_anew_has_slots_of_its_own_that_can_be_settled(stage):
    stage.connect().open_slot(stage.load(), slot=9).answer().connect()
    for slot in (1, 2, 3, 4):
        window = {one: [np.nan] for one in range(1, slot)}
        stage.open_slot(stage.load(), slot=slot, deviations=window or None).answer()
    assert asked(stage) == (stage.slot(2), stage.slot(3), stage.slot(4))


@pytest.mark.parametrize("slots", [2, 5])
def test_a_gap_longer_than_the_window_is_asked_for_as_a_whole(stage, slots):
    stage.connect().open_slot(stage.load()).answer()
    stage.open_slot(stage.load(), slot=slots, deviations={slots - 1: [np.nan]})
    assert asked(stage) == tuple(map(stage.slot, range(slots + 1)))
