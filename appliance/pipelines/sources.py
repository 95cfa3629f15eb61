"""Sources: what came is brought in, then it is noted how far the source went, then judged.

Cut off anywhere and begun again, what came comes again and adds nothing twice.
"""

from __future__ import annotations

import shutil
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from appliance.access.person import Person, Via
from appliance.core.clock import now
from appliance.core.errors import (
    BadFile,
    InvalidRequest,
    KizashiError,
    LimitExceeded,
    NotFound,
    NotHeld,
    SourceError,
    StorageError,
)
from appliance.core.ids import new_id
from appliance.core.log import get
from appliance.intake import IngestOptions
from appliance.intake.sources.live import Live, Pulled
from appliance.intake.sources.opening import opened
from appliance.intake.store.holding import Brought, Held, pause_after
from appliance.pipelines.arrivals import BY
from appliance.pipelines.site import Site
from appliance.schemas.ingest import FileStatus, IngestReport
from appliance.schemas.job import JobRequest, JobState
from appliance.schemas.source import SourceDraft, SourceTrial, Sql

_log = get(__name__)
_SAMPLE = 1_000
_LIVE, _MEANING = "live", "meaning"
"""What a source's cursor holds: where the next look begins, and how columns were understood."""


def open_source(site: Site, held: Held) -> Live:
    """Open a source that this worker runs.

    Raises
    ------
    SourceError
        It cannot be opened.
    """
    folder = folder_of(site, held.id)
    return opened(held.origin, site.settings, folder, client_of(held.id))


def client_of(source: str) -> str:
    """Return what a broker knows the listener of a source by."""
    return f"kizashi-{source}"


def folder_of(site: Site, source: str) -> Path:
    """Return the folder of what a source brings until it is in."""
    return site.settings.sources_folder / source


def look(
    site: Site,
    held: Held,
    live: Live,
    busy: AbstractContextManager[object] | None = None,
) -> tuple[Held, bool]:
    """Bring in what came to a source.

    Parameters
    ----------
    busy
        Entered while something is brought in; not while the source is waited for.

    Returns
    -------
    tuple of Held and bool
        The source as it is after that, and whether there may be more already.

    Raises
    ------
    SourceError
        It does not answer, or what came cannot be brought in.
    NotHeld
        It is not this worker's any more.
    StorageFull, StorageError, TryAgain
        The same look, repeated, completes what was begun.
    """
    pulled = live.pull(held.cursor.get(_LIVE, {}))
    cursor, brought = dict(held.cursor), Brought()
    if pulled is not None:
        if pulled.paths:
            with busy or nullcontext():
                cursor, brought = _brought(site, held, live, pulled)
        brought = replace(brought, refused=brought.refused + pulled.refused)
    more = pulled is not None and pulled.more
    pause = timedelta() if more else timedelta(seconds=held.draft.every)
    at = now()
    if not site.sources.holding.looked(held, at, cursor, at + pause, brought):
        raise NotHeld(f"source {held.draft.name} is not this worker's any more.")
    if pulled is not None:
        live.settle(pulled)
    if brought.rows and held.draft.judge:
        judge(site, held.draft)
    return replace(held, cursor=cursor, failures=0), more


def fail(site: Site, held: Held, error: KizashiError) -> tuple[Held, timedelta]:
    """Note why a look failed; return the source after that, and how long to wait.

    Raises
    ------
    NotHeld
        The source is not this worker's any more.
    """
    failures = held.failures + 1
    pause, at = pause_after(failures, held.draft.every), now()
    why = (error.message, error.remedy)
    if failures == 1:
        _log.warning("source %s: %s", held.draft.name, error)
    if not site.sources.holding.failed(held, at, why, at + pause):
        raise NotHeld(f"source {held.draft.name} is not this worker's any more.")
    return replace(held, failures=failures), pause


def judge(site: Site, draft: SourceDraft) -> None:
    """Ask for new readings to be judged, unless a job for that waits or nothing could judge."""
    if not site.registry.champions([draft.fleet]):
        return
    waiting = site.jobs.list(
        fleet=draft.fleet, pipeline="score", states=[JobState.QUEUED], limit=1
    )
    if not waiting:
        by = Person(name=BY + draft.name, via=Via.NOTHING, admin=True, origin="source")
        site.jobs.ask(by, JobRequest(pipeline="score", fleet=draft.fleet))


