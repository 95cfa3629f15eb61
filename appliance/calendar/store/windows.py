"""Windows of the calendar: added, changed and removed, each time with a line of history."""

from __future__ import annotations

import builtins

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from appliance.calendar.rules import checked
from appliance.calendar.store.tables import (
    WindowRevisionRow,
    WindowRow,
    draft_of,
    revision_of,
    window_of,
)
from appliance.core.clock import now
from appliance.core.db import Database
from appliance.core.errors import Conflict, NotFound
from appliance.core.ids import new_id
from appliance.schemas.calendar import (
    CalendarFile,
    ImportReport,
    Window,
    WindowChange,
    WindowDraft,
    WindowRevision,
)


class WindowStore:
    """The windows of a site, with who changed what and when."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # ------------------------------------------------------------------ windows
    def add(self, draft: WindowDraft, by: str) -> Window:
        """Add a window.

        Raises
        ------
        InvalidRequest
            Its times or rule cannot be used.
        """
        tidy = checked(draft)
        with self._database.session() as session:
            return window_of(_added(session, tidy, by))

    def edit(
        self, window: str, draft: WindowDraft, by: str, *, revision: int | None = None
    ) -> Window:
        """Change a window.

        Parameters
        ----------
        revision
            The one that the person saw.

        Raises
        ------
        InvalidRequest
            Its times or rule cannot be used.
        NotFound, Conflict
            There is no such window (any more), or it changed since.
        """
        tidy = checked(draft)
        with self._database.session() as session:
            row = _require(session, window, revision)
            return window_of(_recorded(session, row, tidy, WindowChange.EDITED, by))

    def remove(self, window: str, by: str, *, revision: int | None = None) -> Window:
        """Remove a window; its history stays.  Raises as `edit` does."""
        with self._database.session() as session:
            row = _require(session, window, revision)
            row.removed = True
            return window_of(_recorded(session, row, draft_of(row), WindowChange.REMOVED, by))

    def bring(
        self,
        fleet: str | None,
        asset: str | None,
        found: CalendarFile,
        by: str,
    ) -> ImportReport:
        """Bring in windows of a file, all or none; those of the same source are renewed.

        Parameters
        ----------
        fleet, asset
            What the windows hold for.
        found
            What the file says.

        Raises
        ------
        InvalidRequest
            Times or a rule cannot be used.
        """
        scope = {"fleet": fleet, "asset": asset}
        tidy = [checked(draft.model_copy(update=scope)) for draft in found.drafts]
        counts = dict.fromkeys(("added", "changed", "unchanged", "removed"), 0)
        with self._database.session() as session:
            known = _sources(session, fleet, asset)
            for draft in tidy:
                row = known.pop(draft.source, None)
                if row is None:
                    _added(session, draft, by)
                    counts["added"] += 1
                elif draft_of(row) == draft:
                    counts["unchanged"] += 1
                else:
                    _recorded(session, row, draft, WindowChange.EDITED, by)
                    counts["changed"] += 1
            for source, row in known.items():
                if {source, source.rpartition(" ")[0]} & set(found.series):
                    row.removed = True
                    _recorded(session, row, draft_of(row), WindowChange.REMOVED, by)
                    counts["removed"] += 1
                elif missing := set(found.exceptions.get(source, ())):
                    draft = draft_of(row)
                    every = tuple(sorted(missing.union(draft.excluded)))
                    if set(draft.excluded) != set(every):
                        draft = draft.model_copy(update={"excluded": every})
                        _recorded(session, row, draft, WindowChange.EDITED, by)
                        counts["changed"] += 1
        return ImportReport.model_validate({**counts, "notes": found.notes})

    def get(self, window: str) -> Window:
        """Return one window, also a removed one; raises `NotFound` if there never was one."""
        with self._database.session() as session:
            row = session.get(WindowRow, window)
            if row is None:
                raise _missing(window)
            return window_of(row)

    def list(self, fleet: str | None = None) -> builtins.list[Window]:
        """Return the windows that hold for a fleet, the site's among them; all without one."""
        query = select(WindowRow).where(WindowRow.removed.is_(False))
        if fleet is not None:
            query = query.where(or_(WindowRow.fleet.is_(None), WindowRow.fleet == fleet))
        with self._database.session() as session:
            found = [window_of(row) for row in session.scalars(query)]
        return sorted(found, key=lambda window: (window.start, window.id))

    def history(self, window: str) -> builtins.list[WindowRevision]:
        """Return every change of a window, oldest first; raises `NotFound`."""
        query = (
            select(WindowRevisionRow)
            .where(WindowRevisionRow.window == window)
            .order_by(WindowRevisionRow.revision)
        )
        with self._database.session() as session:
            if session.get(WindowRow, window) is None:
                raise _missing(window)
            return [revision_of(row) for row in session.scalars(query)]


# ---------------------------------------------------------------- windows as rows
def _added(session: Session, draft: WindowDraft, by: str) -> WindowRow:
    row = WindowRow(
        id=new_id("win"), removed=False, revision=0, created=now(), created_by=by[:200]
    )
    session.add(row)
    return _recorded(session, row, draft, WindowChange.ADDED, by)


def _recorded(
    session: Session, row: WindowRow, draft: WindowDraft, change: WindowChange, by: str
) -> WindowRow:
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


def _require(session: Session, window: str, revision: int | None) -> WindowRow:
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
        raise _missing(window)
    if revision is not None and row.revision != revision:
        raise Conflict(
            f"window {window} changed since revision {revision} (it has {row.revision} now).",
            remedy="Look at it again, then decide.",
        )
    return row


def _missing(window: str) -> NotFound:
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
