"""Calendar: bring windows in, and look ahead at what they would do; `score` does it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from appliance.access import Person
from appliance.calendar.expand import expand
from appliance.calendar.ics import MOST_BYTES, read_calendar
from appliance.calendar.masks import Masks
from appliance.calendar.rules import checked
from appliance.core.errors import BadFile, NotFound
from appliance.engine import Engine
from appliance.events.detect import NEAR
from appliance.events.matching import Plan
from appliance.fleet import Artifact, AssetView, ScoredFleet, Stretch, preview_assets
from appliance.pipelines import stretches
from appliance.pipelines.calendar_learning import on_learning
from appliance.pipelines.site import Site
from appliance.pipelines.stretches import Span
from appliance.schemas.base import fleet_name
from appliance.schemas.calendar import (
    CalendarFile,
    CalendarPreview,
    EventDifference,
    ImportReport,
    Rescoring,
    Window,
    WindowDraft,
    WindowKind,
)
from appliance.schemas.event import Event, EventDraft, EventKind, EventState
from appliance.schemas.manifest import FleetManifest
from appliance.schemas.progress import Progress, Silent


def add_window(site: Site, draft: WindowDraft, by: Person | str) -> Window:
    """Add a window; the next scoring run judges anew what it bears on.

    Raises
    ------
    NotFound
        There is no such fleet, or it has no such asset.
    InvalidRequest
        Its times or rule cannot be used.
    """
    _require_place(site, draft.fleet, draft.asset)
    return site.calendar.add(draft, by)


def edit_window(
    site: Site, window: str, draft: WindowDraft, by: Person | str, revision: int | None
) -> Window:
    """Change a window, which stays of the calendar file that it came from.

    Raises
    ------
    NotFound
        There is no such window, fleet or asset.
    Conflict
        It changed since the revision that was seen.
    InvalidRequest
        Its times or rule cannot be used.
    """
    _require_place(site, draft.fleet, draft.asset)
    source = site.calendar.standing(window).source
    facts = draft.model_copy(update={"source": source})
    return site.calendar.edit(window, facts, by, revision=revision)


def import_file(
    site: Site,
    path: Path,
    by: Person | str,
    *,
    fleet: str | None,
    asset: str | None = None,
    kind: WindowKind = WindowKind.MAINTENANCE,
) -> ImportReport:
    """Bring in the windows of a calendar file, all or none; a later version renews them.

    Raises
    ------
    NotFound
        There is no such file, fleet or asset.
    BadFile
        It is no calendar, too large, or an entry of it cannot be used.
    """
    try:
        with path.open("rb") as handle:
            data = handle.read(MOST_BYTES + 1)
    except OSError as error:
        raise NotFound(f"{path} cannot be read: {error.strerror}.") from error
    try:
        return import_text(site, data, by, fleet=fleet, asset=asset, kind=kind)
    except BadFile as error:
        raise BadFile(f"{path}: {error.message}", remedy=error.remedy) from error


def import_text(
    site: Site,
    data: bytes,
    by: Person | str,
    *,
    fleet: str | None,
    asset: str | None = None,
    kind: WindowKind = WindowKind.MAINTENANCE,
) -> ImportReport:
    """Bring in the windows that a calendar file's bytes tell of; raises as `import_file`."""
    _require_place(site, fleet, asset)
    found = read_calendar(data, site.settings.zone, kind)
    return site.calendar.bring(fleet, asset, found, by)


def read_text(
    site: Site, data: bytes, *, fleet: str | None, asset: str | None, kind: WindowKind
) -> CalendarFile:
    """Return what a calendar file's bytes tell of; nothing is written.

    Raises
    ------
    NotFound
        There is no such fleet or asset.
    BadFile
        It is no calendar, too large, or an entry of it cannot be used.
    """
    _require_place(site, fleet, asset)
    found = read_calendar(data, site.settings.zone, kind)
    placed = [one.model_copy(update={"fleet": fleet, "asset": asset}) for one in found.drafts]
    return found.model_copy(update={"drafts": tuple(placed)})


def _require_place(site: Site, fleet: str | None, asset: str | None) -> None:
    if fleet is None:
        return
    site.require_fleet(fleet)
    known = site.lake.readings(fleet).assets() if asset is not None else []
    if asset is not None and asset not in known:
        raise NotFound(
            f"fleet {fleet} has no asset {asset}.",
            remedy=f"It has: {', '.join(known[:12])}{' …' if len(known) > 12 else ''}.",
        )


# ---------------------------------------------------------------- looking ahead
def outdated(site: Site, fleet: str) -> Rescoring | None:
    """Return what the next scoring run judges anew because of the calendar; None if nothing."""
    try:
        ahead = _ahead(site, fleet, site.calendar.list(fleet))
    except NotFound:
        return None  # nothing was judged
    spans = [span for own in ahead.spans.values() for span in own]
    if not spans:
        return None
    return Rescoring(
        fleet=fleet,
        assets=len(ahead.spans),
        start=min(start for start, _ in spans),
        end=max(end for _, end in spans),
    )


@dataclass(frozen=True)
class _Ahead:
    """What a preview looks at.

    Attributes
    ----------
    spans
        Stretches to be judged anew, by asset.
    extents
        First and last reading that was judged, by asset.
    masks
        Stretches that the calendar would take out.
    """

    site: Site
    fleet: str
    scored: ScoredFleet
    manifest: FleetManifest
    spans: dict[str, list[Span]]
    extents: dict[str, Span]
    masks: Masks


