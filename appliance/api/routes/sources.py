"""Sources: where readings come from by themselves, and how each fares."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Query, Response

from appliance.api.etags import IfMatch, expected, tag
from appliance.api.guard import Caller, Guarded, TheSite
from appliance.api.needs import Over, needs
from appliance.api.paging import Page
from appliance.api.problems import responses
from appliance.api.router import make_router
from appliance.pipelines import sources as pipeline
from appliance.schemas.access import Right
from appliance.schemas.source import Source, SourceDraft, SourceTrial

router = make_router("sources")

_EDIT: dict[str, Any] = {"responses": responses(409, 412)}
Name = Annotated[str, Path(max_length=63, description="Name of the source.")]


@router.get("/sources", summary="List sources", **needs(Right.READ, Over.VISIBLE))
def list_sources(
    site: TheSite,
    guard: Guarded,
    fleet: Annotated[str | None, Query(max_length=63, description="Only its.")] = None,
) -> Page[Source]:
    """Return the sources of the fleets that one may see, without their secrets; one page."""
    visible = set(guard.visible(site.sources.fleets()))
    wanted = visible if fleet is None else visible & {fleet}
    return Page(items=tuple(site.sources.list(wanted)))


@router.post(
    "/sources",
    status_code=201,
    summary="Add a source",
    responses=responses(409),
    **needs(Right.OPERATE, Over.SITE),
)
def add_source(draft: SourceDraft, response: Response, site: TheSite, person: Caller) -> Source:
    """Let readings come from somewhere by themselves, from now on."""
    made = site.sources.add(draft, person)
    tag(response, made.revision)
    response.headers["Location"] = f"/api/v1/sources/{made.name}"
    return made


@router.post("/sources/try", summary="Try a source", **needs(Right.OPERATE, Over.SITE))
def try_a_source(draft: SourceDraft, site: TheSite) -> SourceTrial:
    """Return the first of what a source would bring, and how it would be understood.

    Nothing of it is kept.  Secrets that are not given are those of the source of that name, if
    it leads to the same place.
    """
    return pipeline.try_source(site, draft)


@router.get("/sources/{source}", summary="Tell a source", **needs(Right.READ, Over.SOURCE))
def get_source(source: Name, response: Response, site: TheSite) -> Source:
    """Return one source and how it fares, without its secrets."""
    found = site.sources.get(source)
    tag(response, found.revision)
    return found


@router.put(
    "/sources/{source}", summary="Change a source", **needs(Right.OPERATE, Over.SITE), **_EDIT
)
def put_source(
    source: Name,
    draft: SourceDraft,
    response: Response,
    site: TheSite,
    person: Caller,
    if_match: IfMatch = None,
) -> Source:
    """Change a source as a whole.

    A secret that is not given stays as it is, unless the source is to lead elsewhere.  Where it
    leads elsewhere, or its columns mean something else, it begins anew.
    """
    changed = site.sources.edit(source, draft, person, revision=expected(if_match))
    tag(response, changed.revision)
    return changed


@router.delete(
    "/sources/{source}",
    status_code=204,
    summary="Remove a source",
    **needs(Right.OPERATE, Over.SITE),
    **_EDIT,
)
def remove_source(
    source: Name, site: TheSite, person: Caller, if_match: IfMatch = None
) -> None:
    """Remove a source; what it brought stays."""
    pipeline.remove_source(site, source, person, revision=expected(if_match))


@router.post(
    "/sources/{source}/pause",
    summary="Pause a source",
    **needs(Right.CONFIGURE, Over.SOURCE),
)
def pause_source(source: Name, site: TheSite, person: Caller) -> Source:
    """Let a source bring nothing until it is resumed."""
    return site.sources.turn(source, person, paused=True)


@router.post(
    "/sources/{source}/resume",
    summary="Resume a source",
    **needs(Right.CONFIGURE, Over.SOURCE),
)
def resume_source(source: Name, site: TheSite, person: Caller) -> Source:
    """Let a paused source go on where it was."""
    return site.sources.turn(source, person, paused=False)
