from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gridhook_exchange.market.queues import Queue


@given(data=st.data(), count=st.integers(0, 12))
def test_a_walk_yields_what_is_left_in_order_whenever_it_was_used_up(data, count):
    is_used_up = bytearray(count)
    queue = Queue(range(count // 2), is_used_up)
    for item in range(count // 2, count):
        queue.append(item)
    for _ in range(4):
        expected = [item for item in range(count) if not is_used_up[item]]
        stop = data.draw(st.integers(0, len(expected)))
        walked = []
        for item in queue.walk():
            if len(walked) == stop:
                break
            walked.append(item)
            is_used_up[item] = data.draw(st.booleans())
        assert walked == expected[:stop]
        for item in range(count):
            is_used_up[item] |= data.draw(st.booleans())


def test_what_is_used_up_is_looked_at_once():
    class Counting(bytearray):
        looks = 0

        def __getitem__(self, item):
            self.looks += 1
            return super().__getitem__(item)

    is_used_up = Counting(b"\1" * 1000 + b"\0")
    queue = Queue(range(1001), is_used_up)
    for _ in range(5):
        assert list(queue.walk()) == [1000]
    assert is_used_up.looks == 1000 + 5
