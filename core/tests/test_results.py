from __future__ import annotations

import csv
import errno
import json
import os
from pathlib import Path

import numpy as np
import pendulum
import pytest

from gridhook.arrays import objects
from gridhook.commands import Batch, OrderLines, PlaceOrders, SendForecasts, SendMeasurements
from gridhook.errors import ConfigError, GridhookError
from gridhook.events import Answered, Connected, SlotOpened, Traded
from gridhook.orders import Requirement
from gridhook.resultfiles import ResultsFolder
from gridhook.results import SessionResults
from gridhook.tally import Tally
from gridhook.testing import SLOT, make_assets, make_grid
from gridhook.trades import SETTLEMENT, SPOT, Trades

AREAS = {"Grid": {"Home": {"Load": "load", "PV": "pv"}, "Neighbour": {"Other PV": "pv"}}}
NEXT = SLOT.add(minutes=15)


def opened(slot: pendulum.DateTime = SLOT) -> SlotOpened:
    grid = make_grid(AREAS, assets=make_assets({"name": "Load", "kind": "load"}, {"name": "PV", "kind": "pv"}))
    return SlotOpened(slot, pendulum.duration(minutes=15), grid, 8.0, 30.0)


def batch(transaction: int, *rates: float, requirements: dict[int, tuple[Requirement, ...]] | None = None) -> Batch:
    count = len(rates)
    lines = OrderLines(["id:Load"] * count, ["bid"] * count, [SLOT] * count, rates, [0.5] * count, [True] * count)
    return Batch(transaction, (PlaceOrders(lines, requirements or {}),))


def traded(*rows: tuple[str, str, str, float, float, float]) -> Traded:
    market, buyer, seller, energy, paid, kept = zip(*rows, strict=True)
    count = len(rows)
    ids, slots, partner = [f"t{row}" for row in range(count)], [SLOT] * count, [False] * count
    return Traded(Trades(ids, market, objects(slots), buyer, seller, energy, paid, kept, partner))


@pytest.fixture
def results(tmp_path: Path) -> SessionResults:
    made = SessionResults(ResultsFolder(tmp_path / "new" / "results"))
    made.saw(Connected(make_grid(AREAS).tree, "binding"))
    made.saw(opened())
    return made


