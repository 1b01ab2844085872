from __future__ import annotations

import numpy as np
import pytest

from gridhook.commands import (
    AskMarketStats,
    Batch,
    ClaimAreas,
    OrderLines,
    PlaceOrders,
    SendForecasts,
    SendMeasurements,
    SetGridFees,
    WithdrawOrders,
)
from gridhook.events import Answered, Refused
from gridhook.orders import Requirement

LOAD, PV, BATTERY, FOREIGN, MAKER = "asset Load", "asset PV", "asset Battery", "asset Foreign", "asset Market Maker"


@pytest.fixture
def run(make_community, make_run):
    """A run whose client owns a load, a PV, a battery and a house; another load is not its own."""
    community = make_community(
        {"Grid": (None, 4.0), "House": ("Grid", 1.0), "Other House": ("Grid", 2.0)},
        loads={"Load": ("House", [1.0, 2.0, 3.0]), "Foreign": ("Other House", [1.0, 1.0, 1.0])},
        pvs={"PV": ("House", [0.5, 0.6, 0.7])},
        batteries={"Battery": ("House", {})},
        slots=3,
    )
    run = make_run(community)
    run.claim(LOAD, PV, BATTERY, "market House")
    return run.open()


def place(run, *rows, requirements=None, energy_types=None) -> Answered:
    """Place orders: asset, side, rate, energy and, if it is not the running one, the number of the slot."""
    slots = [run.community.slot_start(row[4] if len(row) > 4 else run.simulation.slot) for row in rows]
    asset, side, rate, energy = zip(*(row[:4] for row in rows), strict=True)
    lines = OrderLines(asset, side, slots, rate, energy, np.full(len(rows), fill_value=True))
    return run.desk.execute(Batch(7, (PlaceOrders(lines, requirements or {}, energy_types or {}),)))


def execute(run, *commands) -> Answered:
    return run.desk.execute(Batch(7, commands))


def owned(run) -> dict[str, object]:
    return {asset.name: asset for asset in run.desk.view.grid().assets}


class TestClaims:
    def test_what_is_claimed_is_owned_and_the_rest_of_the_claim_is_refused(self, run):
        answer = execute(run, ClaimAreas((LOAD, "nobody", MAKER, "market Grid")))
        assert answer.refused == (
            Refused("claim", "nobody", "no area that an aggregator can have"),
            Refused("claim", MAKER, "no area that an aggregator can have"),
        )
        assert list(owned(run)) == ["Load"]
        assert run.simulation.is_controlled.tolist() == [True, False, False, False, False]

    def test_a_claim_takes_the_place_of_the_one_before(self, run):
        execute(run, ClaimAreas((FOREIGN,)))
        assert list(owned(run)) == ["Foreign"]
        assert not place(run, (LOAD, "bid", 10.0, 0.5)).accepted.any()
        assert execute(run, SetGridFees(("market House",), np.array([2.0]))).refused

    def test_who_claims_twice_owns_once(self, run):
        execute(run, ClaimAreas((LOAD, LOAD)))
        assert list(owned(run)) == ["Load"]

    def test_assets_that_are_given_up_trade_for_themselves_again(self, run):
        run.ticks(2)
        assert run.simulation.spot.open_kwh()[0] == 0.0
        execute(run, ClaimAreas(()))
        run.ticks(1)
        assert run.simulation.spot.open_kwh()[0] == 1.0

    def test_the_market_maker_cannot_be_traded_for(self, run):
        execute(run, ClaimAreas((MAKER,)))
        assert not place(run, (MAKER, "bid", 99.0, 1.0)).accepted.any()


