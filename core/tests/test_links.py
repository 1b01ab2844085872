"""Links: the exchange of an address is found, given its settings, and nothing else is imported."""

import sys
from pathlib import Path

import attrs
import pytest

from gridhook.config import ExchangeSection, Table
from gridhook.links import Exchange, LinkRequest, base_layer, find_exchange
from gridhook.plugins.discovery import EXCHANGES

MODULE = "a_link_of_this_test"
SOURCE = """
import attrs

@attrs.define
class Quiet:
    seed: int = 0
    day: str = "monday"

    @classmethod
    def base_config(cls, url):
        return None

    def known_areas(self, request):
        return None

    def open(self, request):
        return None
"""


@pytest.fixture
def find(config_of):
    """Return a function that looks for the exchange of an address, with more keys of [exchange]."""

    def find(url, slots=None, **values):
        import attrs

        config = config_of(exchange={"url": url, "aggregator": "ada"})
        config = attrs.evolve(config, link=Table("exchange", values, Path("/somewhere")))
        exchange, request, problems = find_exchange(config, slots)
        return exchange, request, [(problem.path, problem.message) for problem in problems]

    return find


@pytest.fixture
def install_link(scripted_distribution, only_scripted):
    """Return a function that installs nothing but a distribution with links."""

    def install(source=SOURCE, links=None, requires=("gridhook>=0.1",)):
        points = {"quiet": f"{MODULE}:Quiet"} if links is None else links
        return scripted_distribution("a-link", {MODULE: source}, {EXCHANGES: points}, requires=requires)

    return install


def test_the_scheme_finds_the_link_and_its_settings_are_read(scripted_exchange, find):
    exchange, request, problems = find("scripted:house/number:1", slots=4, length=7)
    assert problems == []
    assert isinstance(exchange, Exchange)
    assert (type(exchange).__name__, exchange.length, exchange.known) == ("ScriptedExchange", 7, True)
    assert request == LinkRequest("house/number:1", "ada", 4, Path("/somewhere"))


def test_no_other_link_is_imported(scripted_exchange, scripted_distribution, find):
    scripted_distribution("other-link", {MODULE: "1 / 0"}, {EXCHANGES: {"other": f"{MODULE}:Other"}})
    assert find("scripted:house")[2] == []
    assert MODULE not in sys.modules


def test_all_that_is_wrong_with_its_settings_is_said_and_the_right_ones_hold(scripted_exchange, find):
    exchange, _, problems = find("scripted:house", length=0, knwon=False, fails_in=2)
    assert problems == [
        ("exchange.length", "'length' must be >= 1: 0"),
        ("exchange.knwon", "no such setting; did you mean 'known'?"),
    ]
    assert (exchange.length, exchange.fails_in) == (3, 2)


def test_settings_of_the_link_that_another_address_takes_the_place_of_are_left_out(
    scripted_exchange, scripted_distribution, config_of
):
    scripted_distribution("other-link", {MODULE: SOURCE}, {EXCHANGES: {"quiet": f"{MODULE}:Quiet"}})
    config = config_of(exchange={"url": "scripted:house", "aggregator": "ada"})
    config = attrs.evolve(config, link=Table("exchange", {"day": "friday", "length": 7, "dya": 1}, Path()))
    exchange, _, problems = find_exchange(config, None, is_commanded=True, replaced_url="quiet:garden")
    assert exchange.length == 7
    assert [problem.path for problem in problems] == ["exchange.dya"]
    _, _, problems = find_exchange(config, None, is_commanded=True, replaced_url="gone:garden")
    assert [problem.path for problem in problems] == ["exchange.day", "exchange.dya"]


@pytest.mark.parametrize("key", [field for field in ExchangeSection.__annotations__ if field != "url"])
def test_a_misspelt_common_key_is_proposed_too(scripted_exchange, find, key):
    ((path, message),) = find("scripted:house", **{f"{key}s": "x"})[2]
    assert path == f"exchange.{key}s"
    assert f"did you mean '{key}'" in message


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("quite:house", "no exchange link 'quite' is installed; did you mean 'quiet'?"),
        ("mqtt://x", "no exchange link 'mqtt' is installed; installed are quiet"),
        ("redis://x", "no exchange link 'redis' is installed; pip install gridhook-redis"),
        ("embedded:demo", "no exchange link 'embedded' is installed; pip install gridhook-exchange"),
    ],
)
def test_a_scheme_that_is_not_installed(install_link, find, url, message):
    install_link()
    exchange, _, problems = find(url, seed="wrong")
    assert exchange is None
    assert problems == [("exchange.url", message)]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import a_module_that_is_not_there", "No module named 'a_module_that_is_not_there'"),
        ("", f"module '{MODULE}' has no attribute 'Quiet'"),
        ("def broken(:", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("{}['dll']", "KeyError: 'dll'"),
    ],
)
def test_a_link_that_cannot_be_imported_is_one_problem(install_link, find, source, why):
    install_link(source)
    exchange, _, ((path, message),) = find("quiet:house")
    assert exchange is None
    assert path == "exchange.url"
    assert message.startswith("the link of a-link cannot be imported: ")
    assert why in message
    assert base_layer("quiet:house") is None


def test_a_link_for_another_core_is_not_imported(install_link, find):
    install_link("1 / 0", requires=["gridhook>=99"])
    ((path, message),) = find("quiet:house")[2]
    assert path == "exchange.url"
    assert message.startswith("a-link 1.0 works with gridhook>=99, and this is gridhook")


def test_the_configuration_that_belongs_to_an_address(scripted_exchange):
    (scripted_exchange / "village.toml").write_text('[exchange]\nurl = "scripted:x"\n', encoding="utf-8")
    layer = base_layer("scripted:village")
    assert (layer.label, layer.base) == ("scripted:village", scripted_exchange)
    assert layer.document == {"exchange": {"url": "scripted:x"}}
    assert layer.lines["exchange.url"] == 2


@pytest.mark.parametrize("url", ["scripted:house", "nothing:house", "quiet:house"])
def test_most_addresses_have_none(scripted_exchange, url):
    assert base_layer(url) is None
