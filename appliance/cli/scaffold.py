"""The command that begins a package of one's own."""

from __future__ import annotations

from pathlib import Path

import typer

from appliance.cli.context import print_json
from appliance.cli.data import JSON


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("new")(new)


def new(
    kind: str = typer.Argument(help="detector, source or step."),
    name: str = typer.Argument(help="Name of the package: letters, digits and -."),
    into: Path = typer.Option(Path(), "--into", help="Folder in which it is made."),
    as_json: bool = JSON,
) -> None:
    """Begin a small package of your own, whose tests pass at once."""
    from appliance.steps.scaffolding import scaffold

    made = scaffold(kind, name, into)
    if as_json:
        print_json([str(path) for path in made])
        return
    for path in made:
        print(path)
    print(f"\nIts tests: python -m pytest {made[0].parent}")
