"""Windows of the calendar: added, changed and removed, each time with a line of history."""

from __future__ import annotations

import builtins

from sqlalchemy import or_, select

from appliance.access.person import Person, known
from appliance.access.seen import EVERYTHING, Seen
from appliance.access.store.audit import AuditLog
from appliance.calendar.rules import checked
from appliance.calendar.store.changes import added, brought, missing, recorded, require, told
from appliance.calendar.store.tables import (
    WindowRevisionRow,
    WindowRow,
    draft_of,
    revision_of,
    window_of,
)
from appliance.core.db import Database
from appliance.schemas.calendar import (
    CalendarFile,
    ImportReport,
    Window,
    WindowChange,
    WindowDraft,
    WindowKind,
    WindowRevision,
)


class WindowStore:
    """The windows of a site, with who changed what and when."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._log = AuditLog(database)

    # ------------------------------------------------------------------ windows
    def add(self, draft: WindowDraft, by: Person | str) -> Window:
        """Add a window.

        Raises
        ------
        InvalidRequest
            Its times or rule cannot be used.
        """
        tidy = checked(draft)
        with self._log.change(known(by)) as change:
            made = window_of(added(change.session, tidy, change.by.name))
            change.note("window.added", f"window:{made.id}", None, told(made))
            return made

    def edit(
        self,
        window: str,
        draft: WindowDraft,
        by: Person | str,
        *,
        revision: int | None = None,
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
        with self._log.change(known(by)) as change:
            row = require(change.session, window, revision)
            before = told(draft_of(row))
            made = window_of(
                recorded(change.session, row, tidy, WindowChange.EDITED, change.by.name)
            )
            change.note("window.edited", f"window:{window}", before, told(made))
            return made

    def remove(self, window: str, by: Person | str, *, revision: int | None = None) -> Window:
        """Remove a window; its history stays.  Raises as `edit` does."""
        with self._log.change(known(by)) as change:
            row = require(change.session, window, revision)
            row.removed = True
            facts, name = draft_of(row), change.by.name
            gone = recorded(change.session, row, facts, WindowChange.REMOVED, name)
            change.note("window.removed", f"window:{window}", told(facts))
            return window_of(gone)

    def bring(
        self,
        fleet: str | None,
        asset: str | None,
        found: CalendarFile,
        by: Person | str,
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
        # One change at a time, over all processes: of two imports of a new file at once, the
        # second finds what the first has added.
        with self._log.change(known(by)) as change:
            counts = brought(change.session, scope, tidy, found, change.by.name)
            if any(number for what, number in counts.items() if what != "unchanged"):
                change.note("calendar.imported", f"calendar:{fleet or '*'}", None, counts)
        return ImportReport.model_validate({**counts, "notes": found.notes})

    def get(self, window: str) -> Window:
        """Return one window, also a removed one; raises `NotFound` if there never was one."""
        with self._database.session() as session:
            row = session.get(WindowRow, window)
            if row is None:
                raise missing(window)
            return window_of(row)

    def standing(self, window: str) -> Window:
        """Return one window that holds; raises `NotFound`."""
        with self._database.session() as session:
            row = session.get(WindowRow, window)
            if row is None or row.removed:
                raise missing(window)
            return window_of(row)

    def list(self, fleet: str | None = None) -> builtins.list[Window]:
        """Return the windows that hold for a fleet, the site's among them; all without one."""
        query = select(WindowRow).where(WindowRow.removed.is_(False))
        if fleet is not None:
            query = query.where(or_(WindowRow.fleet.is_(None), WindowRow.fleet == fleet))
        with self._database.session() as session:
            found = [window_of(row) for row in session.scalars(query)]
        return sorted(found, key=lambda window: (window.start, window.id))

    def page(
        self,
        seen: Seen = EVERYTHING,
        *,
        fleet: str | None = None,
        kind: WindowKind | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> builtins.list[Window]:
        """Return windows in the order they were made.

        Parameters
        ----------
        seen
            Only those of these fleets and of the site.
        fleet
            Only those that hold for it, the site's among them.
        after
            Only those made after this one: the next page.
        """
        query = select(WindowRow).where(WindowRow.removed.is_(False)).order_by(WindowRow.id)
        everywhere = WindowRow.fleet.is_(None)
        if seen.only is not None:
            query = query.where(or_(everywhere, WindowRow.fleet.in_(seen.only)))
        if seen.but:
            query = query.where(or_(everywhere, WindowRow.fleet.not_in(seen.but)))
        if fleet is not None:
            query = query.where(or_(everywhere, WindowRow.fleet == fleet))
        if kind is not None:
            query = query.where(WindowRow.facts["kind"].as_string() == kind.value)
        if after is not None:
            query = query.where(WindowRow.id > after)
        with self._database.session() as session:
            return [window_of(row) for row in session.scalars(query.limit(limit))]

    def history(
        self, window: str, *, after: int = 0, limit: int | None = None
    ) -> builtins.list[WindowRevision]:
        """Return changes of a window after a revision, oldest first; raises `NotFound`."""
        query = (
            select(WindowRevisionRow)
            .where(WindowRevisionRow.window == window, WindowRevisionRow.revision > after)
            .order_by(WindowRevisionRow.revision)
            .limit(limit)
        )
        with self._database.session() as session:
            if session.get(WindowRow, window) is None:
                raise missing(window)
            return [revision_of(row) for row in session.scalars(query)]
