"""Tokens: renewed in time, and kept where that fails."""

import jwt
import pytest

from gridhook.errors import ExchangeError
from gridhook_gsy.tokens import Tokens, lifetime_of

HOUR = 3600.0


def token(**claims):
    return jwt.encode(claims, "k" * 32)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        (token(exp=9000.0 + 2 * HOUR), 2),
        (token(iat=0, exp=3 * HOUR), 3),
        (token(), 48),
        (token(exp=100.0), 48),
        ("opaque", 48),
    ],
)
def test_a_lifetime_is_by_the_servers_clock_and_48_hours_where_none_is_told(text, hours):
    assert lifetime_of(text, 9000.0) == hours * HOUR


class Office:
    def __init__(self, lifetime=8 * HOUR):
        self.now = 0.0
        self.given = 0
        self.lifetime = lifetime
        self.is_open = True
        self.tokens = Tokens(self.log_in, lambda: self.now)

    def log_in(self):
        if not self.is_open:
            msg = "closed"
            raise ExchangeError(msg)
        self.given += 1
        return f"t{self.given}", self.lifetime


def test_a_token_is_renewed_at_a_quarter_of_its_life():
    office = Office()
    assert office.tokens.current() == "t1"
    office.now = 2 * HOUR - 1
    assert office.tokens.current() == "t1"
    office.now = 2 * HOUR
    assert office.tokens.current() == "t2"


def test_a_token_is_used_for_12_hours_at_most():
    office = Office(lifetime=1000 * HOUR)
    office.tokens.current()
    office.now = 12 * HOUR
    assert office.tokens.current() == "t2"


def test_a_renewal_that_fails_keeps_the_token_and_is_tried_again():
    office = Office()
    office.tokens.current()
    office.is_open = False
    office.now = 2 * HOUR
    assert office.tokens.current() == "t1"
    office.is_open = True
    assert office.tokens.current() == "t1"
    office.now += 60.0
    assert office.tokens.current() == "t2"


def test_a_first_login_that_fails_is_an_error():
    office = Office()
    office.is_open = False
    with pytest.raises(ExchangeError):
        office.tokens.current()


def test_two_threads_that_were_refused_the_same_token_log_in_once():
    office = Office()
    refused = office.tokens.current()
    assert [office.tokens.renew(refused=refused) for _ in range(2)] == ["t2", "t2"]
    assert office.tokens.renew() == "t3"
