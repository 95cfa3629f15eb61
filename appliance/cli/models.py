"""Commands on models: train, score, versions, promotion."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from appliance.cli.context import Context, local, moment, print_json, print_table, progress
from appliance.cli.cost import paid, words_of
from appliance.cli.data import FLEET, JSON
from appliance.core.errors import NotFound

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from appliance.pipelines.score import ScoreReport
    from appliance.schemas.model import ModelVersion

_LEFT_OUT = {
    "open": "an open event",
    "true": "called true",
    "planned": "called planned",
    "drift": "moved away from normal little by little",
}
ENGINE = typer.Option(None, "--engine", help="ray, local or auto; the settings' if not given.")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (train, score, models, model, promote, rollback):
        app.command()(command)


def train(
    context: typer.Context,
    fleet: str = FLEET,
    recipe: str = typer.Option("auto", "--recipe", help="auto, a detector's name, or a file."),
    engine: str | None = ENGINE,
    since: str | None = typer.Option(None, "--from", help="First moment to learn from."),
    until: str | None = typer.Option(None, "--until", help="Learn from what was before it."),
    budget: float | None = typer.Option(
        None, "--false-alarms", help="Events a machine and month in normal running."
    ),
    seed: int | None = typer.Option(None, "--seed", help="Everything random derives from it."),
    workers: int | None = typer.Option(
        None, "--workers", min=1, help="Learn one network of all machines, by so many workers."
    ),
    as_json: bool = JSON,
) -> None:
    """Learn what is normal for every machine of a fleet."""
    from appliance.client.line import parsed
    from appliance.schemas.model import ModelVersion

    own: Context = context.obj
    with own.plant() as plant, progress() as shown:
        zone = plant.zone()
        work = plant.fleet(fleet).train(
            recipe,
            start=moment(since, zone, "--from"),
            end=moment(until, zone, "--until"),
            budget=budget,
            seed=seed,
            workers=workers,
            engine=engine,
        )
        if sys.stderr.isatty():
            print(words_of(plant.costs.estimate("train", fleet)), file=sys.stderr)
        version = parsed(ModelVersion, work.wait(progress=shown))
        cost = plant.costs.of_job(work.id)
    if as_json:
        print_json(version.model_dump(mode="json"))
        return
    _print_learned(version, zone)
    print(f"  {paid(cost)}")
    if "champion" in version.aliases:
        print(f"Next: kizashi score {fleet}")
    else:
        print(f"It waits as challenger; kizashi promote {fleet} {version.version}")


def _print_learned(version: ModelVersion, zone: ZoneInfo) -> None:
    from appliance.fleet.drift_words import drift_words

    made, aliases = version.lineage, ", ".join(version.aliases) or "no alias"
    print(
        f"{version.fleet} version {version.version} ({aliases}): "
        f"{made.assets} assets, {made.rows:,} rows, {local(made.data_start, zone)} to "
        f"{local(made.data_end, zone)}, recipe {made.recipe.name}"
    )
    if made.masked:
        print(f"  left out, in the calendar: {made.masked:,} rows")
    for note in made.held:
        print(f"  left out, {_LEFT_OUT[note.reason]}: {note.rows:,} rows")
    for drifted in made.drifted:
        print(f"  {drifted.asset}: {drift_words(drifted)}")
    for asset, reason in made.kept.items():
        print(f"  {asset} keeps the model that it had: {reason}")
    for asset, reason in made.failures.items():
        print(f"  no model for {asset}: {reason}")
    if made.extrapolated:
        budget = made.recipe.threshold.false_alarms_per_month
        alarms = "false alarm" if budget == 1 else "false alarms"
        print(
            f"  {made.extrapolated} of {made.assets} machines ran too short to see what "
            f"{budget:g} {alarms} a month look like: their alarm level is prolonged, and\n"
            "  faults may not reach it. Learn from more, or allow more by --false-alarms."
        )


def score(
    context: typer.Context,
    fleet: str = FLEET,
    file: str | None = typer.Argument(
        None, help="A file, folder or pattern to score instead of the fleet's new readings."
    ),
    out: Path | None = typer.Option(None, "--out", help="Where the scores of FILE go."),
    version: int | None = typer.Option(
        None, "--version", help="Version to score by; the champion if not given."
    ),
    engine: str | None = ENGINE,
    as_json: bool = JSON,
) -> None:
    """Judge what is new in a fleet and update its events; or score files aside."""
    from appliance.client.line import parsed
    from appliance.pipelines.score import ScoreReport

    own: Context = context.obj
    if file is not None:
        _score_file(own, fleet, file, out, version=version, engine=engine, as_json=as_json)
        return
    with own.plant() as plant, progress() as shown:
        work = plant.fleet(fleet).score(version=version, engine=engine)
        report = parsed(ScoreReport, work.wait(progress=shown))
    if as_json:
        print_json(_plain(report))
    else:
        _print_scores(report)


def _score_file(
    own: Context,
    fleet: str,
    file: str,
    out: Path | None,
    *,
    version: int | None,
    engine: str | None,
    as_json: bool,
) -> None:
    from appliance.pipelines.score_files import score_files

    with own.site() as site, progress() as shown:
        done = score_files(
            site, fleet, file, out, version=version, engine=engine, progress=shown
        )
    if as_json:
        told = {"fleet": fleet, "rows": done.rows, "alarms": done.alarms, "out": done.out}
        print_json(told)
    else:
        print(f"{done.rows:,} rows scored, {done.alarms:,} alarms: {done.out}")


def _plain(report: ScoreReport) -> dict[str, object]:
    from dataclasses import asdict

    return asdict(report)


def _print_scores(report: ScoreReport) -> None:
    if not report.rows and report.events is None:
        print(f"{report.fleet}: nothing new to score.")
        return
    print(
        f"{report.fleet} by version {report.model_version}: {report.rows:,} readings, "
        f"{report.judged:,} judged, {report.alarms:,} at or above their threshold"
    )
    if report.masked:
        print(f"  not judged, in the calendar: {report.masked:,}")
    if report.unknown:
        shown = ", ".join(report.unknown[:8])
        print(f"  not judged, no model: {shown}{' …' if len(report.unknown) > 8 else ''}")
    if report.events is not None:
        made = report.events
        print(
            f"  events: {made.opened} opened, {made.revised} revised, "
            f"{made.withdrawn} withdrawn"
        )
        print(f"Next: kizashi events {report.fleet}")


def models(context: typer.Context, fleet: str = FLEET, as_json: bool = JSON) -> None:
    """List the versions of a fleet's model."""
    own: Context = context.obj
    with own.plant() as plant:
        found, zone = [*plant.fleet(fleet).models()], plant.zone()
    if as_json:
        print_json([version.model_dump(mode="json") for version in found])
        return
    if not found:
        print(f"{fleet} has no model yet. Train one: kizashi train {fleet}")
        return
    print_table(
        ("version", "alias", "recipe", "assets", "failed", "rows", "from", "to", "made"),
        [
            (
                str(v.version),
                ", ".join(v.aliases),
                v.lineage.recipe.name,
                f"{v.lineage.assets:,}",
                f"{len(v.lineage.failures):,}",
                f"{v.lineage.rows:,}",
                local(v.lineage.data_start, zone),
                local(v.lineage.data_end, zone),
                local(v.created, zone),
            )
            for v in found
        ],
        right="rllrrr",
    )


