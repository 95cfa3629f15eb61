"""Commands on sources: where readings come from by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from appliance.cli.asking import secret
from appliance.cli.context import Context, local, print_json, print_table
from appliance.cli.data import JSON

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from appliance.schemas.preview import Preview
    from appliance.schemas.source import Feed, Folder, Mqtt, Source, SourceDraft, Sql

NAME = typer.Argument(help="Name of the source.")
FLEET = typer.Option(..., "--fleet", help="Fleet that the readings belong to.")
ASSET = typer.Option(None, "--asset", help="Column of machines; =NAME for a single one.")
CONTEXT = typer.Option([], "--context", help="Column that explains normal change; repeatable.")
ZONE = typer.Option("", "--timezone", help="Zone of times written without one; the site's.")
LAYOUT = typer.Option("auto", "--layout", help="auto, wide (a column a sensor) or long.")
EVERY = typer.Option(60.0, "--every", help="Seconds between two looks.")
UNJUDGED = typer.Option(False, "--no-score", help="Do not score new readings at once.")
TRY = typer.Option(False, "--try", help="Show what it would bring, and add nothing.")
STDIN = typer.Option(
    False,
    "--secret-stdin",
    help="Read the password from standard input; asked for at a terminal.",
)

_FIXED = frozenset({"name", "origin", "kind", "paused"})
"""What `edit` does not change."""

group = typer.Typer(
    name="source",
    help="Where readings come from by themselves: a folder, a database or an MQTT broker.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (folder, sql, mqtt, feed, show, edit, pause, resume, remove):
        group.command()(command)
    group.command("list")(list_sources)
    app.add_typer(group)


def folder(
    context: typer.Context,
    name: str = NAME,
    path: str = typer.Argument(".", help="The folder, from the site's import folder on."),
    fleet: str = FLEET,
    pattern: str = typer.Option("*", "--pattern", help="Which files: '*.csv'."),
    remove_files: bool = typer.Option(False, "--remove", help="Remove files once they are in."),
    settled: float = typer.Option(10.0, "--settled", help="Seconds a file must be at rest."),
    time: str | None = typer.Option(None, "--time", help="Column of times."),
    asset: str | None = ASSET,
    contexts: list[str] = CONTEXT,
    timezone: str = ZONE,
    layout: str = LAYOUT,
    every: float = EVERY,
    unjudged: bool = UNJUDGED,
    attempt: bool = TRY,
    as_json: bool = JSON,
) -> None:
    """Let files that are put into a folder be brought in."""
    origin = {
        "kind": "folder",
        "path": path,
        "pattern": pattern,
        "after": "remove" if remove_files else "keep",
        "settled": settled,
    }
    facts = _facts(asset, contexts, timezone, layout, every, unjudged) | {"time": time}
    _add(context, {"name": name, "fleet": fleet, "origin": origin, **facts}, attempt, as_json)


def sql(
    context: typer.Context,
    name: str = NAME,
    fleet: str = FLEET,
    host: str = typer.Option(..., "--host", help="Name or address, or a socket's folder."),
    database: str = typer.Option(..., "--database", help="Name of the database."),
    table: str = typer.Option("", "--table", help="Table or view: line2.readings"),
    query: str = typer.Option("", "--query", help="A query instead of a table."),
    dialect: str = typer.Option(
        "postgresql", "--dialect", help="postgresql, mysql, mssql or oracle."
    ),
    port: int | None = typer.Option(None, "--port", help="Port, if not the usual one."),
    user: str = typer.Option("", "--user", help="Name at the database; reading suffices."),
    secret_stdin: bool = STDIN,
    time: str = typer.Option("time", "--time", help="Column of times."),
    late: float = typer.Option(300.0, "--late", help="Seconds by which rows may come late."),
    asset: str | None = ASSET,
    contexts: list[str] = CONTEXT,
    timezone: str = ZONE,
    layout: str = LAYOUT,
    every: float = EVERY,
    unjudged: bool = UNJUDGED,
    attempt: bool = TRY,
    as_json: bool = JSON,
) -> None:
    """Let rows of a table or query be brought in, in order of time."""
    origin = {
        "kind": "sql",
        "dialect": dialect,
        "host": host,
        "port": port,
        "database": database,
        "user": user,
        "password": secret("Password: ", from_stdin=secret_stdin) if user else None,
        "table": table,
        "query": query,
        "time": time,
        "late": late,
    }
    facts = _facts(asset, contexts, timezone, layout, every, unjudged)
    _add(context, {"name": name, "fleet": fleet, "origin": origin, **facts}, attempt, as_json)


def mqtt(
    context: typer.Context,
    name: str = NAME,
    fleet: str = FLEET,
    host: str = typer.Option(..., "--host", help="Name or address of the broker."),
    topic: str = typer.Option(
        ..., "--topic", help="With names in braces: plant/{asset}/{sensor}"
    ),
    port: int = typer.Option(1883, "--port", help="Port of the broker."),
    tls: bool = typer.Option(False, "--tls", help="Encrypt, and let the broker prove itself."),
    user: str = typer.Option("", "--user", help="Name at the broker, with a password."),
    secret_stdin: bool = STDIN,
    payload: str = typer.Option("number", "--payload", help="number or json."),
    time: str = typer.Option("", "--time", help="Field of times in JSON payloads."),
    field: str = typer.Option("", "--asset-field", help="Field that names the machine."),
    step: float = typer.Option(
        1.0, "--step", help="Seconds; values within a step are one reading."
    ),
    contexts: list[str] = CONTEXT,
    every: float = EVERY,
    unjudged: bool = UNJUDGED,
    attempt: bool = TRY,
    as_json: bool = JSON,
) -> None:
    """Let messages of a broker be brought in."""
    origin = {
        "kind": "mqtt",
        "host": host,
        "port": port,
        "tls": tls,
        "user": user,
        "password": secret("Password: ", from_stdin=secret_stdin) if user else None,
        "topic": topic,
        "payload": payload,
        "time": time,
        "asset": field,
        "step": step,
    }
    facts = _facts(None, contexts, "", "auto", every, unjudged)
    _add(context, {"name": name, "fleet": fleet, "origin": origin, **facts}, attempt, as_json)


def feed(
    context: typer.Context,
    name: str = NAME,
    kind: str = typer.Argument(help="The source's name in its package."),
    fleet: str = FLEET,
    given: list[str] = typer.Option([], "--set", help="NAME=VALUE of its options; repeatable."),
    password: bool = typer.Option(False, "--password", help="It is given a password."),
    secret_stdin: bool = STDIN,
    asset: str | None = ASSET,
    contexts: list[str] = CONTEXT,
    every: float = EVERY,
    unjudged: bool = UNJUDGED,
    attempt: bool = TRY,
    as_json: bool = JSON,
) -> None:
    """Let a source of an installed package bring readings."""
    from appliance.cli.jobs import arguments

    asks = password or secret_stdin
    origin = {
        "kind": "feed",
        "feed": kind,
        "options": arguments(given),
        "password": secret("Password: ", from_stdin=secret_stdin) if asks else None,
    }
    facts = _facts(asset, contexts, "", "auto", every, unjudged)
    _add(context, {"name": name, "fleet": fleet, "origin": origin, **facts}, attempt, as_json)


def list_sources(
    context: typer.Context,
    fleet: str | None = typer.Option(None, "--fleet", help="Only those of this fleet."),
    as_json: bool = JSON,
) -> None:
    """List the sources and how each fares."""
    own: Context = context.obj
    with own.plant() as plant:
        found, zone = [*plant.sources.list(fleet)], plant.zone()
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
    elif not found:
        print("There is no source yet: kizashi source folder NAME …, or sql, mqtt, feed")
    else:
        head = ("source", "fleet", "from", "state", "readings", "latest", "error")
        print_table(head, [_cells(one, zone) for one in found], "llllr")


def show(context: typer.Context, name: str = NAME, as_json: bool = JSON) -> None:
    """Tell one source, how it fares, and what to do if it fails."""
    own: Context = context.obj
    with own.plant() as plant:
        _tell(plant.sources.get(name), plant.zone(), as_json)


def edit(
    context: typer.Context,
    name: str = NAME,
    changes: list[str] = typer.Argument(
        help="What is to be otherwise, by its name in `show --json`: every=300 pattern='*.csv'"
    ),
    secret_stdin: bool = typer.Option(
        False, "--secret-stdin", help="Read another password from standard input."
    ),
    as_json: bool = JSON,
) -> None:
    """Change a source; what is not said stays, and so does its password."""
    from appliance.cli.words import fitted
    from appliance.schemas.source import SourceDraft

    own: Context = context.obj
    with own.plant() as plant:
        found = plant.sources.get(name)
        told = _changed(found, changes)
        if secret_stdin:
            told["origin"]["password"] = secret("Password: ", from_stdin=True)
        draft = fitted(SourceDraft, told, "source")
        _tell(plant.sources.put(draft, found.revision), plant.zone(), as_json)


def pause(context: typer.Context, name: str = NAME, as_json: bool = JSON) -> None:
    """Let a source bring nothing until it is resumed."""
    own: Context = context.obj
    with own.plant() as plant:
        _tell(plant.sources.pause(name), plant.zone(), as_json)


def resume(context: typer.Context, name: str = NAME, as_json: bool = JSON) -> None:
    """Let a paused source go on where it was."""
    own: Context = context.obj
    with own.plant() as plant:
        _tell(plant.sources.resume(name), plant.zone(), as_json)


def remove(context: typer.Context, name: str = NAME, as_json: bool = JSON) -> None:
    """Remove a source; what it brought stays."""
    own: Context = context.obj
    with own.plant() as plant:
        plant.sources.remove(name)
    if as_json:
        print_json({"source": name, "removed": True})
    else:
        print(f"{name}: removed")


# ---------------------------------------------------------------- what they share
def _facts(
    asset: str | None,
    contexts: list[str],
    timezone: str,
    layout: str,
    every: float,
    unjudged: bool,
) -> dict[str, Any]:
    return {
        "asset": asset,
        "context": contexts,
        "timezone": timezone,
        "layout": layout,
        "every": every,
        "judge": not unjudged,
    }


def _changed(source: Source, changes: list[str]) -> dict[str, Any]:
    """Return a source as it is asked for, with what is to be otherwise."""
    from appliance.core.errors import InvalidRequest
    from appliance.schemas.source import SourceDraft

    told = source.model_dump(mode="json", include=set(SourceDraft.model_fields))
    # What both have is the origin's: it says where a time or a machine stands there.
    places = [(told["origin"], type(source.origin)), (told, SourceDraft)]
    for change in changes:
        key, sign, value = change.partition("=")
        at = next((one for one in places if key in one[0] and key not in _FIXED), None)
        if not sign or at is None:
            known = sorted({name for place, _ in places for name in place} - _FIXED)
            raise InvalidRequest(
                f"{change!r} changes nothing of a source.",
                remedy=f"NAME=VALUE, with one of: {', '.join(known)}.",
            )
        place, kind = at
        usual = kind.model_fields[key].default
        given: Any = value.split(",") if isinstance(usual, tuple) else value
        place[key] = usual if not value and usual in (None, ()) else given
    return told


def _add(context: typer.Context, told: dict[str, Any], attempt: bool, as_json: bool) -> None:
    from appliance.cli.words import fitted
    from appliance.schemas.source import SourceDraft

    draft = fitted(SourceDraft, told, "source")
    own: Context = context.obj
    with own.plant() as plant:
        if attempt:
            trial = plant.sources.attempt(draft)
        else:
            _tell(plant.sources.add(draft), plant.zone(), as_json)
            return
    if as_json:
        print_json(trial.model_dump(mode="json"))
    elif trial.preview is not None:
        _show(draft, trial.preview)
    else:
        print(f"{draft.name}: {trial.error} {trial.remedy}".rstrip())
    if trial.preview is None or trial.preview.refused:
        raise typer.Exit(1)


def _show(draft: SourceDraft, preview: Preview) -> None:
    """Print the first rows that would come, and how they would be understood."""
    columns = preview.columns
    rows = list(zip(*(one.cells for one in columns), strict=False))[:5]
    print_table([one.name for one in columns], rows)
    for guess in preview.guesses:
        print(f"  {guess}")
    if preview.refused:
        print(f"{draft.name}: {preview.refused} {preview.remedy}".rstrip())


def _tell(source: Source, zone: ZoneInfo, as_json: bool) -> None:
    if as_json:
        print_json(source.model_dump(mode="json"))
        return
    every = f"every {source.every:g} s"
    where = _where(source.origin)
    print(f"{source.name}: {where} into {source.fleet}, {every}, {source.state.value}")
    if source.latest is not None:
        print(f"  {source.rows:,} readings, the latest of {local(source.latest, zone)}")
    if source.refused:
        print(f"  {source.refused:,} refused. {source.refusal}".rstrip())
    if source.error:
        print(f"  {source.error} {source.remedy}".rstrip())


def _cells(source: Source, zone: ZoneInfo) -> tuple[str, ...]:
    latest = local(source.latest, zone) if source.latest else ""
    where, state = _where(source.origin), source.state.value
    rows = f"{source.rows:,}"
    return source.name, source.fleet, where, state, rows, latest, source.error


def _where(origin: Folder | Sql | Mqtt | Feed) -> str:
    if origin.kind == "feed":
        return f"feed {origin.feed}"
    if origin.kind == "folder":
        return f"folder {origin.path}/{origin.pattern}"
    if origin.kind == "sql":
        return f"{origin.dialect} {origin.host}/{origin.database} {origin.table or 'query'}"
    return f"mqtt {origin.host}:{origin.port} {origin.topic}"
