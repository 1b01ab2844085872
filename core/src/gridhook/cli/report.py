"""The report: the figures of a session for people to read."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from gridhook.cli.consoles import plain_console
from gridhook.figures import CommunityFigures, Figures, ForecastFigures, MemberFigures, PluginFigures

__all__ = ["print_report"]

_NAMES = 13
"""Columns that the names of the lines take."""


def print_report(figures: Figures) -> None:
    """Print the figures to stdout: a table of members, and a line per domain."""
    console = plain_console(sys.stdout)
    if figures.members:
        console.print(_members(figures.members))
        console.print()
    for name, text in _lines(figures):
        lines = textwrap.wrap(text, max(console.width - _NAMES, 2 * _NAMES))
        console.print(Text.assemble((f"{name:<{_NAMES}}", "bold"), f"\n{'':{_NAMES}}".join(lines)))


def _members(members: tuple[MemberFigures, ...]) -> Table:
    """Return a table, bills in cents, where a negative bill is income."""
    table = Table(box=None, pad_edge=False)
    table.add_column("member")
    table.add_column("assets")
    for heading in ("bought kWh", "sold kWh", "bill ct", "no market ct", "saving ct"):
        table.add_column(heading, justify="right")
    for member in members:
        _add_row(table, member.name, " ".join(member.kinds), [member])
    _add_row(table, "all", "", members)
    return table


def _add_row(table: Table, name: str, kinds: str, members: tuple[MemberFigures, ...] | list[MemberFigures]) -> None:
    saving = sum(member.saving_cents for member in members)
    table.add_row(
        name,
        kinds,
        f"{sum(member.bought_kwh for member in members):.1f}",
        f"{sum(member.sold_kwh for member in members):.1f}",
        f"{sum(member.bill_cents for member in members):z.0f}",
        f"{sum(member.bill_without_market_cents for member in members):z.0f}",
        Text(f"{saving:z.0f}", style="green" if saving >= 0 else "red"),
    )


def _lines(figures: Figures) -> Iterator[tuple[str, str]]:
    settlement, preferences = figures.settlement, figures.preferences
    yield (
        "trading",
        f"{figures.slots} slots, {figures.orders} orders, {figures.trades} trades, {figures.traded_kwh:.1f} kWh",
    )
    if community := _community(figures.community):
        yield "community", community
    yield "forecasts", _forecasts(figures.forecasts)
    yield (
        "settlement",
        f"{settlement.orders} orders, {settlement.trades} trades, {settlement.settled_kwh:.1f} kWh settled",
    )
    yield "preferences", f"{preferences.orders} orders, {preferences.trades_with_partner} trades with a chosen partner"
    yield "reasons", ", ".join(f"{count} {reason}" for reason, count in figures.reasons.items() if count) or "none"
    yield "plugins", _plugins(figures.plugins) or "none"
    failed = [plugin for plugin in figures.plugins if plugin.failures]
    if failed:
        texts = (f"{one.name} ({one.domain}) failed in {one.failures} of {one.calls} calls" for one in failed)
        yield "failures", ", ".join(texts)


def _community(community: CommunityFigures) -> str:
    shares = (
        (community.self_sufficiency, "self-sufficient"),
        (community.self_consumption, "of its own energy used"),
    )
    return ", ".join(f"{share:.1%} {what}" for share, what in shares if share is not None)


def _forecasts(forecasts: ForecastFigures) -> str:
    error = "" if forecasts.wape is None else f", {forecasts.wape:.1%} off (WAPE)"
    naive = forecasts.persistence_wape
    persistence = "" if naive is None else f", persistence {naive:.1%}"
    return f"{forecasts.sent} sent{error}{persistence}"


def _plugins(plugins: tuple[PluginFigures, ...]) -> str:
    domains: dict[str, list[str]] = {}
    for plugin in plugins:
        domains.setdefault(plugin.name, []).append(plugin.domain)
    return ", ".join(f"{name} ({', '.join(its)})" for name, its in domains.items())
