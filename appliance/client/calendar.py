"""The calendar: windows in which machines do not run as usual."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from appliance.client.line import parsed
from appliance.client.pages import Listing, listing
from appliance.client.request import Body, Held, InFile, Request
from appliance.client.resource import Resource, at, edit, plain
from appliance.client.verbs import Awaiting, Blocking, verb
from appliance.schemas.calendar import (
    CalendarChange,
    CalendarFile,
    CalendarImport,
    CalendarPreview,
    Window,
    WindowDraft,
    WindowKind,
    WindowRevision,
    WindowTime,
)

_MEDIA = "text/calendar"


class _Calendar(Resource):
    """The site's calendar."""

    @listing
    def list(
        self, fleet: str | None = None, *, kind: WindowKind | str | None = None
    ) -> Listing[Window]:
        """Return the windows that hold for a fleet, those of the site among them; or all."""
        return Listing(self._line, "/calendar", Window, {"fleet": fleet, "kind": kind})

    @listing
    def times(
        self, start: datetime, end: datetime, *, fleet: str | None = None
    ) -> Listing[WindowTime]:
        """Return when windows hold within at most 400 days, in order of time."""
        query = {"from": start, "to": end, "fleet": fleet}
        return Listing(self._line, "/calendar/times", WindowTime, query, whole=True)

    @verb
    async def get(self, window: str) -> Window:
        """Return one window."""
        return parsed(Window, await self._line.get(at("calendar", window)))

    @listing
    def history(self, window: str) -> Listing[WindowRevision]:
        """Return who made what of a window, oldest first, also of one that was removed."""
        return Listing(self._line, at("calendar", window, "history"), WindowRevision)

    @verb
    async def add(self, draft: WindowDraft, *, score: bool = False) -> CalendarChange:
        """Add a window, also of the past.

        Parameters
        ----------
        score
            Also ask for jobs that judge anew at once what it bears on.
        """
        made = await self._line.post("/calendar", plain(draft), score=score)
        return parsed(CalendarChange, made)

    @verb
    async def edit(
        self,
        window: str,
        draft: WindowDraft,
        revision: int | None = None,
        *,
        score: bool = False,
    ) -> CalendarChange:
        """Change a window; refused if somebody changed the revision that was seen."""
        return await self._change("PUT", window, plain(draft), revision, score)

    @verb
    async def remove(
        self, window: str, revision: int | None = None, *, score: bool = False
    ) -> CalendarChange:
        """Remove a window; refused if somebody changed the revision that was seen."""
        return await self._change("DELETE", window, None, revision, score)

    async def _change(
        self, method: str, window: str, value: object, revision: int | None, score: bool
    ) -> CalendarChange:
        request = edit(method, at("calendar", window), value, revision)
        done = await self._line.data(replace(request, query={"score": score}))
        return parsed(CalendarChange, done)

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
        file: str | Path | bytes,
        fleet: str | None = None,
        *,
        asset: str | None = None,
        kind: WindowKind | str = WindowKind.MAINTENANCE,
        score: bool = False,
    ) -> CalendarImport:
        """Bring in a calendar file, or its content; a later version renews its windows."""
        query = {"fleet": fleet, "asset": asset, "kind": str(kind), "score": score}
        body = _body(file)
        request = Request("POST", "/calendar/import", query=query, body=body, keyed=True)
        return parsed(CalendarImport, await self._line.data(request))

    @verb
    async def preview_file(
        self,
        file: str | Path | bytes,
        fleet: str | None = None,
        *,
        asset: str | None = None,
        kind: WindowKind | str = WindowKind.MAINTENANCE,
    ) -> CalendarFile:
        """Return the windows that a calendar file tells of; nothing is written."""
        query = {"fleet": fleet, "asset": asset, "kind": str(kind)}
        request = Request("POST", "/calendar/import/preview", query=query, body=_body(file))
        return parsed(CalendarFile, await self._line.data(request))


def _body(file: str | Path | bytes) -> Body:
    if isinstance(file, bytes):
        return Held(_MEDIA, file)
    return InFile(_MEDIA, Path(file))


class Calendar(Blocking, _Calendar):
    """The calendar, for those who wait."""


class AsyncCalendar(Awaiting, _Calendar):
    """The calendar, for those who await."""
