"""A slot's beginning: claims, forecasts, measurements, grid fees."""

import numpy as np
import pytest

from gridhook.agent import AgentSettings
from gridhook.agent.slots import slots_between
from gridhook.claims import Claim
from gridhook.commands import AskMarketStats, ClaimAreas, PlaceOrders, SendForecasts, SendMeasurements, SetGridFees
from gridhook.errors import Problem
from gridhook.events import AreasClaimed, ConnectionLost
from gridhook.market import Throughput
from gridhook.testing import make_tree


def test_the_claims_of_all_plugins_are_united(stage):
    stage.decide.claims = (("claim", Claim(kinds=["pv"])), ("mine", Claim(names=["Load"], kinds=["pv"])))
    stage.connect()
    assert stage.command(ClaimAreas).ids == ("id:Load", "id:PV")
    assert stage.notice(AreasClaimed).paths == ("Grid/House/Load", "Grid/House/PV")


def test_a_claim_that_leads_nowhere_names_its_plugin_and_leaves_the_rest(stage):
    stage.decide.claims = (("claim", Claim(names=["Lod", "PV"])),)
    stage.connect()
    assert stage.command(ClaimAreas).ids == ("id:PV",)
    assert stage.notice(AreasClaimed).problems == (
        Problem("plugins.claim.names", "no area is called 'Lod'; did you mean 'Load' (Grid/House/Load)?"),
    )


def test_plugins_see_no_assets_when_they_claim_some(stage):
    stage.connect()
    grid = stage.decide.rows_of("claim_assets")
    assert grid.tree is stage.tree
    assert len(grid.assets) == 0


def test_nothing_claimed_is_said_too(stage):
    stage.connect()
    assert stage.command(ClaimAreas).ids == ()
    assert stage.notice(AreasClaimed).paths == ()


def test_areas_that_change_are_claimed_anew_before_anything_else_is_sent(stage):
    stage.decide.claims = (("claim", Claim(kinds=["load"])),)
    stage.decide.price = 20.0
    stage.connect()
    larger = make_tree({"Grid": {"House": {"Load": "load"}, "New House": {"New Load": "load"}}})
    stage.open_slot(stage.load(), tree=larger)
    assert stage.sent == ["ClaimAreas", "PlaceOrders"]
    assert stage.command(ClaimAreas).ids == ("id:Load", "id:New Load")
    stage.answer().open_slot(stage.load(), slot=1, tree=larger)
    assert stage.sent == ["PlaceOrders"]


def test_claimed_areas_are_told_with_name_kind_path_and_id(stage):
    stage.decide.claims = (("claim", Claim(kinds=["load"], names=["House"])),)
    stage.connect()
    assert stage.notice(AreasClaimed).areas == (
        ("House", "market", "Grid/House", "id:House"),
        ("Load", "load", "Grid/House/Load", "id:Load"),
        ("Other Load", "load", "Grid/House/Other Load", "id:Other Load"),
    )


def test_assets_that_appear_are_claimed_and_traded_and_those_that_leave_are_not_missed(stage):
    stage.decide.claims = (("claim", Claim(kinds=["load"])),)
    stage.decide.price = 20.0
    small = make_tree({"Grid": {"House": {"Load": "load"}}})
    large = make_tree({"Grid": {"House": {"Load": "load"}, "New House": {"New Load": "load"}}})
    stage.tree = small
    stage.connect().open_slot(stage.load(), tree=small).answer().tick(0.1, stage.load(active=1.0), tree=small)
    stage.open_slot(stage.load(), slot=1, tree=large)
    assert stage.command(ClaimAreas).ids == ("id:Load", "id:New Load")
    assert stage.notice(AreasClaimed).paths == ("Grid/House/Load", "Grid/New House/New Load")
    # What was claimed is there with the next event.
    new = {**stage.load(name="New Load"), "path": "Grid/New House/New Load"}
    stage.answer().tick(0.1, stage.load(active=1.0), new, tree=large)
    assert ("New Load", "bid", 20.0, 1.0) in stage.orders
    stage.answer().open_slot(new, slot=2, tree=make_tree({"Grid": {"New House": {"New Load": "load"}}}))
    assert stage.command(ClaimAreas).ids == ("id:New Load",)
    assert stage.orders == [("New Load", "bid", 20.0, 1.0)]
    stage.answer()
    assert stage.reasons == {("New Load", "bid"): "priced"}


