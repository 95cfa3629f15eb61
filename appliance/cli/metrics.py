"""The platform's metrics, and how Prometheus comes by them."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from appliance.cli.context import Context
from appliance.core.errors import StorageError


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(metrics)


def metrics(
    context: typer.Context,
    scrape_config: bool = typer.Option(
        False, "--scrape-config", help="Print how Prometheus scrapes this home instead."
    ),
    write: Path | None = typer.Option(
        None,
        "--write",
        help="Folder to write configuration, rules and dashboards to instead.",
    ),
) -> None:
    """Print the metrics of all roles as Prometheus reads them."""
    own: Context = context.obj
    if write is not None:
        _write(own, write)
    elif scrape_config:
        from appliance.telemetry.scraping import scrape_config as written

        sys.stdout.write(written(own.settings()))
    elif own.url is not None:
        with own.running() as plant:
            sys.stdout.write(plant.platform.metrics())
    else:
        from appliance.pipelines.exposition import whole

        with own.site() as site:
            sys.stdout.write(whole(site).decode("utf-8"))


def _write(own: Context, folder: Path) -> None:
    """Write all that Prometheus and Grafana need.

    Raises
    ------
    StorageError
        The folder cannot be written.
    """
    from appliance.telemetry import dashboards
    from appliance.telemetry.scraping import scrape_config as written

    text = written(own.settings(), dashboards.RULES_FILE)
    try:
        dashboards.write(folder)
        (folder / "prometheus.yml").write_text(text, "utf-8")
    except OSError as error:
        raise StorageError(f"{folder} cannot be written: {error.strerror}.") from error
    print(f"written: {folder / 'prometheus.yml'}, alerts and dashboards")
