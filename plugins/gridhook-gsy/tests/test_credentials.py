"""Credentials: where they come from, and that they are not shown."""

import logging

import pytest

from gridhook.errors import ConfigError
from gridhook_gsy.credentials import Credentials, find_credentials

ENVIRON = {"API_CLIENT_USERNAME": "ann", "API_CLIENT_PASSWORD": "hush"}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "user.toml"
    path.write_text('username = "ben"\npassword = "quiet"\n', encoding="utf-8")
    path.chmod(0o600)
    return path


def test_the_environment_goes_before_the_file(file):
    from_environment = "API_CLIENT_USERNAME and API_CLIENT_PASSWORD"
    assert find_credentials(file, ENVIRON) == Credentials("ann", "hush", from_environment)
    assert find_credentials(file, {}) == Credentials("ben", "quiet", str(file))


def test_a_password_is_not_in_a_repr():
    assert "hush" not in repr(Credentials("ann", "hush"))


def test_a_file_that_others_can_read_is_warned_of(file, caplog):
    file.chmod(0o644)
    with caplog.at_level(logging.WARNING):
        find_credentials(file, {})
    assert "chmod 600" in caplog.text
    assert "quiet" not in caplog.text


def test_without_credentials_it_is_said_where_they_are_looked_for(monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(ConfigError, match="API_CLIENT_USERNAME and API_CLIENT_PASSWORD, or give credentials_file"):
        find_credentials(None, {})


@pytest.mark.parametrize("text", ['username = "ben"', "password quiet", 'username = "b"\npassword = 7', ""])
def test_a_file_that_is_wrong_is_not_quoted(file, text):
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        find_credentials(file, {})
    assert caught.value.problems[0].path == "exchange.credentials_file"
    assert "quiet" not in str(caught.value)


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        find_credentials(tmp_path / "none.toml", {})