class TestOrders:
    def test_an_answer_repeats_its_transaction_and_has_one_entry_per_order(self, run):
        answer = place(run, (LOAD, "bid", 20.0, 1.0), (PV, "offer", 10.0, 0.5))
        assert (answer.transaction, answer.accepted.tolist(), answer.order_errors) == (7, [True, True], {})

    def test_each_bad_order_is_refused_with_its_reason_and_the_others_stand(self, run):
        rows = [
            (LOAD, "bid", 20.0, 0.4),
            (FOREIGN, "bid", 20.0, 0.5),
            ("nobody", "bid", 20.0, 0.5),
            (LOAD, "bid", np.nan, 0.5),
            (LOAD, "offer", 20.0, 0.5),
            (LOAD, "ask", 20.0, 0.5),
            (PV, "offer", -1.0, 0.5),
            (PV, "offer", 10.0, 0.6),
            (PV, "bid", 10.0, 0.5),
            (BATTERY, "bid", 10.0, 50.0),
            (BATTERY, "offer", 10.0, np.nan),
            (LOAD, "bid", 20.0, 0.5, 1),
            (PV, "offer", 10.0, 0.3),
        ]
        answer = place(run, *rows)
        assert answer.accepted.tolist() == [True, *[False] * 11, True]
        words = [
            "own",
            "own",
            "rate",
            "nothing to sell",
            "side",
            "rate",
            "more than",
            "nothing to buy",
            "more than",
            "energy",
        ]
        for row, word in enumerate([*words, "slot"], start=1):
            assert word in answer.order_errors[row]
        assert set(answer.order_errors) == set(range(1, 12))
        open_kwh = run.simulation.spot.open_kwh()
        assert open_kwh[open_kwh > 0].tolist() == [0.4, 0.3]

    @pytest.mark.parametrize("seconds", [1, 450, -900, 900, 90_000])
    def test_orders_for_times_that_are_no_open_slot_are_refused(self, run, seconds):
        moment = run.community.start.add(seconds=seconds)
        answer = execute(run, PlaceOrders(OrderLines([LOAD], ["bid"], [moment], [20.0], [1.0], [True])))
        assert answer.accepted.tolist() == [False]
        assert moment.isoformat() in answer.order_errors[0]

    def test_orders_before_the_first_slot_are_refused(self, make_community, make_run):
        run = make_run(make_community(loads={"Load": ("Grid", [1.0])}))
        run.claim(LOAD)
        for slot in (-1, 0):
            moment = run.community.start + run.community.slot_length * slot
            answer = execute(run, PlaceOrders(OrderLines([LOAD], ["bid"], [moment], [20.0], [1.0], [True])))
            assert answer.accepted.tolist() == [False]

    def test_a_settlement_order_goes_to_the_market_of_its_slot(self, run):
        run.ticks(1)
        place(run, (LOAD, "bid", 40.0, 0.8))
        run.ticks(9)
        run.simulation.close_slot()
        run.open().ticks(1)
        answer = place(run, (LOAD, "bid", 20.0, 0.2, 0), (LOAD, "bid", 20.0, 2.0), (LOAD, "bid", 20.0, 0.3, 0))
        assert answer.accepted.tolist() == [True, True, False]
        assert run.simulation.market_of(0).open_kwh()[0] == pytest.approx(0.2)
        assert run.simulation.spot.open_kwh()[0] == 2.0

    def test_requirements_and_energy_types_reach_the_market_with_their_rows(self, run):
        """Rows before them are refused or for other slots."""
        run.ticks(1)
        answer = place(
            run,
            (FOREIGN, "bid", 20.0, 0.5),
            (LOAD, "bid", 20.0, 0.5, 1),
            (LOAD, "bid", 20.0, 1.0),
            (BATTERY, "offer", 10.0, 0.2),
            (PV, "offer", 10.0, 0.5),
            requirements={2: (Requirement(energy_types=("Sun",)),)},
            energy_types={3: "Sun"},
        )
        assert answer.accepted.tolist() == [False, False, True, True, True]
        (trades,) = run.simulation.begin_tick()
        assert [run.community.asset_ids[seller] for seller in trades.seller] == [BATTERY]

    def test_withdrawn_orders_are_gone_and_bad_withdrawals_are_refused(self, run):
        place(run, (LOAD, "bid", 20.0, 1.0), (PV, "offer", 10.0, 0.5), (BATTERY, "offer", 50.0, 0.5))
        now, later = run.community.slot_start(0), run.community.slot_start(1)
        answer = execute(
            run,
            WithdrawOrders(
                [LOAD, FOREIGN, PV, BATTERY, LOAD], ["bid", "bid", "offer", "ask", "bid"], [now, now, later, now, now]
            ),
        )
        assert [(one.command, one.asset) for one in answer.refused] == [
            ("delete bid", FOREIGN),
            ("delete offer", PV),
            ("delete ask", BATTERY),
        ]
        assert run.simulation.spot.open_kwh()[[0, 5, 7]].tolist() == [0.0, 0.5, 0.5]

    def test_an_empty_batch_is_answered(self, run):
        answer = execute(run)
        assert (answer.transaction, len(answer.accepted), answer.refused) == (7, 0, ())

    def test_commands_of_a_batch_are_executed_in_their_order(self, run):
        """A withdrawal after an order deletes it, and one before it does not."""
        now = run.community.slot_start(0)
        withdraw = WithdrawOrders([LOAD], ["bid"], [now])
        order = PlaceOrders(OrderLines([LOAD], ["bid"], [now], [20.0], [1.0], [True]))
        execute(run, order, withdraw)
        assert run.simulation.spot.open_kwh()[0] == 0.0
        execute(run, withdraw, order)
        assert run.simulation.spot.open_kwh()[0] == 1.0