def preview(
    site: Site,
    fleet: str,
    *,
    adding: Sequence[WindowDraft] = (),
    removing: Collection[str] = (),
    engine: str | None = None,
    progress: Progress | None = None,
) -> CalendarPreview:
    """Tell what the next scoring run would do to readings scored already; nothing is written.

    Parameters
    ----------
    adding, removing
        Windows beside those of the calendar, and identifiers of those that would go; without
        either, what changed in the calendar since the last run.

    Raises
    ------
    NotFound
        The fleet has no readings or no model, or there is no such window.
    InvalidRequest
        Times or a rule cannot be used.
    """
    fleet = fleet_name(fleet)
    site.require_fleet(fleet)
    standing = {window.id: window for window in site.calendar.list()}
    for window in removing:
        if window not in standing:
            site.calendar.get(window)
            raise NotFound(f"window {window} was removed already.")
    for draft in adding:
        _require_place(site, draft.fleet, draft.asset)
    kept: list[WindowDraft] = [w for name, w in standing.items() if name not in removing]
    after = [*kept, *map(checked, adding)]
    ahead = _ahead(site, fleet, after)
    told = on_learning(site, fleet, list(standing.values()), after)
    if not ahead.spans:
        return told
    around = _around(ahead)
    with site.engine(engine) as made:
        views = _views(ahead, around, made, progress or Silent())
    plans = [
        site.events.planned(
            fleet,
            [draft for view in views for draft in view.drafts],
            around,
            kinds=[EventKind.ANOMALY],
            near=stretches.merging(ahead.manifest, around),
        )
    ]
    for number, spans in enumerate(stretches.rounds(ahead.spans)):
        own = [v.faults[number] for v in views if v.asset in spans]
        plans.append(
            site.events.planned(
                fleet,
                [draft for some in own for draft in some],
                spans,
                kinds=[EventKind.SENSOR_FAULT],
                near=NEAR,
            )
        )
    return _told(told, ahead, views, plans)


def _ahead(site: Site, fleet: str, windows: Sequence[WindowDraft]) -> _Ahead:
    version = site.registry.champion(fleet)
    manifest = Artifact(version.path).manifest
    covered = site.registry.covered(fleet, version.version)
    fresh = site.intake.spans_since(fleet, covered)
    known = site.intake.spans_since(fleet, set(fresh.batches)).spans
    extents = stretches.extents(known)
    masks = Masks()
    spans: dict[str, list[Span]] = {}
    if extents:
        horizon = stretches.horizon(extents)
        masks = expand(windows, fleet, horizon).clipped(horizon)
        outdated = site.calendar_marks.outdated(fleet, version.version, masks)
        spans = stretches.to_rejudge(manifest, outdated, known, masks)
    scored = ScoredFleet(
        site.lake.readings(fleet),
        site.lake.scores(fleet),
        version.path,
        version.version,
        masks,
    )
    return _Ahead(site, fleet, scored, manifest, spans, extents, masks)


def _around(ahead: _Ahead) -> dict[str, Span]:
    """Return where anomalies are looked for, as a scoring run would."""
    judged = {
        asset: (spans[0][0], max(spans[-1][1], ahead.extents[asset][1]))
        for asset, spans in ahead.spans.items()
        if ahead.manifest.of(asset) is not None
    }
    calm = stretches.after_calm(ahead.manifest, judged)
    near = stretches.merging(ahead.manifest, calm)
    wide = ahead.site.events.around(ahead.fleet, calm, near=near)
    return stretches.after_calm(ahead.manifest, wide)


def _views(
    ahead: _Ahead, around: dict[str, Span], engine: Engine, progress: Progress
) -> list[AssetView]:
    todo: dict[str, list[Stretch]] = {}
    for spans in stretches.rounds(ahead.spans):
        # A sensor fault that reaches into a stretch is to be seen whole.
        wide = ahead.site.events.around(
            ahead.fleet, spans, near=NEAR, kind=EventKind.SENSOR_FAULT
        )
        for asset, span in spans.items():
            read = stretches.to_read(ahead.manifest, {asset: wide[asset]}, ahead.masks)
            todo.setdefault(asset, []).append(Stretch(span, read))
    found = preview_assets(ahead.scored, todo, around, ahead.extents, engine, progress=progress)
    return sorted(found, key=lambda view: view.asset)


def _told(
    told: CalendarPreview, ahead: _Ahead, views: Sequence[AssetView], plans: Sequence[Plan]
) -> CalendarPreview:
    get = ahead.site.events.get
    vanish: dict[str, Event] = {}
    merge: dict[str, Event] = {}
    change: dict[str, EventDifference] = {}
    appear: list[EventDraft] = []
    for plan in plans:
        appear += plan.opened
        vanish |= {event.id: get(event.id) for event in plan.vanished}
        merge |= {event.id: get(event.id) for event, _ in plan.merged}
        for event, facts in plan.revised:
            if event.state is EventState.WITHDRAWN or not event.stands:
                appear.append(facts)
            else:
                change[event.id] = EventDifference(event=get(event.id), after=facts)
    return told.model_copy(
        update={
            "assets": tuple(view.asset for view in views),
            "silenced": sum(view.silenced for view in views),
            "judged": sum(view.judged for view in views),
            "vanish": tuple(vanish.values()),
            "change": tuple(change.values()),
            "merge": tuple(merge.values()),
            "appear": tuple(sorted(appear, key=lambda draft: (draft.start, draft.asset))),
        }
    )
