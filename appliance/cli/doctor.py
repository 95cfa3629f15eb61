"""The doctor's command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from appliance.cli.context import print_json
from appliance.cli.data import JSON

if TYPE_CHECKING:
    from appliance.machine.doctor import Finding


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(doctor)


def doctor(context: typer.Context, as_json: bool = JSON) -> None:
    """Look at all that the appliance stands on, and say what to do.

    Exit status 1 if something is broken.
    """
    from appliance.cli.up import here
    from appliance.machine.doctor import Patient, Severity, examine

    found = list(examine(Patient(*here(context.obj))))
    healthy = all(one.severity is not Severity.BROKEN for one in found)
    if as_json:
        print_json({"healthy": healthy, "findings": [one.model_dump() for one in found]})
    else:
        for one in found:
            _tell(one)
        print("\nNothing is broken." if healthy else "\nSomething is broken.")
    if not healthy:
        raise typer.Exit(1)


def _tell(one: Finding) -> None:
    print(f"{one.severity:<8} {one.check:<10} {one.text}")
    if one.remedy:
        print(f"{'':<19} → {one.remedy}")
