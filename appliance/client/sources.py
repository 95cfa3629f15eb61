"""Sources: where readings come from by themselves, and how each fares."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from appliance.client.line import parsed
from appliance.client.pages import Listing, listing
from appliance.client.resource import Resource, at, edit
from appliance.client.verbs import Awaiting, Blocking, verb
from appliance.schemas.source import Source, SourceDraft, SourceTrial


def _told(draft: SourceDraft) -> dict[str, Any]:
    """Return a source as it is sent: with the secrets that are given."""
    told = draft.model_dump(mode="json", include=set(SourceDraft.model_fields))
    told["origin"] |= {
        name: value.get_secret_value()
        for name, value in draft.origin
        if isinstance(value, SecretStr)
    }
    return told


class _Sources(Resource):
    """The site's sources."""

    @listing
    def list(self, fleet: str | None = None) -> Listing[Source]:
        """Return the sources, of one fleet or of all that may be seen; without secrets."""
        return Listing(self._line, "/sources", Source, {"fleet": fleet}, whole=True)

    @verb
    async def get(self, name: str) -> Source:
        """Return one source and how it fares, without its secrets."""
        return parsed(Source, await self._line.get(at("sources", name)))

    @verb
    async def add(self, draft: SourceDraft) -> Source:
        """Let readings come from somewhere by themselves, from now on."""
        return parsed(Source, await self._line.post("/sources", _told(draft)))

    @verb
    async def put(self, draft: SourceDraft, revision: int | None = None) -> Source:
        """Change the source of this name; a secret that is not given stays.

        Parameters
        ----------
        revision
            That was seen: it is refused if somebody changed it since.
        """
        request = edit("PUT", at("sources", draft.name), _told(draft), revision)
        return parsed(Source, await self._line.data(request))

    @verb
    async def remove(self, name: str, revision: int | None = None) -> None:
        """Remove a source; what it brought stays."""
        await self._line.ask(edit("DELETE", at("sources", name), None, revision))

    @verb
    async def pause(self, name: str) -> Source:
        """Let a source bring nothing until it is resumed."""
        return parsed(Source, await self._line.post(at("sources", name, "pause")))

    @verb
    async def resume(self, name: str) -> Source:
        """Let a paused source go on where it was."""
        return parsed(Source, await self._line.post(at("sources", name, "resume")))

    @verb
    async def attempt(self, draft: SourceDraft) -> SourceTrial:
        """Return the first of what a source would bring; nothing of it is kept."""
        return parsed(SourceTrial, await self._line.post("/sources/try", _told(draft)))


class Sources(Blocking, _Sources):
    """Sources, for those who wait."""


class AsyncSources(Awaiting, _Sources):
    """Sources, for those who await."""
