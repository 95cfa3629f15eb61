"""Channels: where word of events goes, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import SecretStr

from appliance.client.line import parsed
from appliance.client.pages import Listing, listing
from appliance.client.resource import Resource, at, edit
from appliance.client.verbs import Awaiting, Blocking, verb
from appliance.schemas.alert import Channel, ChannelDraft, Delivery, Trial


def _told(draft: ChannelDraft) -> dict[str, Any]:
    """Return a channel as it is sent: with the secrets that are given."""
    told = draft.model_dump(mode="json")
    told["target"] |= {
        name: value.get_secret_value()
        for name, value in draft.target
        if isinstance(value, SecretStr)
    }
    return told


class _Channels(Resource):
    """The site's channels."""

    @listing
    def list(self) -> Listing[Channel]:
        """Return the channels, without their secrets."""
        return Listing(self._line, "/channels", Channel, whole=True)

    @verb
    async def get(self, name: str) -> Channel:
        """Return one channel, without its secrets."""
        return parsed(Channel, await self._line.get(at("channels", name)))

    @verb
    async def add(self, draft: ChannelDraft) -> Channel:
        """Let word of events go somewhere, from now on."""
        return parsed(Channel, await self._line.post("/channels", _told(draft)))

    @verb
    async def put(self, draft: ChannelDraft, revision: int | None = None) -> Channel:
        """Change the channel of this name; a secret that is not given stays.

        Parameters
        ----------
        revision
            That was seen: it is refused if somebody changed it since.
        """
        request = edit("PUT", at("channels", draft.name), _told(draft), revision)
        return parsed(Channel, await self._line.data(request))

    @verb
    async def remove(self, name: str, revision: int | None = None) -> None:
        """Remove a channel; what waits for it is dropped."""
        await self._line.ask(edit("DELETE", at("channels", name), None, revision))

    @verb
    async def attempt(self, name: str) -> Trial:
        """Send a message that tries a channel; tell what became of it."""
        return parsed(Trial, await self._line.post(at("channels", name, "try")))

    @listing
    def deliveries(
        self,
        channel: str | None = None,
        state: str | Iterable[str] | None = None,
        limit: int | None = None,
    ) -> Listing[Delivery]:
        """Return what was told and what could not be told, the latest first."""
        query = {"channel": channel, "state": state}
        return Listing(self._line, "/deliveries", Delivery, query, limit)


class Channels(Blocking, _Channels):
    """Channels, for those who wait."""


class AsyncChannels(Awaiting, _Channels):
    """Channels, for those who await."""
