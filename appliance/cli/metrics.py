"""The platform's metrics, and how Prometheus comes by them."""

from __future__ import annotations

import sys

import typer

from appliance.cli.context import Context


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(metrics)


def metrics(
    context: typer.Context,
    scrape_config: bool = typer.Option(
        False,
        "--scrape-config",
        help="Print what Prometheus needs to scrape this home instead.",
    ),
) -> None:
    """Print the metrics of all roles as Prometheus reads them."""
    own: Context = context.obj
    if scrape_config:
        from appliance.telemetry.scraping import scrape_config as written

        sys.stdout.write(written(own.settings()))
    elif own.url is not None:
        with own.running() as plant:
            sys.stdout.write(plant.platform.metrics())
    else:
        from appliance.pipelines.exposition import whole

        with own.site() as site:
            sys.stdout.write(whole(site).decode("utf-8"))
