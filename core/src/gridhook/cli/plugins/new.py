"""``gridhook plugins new``: a distribution of one's own."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click

from gridhook.scaffold import KINDS, NewName, refuse_taken, render, write_files

__all__ = ["new_plugin"]


@click.command("new")
@click.argument("name")
@click.option("--hook", "kind", type=click.Choice(KINDS), required=True, help="What the plugin is for.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=".",
    help="Where the distribution's folder, gridhook-NAME, is made; by default here.",
)
@click.option("--author", help="Who is named in the metadata.")
def new_plugin(name: str, kind: str, folder: Path, author: str | None) -> None:
    """Write a new distribution, gridhook-NAME, with a small strategy that works and its tests.

    NAME is what configurations call the plugin: small letters, digits and hyphens, such as night-rates.
    """
    new = NewName.parse(name)
    refuse_taken(new)
    files = render(new, kind, author)
    home = folder / new.distribution
    write_files(home, files)
    # Not every path can be printed.
    shown = os.fsencode(home).decode("utf-8", "replace")
    click.echo(f"wrote {shown}:")
    for path in files:
        click.echo(f"  {path}")
    place = shlex.quote(shown if home.is_absolute() else f"./{shown}")
    click.echo(f"""
next:
  python -m pip install -e {place} pytest
  python -m pytest {place}
  gridhook run {place}/{new.name}.toml""")
