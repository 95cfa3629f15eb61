"""One event of this home, by whoever is at the machine."""

from __future__ import annotations

from datetime import datetime

from appliance.access import Person
from appliance.pipelines.events import told
from appliance.pipelines.site import Site
from appliance.schemas.event import (
    Event,
    EventComment,
    EventRevision,
    EventTold,
    Muting,
    Verdict,
)


class EventHandle:
    """One event."""

    def __init__(self, site: Site, me: Person, event: str) -> None:
        self._site = site
        self._me = me
        self.id = event

    def get(self) -> EventTold:
        """Return the event as it stands, in plain words, and what it rests on."""
        return told(self._site, self.id, self._site.settings.language)

    def history(self) -> list[EventRevision]:
        """Return what became of it, change by change."""
        return self._site.events.history(self.id)

    def comments(self) -> list[EventComment]:
        """Return what was said about it."""
        return self._site.events.comments(self.id)

    def acknowledge(self) -> Event:
        """Take note of it."""
        return self._site.events.acknowledge(self.id, self._me)

    def close(self, verdict: Verdict) -> Event:
        """Close it with a verdict."""
        return self._site.events.close(self.id, self._me, verdict)

    def reopen(self) -> Event:
        """Open it again after it was acknowledged or closed."""
        return self._site.events.reopen(self.id, self._me)

    def assign(self, owner: str | None) -> Event:
        """Give it to somebody, or to nobody."""
        return self._site.events.assign(self.id, owner, self._me)

    def mute(
        self, reason: str, *, until: datetime | None = None, only_sensor: bool = False
    ) -> Event:
        """Let it wait for nobody for a while, unless it becomes graver."""
        wanted = Muting(until=until, reason=reason, only_sensor=only_sensor)
        return self._site.events.mute(self.id, self._me, wanted)

    def unmute(self) -> Event:
        """Let it, and those that took its mute over, call again."""
        return self._site.events.unmute(self.id, self._me)

    def comment(self, text: str) -> EventComment:
        """Say something about it."""
        return self._site.events.comment(self.id, self._me, text)