def test_a_named_asset_that_leaves_is_a_problem_and_is_claimed_again_when_it_comes_back(stage):
    stage.decide.claims = (("claim", Claim(names=["Load", "PV"])),)
    both = make_tree({"Grid": {"House": {"Load": "load", "PV": "pv"}}})
    stage.tree = both
    stage.connect().open_slot(stage.load(), stage.pv(), tree=both)
    stage.answer().open_slot(stage.load(), slot=1, tree=make_tree({"Grid": {"House": {"Load": "load"}}}))
    assert stage.command(ClaimAreas).ids == ("id:Load",)
    assert [problem.message for problem in stage.notice(AreasClaimed).problems] == ["no area is called 'PV'"]
    stage.answer().open_slot(stage.load(), slot=2, tree=both)
    assert stage.command(ClaimAreas).ids == ("id:Load", "id:PV")


def test_forecasts_are_for_the_coming_slots_and_for_loads_and_pvs(stage):
    stage.settings = AgentSettings(horizon=3)
    stage.decide.forecast = 0.5
    stage.connect().open_slot(stage.battery(), stage.load(), stage.pv())
    sent = stage.command(SendForecasts)
    assert sent.assets == ("id:Load", "id:PV")
    assert sent.slots == (stage.slot(1), stage.slot(2), stage.slot(3))
    assert sent.energy_kwh.tolist() == [[0.5] * 3] * 2


def test_forecasts_that_some_plugin_made_are_sent_with_the_gaps(stage):
    stage.decide.forecast = np.array([[0.5], [np.nan]])
    stage.connect().open_slot(stage.load(), stage.pv())
    assert np.array_equal(stage.command(SendForecasts).energy_kwh, [[0.5], [np.nan]], equal_nan=True)


@pytest.mark.parametrize("kind", [SendForecasts, SendMeasurements])
def test_where_nobody_answers_nothing_is_sent(stage, kind):
    stage.connect().open_slot(stage.load()).answer().open_slot(stage.load(), slot=1)
    assert stage.command(kind) is None


def test_who_has_neither_loads_nor_pvs_is_not_asked_about_them(stage):
    stage.decide.forecast = stage.decide.measure = 1.0
    stage.connect().open_slot(stage.battery()).open_slot(stage.battery(), slot=1)
    assert not {asked[0] for asked in stage.decide.asked} & {"forecast_energy", "measure_energy"}


def test_ticks_neither_forecast_nor_measure(stage):
    stage.decide.forecast = stage.decide.measure = 1.0
    stage.connect().open_slot(stage.load(0.0)).answer().tick(0.1, stage.load(0.0))
    assert not stage.batch


def test_the_slot_that_ended_is_measured(stage):
    stage.decide.measure = np.array([[0.25], [0.75]])
    stage.connect().open_slot(stage.load(), stage.battery(), stage.pv())
    assert stage.command(SendMeasurements) is None
    stage.open_slot(stage.load(), stage.battery(), stage.pv(), slot=1)
    sent = stage.command(SendMeasurements)
    assert (sent.assets, sent.slots) == (("id:Load", "id:PV"), (stage.slot(0),))
    assert sent.energy_kwh.tolist() == [[0.25], [0.75]]


def test_missed_slots_are_measured_with_the_one_before_them(stage):
    stage.decide.measure = 0.5
    stage.connect().open_slot(stage.load()).open_slot(stage.load(), slot=3)
    assert stage.command(SendMeasurements).slots == (stage.slot(0), stage.slot(1), stage.slot(2))


def test_slots_whose_market_event_never_came_are_measured_with_the_one_before_them(stage):
    stage.decide.measure = 0.5
    stage.connect().open_slot(stage.load()).tick(0.1, stage.load(), slot=1)
    assert stage.command(SendMeasurements) is None
    stage.open_slot(stage.load(), slot=2)
    assert stage.command(SendMeasurements).slots == (stage.slot(0), stage.slot(1))
    stage.answer().open_slot(stage.load(), slot=3)
    assert stage.command(SendMeasurements).slots == (stage.slot(2),)


