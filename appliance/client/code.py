"""Code and pipelines of the site's own people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from appliance.client.jobs import ask_for, asks
from appliance.client.line import parsed
from appliance.client.pages import Listing, listing
from appliance.client.request import Held, Request
from appliance.client.resource import Resource, at, edit
from appliance.client.verbs import Awaiting, Blocking, verb
from appliance.schemas.job import Job
from appliance.schemas.own import Code, OwnPipeline, OwnPipelineDraft

_MEDIA = "application/octet-stream"


class _CodeOf(Resource):
    """The code of a site's own people."""

    @listing
    def list(self) -> Listing[Code]:
        """Return all registered code by name, the newest version of each first."""
        return Listing(self._line, "/code", Code, whole=True)

    @verb
    async def get(self, name: str, version: str | None = None) -> Code:
        """Return one version with its steps; the one registered last if none is said."""
        return parsed(Code, await self._line.get(at("code", name), version=version))

    @verb
    async def add(self, file: str, data: bytes, version: str | None = None) -> Code:
        """Register a wheel or a notebook.

        Parameters
        ----------
        file, data
            What it is called, and its bytes.
        version
            Of a notebook; a wheel says its own.
        """
        query = {"file": file, "version": version}
        request = Request("POST", "/code", query, body=Held(_MEDIA, data), keyed=True)
        return parsed(Code, await self._line.data(request))

    @verb
    async def remove(self, name: str, version: str | None = None) -> None:
        """Remove a version, or all of a name if none is said."""
        await self._line.ask(Request("DELETE", at("code", name), {"version": version}))


class CodeOf(Blocking, _CodeOf):
    """The code of a site's own people, for those who wait."""


class AsyncCodeOf(Awaiting, _CodeOf):
    """The code of a site's own people, for those who await."""


class _OwnPipelines(Resource):
    """The pipelines of a site's own people."""

    @listing
    def list(self) -> Listing[OwnPipeline]:
        """Return all of them by name."""
        return Listing(self._line, "/own-pipelines", OwnPipeline, whole=True)

    @verb
    async def get(self, name: str) -> OwnPipeline:
        """Return one of them as a graph."""
        return parsed(OwnPipeline, await self._line.get(at("own-pipelines", name)))

    @verb
    async def put(self, draft: OwnPipelineDraft, revision: int | None = None) -> OwnPipeline:
        """Add a pipeline, or change the one of that name as a whole.

        Parameters
        ----------
        revision
            That was seen: it is refused if somebody changed it since.
        """
        told = draft.model_dump(
            mode="json", by_alias=True, include=set(OwnPipelineDraft.model_fields)
        )
        request = edit("PUT", at("own-pipelines", draft.name), told, revision)
        return parsed(OwnPipeline, await self._line.data(request))

    @verb
    async def remove(self, name: str, revision: int | None = None) -> None:
        """Remove a pipeline; its jobs stay."""
        await self._line.ask(edit("DELETE", at("own-pipelines", name), None, revision))

    @asks
    async def run(
        self,
        name: str,
        fleet: str | None = None,
        *,
        parameters: Mapping[str, Any] | None = None,
        engine: str | None = None,
    ) -> Job:
        """Ask for a run.

        Parameters
        ----------
        fleet
            That its steps work on; without one it works on the whole site.
        parameters
            Where they differ from the defaults.
        """
        told = {"name": name, "parameters": dict(parameters or {}), "engine": engine}
        return await ask_for(self._line, "run", fleet, told)

    @verb
    async def file(self, job: str, step: str, file: str) -> bytes:
        """Return a file or table (Parquet) that a step of a run gave."""
        request = Request("GET", at("jobs", job, "files", step, file), accept=_MEDIA)
        answer = await self._line.ask(request)
        return answer.data


class OwnPipelines(Blocking, _OwnPipelines):
    """The pipelines of a site's own people, for those who wait."""


class AsyncOwnPipelines(Awaiting, _OwnPipelines):
    """The pipelines of a site's own people, for those who await."""
