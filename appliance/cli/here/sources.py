"""Sources of this home, by whoever is at the machine."""

from __future__ import annotations

import builtins

from appliance.access import Person
from appliance.pipelines.site import Site
from appliance.pipelines.sources import remove_source, try_source
from appliance.schemas.source import Source, SourceDraft, SourceTrial


class Sources:
    """Where readings come from by themselves, and how each fares."""

    def __init__(self, site: Site, me: Person) -> None:
        self._site = site
        self._me = me

    def list(self, fleet: str | None = None) -> builtins.list[Source]:
        """Return the sources, of one fleet or all, without their secrets."""
        return self._site.sources.list(None if fleet is None else [fleet])

    def get(self, name: str) -> Source:
        """Return one source and how it fares, without its secrets."""
        return self._site.sources.get(name)

    def add(self, draft: SourceDraft) -> Source:
        """Let readings come from somewhere by themselves, from now on."""
        return self._site.sources.add(draft, self._me)

    def put(self, draft: SourceDraft, revision: int | None = None) -> Source:
        """Change the source of this name; a secret that is not given stays."""
        return self._site.sources.edit(draft.name, draft, self._me, revision=revision)

    def remove(self, name: str) -> None:
        """Remove a source; what it brought stays."""
        remove_source(self._site, name, self._me)

    def pause(self, name: str) -> Source:
        """Let a source bring nothing until it is resumed."""
        return self._site.sources.turn(name, self._me, paused=True)

    def resume(self, name: str) -> Source:
        """Let a paused source go on where it was."""
        return self._site.sources.turn(name, self._me, paused=False)

    def attempt(self, draft: SourceDraft) -> SourceTrial:
        """Return the first of what a source would bring; nothing of it is kept."""
        return try_source(self._site, draft)