def test_energies_without_an_answer_are_sent_again_as_far_as_they_can_still_count(stage):
    stage.decide.forecast, stage.decide.measure = 1.0, 0.5
    stage.settings = AgentSettings(horizon=2)
    stage.connect().open_slot(stage.load()).answer().open_slot(stage.load(), slot=1)
    stage.tick(0.5, stage.load(), slot=1)
    assert [(type(one), one.slots) for one in stage.batch] == [
        (SendForecasts, (stage.slot(2), stage.slot(3))),
        (SendMeasurements, (stage.slot(0),)),
    ]
    stage.step(ConnectionLost("it broke"))
    stage.decide.forecast = stage.decide.measure = None
    stage.open_slot(stage.load(), slot=2)
    assert [(type(one), one.slots) for one in stage.batch] == [
        (SendForecasts, (stage.slot(3),)),
        (SendMeasurements, (stage.slot(0),)),
    ]
    stage.answer().tick(0.1, stage.load(), slot=2)
    assert not stage.batch


def test_of_energies_only_those_are_sent_again_that_may_not_have_come_through(stage):
    stage.decide.forecast = np.array([[0.25], [0.75]])
    stage.connect().open_slot(stage.load(), stage.pv()).answer(unknown=["id:PV"]).tick(0.1, stage.load(), stage.pv())
    sent = stage.command(SendForecasts)
    assert (sent.assets, sent.energy_kwh.tolist()) == (("id:PV",), [[0.75]])


def test_an_agent_that_joined_within_a_slot_measures_that_slot(stage):
    stage.decide.measure = 0.5
    stage.connect().tick(0.3, stage.load(), slot=0).tick(0.4, stage.load(), slot=0).open_slot(stage.load(), slot=1)
    assert stage.command(SendMeasurements).slots == (stage.slot(0),)


def test_after_a_long_gap_only_the_last_day_is_measured(stage):
    stage.decide.measure = 0.5
    stage.connect().open_slot(stage.load()).open_slot(stage.load(), slot=1000)
    slots = stage.command(SendMeasurements).slots
    assert slots == (stage.slot(0), *map(stage.slot, range(904, 1000)))


def test_grid_fees_are_asked_of_who_operates_markets_for_the_next_slot(stage):
    stage.decide.claims = (("claim", Claim(names=["House", "Load"])),)
    stage.decide.fees = [3.5]
    stage.connect().open_slot(stage.load())
    sent = stage.command(SetGridFees)
    assert (sent.markets, sent.rates.tolist()) == (("id:House",), [3.5])
    _, markets, slot = next(asked for asked in stage.decide.asked if asked[0] == "set_grid_fees")
    assert slot == stage.slot(1)
    assert [tuple(market)[:5] for market in markets] == [("id:House", "House", "Grid/House", 2.0, 2.0)]
    assert np.isnan(markets.total_traded_energy_kwh).all()


def test_who_operates_no_market_is_not_asked_for_fees(stage):
    stage.decide.claims = (("claim", Claim(names=["Load"])),)
    stage.connect().open_slot(stage.load())
    assert "set_grid_fees" not in {asked[0] for asked in stage.decide.asked}


def test_fees_that_nobody_decides_are_left_as_they_are(stage):
    stage.decide.claims = (("claim", Claim(kinds=["market"])),)
    stage.connect().open_slot(stage.load())
    assert stage.command(SetGridFees) is None
    stage.decide.fees = [np.nan, 4.0]
    stage.open_slot(stage.load(), slot=1)
    assert np.array_equal(stage.command(SetGridFees).rates, [np.nan, 4.0], equal_nan=True)


def test_who_uses_no_plugin_for_fees_asks_for_no_statistics(stage):
    stage.decide.claims = (("claim", Claim(kinds=["market"])),)
    stage.decide.sets_grid_fees = False
    stage.connect().open_slot(stage.load())
    assert stage.command(AskMarketStats) is None
    assert "set_grid_fees" not in {asked[0] for asked in stage.decide.asked}