class TestForecastsAndMeasurements:
    def test_forecasts_in_time_are_counted_and_taken(self, run):
        slots = (run.community.slot_start(1), run.community.slot_start(2))
        answer = execute(run, SendForecasts((LOAD, PV), slots, np.array([[0.7, 0.8], [0.1, np.nan]])))
        assert (answer.sent_forecasts, answer.refused) == (3, ())
        assert run.simulation.forecast_kwh[[0, 2], 1:].tolist() == [[0.7, 0.8], [0.1, 0.7]]

    @pytest.mark.parametrize(
        ("asset", "slot", "energy", "word"),
        [
            (FOREIGN, 1, 1.0, "own"),
            ("nobody", 1, 1.0, "own"),
            (BATTERY, 1, 1.0, "only loads and PVs"),
            (LOAD, 1, -0.1, "not an energy"),
            (LOAD, 1, np.inf, "not an energy"),
            (LOAD, 1.5, 1.0, "no slot"),
            (LOAD, 0, 1.0, "begun"),
            (LOAD, -1, 1.0, "begun"),
        ],
    )
    def test_a_bad_forecast_is_refused_and_the_others_are_taken(self, run, asset, slot, energy, word):
        moment = run.community.start.add(seconds=round(900 * slot))
        before = run.simulation.forecast_kwh.copy()
        good = run.community.slot_start(2)
        command = SendForecasts((asset, PV), (moment, good), np.array([[energy, np.nan], [np.nan, 0.25]]))
        answer = execute(run, command)
        (refused,) = answer.refused
        assert (refused.command, refused.asset) == ("forecast", asset)
        assert word in refused.message
        assert moment.isoformat() in refused.message
        assert answer.sent_forecasts == 1
        before[2, 2] = 0.25
        assert (run.simulation.forecast_kwh == before).all()

    def test_measurements_change_what_is_left_to_settle(self, run):
        run.ticks(10)
        run.simulation.close_slot()
        run.open()
        ended, running = run.community.slot_start(0), run.community.slot_start(1)
        answer = execute(run, SendMeasurements((LOAD, PV), (ended, running), np.array([[0.4, 9.0], [np.nan, 0.1]])))
        assert answer.refused == ()
        grid = run.desk.view.grid()
        unsettled = dict(zip(grid.assets.name, grid.deviations.energy_kwh[:, 0], strict=True))
        assert unsettled == pytest.approx({"Load": 0.4, "PV": -0.5, "Battery": np.nan}, nan_ok=True)
        assert run.simulation.measured_kwh[[0, 2], 1].tolist() == [9.0, 0.1]

    @pytest.mark.parametrize(
        ("asset", "slot", "energy", "word"),
        [
            (FOREIGN, 0, 1.0, "own"),
            (BATTERY, 0, 1.0, "only loads and PVs"),
            (LOAD, 0, -1.0, "not an energy"),
            (LOAD, 1, 1.0, "not begun"),
            (LOAD, -1, 1.0, "no longer"),
        ],
    )
    def test_a_bad_measurement_is_refused(self, run, asset, slot, energy, word):
        moment = run.community.start.add(seconds=900 * slot)
        before = run.simulation.measured_kwh.copy()
        (refused,) = execute(run, SendMeasurements((asset,), (moment,), np.array([[energy]]))).refused
        assert (refused.command, refused.asset) == ("measurement", asset)
        assert word in refused.message
        assert (run.simulation.measured_kwh == before).all()

    def test_measurements_are_not_counted_as_forecasts(self, run):
        slot = (run.community.slot_start(0),)
        assert execute(run, SendMeasurements((LOAD,), slot, np.array([[0.4]]))).sent_forecasts == 0


