from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest

from gridhook.orders import Requirement
from gridhook_exchange.market.book import Book, OrderIds, Terms


def add(
    book: Book,
    *orders: tuple[int, float, float],
    tick: int = 0,
    terms: Mapping[int, Terms] | None = None,
    energy_types: Mapping[int, str] | None = None,
) -> None:
    """Post (key, rate, energy) with priorities in this order."""
    key, rate, energy = (np.array(column) for column in zip(*orders, strict=True))
    book.add(
        key,
        rate.astype(np.float64),
        energy.astype(np.float64),
        tick,
        np.arange(len(orders)),
        terms or {},
        energy_types or {},
    )


def test_open_energy_is_summed_by_asset_and_side():
    book = Book()
    add(book, (0, 10.0, 1.0), (3, 10.0, 2.0), (0, 11.0, 0.5))
    assert book.open_kwh(5).tolist() == [1.5, 0.0, 0.0, 2.0, 0.0]


def test_orders_of_a_later_tick_are_later_whatever_their_priority():
    book = Book()
    add(book, *[(key, 1.0, 1.0) for key in range(5)], tick=7)
    add(book, (6, 1.0, 1.0), tick=8)
    assert np.all(np.diff(book.serial) > 0)
    assert book.posted.tolist() == [7, 7, 7, 7, 7, 8]


