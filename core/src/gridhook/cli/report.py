"""The report: the figures of a session for people to read."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gridhook.figures import Figures, MemberFigures

__all__ = ["print_report"]

_WIDTH_WITHOUT_TERMINAL = 100


def print_report(figures: Figures) -> None:
    """Print the figures to stdout: a table of members, and a line per domain."""
    width = None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL
    # Names come from the exchange: what is in brackets or between colons is part of them.
    console = Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False)
    if figures.members:
        console.print(_members(figures.members))
    for name, text in _lines(figures).items():
        console.print(Text.assemble((f"{name:<13}", "bold"), text))


def _members(members: tuple[MemberFigures, ...]) -> Table:
    table = Table(
        title="Members (bills in cents; a negative bill is income)", title_justify="left", box=None, pad_edge=False
    )
    table.add_column("member")
    table.add_column("assets")
    for heading in ("bought kWh", "sold kWh", "bill", "without market", "saving"):
        table.add_column(heading, justify="right")
    for member in members:
        table.add_row(
            member.name,
            " ".join(member.kinds),
            f"{member.bought_kwh:.1f}",
            f"{member.sold_kwh:.1f}",
            f"{member.bill_cents:.0f}",
            f"{member.bill_without_market_cents:.0f}",
            _coloured(member.saving_cents),
        )
    table.add_section()
    table.add_row(
        "all",
        "",
        f"{sum(member.bought_kwh for member in members):.1f}",
        f"{sum(member.sold_kwh for member in members):.1f}",
        f"{sum(member.bill_cents for member in members):.0f}",
        f"{sum(member.bill_without_market_cents for member in members):.0f}",
        _coloured(sum(member.saving_cents for member in members)),
    )
    return table


def _coloured(cents: float) -> Text:
    return Text(f"{cents:.0f}", style="green" if cents >= 0 else "red")


def _lines(figures: Figures) -> dict[str, str]:
    settlement, preferences = figures.settlement, figures.preferences
    lines = {
        "trading": (
            f"{figures.slots} slots, {figures.orders} orders, {figures.trades} trades, {figures.traded_kwh:.1f} kWh"
        ),
        "community": (
            f"{_percent(figures.community.self_sufficiency)} self-sufficient, "
            f"{_percent(figures.community.self_consumption)} of its own energy used"
        ),
        "forecasts": f"{figures.forecasts.sent} sent, {_percent(figures.forecasts.wape)} off (WAPE)",
        "settlement": (
            f"{settlement.orders} orders, {settlement.trades} trades, {settlement.settled_kwh:.1f} kWh settled"
        ),
        "preferences": f"{preferences.orders} orders, {preferences.trades_with_partner} trades with a chosen partner",
        "reasons": ", ".join(f"{count} {reason}" for reason, count in figures.reasons.items() if count) or "none",
        "plugins": ", ".join(f"{plugin.name} ({plugin.domain})" for plugin in figures.plugins) or "none",
    }
    failed = [plugin for plugin in figures.plugins if plugin.failures]
    if failed:
        lines["failures"] = ", ".join(
            f"{plugin.name} ({plugin.domain}) failed in {plugin.failures} of {plugin.calls} calls" for plugin in failed
        )
    return lines


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{share * 100:.1f} %"
