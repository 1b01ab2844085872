"""All three plugins do what the specification asks for."""

import pytest

from gridhook.testing import GridOperatorTests
from gridhook_fees import FixedFees, ThresholdFees, TimeOfUseFees


class TestFixedFees(GridOperatorTests):
    plugin = FixedFees
    settings = {"fee": 2.0, "markets": {"Home 1": 1.0}}
    refused_settings = ({"fee": -1.0}, {"markets": {"Home 1": -1.0}})


class TestThresholdFees(GridOperatorTests):
    plugin = ThresholdFees
    refused_settings = ({"file": "none.json"}, {"file": "aziiz.json", "look_back": 0})

    @pytest.fixture(autouse=True)
    def _file(self, tmp_path):
        text = '{"Grid": [{"Import / Export threshold": 1, "Grid fee": 0.5}]}'
        (tmp_path / "aziiz.json").write_text(text, encoding="utf-8")
        self.base, self.settings = tmp_path, {"file": "aziiz.json"}


class TestTimeOfUseFees(GridOperatorTests):
    plugin = TimeOfUseFees
    refused_settings = ({"file": "none.csv"}, {"file": "ToU.csv", "timezone": "Europe/Nowhere"})

    @pytest.fixture(autouse=True)
    def _file(self, tmp_path):
        (tmp_path / "ToU.csv").write_text("Time;Grid;Home 1\n00:00:00;0,5;\n12:00:00;1,5;2\n", encoding="utf-8")
        self.base, self.settings = tmp_path, {"file": "ToU.csv", "timezone": "Europe/Berlin"}
