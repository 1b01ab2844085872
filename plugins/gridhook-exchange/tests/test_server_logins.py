"""Who guesses passwords waits, and nobody else does."""

from __future__ import annotations

import asyncio
import threading

import pytest
from starlette.exceptions import HTTPException

from gridhook_exchange.server.logins import Logins

RIGHT = {"ann": "a", "ben": "b"}


class Passwords:
    """Passwords that are not hashed, and how many are checked at a time."""

    def __init__(self):
        self.checked = []
        self.running = self.most_running = 0
        self.known = set()
        self.may_end = threading.Event()
        self.may_end.set()
        self.lock = threading.Condition()

    def __contains__(self, user):
        return user in RIGHT

    def is_known(self, user, password):
        return (user, password) in self.known

    def is_right(self, user, password):
        with self.lock:
            self.checked.append((user, password))
            self.running += 1
            self.most_running = max(self.most_running, self.running)
            self.lock.notify_all()
        assert self.may_end.wait(30)
        with self.lock:
            self.running -= 1
        is_right = RIGHT.get(user) == password
        if is_right:
            self.known.add((user, password))
        return is_right

    def wait_for(self, running):
        with self.lock:
            assert self.lock.wait_for(lambda: self.running >= running, 30)


class Clock:
    """A clock that stands while nobody sleeps."""

    def __init__(self):
        self.now = 0.0
        self.slept = []

    def time(self):
        return self.now

    async def sleep(self, seconds):
        self.slept.append(seconds)
        await asyncio.sleep(0)
        self.now += seconds


@pytest.fixture
def run():
    """Run a check with logins, their passwords and their clock."""

    def run(check):
        passwords, clock = Passwords(), Clock()

        async def limited():
            async with asyncio.timeout(60):
                await check(Logins(passwords, clock.time, clock.sleep), passwords, clock)

        asyncio.run(limited())

    return run


def test_who_was_wrong_waits_longer_and_longer_and_the_right_password_is_taken_in_the_end(run):
    async def check(logins, _, clock):
        for _ in range(10):
            assert not await logins.check("ann", "x", "10.0.0.1")
        assert clock.slept == [0, 0, 0, 0.5, 1, 2, 4, 8, 10, 10]
        assert await logins.check("ann", "a", "10.0.0.1")
        assert clock.slept[-1] == 10

    run(check)


def test_nobody_else_waits(run):
    async def check(logins, _, clock):
        for number in range(300):
            await logins.check("ann", "x", "10.0.0.1")
            await logins.check(f"user {number}", "x", "10.0.0.1")
        clock.slept.clear()
        # The same user elsewhere, and another one at the same address.
        assert await logins.check("ann", "a", "10.0.0.2")
        assert await logins.check("ben", "b", "10.0.0.1")
        assert clock.slept == [0, 0]

    run(check)


def test_a_password_that_was_right_before_is_not_checked_again(run):
    async def check(logins, passwords, clock):
        assert await logins.check("ann", "a", "10.0.0.2")
        for _ in range(20):
            await logins.check("ann", "x", "10.0.0.1")
        passwords.checked.clear()
        clock.slept.clear()
        assert await logins.check("ann", "a", "10.0.0.1")
        assert (passwords.checked, clock.slept) == ([], [])

    run(check)


def test_names_that_nobody_has_are_slowed_down_together(run):
    async def check(logins, _, clock):
        for number in range(1000):
            assert not await logins.check(f"user {number}", "x", "10.0.0.1")
        assert sum(clock.slept) > 500

    run(check)


def test_addresses_of_one_network_of_version_6_are_one(run):
    async def check(logins, _, clock):
        for number in range(10):
            await logins.check("ann", "x", f"2001:db8::{number}")
        for number in range(10):
            await logins.check("ann", "x", f"::ffff:10.0.0.{number}")
            await logins.check("ann", "x", f"2001:db8:{number}::1" if number else "unknown")
        assert sum(map(bool, clock.slept)) == 7

    run(check)


def test_failures_of_long_ago_are_forgotten(run):
    async def check(logins, _, clock):
        for _ in range(10):
            await logins.check("ann", "x", "10.0.0.1")
        clock.now += 601
        clock.slept.clear()
        for _ in range(4):
            await logins.check("ann", "x", "10.0.0.1")
        assert clock.slept == [0, 0, 0, 0.5]

    run(check)


def test_a_thousand_tries_at_once_are_checked_one_by_one_and_hold_nobody_up(run):
    async def check(logins, passwords, _):
        passwords.may_end.clear()
        tries = [asyncio.create_task(logins.check("ann", str(number), "10.0.0.1")) for number in range(1000)]
        others = [asyncio.create_task(logins.check(f"user {number}", "", "10.0.0.1")) for number in range(1000)]
        await asyncio.to_thread(passwords.wait_for, 1)
        right = asyncio.create_task(logins.check("ben", "b", "10.0.0.2"))
        await asyncio.to_thread(passwords.wait_for, 2)
        # It is the second one, whatever came before from elsewhere.
        assert passwords.checked[1:] == [("ben", "b")]
        passwords.may_end.set()
        assert await right
        answers = await asyncio.gather(*tries, *others, return_exceptions=True)
        refused = [one for one in answers if isinstance(one, HTTPException)]
        assert {one.status_code for one in refused} == {429}
        assert all(int(one.headers["Retry-After"]) >= 1 for one in refused)
        assert answers[:1000].count(False) == 100
        assert passwords.most_running == 2

    run(check)


def test_a_client_that_logs_in_a_hundred_times_at_once_is_checked_once(run):
    async def check(logins, passwords, _):
        answers = await asyncio.gather(*(logins.check("ann", "a", "10.0.0.1") for _ in range(100)))
        assert answers == [True] * 100
        assert passwords.checked == [("ann", "a")]
        answers = await asyncio.gather(*(logins.check("ann", "x", "10.0.0.1") for _ in range(100)))
        assert answers == [False] * 100
        assert len(passwords.checked) == 2

    run(check)


def test_many_addresses_are_no_leak(run):
    async def check(logins, _, __):
        for number in range(10_100):
            logins._lane("ann", str(number))
        assert len(logins._lanes) == 10_000

    run(check)
