"""The configuration as an object: one class per section of the TOML file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import attrs
from attrs import validators

from gridhook.errors import SettingError, join_path

__all__ = [
    "DOMAINS",
    "ROUTED_DOMAINS",
    "SECTIONS",
    "Config",
    "DomainSection",
    "ExchangeSection",
    "ForecastingSection",
    "GuardSection",
    "RegistrationSection",
    "Table",
]

DOMAINS = ("registration", "pricing", "requirements", "forecasting", "settlement", "grid_fees")
"""The sections that name plugins, in the order in which they are written."""

ROUTED_DOMAINS = ("pricing", "requirements", "forecasting", "settlement")
"""The domains whose plugins can be chosen per asset."""


def _is_url(_: object, __: object, url: str) -> None:
    scheme, colon, rest = url.partition(":")
    if not (scheme and colon and rest):
        msg = f"has to be an address such as 'embedded:demo', not {url!r}"
        raise ValueError(msg)
    if urlsplit(url).password is not None:
        msg = "credentials do not belong into an address"
        raise ValueError(msg)


def _is_not_blank(_: object, __: object, text: str) -> None:
    if not text.strip():
        msg = "may not be empty"
        raise ValueError(msg)


def _names_each_once(_: object, __: object, names: list[str]) -> None:
    again = [name for at, name in enumerate(names) if name in names[:at]]
    if again:
        msg = f"names {again[0]!r} twice"
        raise ValueError(msg)


def _routes_name_each_once(_: object, __: object, routes: dict[str, list[str]]) -> None:
    for key, names in routes.items():
        try:
            _names_each_once(_, __, names)
        except ValueError as error:
            raise SettingError(str(error), join_path("", key)) from error


@attrs.frozen
class ExchangeSection:
    """``[exchange]``: where to trade. Further keys belong to the link of the address's scheme.

    ``url``
        ``embedded:demo``, ``embedded:PATH/community.toml``, …
    ``aggregator``
        the name under which this aggregator trades.
    ``requirements``
        what the exchange does with requirements; None: what its link says.
    """

    url: str = attrs.field(default="embedded:demo", validator=_is_url)
    aggregator: str = attrs.field(default="gridhook", validator=_is_not_blank)
    requirements: Literal["binding", "stripped", "unsupported"] | None = None


@attrs.frozen
class RegistrationSection:
    """A section of plugins that are all asked: their names, in order."""

    use: list[str] = attrs.field(factory=list, validator=_names_each_once)


@attrs.frozen
class DomainSection:
    """A section of plugins that share the assets.

    ``use``
        the plugins for all assets, in order.
    ``routes``
        the plugins for some, by path, name, glob or kind; the most specific key wins.
    """

    use: list[str] = attrs.field(factory=list, validator=_names_each_once)
    routes: dict[str, list[str]] = attrs.field(factory=dict, validator=_routes_name_each_once)


@attrs.frozen
class ForecastingSection(DomainSection):
    """``[forecasting]``: as the others, and ``horizon``, the number of coming slots to forecast."""

    horizon: int = attrs.field(default=1, validator=[validators.ge(1), validators.le(10_000)])


@attrs.frozen
class GuardSection:
    """``[guard]``: what a plugin may take.

    ``timeout_seconds``
        a call that takes longer is cut off; on an exchange that does not wait also one that takes longer than a tick.
    ``failures``
        so many failures of one hook in a row bench a plugin until the next slot.
    ``highest_rate``
        cents/kWh; an answer with a rate above it is wrong, as one in another unit would be. The default is ten times
        what Europe's coupled intraday markets can clear at (9,999 EUR/MWh), since grid fees may come on top.
    ``on_load_failure``
        what becomes of a run if a plugin is broken: ``stop`` before anything connects, or ``go-on`` with a plugin that
        fails whenever it is asked.
    """

    timeout_seconds: float = attrs.field(default=10.0, validator=validators.gt(0))
    failures: int = attrs.field(default=3, validator=validators.ge(1))
    highest_rate: float = attrs.field(default=10_000.0, validator=validators.gt(0))
    on_load_failure: Literal["stop", "go-on"] = "stop"


SECTIONS: Mapping[str, type] = {
    "exchange": ExchangeSection,
    "registration": RegistrationSection,
    "pricing": DomainSection,
    "requirements": DomainSection,
    "forecasting": ForecastingSection,
    "settlement": DomainSection,
    "grid_fees": RegistrationSection,
    "guard": GuardSection,
}
"""The sections of the file and their classes; ``[plugins.NAME]`` comes on top."""


@attrs.frozen(eq=False)
class Table:
    """A table of settings that is not read yet, since only a plugin or a link knows its schema.

    ``at``
        its dotted path.
    ``values``
        what is in it.
    ``base``
        the folder that paths in it are relative to.
    """

    at: str
    values: Mapping[str, Any]
    base: Path


@attrs.frozen(eq=False)
class Config:
    """The effective configuration.

    ``link``
        the keys of ``[exchange]`` that belong to the link.
    ``plugins``
        the tables ``[plugins.NAME]``, in order.
    """

    exchange: ExchangeSection
    link: Table
    registration: RegistrationSection
    pricing: DomainSection
    requirements: DomainSection
    forecasting: ForecastingSection
    settlement: DomainSection
    grid_fees: RegistrationSection
    guard: GuardSection
    plugins: Mapping[str, Table]

    def section(self, domain: str) -> RegistrationSection | DomainSection:
        """Return the section of a domain."""
        section: RegistrationSection | DomainSection = getattr(self, domain)
        return section

    def routes(self, domain: str) -> Mapping[str, list[str]]:
        """Return the routes of a domain; none where its plugins are not routed."""
        section = self.section(domain)
        return section.routes if isinstance(section, DomainSection) else {}

    def domains_of(self, plugin: str) -> list[str]:
        """Return the domains whose sections mention a plugin."""
        return [domain for domain in DOMAINS if plugin in self.plugins_of(domain)]

    def plugins_of(self, domain: str) -> list[str]:
        """Return the names that a domain's section mentions, each once, in order."""
        named = [*self.section(domain).use, *(name for route in self.routes(domain).values() for name in route)]
        return list(dict.fromkeys(named))
