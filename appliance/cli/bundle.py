"""The command that makes a bundle: everything of this version in one signed file."""

from __future__ import annotations

from pathlib import Path

import typer

from appliance.cli.context import Context, print_json, progress
from appliance.cli.data import JSON


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(bundle)


def bundle(
    context: typer.Context,
    out: Path | None = typer.Option(None, "--out", help="The file to make."),
    image: list[Path] = typer.Option(
        [], "--image", help="Container image to put in, as `docker save` wrote it; repeatable."
    ),
    chart: bool = typer.Option(False, "--chart", help="Put the Helm chart in."),
    kind_image: list[Path] = typer.Option(
        [], "--kind-image", help="kind's node image to put in, likewise."
    ),
    tool: list[Path] = typer.Option(
        [], "--tool", help="Program to put in (helm, kubectl, kind); repeatable."
    ),
    key: Path | None = typer.Option(
        None, "--key", help="Signing key; made if there is none. By default the home's own."
    ),
    wheels: Path | None = typer.Option(
        None, "--wheels", help="Folder of the lock's packages; the registry by default."
    ),
    source: Path = typer.Option(
        Path(), "--source", help="Checkout to make it of; this folder by default."
    ),
    as_json: bool = JSON,
) -> None:
    """Make one signed file that installs this version on machines without internet."""
    from appliance.install import packing, trust
    from appliance.install.versions import of_source

    own: Context = context.obj
    signing = packing.publisher_key(key or own.settings().home / "secrets" / "publisher.pem")
    root = packing.checkout(source)
    version = of_source(root)
    wanted = packing.Wanted(root, wheels, chart, image, kind_image, tool)
    with progress() as bar:
        made = packing.make(out or Path(packing.default_name(version)), wanted, signing, bar)
    if as_json:
        told = {"file": made.file, "bytes": made.size, "publisher": made.key}
        told |= {"version": made.version, "revision": made.revision}
        print_json({**told, "platform": made.platform, "parts": len(made.parts)})
        return
    print(f"{made.file}: {len(made.parts)} parts, {made.size / 1e6:,.0f} MB")
    print(f"Kizashi {version} for Python {made.platform['python']}, {made.platform['machine']}")
    print(f"Publisher: {trust.fingerprint(made.key)}")
    print(f"Install it: tar -xf {made.file.name} install.sh")
    print(f"            ./install.sh --bundle {made.file.name} --trust {made.key}")