class TestGridFees:
    def test_a_new_fee_is_seen_at_once_and_holds_from_the_next_slot(self, run):
        assert execute(run, SetGridFees(("market House",), np.array([3.0]))).refused == ()
        grid = run.desk.view.grid()
        house = grid.tree.find("House")
        assert grid.current_market_fee[house] == 3.0
        assert run.simulation.spot.fees.own.tolist() == [4.0, 1.0, 2.0]
        run.simulation.close_slot()
        run.open()
        assert run.simulation.spot.fees.own.tolist() == [4.0, 3.0, 2.0]
        assert run.desk.view.grid().last_market_fee[house] == 1.0

    def test_more_than_everything_is_no_percentage(self, make_community, make_run):
        run = make_run(make_community(fees="percent"))
        run.claim("market Grid")
        for rate, count in ((100.0, 0), (100.5, 1)):
            assert len(execute(run, SetGridFees(("market Grid",), np.array([rate]))).refused) == count
        assert run.simulation.next_fee.tolist() == [100.0]

    def test_bad_fees_are_refused_and_nan_leaves_a_fee_as_it_is(self, run):
        markets = ("market House", "market Grid", "nowhere", LOAD)
        answer = execute(run, SetGridFees(markets, np.array([np.nan, 1.0, 1.0, 1.0])))
        assert [one.asset for one in answer.refused] == ["market Grid", "nowhere", LOAD]
        assert all("operate" in one.message for one in answer.refused)
        for rate in (-1.0, np.inf):
            (refused,) = execute(run, SetGridFees(("market House",), np.array([rate]))).refused
            assert "not a fee" in refused.message
        assert run.simulation.next_fee.tolist() == [4.0, 1.0, 2.0]


class TestStatistics:
    def test_what_came_into_operated_markets_is_told_when_the_slot_is_over(self, run):
        asked = AskMarketStats(("market House", "market Grid", "nowhere"))
        answer = execute(run, asked)
        assert answer.throughput == {}
        assert [(one.command, one.asset) for one in answer.refused] == [
            ("dso_market_stats", "market Grid"),
            ("dso_market_stats", "nowhere"),
        ]
        place(run, (LOAD, "bid", 40.0, 0.4))
        run.ticks(run.community.rules.ticks_per_slot)
        run.simulation.close_slot()
        run.open()
        assert execute(run, asked).throughput == {"market House": (pytest.approx(0.4), 0.0)}


