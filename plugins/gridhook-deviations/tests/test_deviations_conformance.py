"""The deviations plugin does what the specifications ask for."""

import pytest

from gridhook.testing import ObservationTests, SettlementTests
from gridhook_deviations import Deviations


class TestDeviations(SettlementTests):
    plugin = Deviations
    refused_settings = ({"bid_rate": -1.0}, {"slots": "some"}, {"measurements": {"file": "none.csv"}})


class TestRamp(SettlementTests):
    plugin = Deviations
    settings = {"rates": "ramp", "slots": "oldest"}


class TestMeasurements(SettlementTests):
    plugin = Deviations

    @pytest.fixture(autouse=True)
    def _file(self, tmp_path):
        (tmp_path / "meters.csv").write_text(
            "time,Load 1\n2026-06-15T09:45,0.5\n2026-06-15T10:00,0.5\n", encoding="utf-8"
        )
        self.base = tmp_path
        self.settings = {"measurements": {"file": "meters.csv"}, "pv_kwh": 0.2, "send": "during", "slots": "newest"}


class TestObserving(ObservationTests):
    plugin = Deviations
