"""Commands on costs: what was paid and who for, what a run will take, budgets."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

import typer

from appliance.cli.completing import fleets as fleet_names
from appliance.cli.context import Context, print_json, print_table
from appliance.cli.data import JSON

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from appliance.schemas.cost import Budget, Costs, Estimate, RunCost

_MINUTE, _HOUR = 60.0, 3600.0
_NOBODY = "(site)"

cost = typer.Typer(
    name="cost", help="What the platform costs, and who for.", rich_markup_mode=None
)
budget = typer.Typer(
    name="budget",
    help="What projects, and the site, may cost in a month.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    cost.callback(invoke_without_command=True)(show)
    for command in (estimate, prices):
        cost.command()(command)
    app.add_typer(cost)
    budget.command("set")(put)
    budget.command("show")(budgets)
    budget.command("remove")(remove)
    app.add_typer(budget)


def show(
    context: typer.Context,
    by: str = typer.Option("fleet", "--by", help="project, fleet, asset, user or pipeline."),
    month: str | None = typer.Option(
        None, "--month", help="Month such as 2026-10; this one if not given."
    ),
    as_json: bool = JSON,
) -> None:
    """Tell what was paid in a month, and who for."""
    if context.invoked_subcommand is not None:
        return
    from appliance.cli.words import one_of
    from appliance.schemas.cost import CostBy

    own: Context = context.obj
    wanted = one_of(CostBy, by, "--by")
    with own.plant() as plant:
        zone = plant.zone()
        start, end = _month(month, zone)
        told = plant.costs(wanted, start=start, end=end)
    if as_json:
        print_json(told.model_dump(mode="json"))
    else:
        _print_costs(told, zone)


def estimate(
    context: typer.Context,
    pipeline: str = typer.Argument(help="Name of the pipeline: train, score …"),
    fleet: str | None = typer.Argument(
        None, help="Name of the fleet; none for the whole site.", autocompletion=fleet_names
    ),
    as_json: bool = JSON,
) -> None:
    """Tell how long a run will take and what it will cost."""
    own: Context = context.obj
    with own.plant() as plant:
        found = plant.costs.estimate(pipeline, fleet)
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        print(words_of(found))
        print(f"  {_basis(found)}")


def prices(context: typer.Context, as_json: bool = JSON) -> None:
    """Tell what power, machines and storage cost, and where that is said."""
    from appliance.schemas.cost import money

    own: Context = context.obj
    with own.plant() as plant:
        told = plant.costs.prices()
    if as_json:
        print_json(told.model_dump(mode="json"))
        return
    book, currency = told.book, told.book.currency
    watts = "measured" if told.measured else "estimated"
    rows = [
        ("where", book.place, ""),
        ("electricity", money(book.power.per_kwh, currency), "a kWh"),
        ("watts", f"{told.idle_watts:g} to {told.full_watts:g}", watts),
        ("hardware", money(book.hardware.price, currency), f"over {book.hardware.years:g} a"),
        ("this machine", money(told.machine_hour, currency), "an hour, idle"),
        ("a processor", money(told.core_hour, currency), "an hour, kept free or used"),
        ("at work", money(told.busy_core_hour, currency), "an hour beside that: its power"),
        ("memory", money(told.gb_hour, currency), "a GB and hour"),
        ("storage", money(book.storage.gb_month, currency), "a GB and month"),
    ]
    print_table(("what", "price", ""), rows, right="lrl")
    print(f"\nas of {book.as_of}: {book.source}")
    print(f"said in {told.file}" if told.file else "as it comes along; own prices: prices.toml")


# ---------------------------------------------------------------- budgets
def put(
    context: typer.Context,
    monthly: float = typer.Argument(help="What may be paid in a month."),
    project: str | None = typer.Option(None, "--project", help="Whose runs."),
    site: bool = typer.Option(False, "--site", help="The whole site, machines with it."),
    warn: float | None = typer.Option(
        None, "--warn", help="Share of it at which people are warned; 0.8 if not given."
    ),
    as_json: bool = JSON,
) -> None:
    """Set a budget: once it is spent, jobs that can wait are refused."""
    own: Context = context.obj
    with own.plant() as plant:
        made = plant.budgets.put(_whose(project, site=site), monthly, warn)
    if as_json:
        print_json(made.model_dump(mode="json"))
    else:
        _print_budgets([made])


def budgets(context: typer.Context, as_json: bool = JSON) -> None:
    """List the budgets, and how much of each is spent."""
    own: Context = context.obj
    with own.plant() as plant:
        found = plant.budgets.list()
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
    elif found:
        _print_budgets(found)
    else:
        print("There is no budget. `kizashi budget set AMOUNT --site` sets one.")


def remove(
    context: typer.Context,
    project: str | None = typer.Option(None, "--project", help="Whose runs."),
    site: bool = typer.Option(False, "--site", help="The whole site's."),
) -> None:
    """Remove a budget."""
    own: Context = context.obj
    with own.plant() as plant:
        plant.budgets.remove(_whose(project, site=site))


def _whose(project: str | None, *, site: bool) -> str | None:
    from appliance.core.errors import InvalidRequest

    if (project is None) != site:
        raise InvalidRequest("whose budget is not said.", remedy="Use --project or --site.")
    return project


# ---------------------------------------------------------------- words
def words_of(found: Estimate) -> str:
    """Return an estimate as a sentence."""
    from appliance.schemas.cost import money

    low, high = span(found.seconds_low), span(found.seconds_high)
    amounts = (
        money(found.amount_low, found.currency),
        money(found.amount_high, found.currency),
    )
    return (
        f"This will take about {span(found.seconds)} and "
        f"{money(found.amount, found.currency)} "
        f"(four of five times {low} to {high}, {amounts[0]} to {amounts[1]})."
    )


def paid(cost: RunCost) -> str:
    """Return what a run cost as a sentence, and what had been expected."""
    from appliance.schemas.cost import money

    told = f"It took {span(cost.wall_seconds)} and cost {money(cost.amount, cost.currency)}"
    if cost.estimated_seconds is None or cost.estimated_amount is None:
        return f"{told}."
    thought = money(cost.estimated_amount, cost.currency)
    return f"{told}; expected were {span(cost.estimated_seconds)} and {thought}."


def span(seconds: float) -> str:
    """Return a time as people say it."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 1.5 * _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 1.5 * _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    return f"{seconds / _HOUR:.1f} h"