def test_import_and_export_come_with_the_answer_and_are_told_once_at_the_next_slot(stage):
    stage.decide.claims = (("claim", Claim(kinds=["market"])),)
    told = []
    stage.connect()
    for slot, throughput in enumerate([{"id:House": Throughput(0.5, 0.25)}, {}, {"id:Grid": Throughput(0.0, 2.0)}, {}]):
        stage.open_slot(stage.load(), slot=slot)
        assert stage.command(AskMarketStats).markets == ("id:Grid", "id:House")
        stage.answer(throughput=throughput)
        told.append(
            [stage.decide.rows_of("set_grid_fees").imported_kwh, stage.decide.rows_of("set_grid_fees").exported_kwh]
        )
    unknown = [np.nan, np.nan]
    expected = [[unknown, unknown], [[np.nan, 0.5], [np.nan, 0.25]], [unknown, unknown], [[0.0, np.nan], [2.0, np.nan]]]
    assert np.array_equal(told, expected, equal_nan=True)


def test_import_and_export_are_known_even_if_the_answer_came_after_the_next_event(stage):
    stage.decide.claims = (("claim", Claim(kinds=["load", "market"])),)
    stage.connect().open_slot(stage.load()).tick(0.1, stage.load())
    stage.answer(transaction=2, throughput={"id:House": Throughput(0.5, 0.25)}).open_slot(stage.load(), slot=1)
    assert stage.decide.rows_of("set_grid_fees").imported_kwh[1] == 0.5


def test_lots_carry_the_fees_on_the_path_to_the_market_maker(stage):
    stage.connect().open_slot(stage.load())
    assert stage.decide.rows_of("price_energy").grid_fee.tolist() == [3.0]


@pytest.mark.parametrize(("last", "now", "missed"), [(0, 1, []), (0, 4, [1, 2, 3]), (2, 2, []), (3, 1, [])])
def test_slots_between_are_those_that_the_exchange_left_out(make_stage, last, now, missed):
    stage = make_stage()
    event = stage.market_event(now)
    assert slots_between(stage.slot(last), event) == tuple(map(stage.slot, missed))
    assert slots_between(None, event) == ()


def test_on_an_exchange_that_lists_no_areas_names_are_asked_for_until_events_bring_a_tree(stage):
    claims = (Claim(names=["Load", "PV"], kinds=["pv"]), Claim(names=["PV"], ids=["id:Meter"], globs=["*"]))
    stage.decide.claims = (("claim", claims[0]), ("mine", claims[1]))
    stage.connect(lists_areas=False)
    assert stage.command(ClaimAreas) == ClaimAreas(("id:Meter",), ("Load", "PV"))
    assert stage.notice(AreasClaimed) == AreasClaimed(("id:Meter", "Load", "PV"))
    stage.open_slot(tree=stage.state.tree)
    assert stage.sent == []
    stage.decide.claims = (("claim", Claim(names=["Load", "Lod"])),)
    stage.open_slot(stage.load(), slot=1)
    assert stage.command(ClaimAreas) == ClaimAreas(("id:Load",))
    assert [problem.path for problem in stage.notice(AreasClaimed).problems] == ["plugins.claim.names"]


def test_on_an_exchange_that_lists_no_areas_claims_without_a_name_lead_nowhere_for_ever(stage):
    stage.decide.claims = (("claim", Claim(kinds=["load"])), ("none", Claim()))
    stage.connect(lists_areas=False)
    notice = stage.notice(AreasClaimed)
    assert notice.is_impossible
    ((path, message),) = [(problem.path, problem.message) for problem in notice.problems]
    assert path == "plugins.claim.names"
    assert "name at least one asset here" in message


def test_on_an_exchange_that_lists_no_areas_nothing_may_be_wanted(stage):
    stage.connect(lists_areas=False)
    assert stage.command(ClaimAreas) == ClaimAreas(())
    assert stage.notice(AreasClaimed) == AreasClaimed(())


def test_what_is_held_from_before_and_not_claimed_is_not_traded(stage):
    stage.decide.claims = (("claim", Claim(names=["Load"])),)
    stage.decide.price = 20.0
    stage.connect(lists_areas=False).open_slot(stage.load(), stage.pv())
    assert stage.command(PlaceOrders).lines.asset.tolist() == ["id:Load"]
    stage.answer().tick(0.5, stage.load(2.0), stage.pv())
    assert stage.command(PlaceOrders).lines.asset.tolist() == ["id:Load"]
