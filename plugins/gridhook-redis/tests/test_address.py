"""Addresses of Redis servers."""

import pytest

from gridhook.errors import ConfigError
from gridhook_redis.address import Address, read_address


@pytest.mark.parametrize(
    ("url", "is_loopback"),
    [
        ("//localhost", True),
        ("//localhost:6379", True),
        ("//127.0.0.1:6379/3", True),
        ("//[::1]:6379/", True),
        ("//redis.example:6379", False),
        ("//10.0.0.7", False),
    ],
)
def test_an_address_is_a_host_a_port_and_a_database(url, is_loopback):
    assert read_address("redis", url) == Address(f"redis:{url}", is_loopback)


@pytest.mark.parametrize(
    "url", ["//", "localhost", "//h:0", "//h:x", "//h/x", "//h/1?db=2", "//h#1", "//[::1", "//h/²"]
)
def test_anything_else_is_told_what_one_looks_like(url):
    with pytest.raises(ConfigError, match="such as 'rediss://localhost:6379'"):
        read_address("rediss", url)


def test_credentials_do_not_belong_there():
    with pytest.raises(ConfigError, match="credentials_file") as caught:
        read_address("redis", "//user:hush@localhost")
    assert "hush" not in str(caught.value)
