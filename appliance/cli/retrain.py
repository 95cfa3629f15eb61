"""Commands that keep models fresh: retraining, approvals, other budgets and limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from appliance.cli.asking import asked, told_recipe
from appliance.cli.backtest import LOOK_BACK
from appliance.cli.context import Context, local, print_json, print_table
from appliance.cli.data import FLEET, JSON
from appliance.cli.models import ENGINE

if TYPE_CHECKING:
    from appliance.schemas.approval import Approval, Check, PromoteWhen, RetrainReport

APPROVAL = typer.Argument(help="Identifier of the approval.")
NOTE = typer.Option("", "--note", help="Why.")
_OUTCOMES = {
    "promoted": "version {version} is champion.",
    "kept": "version {champion} stays champion; version {version} waits as challenger.",
    "waits": "version {version} waits for an answer: approval {approval}.",
}


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (retrain, tune, adjust, approvals, approve, refuse):
        app.command()(command)


def retrain(
    context: typer.Context,
    fleet: str = FLEET,
    recipe: str | None = typer.Option(
        None, "--recipe", help="auto, a detector's name, or a file; the champion's."
    ),
    recent: float = typer.Option(
        30.0, "--recent", min=0.01, help="Latest days, on which the two are compared."
    ),
    learn: float | None = typer.Option(
        None, "--learn", min=0.01, help="Days before those to learn from; all of them."
    ),
    promote: str = typer.Option("when better", "--promote", help="when better, ask or never."),
    look_back: float = LOOK_BACK,
    engine: str | None = ENGINE,
    as_json: bool = JSON,
) -> None:
    """Learn a challenger from newer readings, compare it, and promote it or ask."""
    from appliance.schemas.approval import RetrainReport

    own: Context = context.obj
    with own.plant() as plant:
        done = asked(
            plant,
            "retrain",
            fleet,
            RetrainReport,
            recipe=told_recipe(recipe),
            recent_days=recent,
            learn_days=learn,
            promote=_when(promote),
            look_back_days=look_back,
            engine=engine,
        )
    if as_json:
        print_json(done.model_dump(mode="json"))
    else:
        _print_retrained(done)


def tune(
    context: typer.Context,
    fleet: str = FLEET,
    recipe: str | None = typer.Option(
        None, "--recipe", help="Try its detector with other parameters; all detectors."
    ),
    trials: int = typer.Option(24, "--trials", min=2, help="Recipes to try, at most."),
    name: str | None = typer.Option(
        None, "--name", help="Of the recipe that is saved; tuned_ and the fleet's."
    ),
    engine: str | None = ENGINE,
    as_json: bool = JSON,
) -> None:
    """Search a recipe that suits a fleet, without labels, and save it."""
    from appliance.schemas.tuning import Tuning

    own: Context = context.obj
    with own.plant() as plant:
        done = asked(
            plant,
            "tune",
            fleet,
            Tuning,
            recipe=told_recipe(recipe),
            trials=trials,
            save_as=name,
            engine=engine,
        )
    if as_json:
        print_json(done.model_dump(mode="json"))
        return
    print(done.words)
    print(f"Next: kizashi train {fleet} --recipe {done.name}")


def _when(text: str) -> PromoteWhen:
    from typing import get_args

    from appliance.core.errors import InvalidRequest
    from appliance.schemas.approval import PromoteWhen

    for known in get_args(PromoteWhen):
        if text == known:
            found: PromoteWhen = known
            return found
    raise InvalidRequest(f"--promote {text}: it is when better, ask or never.")


def adjust(
    context: typer.Context,
    fleet: str = FLEET,
    budget: float | None = typer.Option(
        None, "--false-alarms", help="Events a machine and month in normal running."
    ),
    limits: bool = typer.Option(
        False, "--limits", help="Take the sensors' limits as they are now."
    ),
    version: int | None = typer.Option(
        None, "--version", help="Version to start from; the champion if not given."
    ),
    as_json: bool = JSON,
) -> None:
    """Make a version with another budget or other limits, without learning anew."""
    from appliance.schemas.model import ModelVersion

    own: Context = context.obj
    with own.plant() as plant:
        made = asked(
            plant,
            "adjust",
            fleet,
            ModelVersion,
            version=version,
            budget=budget,
            limits=limits or None,
        )
    if as_json:
        print_json(made.model_dump(mode="json"))
        return
    print(
        f"{fleet} version {made.version}, from version {made.lineage.derived_from}; "
        f"kizashi promote {fleet} {made.version}"
    )


def approvals(
    context: typer.Context,
    fleet: str | None = typer.Argument(None, help="Only of this fleet."),
    every: bool = typer.Option(False, "--all", help="Also those that were answered."),
    as_json: bool = JSON,
) -> None:
    """List the challengers that wait for somebody's word."""
    from appliance.schemas.approval import ApprovalState

    own: Context = context.obj
    states = tuple(ApprovalState) if every else (ApprovalState.WAITING,)
    with own.plant() as plant:
        zone, every_fleet = plant.zone(), plant.approvals(states)
        found = [one for one in every_fleet if fleet in (None, one.fleet)]
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
    elif found:
        print_table(
            ("asked", "fleet", "version", "instead of", "speaks against it", "state", "id"),
            [
                (
                    local(one.asked, zone),
                    one.fleet,
                    str(one.version),
                    str(one.champion),
                    ", ".join(check.name for check in one.checks if not check.passed),
                    one.state.value,
                    one.id,
                )
                for one in found
            ],
            right="llrr",
        )
    else:
        print("Nothing waits for an answer.")


def approve(
    context: typer.Context,
    approval: str = APPROVAL,
    note: str = NOTE,
    as_json: bool = JSON,
) -> None:
    """Make the challenger that an approval is about the champion."""
    _answer(context, approval, note, approved=True, as_json=as_json)


def refuse(
    context: typer.Context,
    approval: str = APPROVAL,
    note: str = NOTE,
    as_json: bool = JSON,
) -> None:
    """Leave the champion as it is."""
    _answer(context, approval, note, approved=False, as_json=as_json)


def _answer(
    context: typer.Context, approval: str, note: str, *, approved: bool, as_json: bool
) -> None:
    from appliance.core.errors import NotFound
    from appliance.schemas.approval import ApprovalState

    own: Context = context.obj
    with own.plant() as plant:
        known = {one.id: one.fleet for one in plant.approvals(tuple(ApprovalState))}
        if approval not in known:
            raise NotFound(f"there is no approval {approval}.")
        said: Approval = plant.fleet(known[approval]).answer(approval, approved, note)
    if as_json:
        print_json(said.model_dump(mode="json"))
    elif approved:
        fleet = said.fleet
        print(f"{fleet}: version {said.version} is champion. Next: kizashi score {fleet}")
    else:
        print(f"{said.fleet}: version {said.champion} stays champion.")


def _print_retrained(done: RetrainReport) -> None:
    for check in done.checks:
        print(_line(check))
    told = _OUTCOMES[done.outcome].format(**done.model_dump())
    print(f"{done.fleet}: {told}")
    if done.outcome == "promoted":
        print(f"Next: kizashi score {done.fleet}")
    elif done.approval is not None:
        print(f"Answer: kizashi approve {done.approval}, or kizashi refuse {done.approval}")


def _line(check: Check) -> str:
    return f"  {'holds' if check.passed else 'fails'}  {check.name}: {check.text}"
