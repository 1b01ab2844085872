"""Test classes: one per domain, to subclass; each check of the domain is a test of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest import SkipTest

from gridhook.plugins.loading import HOOKS
from gridhook.testing.checks import BY_DOMAIN, LOADS, PLAYED, WHOLE, Check, make_check
from gridhook.testing.subject import SECONDS_PER_ROW, Subject

__all__ = [
    "ConformanceTests",
    "ForecastingTests",
    "GridOperatorTests",
    "ObservationTests",
    "PricingTests",
    "RegistrationTests",
    "RequirementsTests",
    "SettlementTests",
]


class ConformanceTests:
    """Base of the classes of all domains.

    ``plugin``
        the class, or module, that the entry point names.
    ``settings``
        its ``[plugins.NAME]`` table.
    ``refused_settings``
        tables that it has to refuse, each with a clear message.
    ``base``
        the folder that paths in these tables are relative to.
    ``seconds_per_row``
        how long a hook may take for each of 10,000 rows; generous, for machines that are slow.

    A fixture that sets them on ``self`` will do, too, for settings that name files.
    """

    __test__ = False
    plugin: object = None
    settings: Mapping[str, Any] = {}
    refused_settings: Sequence[Mapping[str, Any]] = ()
    base: Path = Path()
    seconds_per_row: float = SECONDS_PER_ROW

    def __init_subclass__(cls, domain: str | None = None) -> None:
        super().__init_subclass__()
        cls.__test__ = domain is None
        if domain is not None:
            _add_tests(cls, domain)


def _add_tests(cls: type[ConformanceTests], domain: str) -> None:
    """Give a class a test per check; those of the same name are one, for all hooks that are implemented."""
    checks: dict[str, list[Check]] = {}
    for check in (*WHOLE, *BY_DOMAIN[domain], PLAYED):
        checks.setdefault(check.name, []).append(check)
    for name, its in checks.items():
        test = _loads(domain) if its == [LOADS] else _test(its)
        test.__name__ = f"test_{re.sub('[^a-z0-9]+', '_', name.lower())}"
        test.__qualname__ = f"{cls.__qualname__}.{test.__name__}"
        test.__doc__ = f"Check: {name}."
        setattr(cls, test.__name__, test)


def _loads(domain: str) -> Callable[[ConformanceTests], None]:
    hooks = [hook for hook, its in HOOKS.items() if its == domain]

    def test(self: ConformanceTests) -> None:
        subject = _subject(self)
        finding = make_check(LOADS, subject)
        assert finding.outcome == "passed", str(finding)
        implemented = subject.hooks()
        assert implemented & set(hooks), (
            f"the plugin implements {', '.join(sorted(implemented))}, and none of {', '.join(hooks)}"
        )

    return test


def _test(checks: Sequence[Check]) -> Callable[[ConformanceTests], None]:
    def test(self: ConformanceTests) -> None:
        subject = _subject(self)
        findings = [make_check(check, subject) for check in checks]
        failures = [str(finding) for finding in findings if finding.outcome == "failed"]
        assert not failures, "\n".join(failures)
        if all(finding.outcome == "skipped" for finding in findings):
            raise SkipTest("; ".join(dict.fromkeys(finding.message for finding in findings)))

    return test


def _subject(tests: ConformanceTests) -> Subject:
    assert tests.plugin is not None, f"{type(tests).__name__} has no plugin; set plugin = YourPlugin in the class"
    return Subject(tests.plugin, tests.settings, tests.refused_settings, tests.base, tests.seconds_per_row)


class RegistrationTests(ConformanceTests, domain="registration"):
    """Tests of ``claim_assets``."""


class ForecastingTests(ConformanceTests, domain="forecasting"):
    """Tests of ``forecast_energy``."""


class PricingTests(ConformanceTests, domain="pricing"):
    """Tests of ``price_energy`` and ``adjust_rates``."""


class RequirementsTests(ConformanceTests, domain="requirements"):
    """Tests of ``require``."""


class SettlementTests(ConformanceTests, domain="settlement"):
    """Tests of ``measure_energy`` and ``settle_deviations``."""


class GridOperatorTests(ConformanceTests, domain="grid_fees"):
    """Tests of ``set_grid_fees``."""


class ObservationTests(ConformanceTests, domain="observation"):
    """Tests of ``session_started``, ``event_received`` and ``session_finished``."""
