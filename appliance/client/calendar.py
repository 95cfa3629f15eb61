"""The calendar: windows in which machines do not run as usual."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from appliance.client.line import parsed
from appliance.client.pages import Listing, listing
from appliance.client.request import InFile, Request
from appliance.client.resource import Resource, at, edit, plain
from appliance.client.verbs import Awaiting, Blocking, verb
from appliance.schemas.calendar import (
    CalendarPreview,
    ImportReport,
    Window,
    WindowDraft,
    WindowKind,
)


class _Calendar(Resource):
    """The site's calendar."""

    @listing
    def list(self, fleet: str | None = None) -> Listing[Window]:
        """Return the windows that hold for a fleet, or all."""
        return Listing(self._line, "/calendar", Window, {"fleet": fleet})

    @verb
    async def get(self, window: str) -> Window:
        """Return one window."""
        return parsed(Window, await self._line.get(at("calendar", window)))

    @verb
    async def add(self, draft: WindowDraft) -> Window:
        """Add a window, also of the past."""
        return parsed(Window, await self._line.post("/calendar", plain(draft)))

    @verb
    async def edit(
        self, window: str, draft: WindowDraft, revision: int | None = None
    ) -> Window:
        """Change a window; refused if somebody changed the revision that was seen."""
        request = edit("PUT", at("calendar", window), plain(draft), revision)
        return parsed(Window, await self._line.data(request))

    @verb
    async def remove(self, window: str, revision: int | None = None) -> None:
        """Remove a window; refused if somebody changed the revision that was seen."""
        await self._line.ask(edit("DELETE", at("calendar", window), None, revision))

    @verb
    async def preview(
        self, fleet: str, adding: Iterable[WindowDraft] = (), removing: Iterable[str] = ()
    ) -> CalendarPreview:
        """Tell what windows would do to readings scored already; nothing is written."""
        value = {
            "fleet": fleet,
            "adding": [plain(draft) for draft in adding],
            "removing": [*removing],
        }
        return parsed(CalendarPreview, await self._line.post("/calendar/preview", value))

    @verb
    async def import_file(
        self,
        file: str | Path,
        fleet: str | None = None,
        *,
        asset: str | None = None,
        kind: WindowKind | str = WindowKind.MAINTENANCE,
    ) -> ImportReport:
        """Bring in a calendar file; a later version of it renews its windows."""
        query = {"fleet": fleet, "asset": asset, "kind": WindowKind(kind).value}
        body = InFile("text/calendar", Path(file))
        request = Request("POST", "/calendar/import", query=query, body=body, keyed=True)
        return parsed(ImportReport, await self._line.data(request))


class Calendar(Blocking, _Calendar):
    """The calendar, for those who wait."""


class AsyncCalendar(Awaiting, _Calendar):
    """The calendar, for those who await."""
