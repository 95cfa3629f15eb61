"""The command that makes an archive for a support case."""

from __future__ import annotations

from pathlib import Path

import typer

from appliance.cli.context import print_json, print_table
from appliance.cli.data import JSON


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("support-bundle")(support_bundle)


def support_bundle(
    context: typer.Context,
    out: Path | None = typer.Option(
        None, "--out", help="The archive's file; one in this folder if not given."
    ),
    as_json: bool = JSON,
) -> None:
    """Pack all that support needs into one archive, without secrets; nothing is sent."""
    from appliance.cli.up import here
    from appliance.machine.support import LEFT_OUT, bundle

    made = bundle(*here(context.obj), out)
    if as_json:
        print_json(
            {
                "path": made.path,
                "size": made.size,
                "parts": [vars(one) for one in made.parts],
                "left_out": LEFT_OUT,
            }
        )
        return
    print(f"{made.path}: {made.size / 1000:.0f} kB, to be read by its owner only\n")
    rows = [(one.name, f"{one.size:,}", one.problem or one.what) for one in made.parts]
    print_table(("file", "bytes", "what it is"), rows, right="lrl")
    print(f"\nLeft out: {'; '.join(LEFT_OUT)}.")
    print("What looks like a secret is hidden. Look through it before you give it away.")
