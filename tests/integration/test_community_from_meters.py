"""A community that was made of meters trades at once, with the plugins that its configuration names."""

import json

import pytest


@pytest.mark.parametrize("way", ["configuration", "exchange"])
@pytest.mark.thorough
def test_what_was_written_trades_at_once(gridhook, tmp_path, way):
    rows = [
        f"2026-06-{15 + hour // 24}T{hour % 24:02d}:00+00:00,0.5,0.5,{2.0 if 9 <= hour % 24 < 15 else 0.0}"
        for hour in range(48)
    ]
    path = tmp_path / "meters.csv"
    path.write_text("\n".join(["time,Home 1 load,Home 2 load,Home 1 pv", *rows]), encoding="utf-8")
    folder = tmp_path / "village"
    made = gridhook("community", "new", str(folder), "--meters", str(path), "--battery", "Home 1", "6.4", "5")
    assert made.returncode == 0, made.stderr
    path.unlink()
    exchange = ["--exchange", f"embedded:{folder / 'community.toml'}"]
    where = [str(folder / "gridhook.toml")] if way == "configuration" else exchange
    outcome = gridhook("run", *where, "--slots", "96", "--json")
    assert outcome.returncode == 0, outcome.stderr
    figures = json.loads(outcome.stdout)
    assert [(member["name"], set(member["kinds"])) for member in figures["members"]] == [
        ("Home 1", {"load", "pv", "storage"}),
        ("Home 2", {"load"}),
    ]
    assert figures["trades"] > 0
