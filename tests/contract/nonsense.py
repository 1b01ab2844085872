"""Inputs that ended or deafened the original exchange, or that it should not have liked (PROTOCOL.md 4.4, 4.5, 10)."""

import json

BID = {"type": "bid", "energy": 0.01, "price": 0.3, "replace_existing": True, "time_slot": None}
OFFER = {**BID, "type": "offer", "energy": 0.001, "price": 0.03}
PAST, FAR = "2026-06-14T00:15", "2030-01-01T00:00"


def without(command, key):
    return {name: value for name, value in command.items() if name != key}


COMMANDS = [
    # Of loads.
    *[
        ("Load 2", {**BID, key: value})
        for key, value in (
            ("energy", 999),
            ("energy", -0.01),
            ("energy", 0),
            ("energy", "abc"),
            ("energy", "0.01"),
            ("energy", None),
            ("energy", True),
            ("energy", [0.01]),
            ("energy", 10**400),
            ("energy", 1e-300),
            ("price", -1),
            ("price", "0.3"),
            ("price", None),
            ("price", 1e12),
            ("price", 1e308),
            ("price", {}),
            ("foo", 1),
            ("requirements", {}),
            ("requirements", [1]),
            ("requirements", [{"energy_type": "PV"}]),
            ("requirements", [{"energy": -1}]),
            ("requirements", [{"energy": 0}]),
            ("requirements", [{"price": "1"}]),
            ("requirements", [{"foo": 1}]),
            ("attributes", {"energy_type": "PV"}),
            ("replace_existing", "yes"),
            ("time_slot", FAR),
            ("time_slot", PAST),
            ("time_slot", "garbage"),
            ("time_slot", "12:00"),
            ("time_slot", "2026-02-30T00:00"),
            ("time_slot", "2026-06-15T00:07"),
            ("time_slot", 5),
            ("time_slot", "٢٠٢٦-06-15T00:00"),
        )
    ],
    ("Load 2", without(BID, "energy")),
    ("Load 2", without(BID, "price")),
    ("Load 2", without(BID, "type")),
    ("Load 2", OFFER),
    *[
        ("Load 2", {"type": f"{verb}_bid{s}", "time_slot": slot})
        for verb, s in (("delete", ""), ("list", "s"))
        for slot in (PAST, FAR, "garbage", 7)
    ],
    ("Load 2", {"type": "list_offers", "time_slot": None}),
    ("Load 2", {"type": "delete_bid", "bid": "nonexistent"}),
    ("Load 2", {"type": "delete_bid", "bid_id": "nonexistent", "time_slot": None}),
    ("Load 2", {"type": "delete_bid", "bid": 7}),
    ("Load 2", {"type": "frobnicate"}),
    ("Load 2", {"type": None}),
    ("Load 2", {"type": []}),
    ("Load 2", "bid"),
    ("Load 2", None),
    ("Load 2", []),
    ("Load 2", {}),
    ("Load 2", {"type": "device_info", "x": 1}),
    ("Load 2", {"type": "dso_market_stats", "data": {}}),
    ("Load 2", {"type": "grid_fees", "data": {"fee_const": 5}}),
    # Of PVs.
    ("PV 2", BID),
    ("PV 2", {**OFFER, "energy": 999}),
    ("PV 2", {**OFFER, "energy": -1}),
    ("PV 2", {**OFFER, "energy": "0.1"}),
    ("PV 2", {**OFFER, "time_slot": PAST}),
    ("PV 2", {**OFFER, "time_slot": FAR}),
    ("PV 2", without(OFFER, "energy")),
    ("PV 2", {**OFFER, "attributes": {"energy_type": ["PV", "Wind"]}}),
    ("PV 2", {**OFFER, "attributes": "PV"}),
    ("PV 2", {"type": "delete_offer", "offer": "nonexistent"}),
    ("PV 2", {"type": "delete_offer", "offer_id": "nonexistent", "time_slot": None}),
    ("PV 2", {"type": "delete_offer", "time_slot": FAR}),
    ("PV 2", {"type": "delete_bid", "bid_id": "x"}),
    ("PV 2", {"type": "list_offers", "time_slot": "garbage"}),
    # Of storages.
    *[
        ("Battery 2", {**BID, key: value})
        for key, value in (
            ("energy", 999),
            ("energy", -1),
            ("energy", "0.1"),
            ("time_slot", PAST),
            ("time_slot", FAR),
            ("time_slot", "garbage"),
        )
    ],
    ("Battery 2", {**OFFER, "energy": 999}),
    ("Battery 2", {**OFFER, "energy": 0.0}),
    ("Battery 2", without(BID, "energy")),
    ("Battery 2", {**BID, "price": -1}),
    ("Battery 2", {"type": "delete_bid", "bid": "nonexistent"}),
    ("Battery 2", {"type": "delete_offer", "offer": "nonexistent"}),
    ("Battery 2", {"type": "set_energy_forecast", "energy_forecast": {"2026-06-15T05:00": 1.0}}),
    # Of markets.
    ("House 2", BID),
    ("House 2", {"type": "list_bids", "time_slot": None}),
    ("House 2", {"type": "dso_market_stats", "data": 5}),
    *[
        ("House 2", {"type": "grid_fees", "data": data})
        for data in (
            {"fee_percent": 7},
            {"fee_const": -7},
            {"fee_const": None},
            {"fee_const": "abc"},
            {"fee_const": True},
            {"fee_const": 1e9},
            {"fee_const": 1, "fee_percent": 1},
            {"x": 1},
            {},
            None,
            [],
        )
    ],
    ("House 2", {"type": "grid_fees", "fee_const": 5}),
    # Forecasts and measurements.
    *[
        ("Load 2", {"type": f"set_energy_{what}", f"energy_{what}": energies})
        for what in ("forecast", "measurement")
        for energies in (
            {"2027-06-15T05:00": -1.0},
            {"2027-06-15T05:00": 1.0},
            {"2026-06-14T05:00": 1.0},
            {"garbage": 1.0},
            {"2026-06-15T00:00": "abc"},
            {"2026-06-15T05:07": 1.0},
            {"2026-06-15T05:00": None},
            {"2026-06-15T05:00": 1e300},
            {},
            [],
            None,
            5,
        )
    ],
    ("Load 2", {"type": "set_energy_forecast"}),
    ("Load 2", {"type": "set_energy_forecast", "energy_forecast": {"2027-06-15T05:00": 1.0}, "x": 1}),
]
"""Areas of the bad user, and commands for them that cannot be executed."""

