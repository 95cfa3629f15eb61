"""Commands on the lives of machines that ran to failure, and what is learned from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from appliance.cli.context import Context, local, print_json, print_table
from appliance.cli.data import FLEET, JSON

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from appliance.schemas.life import Life, Lives, LivesLearned

group = typer.Typer(
    name="lives",
    help="Machines that ran to failure, and what they tell of how long others last.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group.command("list")(list_lives)
    group.command()(learn)
    group.command()(forget)
    app.add_typer(group)


def list_lives(context: typer.Context, fleet: str = FLEET, as_json: bool = JSON) -> None:
    """List the lives that ended in a failure, and what was learned from them."""
    own: Context = context.obj
    with own.plant() as plant:
        found, zone = plant.fleet(fleet).lives(), plant.zone()
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    if found.ended:
        head = ("asset", "life", "from", "failed", "learned from")
        print_table(head, [_cells(one, found.learned, zone) for one in found.ended], right="lr")
    print(
        f"{fleet}: {len(found.ended)} lives ended in a failure, {found.running} go on; "
        f"{found.needed} must have ended to learn from."
    )
    print(_state(found, zone))


def learn(
    context: typer.Context,
    fleet: str = FLEET,
    cap: float | None = typer.Option(
        None, "--cap", min=0, help="Days left from which on a machine counts as new."
    ),
    from_repair: bool = typer.Option(
        False, "--from-repair", help="Only lives that begin at a repair."
    ),
    as_json: bool = JSON,
) -> None:
    """Learn from machines that failed how long others last; `kizashi rul` then tells by it.

    A life ends where the calendar tells of a failure of that machine, and another begins when
    the failure is over.  Machines that still run are not learned from.
    """
    from appliance.cli.asking import asked
    from appliance.schemas.life import LivesLearned

    own: Context = context.obj
    with own.plant() as plant:
        done = asked(
            plant,
            "learn_lives",
            fleet,
            LivesLearned,
            cap_days=cap,
            from_repair=from_repair or None,
        )
    if as_json:
        print_json(done.model_dump(mode="json"))
        return
    print(_told(done))
    for one in done.aside:
        print(f"  left aside: {one.life.asset}, life {one.life.number}: {one.why}")
    if done.outlasted:
        print(
            f"  {done.outlasted} of {done.running} running machines already lasted longer "
            "than the usual life: what is told is rather too short."
        )
    print(f"Next: kizashi rul {fleet}")


def forget(context: typer.Context, fleet: str = FLEET) -> None:
    """Let go what was learned of a fleet's lives: health is carried on again."""
    own: Context = context.obj
    with own.plant() as plant:
        plant.fleet(fleet).forget_lives()
    print(f"{fleet}: forgotten.")


# ---------------------------------------------------------------- what is told
def _cells(one: Life, learned: LivesLearned | None, zone: ZoneInfo) -> tuple[str, ...]:
    known = "yes" if learned is not None and one.window in learned.windows else ""
    return one.asset, str(one.number), local(one.start, zone), local(one.end, zone), known


def _state(found: Lives, zone: ZoneInfo) -> str:
    if found.learned is None:
        return f"Nothing was learned from them yet. Next: kizashi lives learn {found.fleet}"
    return f"{local(found.learned.learned, zone)}: {_told(found.learned)}"


def _told(done: LivesLearned) -> str:
    return (
        f"learned from {done.lives} lives of {done.machines} machines: up to "
        f"{done.cap_days:g} days ahead, {done.error_days:g} days off on machines left out "
        "(root mean square)."
    )
