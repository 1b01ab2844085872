"""Names of columns, as meters and the people who export them write them."""

from __future__ import annotations

import pytest

from gridhook_exchange.meters.naming import LOAD, NET, PV, Named, read_name


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("home_1_load_kWh", Named("Home 1", LOAD, "kWh")),
        ("home_1_pv_kWh", Named("Home 1", PV, "kWh")),
        ("Home 1 load", Named("Home 1", LOAD, "")),
        ("Home 01 PV", Named("Home 01", PV, "")),
        ("load 1", Named("Home 1", LOAD, "")),
        ("net 3", Named("Home 3", NET, "")),
        ("Villa solar generation [kW]", Named("Villa", PV, "kW")),
        ("Müller-Huber Verbrauch", Named("Müller-Huber Verbrauch", "", "")),
        ("Müller-Huber consumption (Wh)", Named("Müller-Huber", LOAD, "Wh")),
        ("DE_KN_residential1_pv", Named("DE KN residential1", PV, "")),
        ("bakery.demand.W", Named("Bakery", LOAD, "W")),
        ("smart meter 7", Named("Home 7", NET, "")),
        ("load", Named("", LOAD, "")),
        ("12", Named("Home 12", "", "")),
        ("north/4_production", Named("North 4", PV, "")),
        ("Payload", Named("Payload", "", "")),
        ("network", Named("Network", "", "")),
        ("kWh", Named("KWh", "", "")),
    ],
)
def test_a_name_says_home_kind_and_unit(name, named):
    assert read_name(name) == named