AREAS = [5, "bid", None, {"type": "bid", "energy": 0.01, "price": 0.3}, [[[[]]]], [None, "bid", 5]]
"""What may stand where an area's list of commands should be."""

BATCHES = [
    {},
    {"transaction_id": "t", "aggregator_uuid": "{aggregator}"},
    {"transaction_id": "t", "batch_commands": {}},
    {"aggregator_uuid": "{aggregator}", "batch_commands": {}},
    {"transaction_id": None, "aggregator_uuid": "{aggregator}", "batch_commands": {}},
    {"transaction_id": "", "aggregator_uuid": "{aggregator}", "batch_commands": {}},
    {"transaction_id": "t" * 1000, "aggregator_uuid": "{aggregator}", "batch_commands": {}},
    {"transaction_id": "t", "aggregator_uuid": "nobody", "batch_commands": {}},
    {"transaction_id": "t", "aggregator_uuid": 10**300, "batch_commands": {}},
    {"transaction_id": "t", "aggregator_uuid": "{aggregator}", "batch_commands": [1]},
    {"transaction_id": "t", "aggregator_uuid": "{aggregator}", "batch_commands": None},
    {"transaction_id": "t", "aggregator_uuid": "{aggregator}", "batch_commands": {"x" * 1000: []}},
    {"transaction_id": "\ud800", "aggregator_uuid": "{aggregator}", "batch_commands": {}},
]
"""Batches to which nobody would know what to answer: they are refused at once."""

BODIES = [
    b"",
    b"{not json",
    b"[]",
    b'"text"',
    b"null",
    b"\xff\xfe",
    b'{"a": NaN}',
    b'{"a": Infinity}',
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"a": ' + b"1" * 10_000 + b"}",
    b'{"\\ud800": 1}',
    "{\ufeff}".encode("utf-16"),
]
"""Bodies that are no JSON objects."""


def batch_of(text, aggregator):
    """Return a batch as bytes, with the uuid of an aggregator in its place."""
    return json.dumps(text).replace("{aggregator}", aggregator).encode()