def try_source(site: Site, draft: SourceDraft) -> SourceTrial:
    """Look once at what a source would bring, and keep nothing of it."""
    folder = site.settings.sources_folder / new_id("try")
    try:
        live = opened(site.sources.completed(draft), site.settings, folder)
        try:
            pulled = live.sample(_SAMPLE)
            options = _options(draft, pulled)
            return SourceTrial(
                preview=site.intake.preview(pulled.paths[0], draft.fleet, options)
            )
        finally:
            live.close()
    except (SourceError, BadFile, LimitExceeded, InvalidRequest, StorageError) as error:
        return SourceTrial(error=error.message, remedy=error.remedy)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_source(site: Site, name: str, by: Person, *, revision: int | None = None) -> None:
    """Remove a source; a broker is told to keep nothing more for one that nobody runs.

    Raises
    ------
    NotFound, Outdated
        There is no such source (any more), or it changed since the revision seen.
    """
    parked = None
    with suppress(StorageError):  # its secrets cannot be read: it goes without a word
        parked = site.sources.parked(name)
    site.sources.remove(name, by, revision=revision)
    if parked is not None:
        source, origin = parked
        with suppress(SourceError):
            opened(origin, site.settings, folder_of(site, source), client_of(source)).retire()


# ---------------------------------------------------------------- what came
def _brought(
    site: Site, held: Held, live: Live, pulled: Pulled
) -> tuple[dict[str, object], Brought]:
    """Bring files in; return the cursor after that, and what they brought."""
    draft = held.draft
    options, refused = _options(draft, pulled), {}
    cursor: dict[str, object] = {_LIVE: dict(pulled.cursor)}
    if isinstance(held.origin, Sql):
        cursor[_MEANING] = meaning = held.cursor.get(_MEANING) or _understood(
            site, draft, pulled, options
        )
        options = replace(options, **meaning)
    by, report = BY + draft.name, None
    try:
        report = site.intake.ingest(pulled.paths, draft.fleet, options, by=by, ongoing=True)
        refused = _rejected(pulled, report)
    except InvalidRequest as error:
        refused = dict.fromkeys(pulled.paths, str(error))
    except NotFound as error:
        raise SourceError("a file went away while it was read.") from error
    if refused:
        cursor[_LIVE] = dict(live.without(pulled, refused))
    return cursor, _counted(site, draft.fleet, report, refused)


def _counted(
    site: Site, fleet: str, report: IngestReport | None, refused: dict[Path, str]
) -> Brought:
    why = next(reversed(refused.values()), "")
    if report is None:
        return Brought(refused=len(refused), refusal=why)
    added = [one.batch for one in report.files if one.status is FileStatus.ADDED]
    latest = None
    if added and site.intake.time_kind(fleet) == "time":
        latest = site.intake.latest(fleet, added)
    return Brought(report.rows, report.quarantined + len(refused), latest, why)


def _rejected(pulled: Pulled, report: IngestReport) -> dict[Path, str]:
    """Return which files were refused as a whole, and why."""
    by_name = {str(path.resolve()): path for path in pulled.paths}
    return {
        by_name[one.path]: one.reason
        for one in report.files
        if one.status is FileStatus.REJECTED and one.path in by_name
    }


def _options(draft: SourceDraft, pulled: Pulled) -> IngestOptions:
    said = IngestOptions(
        time=draft.time,
        asset=draft.asset,
        context=draft.context,
        timezone=draft.timezone,
        layout=draft.layout,
    )
    return replace(said, **pulled.options)


def _understood(
    site: Site, draft: SourceDraft, pulled: Pulled, options: IngestOptions
) -> dict[str, str | None]:
    """Return how a table's columns are understood: the few rows of a later look tell less."""
    try:
        found = site.intake.understood(pulled.paths[0], draft.fleet, options)
    except (BadFile, LimitExceeded, InvalidRequest) as error:
        raise SourceError(error.message, remedy=error.remedy) from error
    return {"time": found.time, "asset": found.asset, "layout": found.layout}
