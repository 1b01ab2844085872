from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pytest

from gridhook.commands import Batch, ClaimAreas, OrderLines, PlaceOrders
from gridhook.errors import ConfigError
from gridhook.events import Answered, Connected, Finished, SlotOpened, Ticked, Traded
from gridhook.links import Examinable, Exchange, LinkRequest
from gridhook_exchange.link import SHIPPED, EmbeddedExchange, EmbeddedLink


def request(url: str = "demo", slots: int | None = 2, base: Path = Path()) -> LinkRequest:
    return LinkRequest(url, "me", slots, base)


def claim(transaction: int, *ids: str) -> Batch:
    return Batch(transaction, (ClaimAreas(ids),))


@pytest.fixture
def link(make_community) -> EmbeddedLink:
    return EmbeddedLink(
        make_community(
            loads={"Load": ("Grid", [1.0, 1.0])},
            batteries={"Battery": ("Grid", {})},
            slots=2,
            ticks=20,
            feed_in=[8.0, 9.0],
            retail=[30.0, 31.0],
        )
    )


class TestEvents:
    def test_a_run_begins_with_the_registry_and_ends(self, link):
        events = list(link.events())
        assert isinstance(events[0], Connected)
        assert events[0].requirements == "binding"
        assert "Grid/Load" in events[0].tree.paths
        assert isinstance(events[-1], Finished)

    def test_each_slot_opens_and_ticks_ten_times_in_all(self, link):
        told = [event for event in link.events() if isinstance(event, SlotOpened | Ticked)]
        assert [round(event.progress, 9) for event in told] == [round(tenth / 10, 9) for tenth in range(10)] * 2
        assert [isinstance(event, SlotOpened) for event in told] == [tenth % 10 == 0 for tenth in range(20)]

    def test_events_tell_the_slot_and_its_rates(self, link):
        opened = [event for event in link.events() if isinstance(event, SlotOpened)]
        assert [(event.feed_in_rate, event.market_maker_rate) for event in opened] == [(8.0, 30.0), (9.0, 31.0)]
        assert opened[1].slot - opened[0].slot == opened[0].slot_length == datetime.timedelta(minutes=15)

    def test_each_batch_is_answered_once_and_in_order(self, link):
        transactions = []
        sent = 0
        for event in link.events():
            if isinstance(event, Answered):
                transactions.append(event.transaction)
            elif not isinstance(event, Finished):
                for _ in range(2):
                    sent += 1
                    link.send(claim(sent))
        assert transactions == list(range(1, sent + 1))

    def test_own_trades_are_told_with_the_next_tick(self, link):
        trades = []
        for event in link.events():
            if isinstance(event, Connected):
                link.send(claim(1, "asset Load", "asset Battery"))
            if isinstance(event, SlotOpened):
                slot = [event.slot] * 2
                rates, energies = [20.0, 10.0], [0.5, 0.5]
                assets, sides = ["asset Load", "asset Battery"], ["bid", "offer"]
                lines = OrderLines(assets, sides, slot, rates, energies, np.array([True, True]))
                link.send(Batch(2, (PlaceOrders(lines),)))
            if isinstance(event, Traded):
                trades += list(event.trades)
        assert [(trade.buyer, trade.seller, trade.energy_kwh) for trade in trades] == [
            ("asset Load", "asset Battery", 0.5)
        ] * 2
        home = link.accounts().members[0]
        assert (home.bought_kwh, home.sold_kwh) == (1.0, 1.0)

    def test_accounts_can_be_asked_for_at_any_time(self, link):
        """A run that is interrupted still has its summary."""
        assert link.accounts().members[0].bill_cents == 0.0
        for event in link.events():
            if isinstance(event, Ticked):
                link.accounts()
        link.close()
        link.close()
        assert link.accounts().members[0].bill_cents != 0.0

    def test_the_link_knows_how_many_slots_there_will_be(self, link):
        assert link.slots == 2


class TestExchange:
    def test_it_is_what_the_core_asks_of_an_exchange(self):
        assert isinstance(EmbeddedExchange(), Exchange)

    @pytest.mark.parametrize("name", ["demo", "demo-winter"])
    def test_communities_that_ship_are_found_by_name_with_their_configuration(self, name):
        assert EmbeddedExchange.base_config(name) == SHIPPED / "gridhook.toml"
        assert EmbeddedExchange().open(request(name)).slots == 2

    def test_a_file_has_no_configuration_of_its_own(self, tmp_path):
        assert EmbeddedExchange.base_config(str(tmp_path / "community.toml")) is None

    def test_a_path_is_relative_to_the_configuration(self, tmp_path):
        (tmp_path / "town").mkdir()
        text = 'name = "town"\nstart = 2026-06-15\nslots = 5\nmarkets = [{ name = "Grid" }]\n'
        (tmp_path / "town" / "community.toml").write_text(text, encoding="utf-8")
        link = EmbeddedExchange().open(request("town/community.toml", None, tmp_path))
        assert link.slots == 5

    def test_an_unknown_name_is_an_error_that_names_the_ones_that_ship(self, tmp_path):
        with pytest.raises(ConfigError, match=r"no community 'demmo'.*demo, demo-winter ship; did you mean 'demo'"):
            EmbeddedExchange().open(request("demmo", base=tmp_path))

    def test_known_areas_are_those_that_a_run_will_have(self):
        exchange = EmbeddedExchange()
        known = exchange.known_areas(request())
        (connected,) = [event for event in exchange.open(request()).events() if isinstance(event, Connected)]
        assert known.ids == connected.tree.ids

    def test_start_and_seed_go_before_those_of_the_file(self):
        opened = next(
            event
            for event in EmbeddedExchange(start=datetime.date(2026, 6, 17)).open(request()).events()
            if isinstance(event, SlotOpened)
        )
        assert opened.slot.isoformat() == "2026-06-16T22:00:00+00:00"

        def needs(seed: int | None) -> list[float]:
            link = EmbeddedExchange(seed=seed).open(request())
            for event in link.events():
                if isinstance(event, Connected):
                    link.send(claim(1, *event.tree.ids))
                if isinstance(event, Ticked):
                    return event.grid.assets.energy_requirement_kwh.tolist()
            raise AssertionError

        assert needs(1) == pytest.approx(needs(None), nan_ok=True)
        assert needs(2) != pytest.approx(needs(None), nan_ok=True)

    def test_a_seed_below_zero_is_refused(self):
        with pytest.raises(ValueError, match="seed"):
            EmbeddedExchange(seed=-1)

    def test_an_examination_tells_what_is_in_the_community(self):
        exchange, checks = EmbeddedExchange(), []
        assert isinstance(exchange, Examinable)
        seen = exchange.examine(request(), checks.append)
        assert seen.tree.ids == exchange.known_areas(request()).ids
        assert seen.holders == {}
        (check,) = checks
        assert check.status == "ok"
        assert "21 assets in 12 markets, 2 slots from 2026-06-14T22:00:00+00:00" in check.text
