"""What happens to a window's row, each time with a line in its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from appliance.calendar.store.tables import WindowRevisionRow, WindowRow, draft_of
from appliance.core.clock import now
from appliance.core.errors import NotFound, Outdated
from appliance.core.ids import new_id
from appliance.schemas.calendar import CalendarFile, WindowChange, WindowDraft

_TOLD = {"fleet", "asset", "kind", "title", "start", "end", "zone", "rule"}


def told(draft: WindowDraft) -> dict[str, Any]:
    """Return what the audit log tells of a window."""
    return draft.model_dump(mode="json", include=_TOLD)


def added(session: Session, draft: WindowDraft, by: str) -> WindowRow:
    """Add a window's row."""
    row = WindowRow(
        id=new_id("win"), removed=False, revision=0, created=now(), created_by=by[:200]
    )
    session.add(row)
    return recorded(session, row, draft, WindowChange.ADDED, by)


def recorded(
    session: Session, row: WindowRow, draft: WindowDraft, change: WindowChange, by: str
) -> WindowRow:
    """Give a window's row its facts, count the change and write it into the history."""
    row.fleet, row.asset, row.source = draft.fleet, draft.asset, draft.source
    row.facts = draft.model_dump(mode="json")
    row.revision += 1
    row.updated, row.updated_by = now(), by[:200]
    session.flush()
    session.add(
        WindowRevisionRow(
            window=row.id,
            revision=row.revision,
            change=change.value,
            at=row.updated,
            by=row.updated_by,
            facts=row.facts,
        )
    )
    return row


def require(session: Session, window: str, revision: int | None) -> WindowRow:
    """Return the row of a window that holds, kept from other processes.

    Raises
    ------
    NotFound
        There is none.
    Outdated
        It changed since the revision that was seen.
    """
    claim = (
        update(WindowRow)
        .where(WindowRow.id == window)
        .values(revision=WindowRow.revision)
        .execution_options(synchronize_session=False)
    )
    # A write that changes nothing: from here on no other process changes the window.
    session.execute(claim)
    row = session.get(WindowRow, window)
    if row is None or row.removed:
        raise missing(window)
    if revision is not None and row.revision != revision:
        raise Outdated(
            f"window {window} changed since revision {revision} (it has {row.revision} now).",
            remedy="Look at it again, then decide.",
        )
    return row


def missing(window: str) -> NotFound:
    """Return the error of a window that is not there."""
    return NotFound(
        f"there is no window {window}.",
        remedy="`kizashi calendar list FLEET` lists those there are.",
    )


def _sources(session: Session, fleet: str | None, asset: str | None) -> dict[str, WindowRow]:
    """Return the standing windows of calendar files, kept from other processes."""
    mine = (
        WindowRow.removed.is_(False),
        WindowRow.source != "",
        WindowRow.fleet.is_(None) if fleet is None else WindowRow.fleet == fleet,
        WindowRow.asset.is_(None) if asset is None else WindowRow.asset == asset,
    )
    claim = update(WindowRow).where(*mine).values(revision=WindowRow.revision)
    session.execute(claim.execution_options(synchronize_session=False))
    return {row.source: row for row in session.scalars(select(WindowRow).where(*mine))}


def brought(
    session: Session,
    scope: Mapping[str, str | None],
    drafts: Sequence[WindowDraft],
    found: CalendarFile,
    by: str,
) -> dict[str, int]:
    """Bring in windows of a file; return how many were added, changed, left and removed."""
    counts = dict.fromkeys(("added", "changed", "unchanged", "removed"), 0)
    standing = _sources(session, scope["fleet"], scope["asset"])
    for draft in drafts:
        row = standing.pop(draft.source, None)
        if row is None:
            added(session, draft, by)
            counts["added"] += 1
        elif draft_of(row) == draft:
            counts["unchanged"] += 1
        else:
            recorded(session, row, draft, WindowChange.EDITED, by)
            counts["changed"] += 1
    for source, row in standing.items():
        if {source, source.rpartition(" ")[0]} & set(found.series):
            row.removed = True
            recorded(session, row, draft_of(row), WindowChange.REMOVED, by)
            counts["removed"] += 1
        elif missing_times := set(found.exceptions.get(source, ())):
            draft = draft_of(row)
            every = tuple(sorted(missing_times.union(draft.excluded)))
            if set(draft.excluded) != set(every):
                draft = draft.model_copy(update={"excluded": every})
                recorded(session, row, draft, WindowChange.EDITED, by)
                counts["changed"] += 1
    return counts
