"""Channels, as PROTOCOL.md 3.1 and 3.2 name them."""

import pytest

from gridhook_redis.channels import Channels, prefixes_of, registration


@pytest.mark.parametrize("configuration", ["", "conf"])
def test_an_aggregator_has_channels_for_its_configuration(configuration):
    channels = Channels(configuration, "agg")
    assert channels.batches == f"external-aggregator/{configuration}/batch_commands"
    assert channels.answers == f"external-aggregator/{configuration}/agg/response/batch_commands"
    assert channels.events == f"external-aggregator/{configuration}/agg/events/all"


@pytest.mark.parametrize(
    ("name", "prefixes"),
    [
        ("Load 1 L13", ("Load 1 L13", "load-1-l13")),
        ("grid", ("grid",)),
        ("PV 1 (4kW)", ("PV 1 (4kW)", "pv-1-4kw")),
        ("Grid/House 2", ("Grid/House 2", "House 2", "house-2")),
        ("Höfe_Süd", ("Höfe_Süd", "hofe-sud")),
        ("電力", ("電力",)),
    ],
)
def test_an_asset_goes_by_its_name_and_a_market_by_its_slug(name, prefixes):
    assert prefixes_of(name) == prefixes


def test_a_registration_is_answered_on_a_channel_of_its_own():
    assert registration("a b") == ("a b/register_participant", "a b/response/register_participant")
    assert registration("x", ends=True) == ("x/unregister_participant", "x/response/unregister_participant")
