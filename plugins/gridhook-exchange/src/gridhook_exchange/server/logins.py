"""Logins: passwords are checked a few at a time, and who was wrong waits before the next check.

Right passwords are never refused for the wrong ones of somebody else: those who guess a user's password from elsewhere,
or other users' from the same address, make nobody wait but themselves.
"""

from __future__ import annotations

import asyncio
import hmac
import math
import secrets
from collections.abc import Awaitable, Callable
from ipaddress import IPv6Address, ip_address, ip_network
from weakref import WeakValueDictionary

import attrs
from anyio import to_thread
from starlette.exceptions import HTTPException

from gridhook_exchange.server.passwords import Passwords

__all__ = ["Logins"]

_CHECKS_AT_ONCE = 2
_FREE_FAILURES = 3
_FIRST_DELAY, _LONGEST_DELAY = 0.5, 10.0
_SECONDS_TO_FORGET = 600.0
_MOST_WAITING = 100
_MOST_LANES = 10_000
_LANES_OF_NOBODY = 64


@attrs.define(eq=False)
class _Lane:
    """Those who say that they are a certain user, from a certain address: one after the other."""

    failures: int = 0
    failed_at: float = -math.inf
    checks: dict[bytes, asyncio.Task[bool]] = attrs.field(factory=dict)
    lock: asyncio.Lock = attrs.field(factory=asyncio.Lock)

    def delay(self, now: float) -> float:
        """Return how long the next check has to wait."""
        if self.failures < _FREE_FAILURES or now - self.failed_at > _SECONDS_TO_FORGET:
            return 0.0
        since: int = self.failures - _FREE_FAILURES
        return max(0.0, self.failed_at + min(_FIRST_DELAY * 2.0**since, _LONGEST_DELAY) - now)

    def fail(self, now: float) -> None:
        """Take note of a wrong password."""
        # Beyond, the delay is the longest in any case.
        self.failures = 1 if now - self.failed_at > _SECONDS_TO_FORGET else min(self.failures + 1, 99)
        self.failed_at = now


class Logins:
    """Lets users log in.

    :param passwords: theirs.
    :param now: seconds of any clock that never goes back.
    :param sleep: waits for seconds of that clock.
    """

    def __init__(
        self, passwords: Passwords, now: Callable[[], float], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._passwords = passwords
        self._now = now
        self._sleep = sleep
        self._key = secrets.token_bytes(32)
        self._lanes: dict[tuple[str, str], _Lane] = {}
        self._addresses: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._slots = asyncio.Semaphore(_CHECKS_AT_ONCE)

    async def check(self, user: str, password: str, host: str) -> bool:
        """Return whether a password is right, which takes the longer the more were wrong lately.

        :param host: where the client is.
        :raises HTTPException: 429, too many other passwords of this user wait at the same address.
        """
        if self._passwords.is_known(user, password):
            return True
        address = _network(host)
        lane = self._lane(user, address)
        # A client with many assets logs in many times at once: the same password is checked once.
        digest = hmac.digest(self._key, password.encode("utf-8", "replace"), "sha256")
        task = lane.checks.get(digest)
        if task is None:
            if len(lane.checks) >= _MOST_WAITING:
                wait = math.ceil(lane.delay(self._now())) or 1
                text = f"{len(lane.checks)} passwords of this user from here wait already; try again in {wait} seconds"
                raise HTTPException(429, text, headers={"Retry-After": str(wait)})
            task = asyncio.create_task(self._check(user, password, lane, address))
            lane.checks[digest] = task
            task.add_done_callback(lambda _: lane.checks.pop(digest))
        return await asyncio.shield(task)

    async def _check(self, user: str, password: str, lane: _Lane, address: str) -> bool:
        async with lane.lock:
            await self._sleep(lane.delay(self._now()))
            # One per address: whoever comes from another one waits for one check of each at most.
            async with self._addresses.setdefault(address, asyncio.Lock()), self._slots:
                is_right = await to_thread.run_sync(self._passwords.is_right, user, password)
            if not is_right:
                lane.fail(self._now())
            return is_right

    def _lane(self, user: str, address: str) -> _Lane:
        if user not in self._passwords:
            # As many lanes as there are, however many names somebody tries.
            digest = hmac.digest(self._key, user.encode("utf-8", "replace"), "sha256")
            user = f"\n{digest[0] % _LANES_OF_NOBODY}"
        lane = self._lanes.pop((user, address), None) or _Lane()
        self._lanes[user, address] = lane
        while len(self._lanes) > _MOST_LANES:
            del self._lanes[next(iter(self._lanes))]
        return lane


def _network(host: str) -> str:
    """Return what has one owner: an address, or of version 6 the network in which anybody has any number of them."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return host
    return str(address.ipv4_mapped or ip_network((int(address), 64), strict=False))