def written(results: SessionResults, folder: Path, name: str) -> list[dict[str, str]]:
    results.finish(Tally().figures(None, ()))
    with (folder / "new" / "results" / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_each_order_has_the_answer_to_it(results, tmp_path):
    results.sent(batch(1, 20.0, 21.0, requirements={1: (Requirement(energy_types=("PV",)),)}))
    results.saw(Answered(1, np.array([True, False]), {1: "too much"}))
    first, second = written(results, tmp_path, "orders.csv")
    assert first == {
        "sent_in": SLOT.isoformat(),
        "progress": "0.0",
        "slot": SLOT.isoformat(),
        "asset": "Grid/Home/Load",
        "side": "bid",
        "rate": "20.0",
        "energy_kWh": "0.5",
        "requirements": "",
        "status": "accepted",
        "reason": "",
    }
    assert (second["status"], second["reason"]) == ("refused", "too much")
    assert json.loads(second["requirements"])[0]["energy_types"] == ["PV"]


def test_orders_that_were_never_answered_are_unknown(results, tmp_path):
    results.sent(batch(1, 20.0))
    results.sent(batch(2, 21.0))
    results.saw(Answered(2, np.array([True]), {}))
    orders = written(results, tmp_path, "orders.csv")
    assert [(order["rate"], order["status"]) for order in orders] == [("21.0", "accepted"), ("20.0", "unknown")]


def test_trades_have_paths_and_what_is_not_told_is_empty(results, tmp_path):
    results.saw(traded((SPOT, "id:Load", "", 0.5, 20.0, np.nan)))
    (trade,) = written(results, tmp_path, "trades.csv")
    assert (trade["buyer"], trade["seller"]) == ("Grid/Home/Load", "")
    assert (trade["buyer_rate"], trade["seller_rate"], trade["with_partner"]) == ("20.0", "", "false")


def test_assets_are_summed_per_slot_and_only_own_ones_count(results, tmp_path):
    results.saw(
        traded(
            (SPOT, "id:Load", "id:PV", 0.5, 20.0, 18.0),
            (SPOT, "id:Load", "id:Other PV", 0.25, 24.0, 20.0),
            (SETTLEMENT, "id:Load", "id:Other PV", 0.25, 10.0, 9.0),
        )
    )
    load, pv = written(results, tmp_path, "assets.csv")
    assert (load["asset"], load["kind"], load["bought_kWh"], load["settled_kWh"]) == (
        "Grid/Home/Load",
        "load",
        "1.0",
        "0.25",
    )
    assert float(load["paid_cents"]) == pytest.approx(0.5 * 20 + 0.25 * 24 + 0.25 * 10)
    assert (pv["asset"], pv["sold_kWh"], pv["received_cents"], pv["settled_kWh"]) == (
        "Grid/Home/PV",
        "0.5",
        "9.0",
        "0.0",
    )


def test_forecast_errors_are_a_file_where_there_are_any(results, tmp_path):
    tally = Tally()
    now, energies = opened(), np.array([[1.0]])
    for event in (now, opened(NEXT)):
        tally.add(event)
    tally.sent(Batch(1, (SendForecasts(("id:PV",), (NEXT.add(minutes=15),), energies),)))
    tally.sent(Batch(2, (SendMeasurements(("id:PV",), (NEXT.add(minutes=15),), 4 * energies),)))
    results.finish(tally.figures(None, ()))
    with (tmp_path / "new" / "results" / "forecast_errors.csv").open(encoding="utf-8", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row == {
        "asset": "Grid/Home/PV",
        "lead_minutes": "15.0",
        "slots": "1",
        "forecast_kWh": "1.0",
        "measured_kWh": "4.0",
        "error_kWh": "3.0",
        "wape": "0.75",
        "compared_slots": "0",
        "compared_wape": "",
        "persistence_wape": "",
    }


def test_without_measurements_there_is_no_file_of_forecast_errors(results, tmp_path):
    results.finish(Tally().figures(None, ()))
    assert not (tmp_path / "new" / "results" / "forecast_errors.csv").exists()


def test_the_summary_has_the_figures(results, tmp_path):
    figures = Tally().figures(None, ())
    results.finish(figures)
    assert json.loads((tmp_path / "new" / "results" / "summary.json").read_text()) == json.loads(
        json.dumps(figures.to_json())
    )


def refuse(*_: object, **__: object) -> None:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


def test_a_folder_that_cannot_be_written_to_is_a_problem_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(ConfigError, match=r"--report: .* cannot be written to: Read-only file system; give another"):
        ResultsFolder(tmp_path)


def test_a_folder_that_is_good_is_left_empty(tmp_path):
    ResultsFolder(tmp_path)
    assert not list(tmp_path.iterdir())


def test_results_that_cannot_be_written_in_the_end_are_one_line(tmp_path):
    folder = ResultsFolder(tmp_path / "new")
    folder.path.rmdir()
    with pytest.raises(GridhookError, match=r"--report: .*trades\.csv cannot be written: No such file"):
        folder.write([], [], [], {})


def test_a_folder_that_cannot_be_made_is_one_clear_problem(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"--report: .*file cannot be made: File exists"):
        ResultsFolder(tmp_path / "file")
    with pytest.raises(ConfigError, match=r"--report: .*file/inside cannot be made"):
        ResultsFolder(tmp_path / "file" / "inside")


def test_areas_that_only_events_tell_of_have_their_paths_too(tmp_path):
    results = SessionResults(ResultsFolder(tmp_path / "new" / "results"))
    results.saw(Connected(make_grid({}).tree, "binding", lists_areas=False))
    results.saw(opened())
    results.sent(batch(1, 20.0))
    (row,) = written(results, tmp_path, "orders.csv")
    assert row["asset"] == "Grid/Home/Load"
