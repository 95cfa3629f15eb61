"""What comes to a fleet: files looked at before they are brought in, and what came."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, Unpack

from appliance.client.fleet.base import FleetBase
from appliance.client.fleet.data import Meaning
from appliance.client.frames import body_of
from appliance.client.jobs import ask_for, asks
from appliance.client.line import data_of, parsed
from appliance.client.pages import Listing, listing
from appliance.client.request import Request
from appliance.client.verbs import verb
from appliance.schemas.arrival import Arrival, QualityDays, Refusals
from appliance.schemas.job import Job
from appliance.schemas.preview import Preview, Sent

_LISTS: tuple[Literal["context", "without"], ...] = ("context", "without")


class Reading(Meaning, total=False):
    """What the columns of a file that was sent are for.

    Attributes
    ----------
    without
        Columns that are left out.
    """

    without: Iterable[str]


class FleetIntake(FleetBase):
    """What came to a fleet, and what is to come."""

    @verb
    async def send(self, source: str | Path) -> Sent:
        """Send a file that is not brought in yet: `preview` it, then `bring` it in."""
        query = {"file": Path(source).name}
        request = Request("POST", "/uploads", query=query, body=body_of(source), keyed=True)
        return parsed(Sent, data_of(self._line.url, await self._line.ask(request)))

    @verb
    async def preview(self, upload: str, /, **meant: Unpack[Reading]) -> Preview:
        """Return what a file that was sent would bring; what is not said is guessed.

        Parameters
        ----------
        upload
            What `send` gave.
        **meant
            As `ingest` takes it, and columns to do `without`.
        """
        asked = {"upload": upload, **_plain(meant)}
        request = Request("POST", self._at("readings", "preview"), json=asked)
        return parsed(Preview, await self._line.data(request))

    @asks
    async def bring(
        self,
        uploads: str | Iterable[str],
        /,
        units: dict[str, str] | None = None,
        **meant: Unpack[Reading],
    ) -> Job:
        """Bring files in that were sent.

        Parameters
        ----------
        uploads
            What `send` gave.
        units
            By sensor; they win over what the files say.
        **meant
            As `preview` was told.
        """
        paths = [uploads] if isinstance(uploads, str) else [*uploads]
        asked = {"paths": paths, "units": units or None, **_plain(meant)}
        return await ask_for(self._line, "ingest", self.name, asked)

    @listing
    def batches(self, limit: int | None = None) -> Listing[Arrival]:
        """Return what was brought in, by whom and when, the latest first."""
        return Listing(self._line, self._at("batches"), Arrival, limit=limit)

    @verb
    async def refusals(self) -> Refusals:
        """Return why rows and cells were refused, with the first few of each reason."""
        return parsed(Refusals, await self._line.get(self._at("quarantine", "reasons")))

    @verb
    async def quality_days(self, days: int = 30, asset: str | None = None) -> QualityDays:
        """Return the quality of its latest days by sensor, of all assets or of one."""
        path = self._at("quality", "days")
        return parsed(QualityDays, await self._line.get(path, days=days, asset=asset))


def _plain(meant: Reading) -> dict[str, Any]:
    listed: dict[str, Any] = {name: [*meant[name]] for name in _LISTS if name in meant}
    return {**meant, **listed}
