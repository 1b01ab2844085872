"""Templates: configurations to start from."""

from __future__ import annotations

from importlib import resources

__all__ = ["purpose", "template_text", "templates"]


def templates() -> list[str]:
    """Return the names of the templates."""
    files = resources.files(__name__).iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


def template_text(name: str) -> str:
    """Return the text of a template."""
    return resources.files(__name__).joinpath(f"{name}.toml").read_text(encoding="utf-8")


def purpose(name: str) -> str:
    """Return what a template is for, in one sentence: its first line."""
    return template_text(name).partition("\n")[0].removeprefix("# ")
