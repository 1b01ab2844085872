"""The preferences plugin does what the specification asks for."""

import pytest

from gridhook.testing import RequirementsTests
from gridhook_preferences import Preferences


class TestPreferences(RequirementsTests):
    plugin = Preferences
    settings = {
        "assets": {
            "Load 1": [{"partners": ["PV 1", "Home 1"], "rate": 12.0}, {"energy_types": ["PV"], "energy_kwh": 0.2}],
            "Battery 1": [{"partners": ["Elsewhere"]}],
        },
        "energy_types": {"storage": "Grid"},
        "on_ignored": "trade",
    }
    refused_settings = ({}, {"file": "none.json"}, {"assets": {"Load 1": [{"partner": ["PV 1"]}]}})


class TestPreferencesFromAFile(RequirementsTests):
    plugin = Preferences

    @pytest.fixture(autouse=True)
    def _file(self, tmp_path):
        text = '{"Load 1": [{"Trading Partners": ["PV 1"], "Energy": 0.5, "Rate": 20}], "PV 1": [{}]}'
        (tmp_path / "requirements.json").write_text(text, encoding="utf-8")
        self.base, self.settings = tmp_path, {"file": "requirements.json"}
