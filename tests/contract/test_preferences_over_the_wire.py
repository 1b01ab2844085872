"""Preferences end to end: members trade only as they asked, and who cannot take that never sees it."""

import csv
import json
import re
import shutil

import pytest
from meddling import Meddler
from test_run_over_network import DEMO, Run, holders, wait_until

SLOTS = 6
CHOOSY, GREEN = "Home 02 Load", "Home 03 Load"
WISHES = {
    CHOOSY: [{"Trading Partners": ["Home 01 PV"], "Energy Types": [], "Energy": "None", "Rate": "None"}],
    GREEN: [{"Trading Partners": [], "Energy Types": ["PV"], "Energy": "None", "Rate": "None"}],
}
WITH = '[requirements]\nuse = ["preferences"]\n[plugins.preferences]\nfile = "requirements.json"\n'
WITHOUT = "[requirements]\nuse = []\n"
CONFIG = """
[exchange]
url = "gsy+{url}"
websocket = "{websocket}"
simulation = "{simulation}"
{exchange}
[registration]
use = ["claim"]
[pricing]
use = ["ramp"]
"""


@pytest.fixture
def morning(tmp_path):
    """Write the demo community from the early morning, when PVs are not enough for all, on; return the file."""
    shutil.copytree(DEMO, tmp_path / "demo")
    file = tmp_path / "demo" / "demo.toml"
    text = re.sub(r"^start = .*$", "start = 2026-06-15T06:00:00", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture
def trade(serve, morning, tmp_path):
    """Trade a few slots; return the figures, what was logged, and the folder of the exchange's results."""

    def trade(exchange, rest, *options, facts=lambda facts: facts):
        server = serve(morning, "--paused", "--report", tmp_path / "served", *options)
        told = facts(server.facts)
        (tmp_path / "requirements.json").write_text(json.dumps(WISHES), encoding="utf-8")
        text = CONFIG.format(
            url=told["url"], websocket=told["websocket_url"], simulation=told["simulation_id"], exchange=exchange
        )
        (tmp_path / "run.toml").write_text(text + rest, encoding="utf-8")
        run = Run(tmp_path, server.facts, tmp_path / "run.toml")
        client = server.client()
        wait_until(lambda: len(holders(client)) == len(server.facts["assets"]) or run.process.poll() is not None)
        client.resume()
        status, figures = run.finish()
        client.close()
        assert status == 0, run.said()
        assert server.wait() == 0
        return figures, run.said()

    return trade


def sellers(folder):
    """Return by buyer's name from whom it bought in spot markets, by the exchange's own results."""
    found = {}
    with (folder / "served" / "trades.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["market"] == "spot":
                found.setdefault(row["buyer"].rpartition("/")[2], set()).add(row["seller"].rpartition("/")[2])
    return found


def test_members_with_preferences_trade_only_as_they_asked(trade, tmp_path):
    figures, _ = trade('requirements = "binding"', WITH, "--slots", SLOTS, "--lockstep")
    found = sellers(tmp_path)
    assert found[CHOOSY] == {"Home 01 PV"}
    assert found[GREEN]
    assert all(seller.endswith(" PV") for seller in found[GREEN])
    assert figures["preferences"]["trades_with_partner"] > 0


def test_without_preferences_they_trade_with_others_too(trade, tmp_path):
    figures, _ = trade('requirements = "binding"', WITHOUT, "--slots", SLOTS, "--lockstep")
    found = sellers(tmp_path)
    assert found[CHOOSY] - {"Home 01 PV"}
    assert not all(seller.endswith(" PV") for seller in found[GREEN])
    assert figures["preferences"] == {"orders": 0, "trades_with_partner": 0}


@pytest.fixture
def overhear(tmp_path):
    meddlers = []

    def stand_between(facts):
        meddlers.append(Meddler(facts))
        return facts | {"url": meddlers[0].url, "websocket_url": meddlers[0].websocket_url}

    yield meddlers, stand_between
    for meddler in meddlers:
        meddler.close()


@pytest.mark.parametrize(
    ("capability", "on_ignored"),
    [
        pytest.param("stripped", "hold", marks=pytest.mark.thorough),
        pytest.param("stripped", "trade", marks=pytest.mark.thorough),
        pytest.param("unsupported", "trade", marks=pytest.mark.thorough),
        pytest.param(None, "hold", marks=pytest.mark.thorough),
    ],
)
def test_an_exchange_that_does_not_keep_to_requirements_never_sees_them(trade, overhear, capability, on_ignored):
    meddlers, stand_between = overhear
    exchange = "" if capability is None else f'requirements = "{capability}"'
    wishes = f'{WITH}on_ignored = "{on_ignored}"\n'
    figures, said = trade(exchange, wishes, "--slots", 1, "--slot-seconds", 2, facts=stand_between)
    batches = meddlers[0].batches
    assert figures["orders"] > 0
    assert not re.search("requirements|attributes|energy_type|trading_partners", json.dumps(batches))
    assert figures["preferences"] == {"orders": 0, "trades_with_partner": 0}
    does = "drops" if capability == "stripped" else "cannot take"
    outcome = "held" if on_ignored == "hold" else "trade as if they had none"
    for name in (CHOOSY, GREEN):
        assert len(re.findall(f"{does} requirements of .*{name}.*{outcome}", said)) == 1
    assert bool(figures["reasons"].get("requirements_unsupported")) == (on_ignored == "hold")
