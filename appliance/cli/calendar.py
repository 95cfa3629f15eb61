"""Commands on the calendar: windows in which machines do not run as usual."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from appliance.cli.context import Context, local, moment, print_json, print_table
from appliance.cli.data import FLEET, JSON

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from appliance.cli.here import Here
    from appliance.client import Plant
    from appliance.schemas.calendar import CalendarPreview, Window, WindowDraft, WindowKind
    from appliance.schemas.event import EventDraft

WINDOW = typer.Argument(help="Identifier of the window.")
ASSET = typer.Option([], "--asset", help="Only this machine; repeatable.")
SITE = typer.Option(False, "--site", help="For every fleet of the site.")
KINDS = "maintenance, planned_stop, test_run, other, failure or normal."
SINCE = typer.Option(None, "--from", help="When it begins; the first time of several.")
UNTIL = typer.Option(None, "--until", help="When it is over.")
KIND = typer.Option(None, "--kind", help=KINDS)
TITLE = typer.Option(None, "--title", help="What is done.")
RULE = typer.Option(None, "--rule", help="When it returns: FREQ=WEEKLY;BYDAY=SA.")
ZONE = typer.Option(None, "--zone", help="Zone of the clock it goes by; the site's.")

group = typer.Typer(
    name="calendar",
    help="When machines do not run as usual: not learned from, not judged, no alarm.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (add, edit, remove, preview, history):
        group.command()(command)
    group.command("list")(list_windows)
    group.command("import")(import_file)
    app.add_typer(group)


def add(
    context: typer.Context,
    fleet: str = FLEET,
    since: str | None = SINCE,
    until: str | None = UNTIL,
    asset: list[str] = ASSET,
    everywhere: bool = SITE,
    kind: str | None = KIND,
    title: str | None = TITLE,
    rule: str | None = RULE,
    zone: str | None = ZONE,
    as_json: bool = JSON,
) -> None:
    """Add a window, also of the past; the next `score` judges anew what it bears on."""
    own: Context = context.obj
    given = _Given(since, until, kind, title, rule, zone)
    with own.plant() as plant:
        site_zone = plant.zone()
        drafts = _drafts(site_zone, None if everywhere else fleet, asset, given)
        made = [plant.calendar.add(draft).window for draft in drafts]
    _print_changed(made, "added", site_zone, as_json=as_json)
    if not as_json:
        print(f"Next: kizashi score {fleet}")


def edit(
    context: typer.Context,
    fleet: str = FLEET,
    window: str = WINDOW,
    since: str | None = SINCE,
    until: str | None = UNTIL,
    kind: str | None = KIND,
    title: str | None = TITLE,
    rule: str | None = RULE,
    zone: str | None = ZONE,
    as_json: bool = JSON,
) -> None:
    """Change a window; what is not said stays.  An empty rule makes it hold once."""
    from appliance.cli.words import fitted
    from appliance.schemas.calendar import WindowDraft

    own: Context = context.obj
    given = _Given(since, until, kind, title, rule, zone)
    with own.plant() as plant:
        site_zone = plant.zone()
        known = _of_fleet(plant, fleet, window)
        facts = known.model_dump(include=set(WindowDraft.model_fields))
        values = {**facts, **given.values(site_zone, known.zone)}
        draft = fitted(WindowDraft, values, "window")
        made = plant.calendar.edit(window, draft, known.revision).window
    _print_changed([made], "changed", site_zone, as_json=as_json)
    if not as_json:
        print(f"Next: kizashi score {fleet}")


def remove(
    context: typer.Context,
    fleet: str = FLEET,
    window: str = WINDOW,
    as_json: bool = JSON,
) -> None:
    """Remove a window; the next `score` brings back what it hid."""
    own: Context = context.obj
    with own.plant() as plant:
        site_zone = plant.zone()
        known = _of_fleet(plant, fleet, window)
        gone = plant.calendar.remove(window, known.revision).window
    _print_changed([gone], "removed", site_zone, as_json=as_json)
    if not as_json:
        print(f"Next: kizashi score {fleet}")


def list_windows(context: typer.Context, fleet: str = FLEET, as_json: bool = JSON) -> None:
    """List the windows that hold for a fleet, those of the site among them."""
    own: Context = context.obj
    with own.plant() as plant:
        plant.fleet(fleet).get()
        found, zone = [*plant.calendar.list(fleet)], plant.zone()
    if as_json:
        print_json([window.model_dump(mode="json") for window in found])
    elif not found:
        print(f"{fleet}: no window in the calendar.")
    else:
        _print_windows(found, zone)


def import_file(
    context: typer.Context,
    fleet: str = FLEET,
    file: Path = typer.Argument(help="A calendar file (.ics)."),
    asset: str | None = typer.Option(None, "--asset", help="Only for this machine."),
    everywhere: bool = SITE,
    kind: str = typer.Option("maintenance", "--kind", help=KINDS),
    as_json: bool = JSON,
) -> None:
    """Bring in a calendar file; a later version of it renews its windows."""
    own: Context = context.obj
    where = None if everywhere else fleet
    with own.plant() as plant:
        done = plant.calendar.import_file(file, where, asset=asset, kind=_kind(kind)).report
    if as_json:
        print_json(done.model_dump(mode="json"))
        return
    print(
        f"{file.name}: {done.added} windows added, {done.changed} changed, "
        f"{done.unchanged} as before, {done.removed} removed"
    )
    for note in done.notes:
        print(f"  passed over: {note}")
    print(f"Next: kizashi score {fleet}")


def preview(
    context: typer.Context,
    fleet: str = FLEET,
    since: str | None = SINCE,
    until: str | None = UNTIL,
    asset: list[str] = ASSET,
    everywhere: bool = SITE,
    kind: str | None = KIND,
    rule: str | None = RULE,
    zone: str | None = ZONE,
    removing: list[str] = typer.Option(
        [], "--remove", help="A window that would go; repeatable."
    ),
    as_json: bool = JSON,
) -> None:
    """Tell what a window, or what changed since the last `score`, would do; write nothing."""
    own: Context = context.obj
    given = _Given(since, until, kind, None, rule, zone)
    with own.plant() as plant:
        site_zone = plant.zone()
        drafts: list[WindowDraft] = []
        if since is not None or until is not None:
            drafts = _drafts(site_zone, None if everywhere else fleet, asset, given)
        ahead = plant.calendar.preview(fleet, drafts, removing)
    if as_json:
        print_json(ahead.model_dump(mode="json"))
    else:
        _print_preview(ahead, site_zone)


def history(context: typer.Context, window: str = WINDOW, as_json: bool = JSON) -> None:
    """Tell who made what of a window, and when."""
    own: Context = context.obj
    with own.plant() as plant:
        found, zone = [*plant.calendar.history(window)], plant.zone()
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    for one in found:
        said = one.facts
        times = f"{local(said.start, zone)} to {local(said.end, zone)}"
        facts = (said.kind.value, times, said.rule, said.title)
        print(f"{local(one.at, zone)}  {one.change.value} by {one.by}:", *filter(None, facts))


# ---------------------------------------------------------------- what was given
class _Given:
    """Options that say what a window is."""

    def __init__(
        self,
        since: str | None,
        until: str | None,
        kind: str | None,
        title: str | None,
        rule: str | None,
        zone: str | None,
    ) -> None:
        self._times = {"start": since, "end": until}
        self._kind = kind
        self._words = {"title": title, "rule": rule, "zone": zone}

    def values(self, site_zone: ZoneInfo, zone: str | None = None) -> dict[str, Any]:
        """Return the fields of a window that were given."""
        from appliance.calendar.rules import zone_of

        clock = zone_of(self._words["zone"] or zone or site_zone.key)
        options = {"start": "--from", "end": "--until"}
        found: dict[str, Any] = {
            name: moment(text, clock, options[name])
            for name, text in self._times.items()
            if text is not None
        }
        found |= {name: text for name, text in self._words.items() if text is not None}
        return found if self._kind is None else {**found, "kind": _kind(self._kind)}


def _kind(text: str) -> WindowKind:
    from appliance.cli.words import one_of
    from appliance.schemas.calendar import WindowKind

    return one_of(WindowKind, text, "--kind")


def _drafts(
    zone: ZoneInfo, fleet: str | None, assets: list[str], given: _Given
) -> list[WindowDraft]:
    """Return the window that was asked for: one for each asset."""
    from appliance.cli.words import fitted
    from appliance.core.errors import InvalidRequest
    from appliance.schemas.calendar import WindowDraft

    values = {"zone": zone.key, **given.values(zone)}
    if not {"start", "end"} <= set(values):
        raise InvalidRequest("a window needs both --from and --until.")
    if fleet is None and assets:
        raise InvalidRequest("--site and --asset exclude each other.")
    every: list[str | None] = [*assets] or [None]
    return [
        fitted(WindowDraft, {"fleet": fleet, "asset": asset, **values}, "window")
        for asset in every
    ]


def _of_fleet(plant: Plant | Here, fleet: str, window: str) -> Window:
    from appliance.core.errors import NotFound

    plant.fleet(fleet).get()
    for known in plant.calendar.list(fleet):
        if known.id == window:
            return known
    raise NotFound(
        f"fleet {fleet} has no window {window}.",
        remedy=f"`kizashi calendar list {fleet}` lists those it has.",
    )


# ---------------------------------------------------------------- what is told
def _print_changed(found: list[Window], what: str, zone: ZoneInfo, *, as_json: bool) -> None:
    if as_json:
        print_json([window.model_dump(mode="json") for window in found])
        return
    for window in found:
        print(f"{window.id}: {what}, {_place(window)}, {_times(window, zone)}")


def _place(window: Window) -> str:
    if window.fleet is None:
        return "site"
    return window.fleet if window.asset is None else f"{window.fleet} {window.asset}"


def _times(window: Window, zone: ZoneInfo) -> str:
    told = f"{local(window.start, zone)} to {local(window.end, zone)}"
    return f"{told}, {window.rule}" if window.rule else told


def _print_windows(found: list[Window], zone: ZoneInfo) -> None:
    print_table(
        ("from", "until", "returns", "for", "kind", "title", "by", "id"),
        [
            (
                local(window.start, zone),
                local(window.end, zone),
                window.rule,
                _place(window),
                window.kind.value,
                window.title,
                window.updated_by,
                window.id,
            )
            for window in found
        ],
    )


def _print_preview(ahead: CalendarPreview, zone: ZoneInfo) -> None:
    if not ahead.assets:
        print(f"{ahead.fleet}: no reading that was scored would be judged otherwise.")
        return
    print(
        f"{ahead.fleet}: {ahead.silenced:,} readings would no longer be judged, "
        f"{ahead.judged:,} would be judged again; machines: {len(ahead.assets)}."
    )
    rows = [("would vanish", _told(e, zone), "", e.id) for e in ahead.vanish]
    rows += [("would be part of another", _told(e, zone), "", e.id) for e in ahead.merge]
    rows += [
        ("would change", _told(d.event, zone), _told(d.after, zone), d.event.id)
        for d in ahead.change
    ]
    rows += [("would appear", "", _told(draft, zone), "") for draft in ahead.appear]
    if rows:
        print_table(("event", "before", "after", "id"), rows)
    else:
        print("No event would change.")


def _told(draft: EventDraft, zone: ZoneInfo) -> str:
    told = f"{draft.asset} {local(draft.start, zone)} to {local(draft.end, zone)}"
    return f"{told}, {draft.severity.value}"