def _basis(found: Estimate) -> str:
    if found.basis == "prior":
        return "No such run is known yet: this is a guess by its size alone."
    known = f"By {found.runs} runs of its kind"
    if found.error_ratio is None:
        return f"{known}."
    return f"{known}; estimates were off by {found.error_ratio:.0%}, the one in the middle."


def _month(text: str | None, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """Return the time of a month; nothing if it is this one."""
    from appliance.core.errors import InvalidRequest

    if text is None:
        return None, None
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise InvalidRequest(
            f"--month {text}: not a month.", remedy="Write it as 2026-10."
        ) from error
    following = (first + timedelta(days=32)).replace(day=1)
    return datetime.combine(first, time(), zone), datetime.combine(following, time(), zone)


def _print_costs(told: Costs, zone: ZoneInfo) -> None:
    from appliance.schemas.cost import money

    def amount(value: float) -> str:
        return money(value, told.currency)

    whole = told.allocated or 1.0
    rows = [
        (one.name or _NOBODY, amount(one.amount), f"{one.amount / whole:.0%}", f"{one.runs:,}")
        for one in told.lines
    ]
    days = f"{told.start.astimezone(zone):%Y-%m-%d} to {told.end.astimezone(zone):%Y-%m-%d}"
    print(f"{days}, by {told.by.value}")
    print_table((told.by.value, "paid", "share", "runs"), rows, right="lrrr")
    print(f"\nused: {amount(told.allocated)}")
    if told.total is not None and told.idle is not None:
        print(f"idle: {amount(told.idle)}   total: {amount(told.total)}", end="")
        print(f"   of it power: {amount(told.power or 0.0)} ({told.kwh or 0.0:.1f} kWh)")
    if told.forecast is not None:
        print(f"at the end of the month, if it goes on so: {amount(told.forecast)}")
    units = told.units
    for name, each in (
        ("a model trained", units.model),
        ("a million readings scored", units.million_readings),
        ("a true event", units.true_event),
    ):
        if each is not None:
            print(f"{name}: {amount(each)}")
    if told.left_out:
        print(f"{told.left_out} runs were paid in another currency and are not counted.")


def _print_budgets(found: list[Budget]) -> None:
    from appliance.schemas.cost import money

    print_table(
        ("whose", "budget", "spent", "share", "month's end", "state"),
        [
            (
                one.project or _NOBODY,
                money(one.monthly, one.currency),
                money(one.spent, one.currency),
                f"{one.spent / one.monthly:.0%}",
                money(one.forecast, one.currency),
                one.state,
            )
            for one in found
        ],
        right="lrrrrl",
    )
