"""The report: what people read at the end has the figures in it."""

import io
import re
import sys

import attrs
import pytest

from gridhook.cli.report import print_report
from gridhook.figures import (
    CommunityFigures,
    Figures,
    ForecastFigures,
    MemberFigures,
    PluginFigures,
    PreferenceFigures,
    SettlementFigures,
)

FIGURES = Figures(
    slots=96,
    orders=1234,
    trades=567,
    traded_kwh=89.1,
    members=(
        MemberFigures("Home 01", ("load", "pv"), 11.1, 22.2, 333.0, 444.0, 111.0),
        MemberFigures("Home 02", ("storage",), 33.3, 44.4, -555.0, -444.0, -111.0),
    ),
    community=CommunityFigures(0.125, 0.875),
    forecasts=ForecastFigures(1728, 0.223),
    settlement=SettlementFigures(31, 17, 4.2),
    preferences=PreferenceFigures(71, 37),
    reasons={"priced": 1111, "held": 222, "late": 0},
    plugins=(PluginFigures("ramp", "pricing", "1.0", 960, 0), PluginFigures("solar", "forecasting", "2.0", 96, 13)),
)


@pytest.fixture
def report(capsys):
    """Return a function that prints figures with these changes; returns the text."""

    def report(**changes):
        print_report(attrs.evolve(FIGURES, **changes))
        return capsys.readouterr().out

    return report


def numbers(text):
    return set(re.findall(r"-?\d+(?:\.\d+)?", text))


def row(text, name):
    (line,) = [line for line in text.splitlines() if line.startswith(name)]
    return line


def test_every_member_has_a_row_with_its_figures(report):
    text = report()
    assert {"load", "pv"} <= set(row(text, "Home 01").split())
    assert {"11.1", "22.2", "333", "444", "111"} <= numbers(row(text, "Home 01").removeprefix("Home 01"))
    assert {"33.3", "44.4", "-555", "-444", "-111"} <= numbers(row(text, "Home 02").removeprefix("Home 02"))


def test_the_members_are_summed_up(report):
    assert {"44.4", "66.6", "-222", "0"} <= numbers(report())


def test_the_figures_of_each_domain_are_there(report):
    text = report()
    assert {"96", "1234", "567", "89.1"} <= numbers(text), "trading"
    assert {"12.5", "87.5"} <= numbers(text), "community"
    assert {"1728", "22.3"} <= numbers(text), "forecasts"
    assert {"31", "17", "4.2"} <= numbers(text), "settlement"
    assert {"71", "37"} <= numbers(text), "preferences"
    assert {"1111", "222"} <= numbers(text), "reasons"


def test_reasons_that_did_not_occur_are_left_out(report):
    assert "held" in report()
    assert "late" not in report()


def test_plugins_are_named_and_those_that_failed_with_how_often(report):
    text = report()
    assert "ramp" in text
    assert {"13", "96"} <= numbers(row(text, "failures"))
    assert "ramp" not in row(text, "failures")
    assert "failures" not in report(plugins=FIGURES.plugins[:1])


def test_persistence_is_told_where_it_is_known(report):
    assert "persistence" not in report()
    text = report(forecasts=ForecastFigures(1728, 0.223, 0.345))
    assert "22.3% off (WAPE), persistence 34.5%" in row(text, "forecasts")


def test_what_an_exchange_cannot_tell_is_no_number(report):
    text = report(members=None, community=CommunityFigures(), forecasts=ForecastFigures(7, None))
    assert "Home" not in text
    assert "None" not in text
    assert "nan" not in text
    assert "96 slots" in text


@pytest.mark.parametrize("name", ["Home [01]", "[bold]Home[/bold]", "Home :house: 1", "[/]", r"Home \[x]"])
def test_a_name_is_shown_as_it_is(report, name):
    assert name in report(members=(attrs.evolve(FIGURES.members[0], name=name),))


@pytest.mark.parametrize("amount", [-0.4, -0.04, -1e-12, -0.0])
def test_no_bill_is_minus_zero(report, amount):
    text = report(members=(MemberFigures("Home 01", ("load",), 1.0, 1.0, amount, amount, amount),))
    assert not re.search(r"-0(\.0+)?(?![\d.])", text)


def test_where_the_report_is_piped_it_has_no_colours(report):
    assert "\x1b" not in report()


def test_a_terminal_gets_them(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    print_report(FIGURES)
    assert "\x1b[" in terminal.getvalue()


def test_the_table_of_a_home_with_everything_fits_80_columns(report):
    member = MemberFigures("Home 05", ("load", "pv", "storage"), 1234.5, 1234.5, -12345.0, -12345.0, 12345.0)
    assert max(map(len, report(members=(member,)).splitlines()[:3])) <= 80
