"""Annotations of implementations against those of the specifications."""

import types

import numpy as np
import pytest

from gridhook import Lot, Lots, Market, hookimpl, per_lot
from gridhook.testing.checks import BY_DOMAIN, make_check
from gridhook.testing.subject import Subject


def annotated(answer):
    def price_energy(self, lots, market):
        return np.full(len(lots), 1.0)

    price_energy.__annotations__ = answer
    return type("Annotated", (), {"price_energy": hookimpl(price_energy)})


def signature_of(**annotations):
    annotations = {name.rstrip("_"): its for name, its in annotations.items()}
    (check,) = (one for one in BY_DOMAIN["pricing"] if (one.name, one.hook) == ("signature", "price_energy"))
    return make_check(check, Subject(annotated(annotations)))


@pytest.mark.parametrize(
    "annotations",
    [
        {"lots": Lots, "market": Market, "return_": "Rates"},
        {"lots": "Lots", "market": "Market | None", "return_": "Rates | Orders | None"},
        {"lots": object, "return_": "npt.NDArray[np.float64]"},
        {"lots": "Any", "return_": "list[float]"},
        {"return_": "Sequence[float] | None"},
        {"return_": None},
    ],
)
def test_annotations_that_fit_the_specification_pass(annotations):
    finding = signature_of(**annotations)
    assert finding.outcome == "passed", finding


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        ({"lots": "Assets"}, "lots is annotated as Assets, and is Lots"),
        ({"lots": "list[Lots]"}, "lots is annotated as list[Lots], and is Lots"),
        ({"market": "Lots | Grid"}, "and is Market"),
        ({"return_": "float"}, "to return float; it has to return an array of float64"),
        ({"return_": "Rates | str"}, "to return"),
        ({"return_": "Requirements"}, "to return"),
        ({"return_": "dict[str, float]"}, "to return"),
    ],
)
def test_annotations_that_contradict_the_specification_fail(annotations, message):
    finding = signature_of(**annotations)
    assert finding.outcome == "failed"
    assert message in finding.message


@pytest.mark.parametrize("annotations", [{"market": "Markett"}, {"lots": "Lots", "return_": "Markett | None"}])
def test_annotations_that_cannot_be_resolved_are_skipped_and_named(annotations):
    finding = signature_of(**annotations)
    assert finding.outcome == "skipped"
    assert f"of {[*annotations][-1].rstrip('_')}: name 'Markett' is not defined" in finding.message


def test_what_can_be_resolved_is_compared_all_the_same():
    finding = signature_of(lots="Assets", market="Markett")
    assert (finding.outcome, finding.message) == ("failed", "lots is annotated as Assets, and is Lots")


class Rules:
    def price_energy(self, lot, market):
        return None

    def settle_deviations(self, deviation, market):
        return None

    def adjust_rates(self, rate, lot, market):
        return None

    def require(self, lot, rate, market):
        return None


def signature_of_rule(hook, **annotations):
    known = getattr(Rules, hook)
    rule = types.FunctionType(known.__code__, known.__globals__, hook)
    rule.__annotations__ = {name.rstrip("_"): its for name, its in annotations.items()}
    plugin = type("Ruled", (), {hook: hookimpl(per_lot(rule))})
    (check,) = (one for its in BY_DOMAIN.values() for one in its if (one.name, one.hook) == ("signature", hook))
    return make_check(check, Subject(plugin))


@pytest.mark.parametrize(
    ("hook", "annotations"),
    [
        ("price_energy", {"lot": "Lot", "market": Market, "return_": "float"}),
        ("price_energy", {"lot": "tuple", "return_": "int | None"}),
        ("price_energy", {"return_": "np.float64"}),
        ("price_energy", {}),
        ("settle_deviations", {"deviation": Lot, "return_": "float | None"}),
        ("adjust_rates", {"rate": "float", "lot": Lot, "return_": "float"}),
        ("require", {"rate": float, "return_": "Requirement | float | None"}),
        ("require", {"return_": "list[Requirement]"}),
        ("require", {"return_": "Sequence[Requirement] | None"}),
        ("require", {"return_": "tuple[Requirement, ...]"}),
    ],
)
def test_rules_that_fit_pass(hook, annotations):
    finding = signature_of_rule(hook, **annotations)
    assert finding.outcome == "passed", finding


@pytest.mark.parametrize(
    ("hook", "annotations", "message"),
    [
        ("price_energy", {"lot": int}, "lot is annotated as int, and is Lot"),
        ("price_energy", {"lot": "Lots"}, "lot is annotated as Lots, and is Lot"),
        ("price_energy", {"market": "str"}, "market is annotated as str, and is Market"),
        ("price_energy", {"return_": "list[str]"}, "is annotated to return list[str]; it has to return float | int"),
        ("price_energy", {"return_": "Rates"}, "is annotated to return"),
        ("settle_deviations", {"deviation": float}, "deviation is annotated as float, and is Lot"),
        ("adjust_rates", {"rate": "Rates"}, "and is float"),
        ("require", {"return_": "list[str]"}, "is annotated to return list[str]"),
        ("require", {"return_": "str"}, "is annotated to return str"),
    ],
)
def test_rules_that_contradict_what_they_are_given_fail(hook, annotations, message):
    finding = signature_of_rule(hook, **annotations)
    assert finding.outcome == "failed"
    assert message in finding.message


@pytest.mark.parametrize(
    ("annotation", "outcome"),
    [
        ("Rates", "passed"),
        ("npt.NDArray[np.float64]", "passed"),
        ("np.ndarray", "passed"),
        ("npt.NDArray[np.floating]", "passed"),
        ("npt.ArrayLike", "passed"),
        ("npt.NDArray[np.int64]", "failed"),
        ("list[float]", "failed"),
    ],
)
def test_an_array_is_annotated_by_what_is_in_it(annotation, outcome):
    class Adjusts:
        def adjust_rates(self, rates):
            return rates

        adjust_rates.__annotations__ = {"rates": annotation}
        adjust_rates = hookimpl(adjust_rates)

    (check,) = (one for one in BY_DOMAIN["pricing"] if (one.name, one.hook) == ("signature", "adjust_rates"))
    assert make_check(check, Subject(Adjusts)).outcome == outcome
