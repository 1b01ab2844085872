"""The config file that a registry page offers."""

import json

import pendulum
import pytest

from gridhook.errors import ConfigError
from gridhook_gsy.summary import Summary, read_summary

WHOLE = {
    "username": "ann",
    "name": "Canary",
    "uuid": "sim",
    "domain_name": "https://gsy.example",
    "web_socket_domain_name": "wss://gsy.example/external-ws",
    "global_settings": {"slot_length": "0:30:00", "start_date": "2021-02-25"},
    "registry": {},
}


def read(tmp_path, value):
    path = tmp_path / "api-client-summary-sim.json"
    path.write_text(json.dumps(value), encoding="utf-8")
    return read_summary(path)


def test_a_file_tells_where_and_what_and_how_long(tmp_path):
    expected = Summary("https://gsy.example", "wss://gsy.example/external-ws", "sim", pendulum.duration(minutes=30))
    assert read(tmp_path, WHOLE) == expected


@pytest.mark.parametrize("settings", [None, {}, {"slot_length": "long"}, {"slot_length": "0:00:00"}])
def test_a_length_that_is_not_told_is_not_known(tmp_path, settings):
    assert read(tmp_path, {**WHOLE, "global_settings": settings}).slot_length is None


@pytest.mark.parametrize("value", [[], {}, {**WHOLE, "uuid": 7}])
def test_what_is_no_config_file_is_said(tmp_path, value):
    with pytest.raises(ConfigError, match="is no simulation config file"):
        read(tmp_path, value)


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        read_summary(tmp_path / "none.json")
