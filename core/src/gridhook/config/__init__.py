"""The configuration: what it consists of, and how it is read, checked and shown."""

from gridhook.config.model import (
    DOMAINS,
    ROUTED_DOMAINS,
    SECTIONS,
    Config,
    DomainSection,
    ExchangeSection,
    ForecastingSection,
    GuardSection,
    RegistrationSection,
    Table,
)
from gridhook.config.reading import DEFAULTS, Layer, Reading, default_layer, read_config, read_layer

__all__ = [
    "DEFAULTS",
    "DOMAINS",
    "ROUTED_DOMAINS",
    "SECTIONS",
    "Config",
    "DomainSection",
    "ExchangeSection",
    "ForecastingSection",
    "GuardSection",
    "Layer",
    "Reading",
    "RegistrationSection",
    "Table",
    "default_layer",
    "read_config",
    "read_layer",
]
