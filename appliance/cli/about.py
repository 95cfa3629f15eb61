"""Commands about Kizashi itself: its version and its detectors."""

from __future__ import annotations

import typer

from appliance.cli.context import print_json, print_table
from appliance.cli.data import JSON


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (version, detectors):
        app.command()(command)


def version(as_json: bool = JSON) -> None:
    """Print the version."""
    from appliance import __version__

    if as_json:
        print_json({"version": __version__})
    else:
        print(f"kizashi {__version__}")


def detectors(
    pyod: bool = typer.Option(
        False, "--pyod", help="Also PyOD's, with the reason for those that cannot be used."
    ),
    as_json: bool = JSON,
) -> None:
    """List the detectors that a recipe can name."""
    from detectors import catalog

    found = [catalog.describe(name) for name in catalog.names(pyod=pyod)]
    missing = catalog.unusable() if pyod else {}
    if as_json:
        print_json({"detectors": [d.as_json() for d in found], "unusable": missing})
        return
    print_table(("detector", "what it is"), [(d.name, d.summary) for d in found])
    if missing:
        print()
        print_table(("cannot be used", "because"), sorted(missing.items()))
