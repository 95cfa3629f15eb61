"""``kizashi run ROLE``: one role of a site as the one program of a container."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from appliance.cli.context import Context
from appliance.core import log

if TYPE_CHECKING:
    from appliance.core.settings import Settings

run = typer.Typer(
    name="run",
    help="Run one role of a site as the program of a container.",
    no_args_is_help=True,
)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(run)


@run.command()
def web(context: typer.Context) -> None:
    """Serve the pages and the API."""
    _become(context, "web")


@run.command()
def worker(context: typer.Context) -> None:
    """Run jobs and sources; with KIZASHI_RAY_ADDRESS on the Ray that is there."""
    _become(context, "worker")


@run.command("ray-head")
def ray_head(context: typer.Context) -> None:
    """Be the head of a Ray of several machines; no tasks run on it."""
    _become(context, "ray-head")


@run.command("ray-worker")
def ray_worker(context: typer.Context) -> None:
    """Run tasks for the Ray at KIZASHI_RAY_ADDRESS."""
    _become(context, "ray-worker")


@run.command()
def notebook(
    told: str = typer.Argument(..., help="What the web tells it, as JSON; nothing secret."),
) -> None:
    """Be one analyst's JupyterLab, in a pod that the web made; no part of the site."""
    from appliance.machine.roles import notebook as role

    role.become(told)


@run.command()
def migrate(context: typer.Context) -> None:
    """Bring the databases to this version, then end; safe to repeat, and twice at once.

    With the secret admin-password the first admin is made, where there is no user yet.
    """
    from appliance.machine.roles import migrating

    made = migrating.migrate(_settings(context))
    print("the databases are up to date")
    if made:
        print(f"made the user {made}")


@run.command()
def keys(
    folder: Path = typer.Argument(..., help="Folder that they are made in."),
) -> None:
    """Make the secrets that all roles of a site share; those that are there stay."""
    from appliance.machine.roles import placing

    for name in placing.make(folder):
        print(f"made {folder / name}")


@run.command()
def secrets(
    name: str = typer.Option(..., "--name", help="Of the Secret."),
    postgres: str = typer.Option("", "--postgres", help="HOST:PORT of the chart's own."),
    objects: bool = typer.Option(False, "--objects", help="Keys for the chart's own storage."),
    label: list[str] = typer.Option([], "--label", help="NAME=VALUE it is made with."),
) -> None:
    """Make the Secret that all roles of a site share, from a pod; what it has stays."""
    from appliance.install.cluster.hook import make_secret
    from appliance.install.cluster.secrets import Wanted

    labels = dict(one.split("=", 1) for one in label if "=" in one)
    for key in make_secret(name, Wanted(postgres, objects), labels):
        print(f"made {key}")


def _settings(context: typer.Context) -> Settings:
    own: Context = context.obj
    settings = own.settings()
    log.set_up("DEBUG" if own.debug else settings.log_level, settings.log_format)
    return settings


def _become(context: typer.Context, role: str) -> None:
    from appliance.machine.roles import begin

    begin.become(_settings(context), role, os.environ)  # noqa: TID251 - goes on as it was begun
