"""Deployments: a configuration, its plugins and its exchange, checked as a whole before anything connects."""

import logging

import pytest

from gridhook import ConfigError, ExchangeError
from gridhook.deployment import prepare


def problems_of(*arguments, **options):
    with pytest.raises(ConfigError) as caught:
        prepare(*arguments, **options)
    return [f"{problem.line or '-'}: {problem.path}: {problem.message}" for problem in caught.value.problems]


def test_everything_is_loaded_and_nothing_connected(scripted_config):
    """Opening this exchange fails."""
    path = scripted_config("length = 5\n[plugins.scripted-rates]\nrate = 12")
    path.write_text(path.read_text(encoding="utf-8").replace("house", "unreachable"), encoding="utf-8")
    deployment = prepare(path)
    assert list(deployment.manager.plugins) == ["scripted-claims", "scripted-rates"]
    assert deployment.manager.plugins["scripted-rates"].instance.rate == 12.0
    assert (deployment.exchange.length, deployment.config.exchange.aggregator) == (5, "gridhook")
    assert deployment.request.url == "unreachable"
    with pytest.raises(ExchangeError, match="nobody answers"):
        deployment.open()


def test_what_is_opened_trades(scripted_config, capsys):
    seen = []
    session = prepare(scripted_config(), slots=2).open(seen.append)
    assert session.slots == 2
    figures = session.run()
    assert (figures.slots, figures.orders, seen) == (2, 4, [1, 2])
    assert [plugin.name for plugin in figures.plugins] == ["scripted-claims", "scripted-rates", "scripted-rates"]
    capsys.readouterr()


def test_the_configuration_reaches_the_session(scripted_config):
    path = scripted_config('aggregator = "ada"\nrequirements = "stripped"', "[forecasting]\nhorizon = 4")
    session = prepare(path).open()
    assert (session._info.aggregator, session._info.exchange) == ("ada", "scripted:house")
    assert (session._settings.horizon, session._settings.requirements) == (4, "stripped")


def test_the_command_line_goes_before_the_file(scripted_config):
    deployment = prepare(scripted_config(), exchange="scripted:other")
    assert deployment.config.exchange.url == "scripted:other"
    assert deployment.request.url == "other"


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(scripted_config):
    more = """\
[pricing.routes]
lod = ["scripted-rates"]
[settlement]
use = ["script-rates"]
[plugins.scripted-rates]
rate = -1
[plugins.scripted-claims]
kind = ["pv"]
[guard]
failures = 0
"""
    path = scripted_config("length = 0\nknwon = true", more.replace("\n", "\n            "))
    assert problems_of(path) == [
        "4: exchange.length: 'length' must be >= 1: 0",
        "5: exchange.knwon: no such setting; did you mean 'known'?",
        "11: pricing.routes.lod: no asset has this path, name, glob or kind; did you mean 'Load'?",
        "13: settlement.use: no plugin 'script-rates' is installed; did you mean 'scripted-rates'?",
        "15: plugins.scripted-rates.rate: 'rate' must be >= 0.0: -1.0",
        "17: plugins.scripted-claims.kind: no such setting; did you mean 'kinds'?",
        "19: guard.failures: 'failures' must be >= 1: 0",
    ]


def test_mistakes_of_one_line_keep_their_order_and_are_told_once(scripted_config):
    """Plugins that are named twice are one mistake at each place, in whatever order the names are hashed."""
    names = [f"nobody-{letter}" for letter in "hgfedcba"]
    path = scripted_config(more=f"[settlement]\n            use = {names}")
    found = problems_of(path)
    assert [problem.partition("'")[2].partition("'")[0] for problem in found] == names
    assert {problem.partition(":")[0] for problem in found} == {"10"}


def test_an_address_that_leads_nowhere_is_told_with_its_line(scripted_config):
    path = scripted_config()
    path.write_text(path.read_text(encoding="utf-8").replace("house", "nowhere"), encoding="utf-8")
    assert problems_of(path) == ["3: exchange.url: leads nowhere"]
    assert problems_of(scripted_config(), exchange="scripted:nowhere") == ["-: exchange.url: leads nowhere"]


def test_an_exchange_that_is_not_there_hides_no_other_mistake(scripted_config):
    path = scripted_config(more="[settlement]\nuse = ['nobody']")
    first, second = problems_of(path, exchange="nothing:x")
    assert first.startswith("-: exchange.url: no exchange link 'nothing' is installed")
    assert "settlement.use: no plugin 'nobody' is installed" in second


def test_a_claim_that_leads_nowhere_is_a_mistake_where_all_areas_are_known(scripted_config, capsys):
    path = scripted_config(more="[plugins.scripted-claims]\nkinds = ['pvv']")
    deployment = prepare(path)
    assert deployment.is_known
    with pytest.raises(ConfigError) as caught:
        deployment.open().run()
    assert str(caught.value) == f"{path}:10: plugins.scripted-claims.kinds: no kind 'pvv'; did you mean 'pv'?"
    assert "closed" in capsys.readouterr().out


def test_what_settings_name_and_nobody_is_called_is_a_mistake_where_all_areas_are_known(scripted_config):
    path = scripted_config(more="[plugins.scripted-rates.limits]\n            Load = 1\n            'Laod 1' = 1")
    assert problems_of(path) == [
        "11: plugins.scripted-rates.limits.\"Laod 1\": no asset is called 'Laod 1'; did you mean 'Load'?"
    ]


def test_elsewhere_names_that_lead_nowhere_are_warnings(scripted_config, caplog, capsys):
    """The area may still appear."""
    more = (
        "[pricing.routes]\nlod = ['scripted-rates']\n[plugins.scripted-claims]\nkinds = ['pvv']\n"
        "[plugins.scripted-rates]\nlimits = { Lod = 1 }"
    )
    deployment = prepare(scripted_config("known = false", more.replace("\n", "\n            ")))
    assert not deployment.is_known
    figures = deployment.open().run()
    warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert [message.partition(":")[0] for message in warned] == [
        "pricing.routes.lod",
        "plugins.scripted-rates.limits.Lod",
        "plugins.scripted-claims.kinds",
        "no asset is claimed; nothing will be traded",
    ]
    assert figures.slots == 3
    capsys.readouterr()


def test_a_table_of_a_plugin_that_no_section_names_is_a_warning(scripted_config, caplog):
    """Installed is not enabled, and a table alone makes nobody price."""
    path = scripted_config(more="[plugins.scripted-rates]\nrate = 1.0")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('use = ["scripted-rates"]', "use = []"), encoding="utf-8")
    prepare(path)
    (record,) = caplog.records
    assert record.getMessage().startswith(f"{path}:")
    assert "plugins.scripted-rates: is in no section, so that it is asked for nothing" in record.getMessage()
    assert "name 'scripted-rates' under [pricing] use" in record.getMessage()
