"""Annotations of implementations against those of the specifications."""

import numpy as np
import pytest

from gridhook import Lots, Market, hookimpl
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
        {"market": "NoSuchName"},
        {"return_": "NoSuchName"},
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
