"""The reference page of the conformance checks names each of them."""

from pathlib import Path

from gridhook.testing.checks import BY_DOMAIN, PLAYED, WHOLE

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "testing.md"


def test_every_check_is_described():
    text = PAGE.read_text(encoding="utf-8")
    checks = [*WHOLE, PLAYED, *(check for its in BY_DOMAIN.values() for check in its)]
    assert [check.name for check in checks if f"**{check.name}**" not in text] == []