class TestGrid:
    def test_only_own_assets_are_shown_with_their_place_in_the_tree(self, run):
        assets = run.desk.view.grid().assets
        assert [(one.id, one.path, one.kind) for one in assets] == [
            (LOAD, "Grid/House/Load", "load"),
            (PV, "Grid/House/PV", "pv"),
            (BATTERY, "Grid/House/Battery", "storage"),
        ]

    def test_assets_show_what_they_need_have_and_have_ordered(self, run):
        run.ticks(1)
        place(run, (LOAD, "bid", 20.0, 0.4), (PV, "offer", 40.0, 0.3), (BATTERY, "bid", 1.0, 0.25))
        assets = owned(run)
        load, pv, battery = assets["Load"], assets["PV"], assets["Battery"]
        assert (load.energy_requirement_kwh, load.energy_active_in_bids_kwh) == (1.0, 0.4)
        assert (pv.available_energy_kwh, pv.energy_active_in_offers_kwh) == (0.5, 0.3)
        assert (battery.energy_to_buy_kwh, battery.energy_to_sell_kwh) == (0.75, 1.0)
        assert (battery.energy_active_in_bids_kwh, battery.energy_active_in_offers_kwh) == (0.25, 0.0)
        assert (battery.used_storage_kwh, battery.free_storage_kwh) == (5.0, 5.0)

    def test_a_smart_meter_shows_what_it_needs_or_has_and_what_it_ordered(self, make_community, make_run):
        run = make_run(make_community(meters={"Meter": ("Grid", [0.5, -0.3])}, slots=2))
        run.claim("asset Meter")
        (needs,) = run.open().ticks(1).desk.view.grid().assets
        assert (needs.energy_requirement_kwh, needs.available_energy_kwh) == (0.5, 0.0)
        place(run, ("asset Meter", "bid", 10.0, 0.2))
        (needs,) = run.desk.view.grid().assets
        assert (needs.energy_active_in_bids_kwh, needs.energy_active_in_offers_kwh) == (0.2, 0.0)
        run.ticks(9).simulation.close_slot()
        (has,) = run.open().desk.view.grid().assets
        assert (has.energy_requirement_kwh, has.available_energy_kwh) == (0.0, 0.3)
        assert np.isnan([has.energy_to_buy_kwh, has.energy_to_sell_kwh, has.free_storage_kwh]).all()
        assert np.isnan(run.desk.view.grid().deviations.energy_kwh).all()

    def test_what_does_not_apply_to_a_kind_is_nan(self, run):
        assets = owned(run)
        load, pv, battery = assets["Load"], assets["PV"], assets["Battery"]
        absent = [
            *(load.available_energy_kwh, load.energy_to_buy_kwh, load.energy_to_sell_kwh),
            *(load.energy_active_in_offers_kwh, load.free_storage_kwh, load.used_storage_kwh),
            *(pv.energy_requirement_kwh, pv.energy_to_buy_kwh, pv.energy_active_in_bids_kwh, pv.used_storage_kwh),
            *(battery.energy_requirement_kwh, battery.available_energy_kwh),
        ]
        assert np.isnan(absent).all()

    def test_trades_of_the_slot_show_at_once(self, run):
        run.ticks(1)
        place(run, (LOAD, "bid", 20.0, 0.6), (BATTERY, "offer", 10.0, 0.6))
        run.ticks(1)
        assets = owned(run)
        assert assets["Load"].energy_requirement_kwh == pytest.approx(0.4)
        assert (assets["Load"].energy_traded_kwh, assets["Load"].total_cost_cents) == pytest.approx((0.6, 12.0))
        assert assets["Battery"].total_cost_cents == pytest.approx(0.6 * 19.0)
        assert assets["Battery"].energy_to_sell_kwh == pytest.approx(0.4)
        assert (assets["Battery"].used_storage_kwh, assets["Battery"].free_storage_kwh) == pytest.approx((5.0, 5.6))

    def test_statistics_are_those_of_the_last_slot_and_of_markets_only(self, run):
        assert run.desk.view.grid().last_market_stats is None
        run.ticks(1)
        place(run, (LOAD, "bid", 20.0, 0.6), (BATTERY, "offer", 10.0, 0.6))
        run.ticks(9)
        run.simulation.close_slot()
        run.open()
        grid = run.desk.view.grid()
        stats = grid.last_market_stats
        house = grid.tree.find("House")
        assert stats.total_traded_energy_kwh[house] == pytest.approx(0.6)
        assert (stats.min_trade_rate[house], stats.avg_trade_rate[house]) == (20.0, 20.0)
        assert (stats.max_trade_rate[house], stats.median_trade_rate[house]) == (20.0, 20.0)
        assert np.isnan(stats.total_traded_energy_kwh[[grid.tree.find("Load"), grid.tree.find("Grid")]]).all()

    def test_fees_are_shown_for_markets_and_not_for_assets(self, run):
        grid = run.desk.view.grid()
        assert [grid.current_market_fee[grid.tree.find(name)] for name in ("Grid", "House", "Other House")] == [4, 1, 2]
        assert np.isnan(grid.current_market_fee[grid.tree.find("Load")])
        assert grid.last_market_fee[grid.tree.find("House")] == 0.0
        assert grid.grid_fee("Load", "Foreign") == 7.0

    def test_deviations_are_listed_by_own_asset_and_open_slot(self, run):
        assert run.desk.view.grid().deviations.slots == ()
        for _ in range(2):
            run.ticks(10)
            run.simulation.close_slot()
            run.open()
        deviations = run.desk.view.grid().deviations
        assert deviations.slots == (run.community.slot_start(0), run.community.slot_start(1))
        expected = [[1.0, 2.0], [-0.5, -0.6], [np.nan, np.nan]]
        assert deviations.energy_kwh == pytest.approx(np.array(expected), nan_ok=True)


