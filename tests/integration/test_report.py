"""The files of ``gridhook run --report`` agree with each other and with the figures."""

import csv
import json

import pytest

FILES = ["assets.csv", "orders.csv", "summary.json", "trades.csv"]


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def reported(tmp_path_factory, gridhook_in):
    folder = tmp_path_factory.mktemp("reported")
    outcome = gridhook_in(folder, "run", "--json", "--slots", "48", "--report", "results")
    assert outcome.returncode == 0, outcome.stderr
    return folder / "results", json.loads(outcome.stdout)


def test_the_summary_is_what_json_prints(reported):
    folder, figures = reported
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert json.loads((folder / "summary.json").read_text(encoding="utf-8")) == figures


def test_trades_are_those_of_the_figures(reported):
    folder, figures = reported
    trades = rows_of(folder / "trades.csv")
    spot = [trade for trade in trades if trade["market"] == "spot"]
    assert len(spot) == figures["trades"]
    assert sum(float(trade["energy_kWh"]) for trade in spot) == pytest.approx(figures["traded_kWh"])
    assert len(trades) - len(spot) == figures["settlement"]["trades"]
    assert {trade["with_partner"] for trade in trades} == {"true", "false"}
    assert all(float(trade["buyer_rate"]) >= float(trade["seller_rate"]) - 1e-9 for trade in trades)


def test_every_order_has_its_status(reported):
    folder, figures = reported
    orders = rows_of(folder / "orders.csv")
    accepted = [order for order in orders if order["status"] == "accepted"]
    assert {order["status"] for order in orders} <= {"accepted", "refused"}
    assert len(accepted) == figures["orders"] + figures["settlement"]["orders"]
    with_requirements = [order for order in accepted if order["requirements"]]
    assert len(with_requirements) == figures["preferences"]["orders"]
    assert all(json.loads(order["requirements"]) for order in with_requirements)


def test_assets_add_up_to_the_trades(reported):
    folder, _ = reported
    trades, assets = rows_of(folder / "trades.csv"), rows_of(folder / "assets.csv")
    own = {asset["asset"] for asset in assets}
    assert not [path for path in own if path.endswith("Market Maker")]
    for side, energy, cents in (("buyer", "bought_kWh", "paid_cents"), ("seller", "sold_kWh", "received_cents")):
        mine = [trade for trade in trades if trade[side] in own]
        traded = sum(float(trade["energy_kWh"]) for trade in mine)
        money = sum(float(trade["energy_kWh"]) * float(trade[f"{side}_rate"]) for trade in mine)
        assert sum(float(asset[energy]) for asset in assets) == pytest.approx(traded)
        assert sum(float(asset[cents]) for asset in assets) == pytest.approx(money)


def test_a_folder_with_something_in_it_is_not_written_to(gridhook, tmp_path):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    outcome = gridhook("run", "--slots", "1", "--report", str(tmp_path))
    assert outcome.returncode == 2
    assert outcome.stderr.splitlines() == [f"--report: {tmp_path} is not empty; give another folder"]
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
