"""Reasons: the closed set, and the sentences that answer "why did it not trade?"."""

import math

import pytest

from gridhook import Reason
from gridhook.reasons import Reasons
from gridhook.testing import SLOT


def reasons_of(reason, plugin="", number=math.nan):
    return Reasons(["id:Load"], ["bid"], [SLOT], [reason], [plugin], [number])


def test_the_set_is_closed():
    """Reports and records hold these labels and numbers."""
    assert {reason.label: int(reason) for reason in Reason} == {
        "priced": 0,
        "no_energy": 1,
        "declined": 2,
        "held": 3,
        "unchanged": 4,
        "plugin_failed": 5,
        "below_zero": 6,
        "refused": 7,
        "unknown": 8,
        "late": 9,
        "requirements_unsupported": 10,
        "not_sent": 11,
    }


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.label)
def test_every_reason_has_a_sentence(reason):
    (row,) = reasons_of(reason, "ramp", 12.5)
    assert row.text.startswith("ramp: ")
    assert "{" not in row.text


def test_a_sentence_names_the_plugin_and_the_number():
    (row,) = reasons_of(Reason.PRICED, "ramp", 21.25)
    assert row.text == "ramp: an order was sent at 21.25 cents/kWh"


def test_a_reason_without_a_plugin_blames_none():
    (row,) = reasons_of(Reason.DECLINED)
    assert row.text == "no plugin decided; what stood was left standing"


def test_reasons_are_columns_that_can_be_counted():
    reasons = Reasons(["a", "b"], ["bid", "bid"], [SLOT, SLOT], [Reason.HELD, Reason.PRICED], ["", ""], [1.0, 2.0])
    assert (reasons.reason == Reason.HELD).tolist() == [True, False]
    assert Reason(reasons[0].reason) is Reason.HELD


def test_a_refusal_without_a_rate_is_one_after_a_complete_sale():
    (row,) = reasons_of(Reason.REFUSED)
    assert (
        row.text == "the exchange refuses every other offer of this asset in this slot, since one was sold completely"
    )
