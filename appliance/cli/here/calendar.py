"""The calendar of this home, by whoever is at the machine."""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from pathlib import Path

from appliance.access import Person
from appliance.client.telling import shown
from appliance.pipelines import calendar
from appliance.pipelines.site import Site
from appliance.schemas.calendar import (
    CalendarChange,
    CalendarImport,
    CalendarPreview,
    Window,
    WindowDraft,
    WindowKind,
    WindowRevision,
)


class Calendar:
    """The home's calendar."""

    def __init__(self, site: Site, me: Person) -> None:
        self._site = site
        self._me = me

    def list(self, fleet: str | None = None) -> builtins.list[Window]:
        """Return the windows that hold for a fleet, those of the site among them; or all."""
        return self._site.calendar.list(fleet)

    def history(self, window: str) -> builtins.list[WindowRevision]:
        """Return who made what of a window, oldest first."""
        return self._site.calendar.history(window)

    def add(self, draft: WindowDraft) -> CalendarChange:
        """Add a window, also of the past."""
        return CalendarChange(window=calendar.add_window(self._site, draft, self._me))

    def edit(
        self, window: str, draft: WindowDraft, revision: int | None = None
    ) -> CalendarChange:
        """Change a window; refused if somebody changed the revision that was seen."""
        made = calendar.edit_window(self._site, window, draft, self._me, revision)
        return CalendarChange(window=made)

    def remove(self, window: str, revision: int | None = None) -> CalendarChange:
        """Remove a window; refused if somebody changed the revision that was seen."""
        gone = self._site.calendar.remove(window, self._me, revision=revision)
        return CalendarChange(window=gone)

    def preview(
        self, fleet: str, adding: Iterable[WindowDraft] = (), removing: Iterable[str] = ()
    ) -> CalendarPreview:
        """Tell what windows would do to readings scored already; nothing is written."""
        with shown(True) as told:
            return calendar.preview(
                self._site, fleet, adding=[*adding], removing=[*removing], progress=told
            )

    def import_file(
        self,
        file: str | Path,
        fleet: str | None = None,
        *,
        asset: str | None = None,
        kind: WindowKind | str = WindowKind.MAINTENANCE,
    ) -> CalendarImport:
        """Bring in a calendar file; a later version of it renews its windows."""
        report = calendar.import_file(
            self._site, Path(file), self._me, fleet=fleet, asset=asset, kind=WindowKind(kind)
        )
        return CalendarImport(report=report)
