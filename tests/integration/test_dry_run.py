"""``gridhook run --dry-run`` on the embedded exchange."""

import csv
import json
import re

LINE = re.compile(
    r"not sent: (?P<slot>\S+) +(?P<progress>\d+)% (?P<path>.+) (?P<side>bid|offer) "
    r"(?P<energy>[\d.]+) kWh at (?P<rate>[\d.]+) cents/kWh(?P<more>.*)"
)
FIXED = '[exchange]\nurl = "embedded:demo"\n[pricing]\nuse = ["fixed"]\n[plugins.fixed]\nrate = 20.0\n'


def test_no_order_is_sent_and_each_that_would_be_is_shown_and_reported(gridhook, tmp_path):
    done = gridhook("run", "--dry-run", "--slots", 4, "--json", "--report", "results", "--log-level", "error")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert (figures["orders"], figures["trades"], figures["settlement"]["orders"]) == (0, 0, 0)
    assert figures["preferences"]["orders"] == figures["reasons"]["priced"] == 0
    assert figures["forecasts"]["sent"] > 0
    with (tmp_path / "results" / "orders.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["status"] for row in rows} == {"not_sent"}
    *lines, last = done.stderr.splitlines()
    shown = [LINE.fullmatch(line) for line in lines]
    assert all(shown), lines
    assert last == f"dry run: {len(rows)} orders were not sent"
    assert [(one["path"], one["side"], float(one["rate"])) for one in shown] == [
        (row["asset"], row["side"], round(float(row["rate"]), 4)) for row in rows
    ]
    assert [bool(one["more"].startswith(", only ")) for one in shown if "for" not in one["more"]] == [
        bool(row["requirements"]) for row in rows if row["slot"] == row["sent_in"]
    ]
    assert figures["reasons"]["not_sent"] == len(rows)


def test_an_order_that_does_not_change_is_shown_once_a_slot(gridhook, tmp_path):
    (tmp_path / "gridhook.toml").write_text(FIXED, encoding="utf-8")
    done = gridhook("run", "gridhook.toml", "--dry-run", "--slots", 3, "--json", "--log-level", "error")
    *lines, _ = done.stderr.splitlines()
    shown = [LINE.fullmatch(line) for line in lines]
    assert len(shown) > 30
    assert {one["progress"] for one in shown} == {"0"}
    places = [(one["slot"], one["path"], one["side"]) for one in shown]
    assert len(set(places)) == len(places)
    assert json.loads(done.stdout)["reasons"]["unchanged"] == 9 * len(shown)


def test_without_a_server_there_is_nothing_to_be_warned_of(gridhook):
    done = gridhook("run", "--dry-run", "--slots", 1)
    assert "trade by themselves" not in done.stderr
    assert "1 slots, 0 orders, 0 trades" in done.stdout
    assert "not sent:" not in done.stdout