def test_removing_deletes_all_orders_of_a_key_and_no_others():
    book = Book()
    add(book, (0, 10.0, 1.0), (1, 10.0, 2.0), (0, 11.0, 0.5))
    book.remove(np.array([0, 4]))
    assert book.open_kwh(5).tolist() == [0.0, 2.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("keys", [[], [9]])
def test_removing_what_is_not_there_changes_nothing(keys):
    book = Book()
    book.remove(np.array(keys, dtype=np.int64))
    add(book, (0, 10.0, 1.0))
    book.remove(np.array(keys, dtype=np.int64))
    assert book.open_kwh(1).tolist() == [1.0]


def test_traded_energy_leaves_the_book_several_times_from_one_order_too():
    book = Book()
    add(book, (0, 10.0, 1.0), (1, 10.0, 2.0))
    book.take(np.array([0, 0, 1]), np.array([0.25, 0.25, 0.5]))
    assert book.energy_kwh.tolist() == [0.5, 1.5]


def test_dust_that_a_trade_leaves_disappears_with_it():
    book = Book()
    add(book, (0, 10.0, 1.0), (1, 10.0, 1.0))
    book.take(np.array([0, 1]), np.array([1.0 - 2e-5 + 1e-12, 1.0 - 2.1e-5]))
    assert book.energy_kwh[0] == 0.0
    assert book.energy_kwh[1] == pytest.approx(2.1e-5)


def test_terms_and_energy_types_stay_with_their_orders_when_rows_before_them_go():
    book = Book()
    terms = Terms.of((Requirement(partners=("a",)),))
    add(book, (0, 1.0, 1.0), (2, 2.0, 1.0), (5, 3.0, 1.0), terms={1: terms}, energy_types={2: "PV"})
    book.remove(np.array([0]))
    add(book, (4, 9.0, 1.0), terms={0: Terms.of((Requirement(rate=1.0),))})
    assert book.rate.tolist() == [2.0, 3.0, 9.0]
    assert {row: its.alternatives for row, its in book.terms.items()} == {
        0: (Requirement(partners=("a",)),),
        2: (Requirement(rate=1.0),),
    }
    assert book.energy_types == {1: "PV"}
    assert len(book) == 3


def test_terms_of_orders_that_are_gone_are_forgotten():
    """A new order in the row of a dead one does not inherit its conditions."""
    book = Book()
    add(book, (0, 1.0, 1.0), terms={0: Terms.of((Requirement(),))}, energy_types={0: "PV"})
    book.take(np.array([0]), np.array([1.0]))
    add(book, (2, 1.0, 1.0))
    assert book.terms == {}
    assert book.energy_types == {}


def test_an_alternative_without_an_energy_has_no_limit_of_its_own():
    terms = Terms.of((Requirement(energy_kwh=0.5), Requirement()))
    assert terms.left_kwh == [0.5, math.inf]


class TestIds:
    def test_orders_are_numbered_in_the_order_of_posting(self):
        book = Book()
        columns = (np.array([0, 3]), np.array([10.0, 11.0]), np.array([1.0, 2.0]))
        assert book.add(*columns, 0, np.arange(2), {}, {}).tolist() == [0, 1]
        assert book.add(*columns, 1, np.arange(2), {}, {}).tolist() == [2, 3]
        assert book.id.tolist() == [0, 1, 2, 3]

    def test_books_that_share_a_source_never_give_an_id_twice(self):
        ids = OrderIds()
        one, other = Book(ids), Book(ids)
        for book in (one, other, one):
            add(book, (0, 1.0, 1.0))
        assert (one.id.tolist(), other.id.tolist()) == ([0, 2], [1])

    def test_the_traded_part_keeps_the_id_and_what_is_left_gets_a_new_one(self):
        """PROTOCOL.md 6.2."""
        book = Book()
        add(book, (0, 10.0, 1.0), (1, 10.0, 2.0), (2, 10.0, 9.0))
        pieces = book.take(np.array([0, 1]), np.array([1.0, 1.0]))
        assert (pieces.traded.tolist(), pieces.residual.tolist()) == ([0, 1], [-1, 3])
        assert book.id.tolist()[1:] == [3, 2]

    def test_an_order_that_trades_several_times_goes_from_residual_to_residual(self):
        book = Book()
        add(book, (0, 10.0, 1.0), (1, 10.0, 0.25), (1, 10.0, 0.5), (3, 10.0, np.inf))
        pieces = book.take(np.array([0, 1, 0, 2, 0, 3]), np.array([0.25, 0.25, 0.5, 0.5, 0.25, 0.25]))
        assert pieces.traded.tolist() == [0, 1, 4, 2, 5, 3]
        assert pieces.residual.tolist() == [4, -1, 5, -1, -1, 6]
        assert book.id[3] == 6

    @pytest.mark.parametrize(("dust", "residual"), [(2e-5 - 1e-12, -1), (2.1e-5, 2)])
    def test_dust_that_disappears_has_no_id(self, dust, residual):
        book = Book()
        add(book, (0, 10.0, 1.0), (1, 10.0, 1.0))
        pieces = book.take(np.array([0, 1]), np.array([1.0 - dust, 1.0]))
        assert pieces.residual.tolist() == [residual, -1]

    def test_removing_returns_the_ids_of_what_was_open(self):
        book = Book()
        add(book, (0, 10.0, 1.0), (1, 10.0, 2.0), (0, 11.0, 0.5), (0, 12.0, 0.5))
        book.take(np.array([0]), np.array([1.0]))
        assert book.remove(np.array([0])).tolist() == [2, 3]
        assert book.remove(np.array([0])).tolist() == []

    @pytest.mark.parametrize(("number", "key", "there"), [(1, 1, True), (1, 0, False), (7, 1, False), (0, 0, False)])
    def test_one_order_is_removed_by_its_id_if_it_is_open_and_its_owners(self, number, key, there):
        book = Book()
        add(book, (0, 10.0, 1.0), (1, 10.0, 2.0), (1, 10.0, 3.0))
        book.take(np.array([0]), np.array([1.0]))
        assert book.remove_order(number, key) is there
        assert book.open_kwh(2).tolist() == [0.0, 3.0 if there else 5.0]
        assert book.remove_order(number, key) is False

    def test_ids_stay_with_their_orders_when_rows_before_them_go(self):
        book = Book()
        add(book, (0, 1.0, 1.0), (2, 2.0, 1.0))
        book.remove(np.array([0]))
        add(book, (4, 9.0, 1.0))
        assert book.id.tolist() == [1, 2]
