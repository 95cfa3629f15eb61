"""Code and pipelines of this home's own people, by whoever is at the machine."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import Any

from appliance.access import Person
from appliance.cli.here.jobs import JobHandle
from appliance.pipelines import own_code, own_files
from appliance.pipelines.site import Site
from appliance.schemas.job import JobRequest
from appliance.schemas.own import Code, OwnPipeline, OwnPipelineDraft


class CodeOf:
    """The code of the home's own people."""

    def __init__(self, site: Site, me: Person) -> None:
        self._site = site
        self._me = me

    def list(self) -> builtins.list[Code]:
        """Return all registered code by name, the newest version of each first."""
        return self._site.code.list()

    def get(self, name: str, version: str | None = None) -> Code:
        """Return one version with its steps; the one registered last if none is said."""
        return self._site.code.get(name, version)

    def add(self, file: str, data: bytes, version: str | None = None) -> Code:
        """Register a wheel or a notebook."""
        return own_code.register(self._site, self._me, file, data, version or "")

    def remove(self, name: str, version: str | None = None) -> None:
        """Remove a version, or all of a name if none is said."""
        self._site.code.remove(self._me, name, version)


class OwnPipelines:
    """The pipelines of the home's own people."""

    def __init__(self, site: Site, me: Person) -> None:
        self._site = site
        self._me = me

    def list(self) -> builtins.list[OwnPipeline]:
        """Return all of them by name."""
        return self._site.own_pipelines.list()

    def get(self, name: str) -> OwnPipeline:
        """Return one of them as a graph."""
        return self._site.own_pipelines.get(name)

    def put(self, draft: OwnPipelineDraft, revision: int | None = None) -> OwnPipeline:
        """Add a pipeline, or change the one of that name as a whole."""
        return own_code.put(self._site, self._me, draft, revision)

    def remove(self, name: str) -> None:
        """Remove a pipeline; its jobs stay."""
        self._site.own_pipelines.remove(self._me, name)

    def run(
        self,
        name: str,
        fleet: str | None = None,
        *,
        parameters: Mapping[str, Any] | None = None,
        engine: str | None = None,
    ) -> JobHandle:
        """Ask for a run, which a worker of the site does."""
        told = {"name": name, "parameters": dict(parameters or {})}
        if engine is not None:
            told["engine"] = engine
        request = JobRequest(pipeline="run", fleet=fleet, arguments=told)
        return JobHandle(self._site, self._me, self._site.jobs.ask(self._me, request))

    def file(self, job: str, step: str, file: str) -> bytes:
        """Return a file or table (Parquet) that a step of a run gave."""
        path, ours = own_files.fetched(self._site, job, step, file)
        data = path.read_bytes()
        if ours:
            path.unlink(missing_ok=True)
        return data
