"""The measuring scripts run, at small sizes. How fast anything is, is for their readers to judge."""

import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("script", "arguments", "what"),
    [
        ("events.py", ["30"], "one tick, 30 assets"),
        ("overhead.py", ["30"], "overhead of one plugin for all, 30 assets"),
        ("matching.py", ["30"], "pay-as-bid, 30 + 30 orders"),
        ("growth.py", ["10", "20"], "10 homes, "),
        ("pricing.py", ["30"], "price_energy per lot, 30 lots"),
        ("trading.py", ["4", "2"], "4 homes, 2 slots"),
    ],
)
def test_a_script_prints_its_ratio(script, arguments, what):
    outcome = subprocess.run(
        [sys.executable, Path(__file__).parent / script, *arguments], check=True, capture_output=True, text=True
    )
    assert outcome.stdout.startswith(what)
    for line in outcome.stdout.splitlines():
        assert re.search(r": [\d.]+ ms, [\d.]+ x .+ \([\d.]+ ms\)$", line)
