"""A gateway: which sites belong to it, what waits for them, and models copied between them."""

from __future__ import annotations

from collections.abc import Iterable

from appliance.client.line import parsed
from appliance.client.pages import Listing, listing
from appliance.client.request import Request
from appliance.client.resource import Resource, at
from appliance.client.verbs import Awaiting, Blocking, verb
from appliance.schemas.gateway import Copied, Copies, Invitation, Waiting


class _Gateway(Resource):
    """What only a gateway has."""

    @verb
    async def invite(self, name: str) -> Invitation:
        """Add a site, or give one a new token; return what it needs to join, told this once."""
        return parsed(Invitation, await self._line.post("/sites", {"name": name}))

    @verb
    async def remove(self, name: str) -> None:
        """Let a site belong to the gateway no more."""
        await self._line.ask(Request("DELETE", at("sites", name)))

    @listing
    def outbox(self, site: str | None = None, limit: int | None = None) -> Listing[Waiting]:
        """Return what waits or waited for sites that are away, the newest first."""
        return Listing(self._line, "/outbox", Waiting, {"site": site}, limit)

    @verb
    async def waiting(self, entry: str) -> Waiting:
        """Return what became of a write that was to wait."""
        return parsed(Waiting, await self._line.get(at("outbox", entry)))

    @verb
    async def drop(self, entry: str) -> None:
        """Let a write wait no longer."""
        await self._line.ask(Request("DELETE", at("outbox", entry)))

    @verb
    async def copy_model(
        self, fleet: str, version: int, to: Iterable[str]
    ) -> tuple[Copied, ...]:
        """Give other sites a version of a fleet's model; each has it as a challenger then.

        Parameters
        ----------
        fleet
            With its site: ``pumps@oslo``.
        to
            Sites that have a fleet of that name.
        """
        told = {"fleet": fleet, "version": version, "to": [*to]}
        return parsed(Copies, await self._line.post("/models/copies", told)).copies


class Gateway(Blocking, _Gateway):
    """What only a gateway has, for those who wait."""


class AsyncGateway(Awaiting, _Gateway):
    """What only a gateway has, for those who await."""
