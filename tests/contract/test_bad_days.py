"""A run trades again within two ticks of the end of whatever went wrong, and no order is doubled."""

import json
import os
import signal
import time

import pytest
from days import MOST_TICKS, Day, count, no_order_is_doubled

# In life a network may be gone for longer; the gate waits for a minute.
SWALLOWED_SECONDS = float(os.environ.get("GRIDHOOK_SWALLOWED_SECONDS", "3"))


@pytest.fixture
def begin(serve, tmp_path):
    days = []

    def start(**options):
        days.append(Day(serve, tmp_path, **options))
        return days[-1]

    yield start
    for day in days:
        day.close()


def test_a_connection_that_is_reset_again_and_again_is_restored(begin):
    day = begin()
    for times in range(1, 4):
        day.network.reset()
        day.wait_until_said("is restored", times)
    assert day.heal(day.network.reset) <= MOST_TICKS
    _, sent, served = day.end()
    assert no_order_is_doubled(sent, served)


@pytest.mark.thorough
def test_a_frame_that_is_cut_in_its_middle_does_no_harm(begin):
    day = begin()
    assert day.heal(lambda: day.network.cut(1000)) <= MOST_TICKS
    _, sent, served = day.end()
    assert "is lost" in day.said()
    assert no_order_is_doubled(sent, served)


@pytest.mark.thorough
def test_a_network_that_swallows_everything_is_noticed_and_waited_out(begin):
    # An attempt that is under way when the network is there again lasts up to timeout_seconds: that has to be a tick.
    day = begin(slot_seconds=20)
    ends = time.monotonic() + SWALLOWED_SECONDS
    day.network.swallow()
    day.wait_until_said("is lost")
    time.sleep(max(0.0, ends - time.monotonic()))
    assert day.heal(day.network.heal) <= MOST_TICKS
    _, sent, served = day.end()
    assert no_order_is_doubled(sent, served)


@pytest.mark.thorough
def test_a_new_process_of_the_exchange_is_traded_on_like_the_old_one(begin):
    day = begin()
    day.diary.wait_for(lambda entries: len({moment[0] for _, moment in entries if moment}) >= 2)
    day.server.stop(signal.SIGKILL)
    day.wait_until_said("is lost")
    day.start_server("again")
    assert day.heal(lambda: day.meddler.aim(day.server.facts)) <= MOST_TICKS
    _, sent, served = day.end()
    # The new one begins with the first slot again, and its book has only what was sent to it.
    slots = [row["sent_in"] for row in sent]
    assert slots != sorted(slots)
    assert count(served, "accepted")
    assert no_order_is_doubled(sent, served)


@pytest.mark.thorough
def test_a_token_that_the_exchange_no_longer_takes_costs_no_tick(begin):
    day = begin()
    old = set()

    def refuse(path, token):
        return 401 if token in old else None

    def forget_tokens():
        day.meddler.refuse = lambda path, token: old.add(token)
        before = len(day.meddler.batches)
        day.diary.wait_for(lambda _: len(day.meddler.batches) > before)
        day.meddler.refuse = refuse

    assert day.heal(forget_tokens) <= 1
    _, sent, served = day.end()
    lost = [row for row in sent if row["status"] != "accepted" and not row["reason"].startswith("late")]
    # Only the last batch has no answer, since the run was ended.
    assert len({row["progress"] for row in lost}) <= 1
    assert no_order_is_doubled(sent, served)


@pytest.mark.thorough
def test_a_storm_of_503_is_waited_out(begin):
    day = begin()
    day.meddler.refuse = lambda path, token: 503
    day.meddler.hang_up()
    day.wait_until_said("cannot be reached again yet", times=4)

    def heal():
        day.meddler.refuse = lambda path, token: None

    assert day.heal(heal) <= MOST_TICKS
    _, sent, served = day.end()
    assert no_order_is_doubled(sent, served)


@pytest.mark.thorough
def test_answers_that_come_twice_and_late_do_no_harm(begin):
    day = begin()
    held = []

    def meddle(message):
        frame = json.dumps(message).encode()
        if message.get("command") == "batch_commands":
            held.append(frame)
            return []
        late, held[:] = held[:], []
        return [frame, frame, *late, *late]

    day.meddler.meddle = meddle
    day.diary.wait_for(lambda entries: len({moment[0] for _, moment in entries if moment}) >= 3)

    def heal():
        day.meddler.meddle = lambda message: [json.dumps(message).encode()]

    assert day.heal(heal) <= MOST_TICKS
    figures, sent, served = day.end()
    assert {"unknown", "accepted"} <= {row["status"] for row in sent}
    assert no_order_is_doubled(sent, served)
    assert figures["trades"]


@pytest.mark.thorough
def test_an_event_of_20_megabytes_is_read_and_acted_on(begin):
    # It takes its time: an event is not as long as a ping may be under way.
    day = begin(ping_seconds=20.0)
    bulk = {f"more-{number}": {"area_name": f"House {number}"} for number in range(460_000)}

    def meddle(message):
        if message.get("event") == "tick":
            day.meddler.meddle = lambda message: [json.dumps(message).encode()]
            (grid,) = message["grid_tree"].values()
            grid["children"] |= bulk
            frame = json.dumps(message).encode()
            assert len(frame) > 20_000_000
            day.diary.write("sent")
            return [frame]
        return [json.dumps(message).encode()]

    day.meddler.meddle = meddle
    day.diary.wait_for(lambda entries: ("batch", None) in entries[_place(entries, ("sent", None)) :])
    assert day.heal(lambda: None) <= MOST_TICKS
    _, sent, served = day.end()
    assert no_order_is_doubled(sent, served)
    assert "is lost" not in day.said()


@pytest.mark.thorough
@pytest.mark.parametrize("seconds", [-600, 600])
def test_a_clock_that_is_ten_minutes_off_does_no_harm(begin, tmp_path, seconds):
    (tmp_path / "sitecustomize.py").write_text(
        f"import time\nright = time.time\ntime.time = lambda: right() + {seconds}\n", encoding="utf-8"
    )
    day = begin(environment={"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])})
    day.diary.wait_for(lambda entries: len({moment[0] for _, moment in entries if moment}) >= 2)
    assert day.heal(day.meddler.hang_up) <= MOST_TICKS
    _, sent, served = day.end()
    assert count(sent, "accepted")
    assert no_order_is_doubled(sent, served)


def _place(entries, entry):
    """Return where an entry is; the end where it is not."""
    return entries.index(entry) if entry in entries else len(entries)