class TestTrades:
    def test_own_trades_are_shown_with_their_rates_and_others_are_not(self, run):
        """What a foreign load buys from a foreign seller is nobody's business."""
        run.ticks(1)
        place(run, (LOAD, "bid", 20.0, 0.6), (BATTERY, "offer", 10.0, 0.6))
        trades = run.desk.view.trades(run.simulation.begin_tick())
        (trade,) = trades
        assert (trade.buyer, trade.seller, trade.market) == (LOAD, BATTERY, "spot")
        assert (trade.buyer_rate, trade.seller_rate, trade.energy_kwh) == (20.0, 19.0, 0.6)
        assert trade.slot == run.community.slot_start(0)
        execute(run, ClaimAreas((FOREIGN,)))
        assert run.desk.view.trades([run.simulation.ledger.entries()]) is None

    @pytest.mark.parametrize("own", [LOAD, BATTERY])
    def test_one_own_side_is_enough(self, run, own):
        run.ticks(1)
        place(run, (LOAD, "bid", 20.0, 0.6), (BATTERY, "offer", 10.0, 0.6))
        entries = run.simulation.begin_tick()
        execute(run, ClaimAreas((own,)))
        assert len(run.desk.view.trades(entries)) == 1

    def test_ids_do_not_repeat_and_settlements_are_told_from_spot_trades(self, run):
        run.ticks(1)
        place(run, (LOAD, "bid", 36.0, 0.8), (PV, "offer", 50.0, 0.5))
        run.ticks(9)
        run.simulation.close_slot()
        run.open().ticks(1)
        place(run, (LOAD, "bid", 20.0, 0.2, 0), (PV, "offer", 10.0, 0.2, 0), (BATTERY, "offer", 5.0, 0.5))
        place(run, (LOAD, "bid", 20.0, 0.5))
        found = list(run.desk.view.trades(run.simulation.begin_tick()))
        assert [(one.market, one.slot) for one in found] == [
            ("settlement", run.community.slot_start(0)),
            ("spot", run.community.slot_start(1)),
        ]
        again = list(run.desk.view.trades([run.simulation.ledger.entries()]))
        assert len({one.id for one in (*found, *again)}) == len(found) + len(again)

    def test_a_trade_tells_whether_it_met_a_partner(self, run):
        run.ticks(1)
        wish = {0: (Requirement(partners=(BATTERY,)),)}
        place(run, (LOAD, "bid", 20.0, 0.6), (BATTERY, "offer", 10.0, 0.6), requirements=wish)
        assert run.desk.view.trades(run.simulation.begin_tick()).with_partner.tolist() == [True]
