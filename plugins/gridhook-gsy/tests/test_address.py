"""Addresses: what URL, keys, environment and config file lead to."""

import pytest

from gridhook.errors import ConfigError
from gridhook_gsy.address import is_loopback
from gridhook_gsy.finding import Given, find_address
from gridhook_gsy.summary import Summary

FILE = Summary("https://file.example", "wss://file.example/ws", "from-file")


def look(url="//gsy.example", scheme="https", environ=None, **options):
    return find_address(Given(scheme, url, **{"simulation": "sim", **options}), environ or {})


def find(*arguments, **options):
    found = look(*arguments, **options)
    if found.problems:
        raise ConfigError(found.problems)
    return found.address


def test_the_websocket_is_on_the_same_host():
    address = find("//gsy.example:8443/")
    assert (address.rest, address.websocket) == ("https://gsy.example:8443", "wss://gsy.example:8443/external-ws")
    assert find(scheme="http").websocket == "ws://gsy.example/external-ws"


def test_the_paths_are_those_of_the_protocol():
    address = find()
    assert address.login == "https://gsy.example/api-token-auth/"
    assert address.registry == "https://gsy.example/external-connection/configurations/sim/registry"
    assert address.aggregator("batch-commands").endswith("/external-connection/aggregator-api/sim/batch-commands/")
    assert address.asset("a/b", "set-energy-forecast").endswith("/api/sim/a%2Fb/set-energy-forecast/")
    assert address.stream("agg") == "wss://gsy.example/external-ws/sim/aggregator/agg/"


ENVIRON = {
    "API_CLIENT_DOMAIN_NAME": "https://env.example",
    "API_CLIENT_WEBSOCKET_DOMAIN_NAME": "wss://env.example/w/",
}


def test_the_command_line_goes_before_the_environment_and_that_before_the_configuration():
    everything = {"environ": ENVIRON, "summary": FILE}
    assert find("//mine.example", is_commanded=True, **everything).rest == "https://mine.example"
    assert find("//gsy.example", **everything).rest == "https://env.example"
    assert find("//gsy.example", summary=FILE).rest == "https://gsy.example"
    assert find("//", summary=FILE).rest == "https://file.example"
    assert find("//", is_commanded=True, **everything).rest == "https://env.example"
    assert find("//").rest == "https://d3aweb.gridsingularity.com"


def test_the_websocket_is_the_one_that_belongs_to_the_host():
    assert find(environ=ENVIRON).websocket == "wss://env.example/w"
    assert find(environ=ENVIRON, websocket="wss://given.example").websocket == "wss://env.example/w"
    assert find("//", summary=FILE).websocket == "wss://file.example/ws"
    assert find(websocket="wss://given.example").websocket == "wss://given.example"
    only = {"API_CLIENT_WEBSOCKET_DOMAIN_NAME": "wss://env.example/w/"}
    assert find(environ=only, websocket="wss://given.example").websocket == "wss://env.example/w"


def test_a_token_goes_to_no_other_host_than_the_one_that_is_meant():
    mine = {"url": "//mine.example", "is_commanded": True}
    assert find(**mine, environ=ENVIRON).websocket == "wss://mine.example/external-ws"
    assert find(**mine, websocket="wss://given.example").websocket == "wss://mine.example/external-ws"
    assert find(summary=FILE).websocket == "wss://gsy.example/external-ws"
    domain = {"API_CLIENT_DOMAIN_NAME": "https://env.example"}
    assert find(environ=domain, websocket="wss://gsy.example/x").websocket == "wss://env.example/external-ws"


def test_it_is_told_where_each_part_comes_from_and_what_it_goes_before():
    found = look(environ={**ENVIRON, "API_CLIENT_SIMULATION_ID": "env"})
    assert (found.rest, found.simulation) == ("API_CLIENT_DOMAIN_NAME", "API_CLIENT_SIMULATION_ID")
    assert found.websocket == "API_CLIENT_WEBSOCKET_DOMAIN_NAME"
    assert found.overruled == {
        "API_CLIENT_DOMAIN_NAME": "https://gsy.example",
        "API_CLIENT_SIMULATION_ID": "sim",
    }
    found = look("//env.example/", environ={**ENVIRON, "API_CLIENT_SIMULATION_ID": "sim"})
    assert found.overruled == {}
    found = look("//", summary=FILE, simulation=None)
    assert (found.rest, found.websocket, found.simulation) == ("simulation_file",) * 3
    found = look()
    assert (found.rest, found.websocket, found.simulation) == ("exchange.url", "same host", "exchange.simulation")


def test_the_environments_simulation_goes_before_the_keys_and_that_before_the_files():
    assert find(environ={"API_CLIENT_SIMULATION_ID": "env"}, summary=FILE).simulation == "env"
    assert find(summary=FILE).simulation == "sim"
    assert find(summary=FILE, simulation=None).simulation == "from-file"


def test_a_domain_without_a_scheme_has_that_of_the_url():
    assert find("//", "http", {"API_CLIENT_DOMAIN_NAME": "localhost:8000"}).rest == "http://localhost:8000"


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"simulation": None}, "exchange.simulation"),
        ({"url": "//user@gsy.example"}, "exchange.url"),
        ({"url": "//gsy.example:no"}, "exchange.url"),
        ({"url": "//gsy.example?x=1"}, "exchange.url"),
        ({"url": "//", "environ": {"API_CLIENT_DOMAIN_NAME": "http://env.example"}}, "exchange.url"),
        ({"url": "//", "environ": {"API_CLIENT_DOMAIN_NAME": "ftp://env.example"}}, "API_CLIENT_DOMAIN_NAME"),
        ({"websocket": "https://gsy.example/ws"}, "exchange.websocket"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(options, path):
    with pytest.raises(ConfigError) as caught:
        find(**options)
    assert caught.value.problems[0].path == path


@pytest.mark.parametrize(
    ("url", "is_here"),
    [("http://127.0.0.1:1", True), ("ws://localhost/x", True), ("http://[::1]:8", True), ("http://a.b", False)],
)
def test_addresses_of_this_machine_are_known(url, is_here):
    assert is_loopback(url) is is_here


@pytest.mark.parametrize(
    ("url", "environ", "websocket"),
    [
        ("//", {"API_CLIENT_DOMAIN_NAME": "https://ann:hidden@gsy.example"}, None),
        ("//", {"API_CLIENT_DOMAIN_NAME": "http://ann:hidden@gsy.example"}, None),
        ("//gsy.example", {}, "wss://ann:hidden@gsy.example"),
        ("//gsy.example", {}, "https://ann:hidden@gsy.example"),
    ],
)
def test_credentials_in_an_address_are_refused_and_not_shown(url, environ, websocket):
    with pytest.raises(ConfigError) as caught:
        find(url, environ=environ, websocket=websocket)
    assert "gsy.example" in str(caught.value)
    assert "hidden" not in str(caught.value)
