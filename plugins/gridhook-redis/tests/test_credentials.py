"""Credentials: where they come from, and that they are not shown."""

import logging

import pytest

from gridhook.errors import ConfigError
from gridhook_redis.credentials import Credentials, find_credentials


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "redis.toml"
    path.write_text('username = "ben"\npassword = "quiet"\n', encoding="utf-8")
    path.chmod(0o600)
    return path


def test_the_environment_goes_before_the_file(file):
    assert find_credentials(file, {"REDISCLI_AUTH": "hush"}) == Credentials("hush", "ben")
    assert find_credentials(file, {}) == Credentials("quiet", "ben")
    assert find_credentials(None, {}) == Credentials()


def test_a_password_is_not_in_a_repr(file):
    assert "quiet" not in repr(find_credentials(file, {}))


def test_a_file_that_others_can_read_is_warned_of(file, caplog):
    file.chmod(0o644)
    with caplog.at_level(logging.WARNING):
        find_credentials(file, {})
    assert "chmod 600" in caplog.text
    assert "quiet" not in caplog.text


@pytest.mark.parametrize(
    "text", ['username = "b"', "password quiet", "password = 7", 'password = "quiet"\nx = "y"', ""]
)
def test_a_file_that_is_wrong_is_not_quoted(file, text):
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        find_credentials(file, {})
    assert caught.value.problems[0].path == "exchange.credentials_file"
    assert "quiet" not in str(caught.value)


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        find_credentials(tmp_path / "none.toml", {})
