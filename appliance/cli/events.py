"""Commands on events: what happened, what became of it, and the report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from appliance.cli.context import Context, local, moment, print_json, print_table, progress
from appliance.cli.data import FLEET, JSON

if TYPE_CHECKING:
    from datetime import timedelta
    from zoneinfo import ZoneInfo

    from appliance.schemas.event import Event, EventOrigin
    from appliance.schemas.manifest import TimeKind

EVENT = typer.Argument(help="Identifier of the event.")
_ARROWS = {1: "↑", -1: "↓", 0: ""}
_WORDS = {"watch": "watch", "plan": "plan", "act": "act now"}
_SHOWN = 3


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (
        events,
        event,
        acknowledge,
        close,
        reopen,
        assign,
        mute,
        unmute,
        comment,
        report,
    ):
        app.command()(command)


def events(
    context: typer.Context,
    fleet: str = FLEET,
    asset: list[str] = typer.Option([], "--asset", help="Only this machine; repeatable."),
    since: str | None = typer.Option(None, "--since", help="Only events that end after it."),
    until: str | None = typer.Option(None, "--until", help="Only events that begin before it."),
    faults: bool = typer.Option(False, "--faults", help="Only sensor faults."),
    anomalies: bool = typer.Option(False, "--anomalies", help="Only anomalies."),
    withdrawn: bool = typer.Option(False, "--withdrawn", help="Also withdrawn ones."),
    muted: bool | None = typer.Option(
        None, "--muted/--no-muted", help="Only muted events, or only the others."
    ),
    repeats: str | None = typer.Option(
        None, "--repeats", metavar="EVENT", help="Only those that repeat this event."
    ),
    limit: int | None = typer.Option(None, "--limit", min=1, help="At most so many."),
    as_json: bool = JSON,
) -> None:
    """List the events of a fleet, the most urgent first."""
    from appliance.schemas.event import EventKind, EventState

    own: Context = context.obj
    states = [s.value for s in EventState if withdrawn or s is not EventState.WITHDRAWN]
    kind = EventKind.SENSOR_FAULT if faults else EventKind.ANOMALY if anomalies else None
    with own.plant() as plant:
        wanted, zone = plant.fleet(fleet), plant.zone()
        kind_of_time = wanted.get().time_kind
        for name in asset:
            wanted.asset(name)
        found = wanted.events(
            asset=asset,
            state=states,
            kind=[kind.value] if kind else [],
            start=moment(since, zone, "--since"),
            end=moment(until, zone, "--until"),
            limit=limit,
            muted=muted,
            repeats=repeats,
        )
        ranked = [*found]
    if as_json:
        print_json([as_data(one) for one in ranked])
        return
    if not ranked:
        asked = asset or kind or since or until or muted is not None or repeats
        print(
            f"{fleet}: no event is as you asked for."
            if asked
            else f"{fleet}: no event. Surprise stayed below the alarm on every machine."
        )
        return
    print_events(ranked, zone, time_kind=kind_of_time)
    print(f"\n`kizashi event {ranked[0].id}` tells one in full.")


def as_data(event: Event) -> dict[str, Any]:
    """Return an event as plain JSON data."""
    return event.model_dump(mode="json")


def print_events(found: list[Event], zone: ZoneInfo, *, time_kind: TimeKind = "time") -> None:
    """Print events as a table; those of a fleet that counts cycles by their cycles."""
    print_table(
        ("what to do", "asset", "since", "lasted", "how far", "why", "state", "id"),
        [
            (
                _WORDS[one.severity.value],
                one.asset,
                *_when(one, zone, time_kind),
                _how_far(one),
                _why(one),
                _state(one),
                one.id,
            )
            for one in found
        ],
        right="lllrr",
    )


def _state(event: Event) -> str:
    """Say where an event stands, and how often it came again or that it is one that did."""
    from appliance.schemas.event import UNCLOSED

    if event.repeats and event.state in UNCLOSED:
        return f"{event.state.value}, a repeat"
    return event.state.value + (f", again ×{event.again.count}" if event.again else "")


def _when(event: Event, zone: ZoneInfo, time_kind: TimeKind) -> tuple[str, str]:
    from appliance.events.words import cycle_of, cycles_in

    still = " →" if event.ongoing else ""
    if time_kind == "cycle":
        return f"cycle {cycle_of(event.start)}", f"{cycles_in(event)} cycles{still}"
    return local(event.start, zone), _length(event.end - event.start) + still


def _how_far(event: Event) -> str:
    from appliance.schemas.event import EventKind

    if event.kind is EventKind.SENSOR_FAULT:
        return ""
    return f"{event.peak / event.threshold:.1f}× alarm"


def _why(event: Event) -> str:
    parts = []
    for sensor in event.sensors[:_SHOWN]:
        if sensor.note:
            parts.append(f"{sensor.name} {sensor.note}")
        else:
            parts.append(f"{sensor.name}{_ARROWS[sensor.direction]} {sensor.share:.0%}")
    return ", ".join(parts)


def _length(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    if minutes < 1:
        return f"{span.total_seconds():.0f} s"
    if minutes < 120:
        return f"{minutes} min"
    if minutes < 2 * 1440:
        return f"{minutes / 60:.1f} h"
    return f"{minutes / 1440:.1f} d"


# ---------------------------------------------------------------- one event
def event(context: typer.Context, event: str = EVENT, as_json: bool = JSON) -> None:
    """Tell one event in full: what, why, and what became of it."""
    own: Context = context.obj
    with own.plant() as plant:
        handle, zone = plant.event(event), plant.zone()
        found = handle.get()
        history, said = [*handle.history()], [*handle.comments()]
    if as_json:
        told = as_data(found)
        told["history"] = [one.model_dump(mode="json") for one in history]
        told["comments"] = [one.model_dump(mode="json") for one in said]
        print_json(told)
        return
    print(found.words)
    print()
    print_table(
        ("sensor", "share", "way"),
        [(s.name, f"{s.share:.0%}", s.note or _ARROWS[s.direction]) for s in found.sensors],
        right="lr",
    )
    if found.again:
        again, last = found.again.count, local(found.again.last, zone)
        print(f"\nIt came again {again}× before anybody answered it, last at {last}.")
    if found.repeats:
        print(f"\nIt repeats {found.repeats}, whose answer is this one's.")
    print(f"\n{_rests(found.origin, zone)}")
    for one in history:
        print(f"{local(one.at, zone)}  {one.change.value} by {one.by} {one.note}".rstrip())
    for remark in said:
        print(f"{local(remark.at, zone)}  {remark.by}: {remark.text}")


def _rests(origin: EventOrigin, zone: ZoneInfo) -> str:
    """Say what an event rests on: the version, what it learned from, and whose word it has."""
    told = f"By model version {origin.model_version}, scored in {origin.score_batch}"
    if origin.learned_from and origin.learned_until:
        told += (
            f"; recipe {origin.recipe}, learned from {local(origin.learned_from, zone)} "
            f"to {local(origin.learned_until, zone)}"
        )
    if origin.promoted_by:
        told += f", made champion by {origin.promoted_by}"
    return f"{told}."


def acknowledge(context: typer.Context, event: str = EVENT, as_json: bool = JSON) -> None:
    """Take note of an event."""
    _change(context, event, lambda handle: handle.acknowledge(), as_json)


def close(
    context: typer.Context,
    event: str = EVENT,
    verdict: str = typer.Option(..., "--verdict", help="true, false or planned."),
    as_json: bool = JSON,
) -> None:
    """Close an event with a verdict."""
    from typing import get_args

    from appliance.core.errors import InvalidRequest
    from appliance.schemas.event import Verdict

    if verdict not in get_args(Verdict):
        raise InvalidRequest(f"--verdict {verdict}: it is true, false or planned.")
    _change(context, event, lambda handle: handle.close(verdict), as_json)


def reopen(context: typer.Context, event: str = EVENT, as_json: bool = JSON) -> None:
    """Open an acknowledged or closed event again."""
    _change(context, event, lambda handle: handle.reopen(), as_json)


def assign(
    context: typer.Context,
    event: str = EVENT,
    owner: str = typer.Argument("", help="Who takes care of it; nobody if not given."),
    as_json: bool = JSON,
) -> None:
    """Give an event to somebody."""
    _change(context, event, lambda handle: handle.assign(owner or None), as_json)


def mute(
    context: typer.Context,
    event: str = EVENT,
    reason: str = typer.Option(..., "--reason", help="Why nobody is to be told."),
    until: str | None = typer.Option(
        None, "--until", help="When it calls again; when it is closed if not given."
    ),
    only_sensor: bool = typer.Option(
        False, "--only-sensor", help="What begins meanwhile only if it is the same sensor."
    ),
    as_json: bool = JSON,
) -> None:
    """Let an event wait for nobody for a while, unless it becomes graver."""
    own: Context = context.obj
    with own.plant() as plant:
        end = moment(until, plant.zone(), "--until")
        handle = plant.event(event)
        changed = handle.mute(reason, until=end, only_sensor=only_sensor)
    _print_changed(changed, as_json)


def unmute(context: typer.Context, event: str = EVENT, as_json: bool = JSON) -> None:
    """Let a muted event, and those that were muted with it, call again."""
    _change(context, event, lambda handle: handle.unmute(), as_json)


def comment(
    context: typer.Context,
    event: str = EVENT,
    text: str = typer.Argument(help="What there is to say."),
    as_json: bool = JSON,
) -> None:
    """Say something about an event."""
    own: Context = context.obj
    with own.plant() as plant:
        said = plant.event(event).comment(text)
    if as_json:
        print_json(said.model_dump(mode="json"))
    else:
        print(f"{event}: noted")


def _change(context: typer.Context, event: str, act: Any, as_json: bool) -> None:
    own: Context = context.obj
    with own.plant() as plant:
        changed: Event = act(plant.event(event))
    _print_changed(changed, as_json)


def _print_changed(changed: Event, as_json: bool) -> None:
    if as_json:
        print_json(as_data(changed))
        return
    verdict = f", verdict {changed.verdict}" if changed.verdict else ""
    owner = f", owner {changed.owner}" if changed.owner else ""
    until = _until(changed)
    print(f"{changed.id}: {changed.state.value}{verdict}{owner}{until}")


def _until(event: Event) -> str:
    from appliance.core.clock import now
    from appliance.events.muting import is_muted

    if event.mute is None or not is_muted(event, now()):
        return ""
    end = event.mute.until
    return f", muted until {'it is closed' if end is None else f'{end:%Y-%m-%d %H:%M %Z}'}"


# ---------------------------------------------------------------- report
def report(
    context: typer.Context,
    fleet: str = FLEET,
    out: Path | None = typer.Option(None, "--out", help="File to write; FLEET-report.html."),
    since: str | None = typer.Option(None, "--since", help="First moment shown."),
    until: str | None = typer.Option(None, "--until", help="Shown is what was before it."),
    language: str | None = typer.Option(None, "--language", help="en or ja."),
    as_json: bool = JSON,
) -> None:
    """Write one self-contained page on a fleet, good to be mailed."""
    from appliance.core.errors import InvalidRequest
    from appliance.pipelines.report import report as run
    from appliance.pipelines.report import write_page

    if language not in (None, "en", "ja"):
        raise InvalidRequest(f"--language {language}: it is en or ja.")
    own: Context = context.obj
    with own.site() as site, progress() as shown:
        zone = site.settings.zone
        page = run(
            site,
            fleet,
            start=moment(since, zone, "--since"),
            end=moment(until, zone, "--until"),
            language=language,  # type: ignore[arg-type]
            progress=shown,
        )
    path = out or Path(f"{fleet}-report.html")
    write_page(page, path)
    if as_json:
        print_json({"fleet": fleet, "path": str(path), "bytes": path.stat().st_size})
    else:
        print(f"{path}: {path.stat().st_size / 2**20:.1f} MiB, opens in any browser, offline")
