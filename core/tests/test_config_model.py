"""The sections of a configuration: their defaults, their limits, and which plugins they name."""

from pathlib import Path

import attrs
import pytest

from gridhook.config import DOMAINS, ROUTED_DOMAINS, SECTIONS, DomainSection
from gridhook.hookspecs import SPECIFICATIONS
from gridhook.settings import read_settings


def messages(section, **values):
    _, problems = read_settings(SECTIONS[section], values, base=Path())
    return [(problem.path, problem.message) for problem in problems]


def test_each_domain_of_hooks_has_a_section():
    """Observers need none."""
    assert set(DOMAINS) == set(SPECIFICATIONS) - {"observation"}
    assert set(SECTIONS) == {*DOMAINS, "exchange", "guard"}
    assert [domain for domain in DOMAINS if issubclass(SECTIONS[domain], DomainSection)] == list(ROUTED_DOMAINS)


def test_the_defaults():
    assert {name: attrs.asdict(cls()) for name, cls in SECTIONS.items()} == {
        "exchange": {"url": "embedded:demo", "aggregator": "gridhook", "requirements": None},
        "registration": {"use": []},
        "pricing": {"use": [], "routes": {}},
        "requirements": {"use": [], "routes": {}},
        "forecasting": {"use": [], "routes": {}, "horizon": 1},
        "settlement": {"use": [], "routes": {}},
        "grid_fees": {"use": []},
        "guard": {"timeout_seconds": 10.0, "failures": 3, "highest_rate": 10000.0, "on_load_failure": "stop"},
    }


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("exchange", "url", "gsy+https://gridsingularity.com"),
        ("exchange", "url", "embedded:../my village/community.toml"),
        ("exchange", "url", "redis://localhost:6379"),
        ("exchange", "url", "gsy+https://ada@example.org"),
        ("exchange", "requirements", "binding"),
        ("exchange", "requirements", "stripped"),
        ("exchange", "requirements", "unsupported"),
        ("forecasting", "horizon", 1),
        ("forecasting", "horizon", 10_000),
        ("guard", "timeout_seconds", 0.001),
        ("guard", "failures", 1),
    ],
)
def test_what_is_taken(section, key, value):
    assert messages(section, **{key: value}) == []


@pytest.mark.parametrize(
    ("section", "key", "value", "said"),
    [
        ("exchange", "url", "embedded", "has to be an address such as 'embedded:demo', not 'embedded'"),
        ("exchange", "url", "embedded:", "has to be an address such as"),
        ("exchange", "url", ":demo", "has to be an address such as"),
        ("exchange", "url", "", "has to be an address such as"),
        ("exchange", "aggregator", " ", "may not be empty"),
        ("exchange", "requirements", "bindin", "did you mean 'binding'?"),
        ("forecasting", "horizon", 0, "must be >= 1"),
        ("forecasting", "horizon", 10_001, "must be <= 10000"),
        ("guard", "timeout_seconds", 0, "must be > 0"),
        ("guard", "failures", 0, "must be >= 1"),
        ("pricing", "use", "ramp", "has to be a list"),
        ("pricing", "routes", ["ramp"], "has to be a table"),
    ],
)
def test_what_is_refused(section, key, value, said):
    ((path, message),) = messages(section, **{key: value})
    assert path == key
    assert said in message


def test_a_password_in_an_address_is_refused_and_not_repeated():
    assert messages("exchange", url="gsy+https://ada:hunter2@example.org") == [
        ("url", "credentials do not belong into an address")
    ]


def test_the_plugins_that_a_section_names_each_once_in_order(config_of):
    routes = {"pv": ["b", "c"], "load": ["a", "d", "c"]}
    config = config_of(registration={"use": ["e"]}, pricing={"use": ["b", "a"], "routes": routes})
    assert config.plugins_of("pricing") == ["b", "a", "c", "d"]
    assert config.plugins_of("registration") == ["e"]
    assert config.plugins_of("settlement") == []


@pytest.mark.parametrize("domain", DOMAINS)
def test_only_routed_domains_have_routes(config_of, domain):
    given = {"routes": {"pv": ["a"]}} if domain in ROUTED_DOMAINS else {"use": ["a"]}
    config = config_of(**{domain: given})
    assert config.section(domain) == getattr(config, domain)
    assert config.routes(domain) == given.get("routes", {})