def model(
    context: typer.Context,
    fleet: str = FLEET,
    version: int | None = typer.Argument(None, help="Version; the champion if not given."),
    assets: list[str] = typer.Option([], "--asset", help="Machine; repeatable; all if none."),
    as_json: bool = JSON,
) -> None:
    """Say what a version found out about each machine, and why it judges so."""
    own: Context = context.obj
    with own.plant() as plant:
        known = plant.fleet(fleet)
        number = version if version is not None else known.get().champion
        if number is None:
            raise NotFound(
                f"{fleet} has no champion.", remedy=f"Train a model: kizashi train {fleet}"
            )
        found = [*known.model_assets(number)]
    if assets:
        gone = sorted({*assets} - {one.asset for one in found})
        if gone:
            raise NotFound(f"version {number} of {fleet} knows no {', '.join(gone)}.")
        found = [one for one in found if one.asset in assets]
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    for one in found:
        print(one.asset)
        for sentence in one.reasons or (f"no model: {one.problem}",):
            print(f"  {sentence}")


def promote(
    context: typer.Context,
    fleet: str = FLEET,
    version: int = typer.Argument(help="Version that is to alarm."),
    as_json: bool = JSON,
) -> None:
    """Make a version the champion: the one that alarms."""
    own: Context = context.obj
    with own.plant() as plant:
        found = plant.fleet(fleet).promote(version)
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        print(f"{fleet}: version {found.version} is champion. Next: kizashi score {fleet}")


def rollback(context: typer.Context, fleet: str = FLEET, as_json: bool = JSON) -> None:
    """Go back to the champion before this one."""
    own: Context = context.obj
    with own.plant() as plant:
        found = plant.fleet(fleet).rollback()
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        print(
            f"{fleet}: version {found.version} is champion again. Next: kizashi score {fleet}"
        )
