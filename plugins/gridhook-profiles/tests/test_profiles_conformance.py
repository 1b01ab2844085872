"""The profiles plugin does what the specifications ask for."""

import pytest

from gridhook.testing import ForecastingTests, ObservationTests
from gridhook_profiles import Profiles


class TestConstants(ForecastingTests):
    plugin = Profiles
    settings = {"load_kwh": 0.3, "pv_kwh": 0.2, "max_kw": {"PV 1": 0.4, "load": 10.0}}
    refused_settings = ({"load_kwh": -1.0}, {"scale": -1.0}, {"persistence": "month"}, {"file": "none.csv"})


class TestFile(ForecastingTests):
    plugin = Profiles

    @pytest.fixture(autouse=True)
    def _file(self, tmp_path):
        rows = [f"2026-06-{day}T10:{minute:02d},0.1,0.5" for day in (14, 15) for minute in (0, 15, 30, 45)]
        (tmp_path / "forecasts.csv").write_text("\n".join(["time,Load 1,PV 1", *rows]) + "\n", encoding="utf-8")
        self.base, self.settings = tmp_path, {"file": "forecasts.csv", "persistence": "day", "scale": 0.9}


class TestObserving(ObservationTests):
    plugin = Profiles
