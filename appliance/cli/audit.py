"""The command on the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from appliance.cli.context import Context, local, print_json, print_table
from appliance.cli.data import JSON

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.schemas.audit import AuditEntry


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(audit)


def audit(
    context: typer.Context,
    verify: bool = typer.Option(False, "--verify", help="Check that nobody changed the log."),
    head: str | None = typer.Option(
        None, "--head", help="With --verify: what an earlier check printed as head."
    ),
    by: str | None = typer.Option(None, "--by", help="Only what this user did."),
    on: str | None = typer.Option(None, "--on", help="Only on this object (user:NAME)."),
    last: int = typer.Option(50, "--last", min=1, help="So many entries, the latest."),
    as_json: bool = JSON,
) -> None:
    """Tell who did what, the latest first; or check that the log is whole."""
    own: Context = context.obj
    with own.plant() as plant:
        if verify or head is not None:
            found = plant.check_audit(head)
        else:
            entries = [*plant.audit(by=by, on=on, limit=last)]
            zone = plant.zone()
            if as_json:
                print_json([entry.model_dump(mode="json") for entry in entries])
            else:
                print_table(
                    ("no.", "when", "who", "what", "object", "from", "change"),
                    [(str(e.number), local(e.at, zone), *_cells(e)) for e in entries],
                    right="r",
                )
            return
    if as_json:
        print_json(found.model_dump(mode="json"))
    elif found.whole:
        print(f"The log is whole: {found.entries} entries.\nhead: {found.head}")
    else:
        print(f"The log was tampered with: entry {found.broken}: {found.reason}.")
    if not found.whole:
        raise typer.Exit(1)


def _cells(entry: AuditEntry) -> Sequence[str]:
    before, after = entry.before or {}, entry.after or {}
    changes = [
        f"{key}: {before[key]} → {after.get(key)}" if key in before else f"{key}: {after[key]}"
        for key in dict.fromkeys([*before, *after])
        if before.get(key) != after.get(key)
    ]
    return entry.by, entry.action, entry.object, entry.origin, ", ".join(changes)
