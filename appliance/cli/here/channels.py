"""Channels of this home, by whoever is at the machine."""

from __future__ import annotations

import builtins

from appliance.access import Person
from appliance.pipelines.alerts import try_channel
from appliance.pipelines.site import Site
from appliance.schemas.alert import Channel, ChannelDraft, Delivery, Trial


class Channels:
    """Where word of events goes, and what became of it."""

    def __init__(self, site: Site, me: Person) -> None:
        self._site = site
        self._me = me

    def list(self) -> builtins.list[Channel]:
        """Return the channels, without their secrets."""
        return self._site.channels.list()

    def get(self, name: str) -> Channel:
        """Return one channel, without its secrets."""
        return self._site.channels.get(name)

    def add(self, draft: ChannelDraft) -> Channel:
        """Let word of events go somewhere, from now on."""
        return self._site.channels.add(draft, self._me)

    def put(self, draft: ChannelDraft, revision: int | None = None) -> Channel:
        """Change the channel of this name; a secret that is not given stays."""
        return self._site.channels.edit(draft.name, draft, self._me, revision=revision)

    def remove(self, name: str) -> None:
        """Remove a channel; what waits for it is dropped."""
        self._site.channels.remove(name, self._me)

    def attempt(self, name: str) -> Trial:
        """Send a message that tries a channel; tell what became of it."""
        return try_channel(self._site, name)

    def deliveries(
        self, channel: str | None = None, *, limit: int = 100
    ) -> builtins.list[Delivery]:
        """Return what was told and what could not be told, the latest first."""
        return self._site.deliveries.list(channel=channel, limit=limit)
