"""Pipelines of the site's own people, and the files that their runs gave."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Response
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from appliance.api.etags import IfMatch, expected, tag
from appliance.api.guard import Caller, TheSite
from appliance.api.needs import Over, needs
from appliance.api.paging import Page
from appliance.api.problems import responses
from appliance.api.router import make_router
from appliance.core.errors import InvalidRequest
from appliance.pipelines import own_code, own_files
from appliance.schemas.access import Right
from appliance.schemas.own import OwnPipeline, OwnPipelineDraft

router = make_router("own pipelines")

_EDIT: dict[str, Any] = {"responses": responses(409, 412)}
Name = Annotated[str, Path(max_length=95, description="Name of the pipeline.")]


@router.get("/own-pipelines", summary="List own pipelines", **needs(Right.READ, Over.SOMEWHERE))
def list_own_pipelines(site: TheSite) -> Page[OwnPipeline]:
    """Return the pipelines that the site's people joined themselves, by name."""
    return Page(items=tuple(site.own_pipelines.list()))


@router.get(
    "/own-pipelines/{pipeline}",
    summary="Tell an own pipeline",
    **needs(Right.READ, Over.SOMEWHERE),
)
def get_own_pipeline(pipeline: Name, response: Response, site: TheSite) -> OwnPipeline:
    """Return one pipeline as a graph."""
    found = site.own_pipelines.get(pipeline)
    tag(response, found.revision)
    return found


@router.put(
    "/own-pipelines/{pipeline}",
    summary="Put an own pipeline",
    **needs(Right.REGISTER_CODE, Over.SITE),
    **_EDIT,
)
def put_own_pipeline(
    pipeline: Name,
    draft: OwnPipelineDraft,
    response: Response,
    site: TheSite,
    person: Caller,
    if_match: IfMatch = None,
) -> OwnPipeline:
    """Add a pipeline or change it as a whole; it is checked against the registered code."""
    if draft.name != pipeline:
        raise InvalidRequest(f"the pipeline is called {draft.name!r}, not {pipeline!r}.")
    made = own_code.put(site, person, draft, expected(if_match))
    tag(response, made.revision)
    return made


@router.delete(
    "/own-pipelines/{pipeline}",
    status_code=204,
    summary="Remove an own pipeline",
    **needs(Right.REGISTER_CODE, Over.SITE),
    **_EDIT,
)
def remove_own_pipeline(
    pipeline: Name, site: TheSite, person: Caller, if_match: IfMatch = None
) -> None:
    """Remove a pipeline; its jobs stay."""
    site.own_pipelines.remove(person, pipeline, revision=expected(if_match))


@router.get(
    "/jobs/{job}/files/{step}/{file}",
    summary="A file that a step gave",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}},
    **needs(Right.READ, Over.JOB),
)
def get_step_file(job: str, step: str, file: str, site: TheSite) -> Response:
    """Return a file or table (Parquet) that a step of an own pipeline gave."""
    path, ours = own_files.fetched(site, job, step, file)
    headers = {"Content-Security-Policy": "sandbox"}
    over = BackgroundTask(path.unlink, missing_ok=True) if ours else None
    return FileResponse(
        path,
        headers=headers,
        media_type="application/octet-stream",
        filename=file,
        background=over,
    )
