"""Versions of a fleet's model: listed, told, compared, promoted, rolled back and deleted."""

from __future__ import annotations

from typing import Annotated

from fastapi import BackgroundTasks, Path, Query

from appliance.api.guard import Caller, TheSite
from appliance.api.needs import Over, needs
from appliance.api.paging import Cursor, Limit, Page, cursor_of, key_of, page
from appliance.api.problems import responses
from appliance.api.router import make_router
from appliance.pipelines import models
from appliance.schemas.access import Right
from appliance.schemas.base import Language, Moment
from appliance.schemas.model import (
    ModelAsset,
    ModelComparison,
    ModelTold,
    ModelVersion,
    Promotion,
)

router = make_router("models")

Version = Annotated[int, Path(ge=1, le=10**9)]
Compared = Annotated[int, Query(ge=1, le=10**9, description="Number of a version.")]


@router.get(
    "/fleets/{fleet}/models",
    summary="List the versions of a model",
    **needs(Right.READ, Over.FLEET, recent=True),
)
def list_models(
    fleet: str, site: TheSite, cursor: Cursor = None, limit: Limit = 50
) -> Page[ModelVersion]:
    """Return versions with their lineage, newest first."""
    (before,) = key_of(cursor, int) or (None,)
    found = site.registry.page(fleet, before=before, limit=limit + 1)
    return page(found, limit, lambda one: (one.version,))


@router.get(
    "/fleets/{fleet}/models/compare",
    summary="Set two versions side by side",
    **needs(Right.READ, Over.FLEET),
)
def compare_models(
    fleet: str,
    site: TheSite,
    a: Compared,
    b: Compared,
    start: Annotated[Moment | None, Query(alias="from", description="First moment.")] = None,
    end: Annotated[Moment | None, Query(alias="to", description="Before this one.")] = None,
) -> ModelComparison:
    """Return recipes, lineage and worth of two versions, and where they disagree.

    Compared is what both have scored: the last 30 days of it unless a range is named.
    """
    return models.compare(site, fleet, a, b, start=start, end=end)


@router.get(
    "/fleets/{fleet}/models/promotions",
    summary="List the champions that were",
    **needs(Right.READ, Over.FLEET, recent=True),
)
def list_promotions(
    fleet: str, site: TheSite, cursor: Cursor = None, limit: Limit = 100
) -> Page[Promotion]:
    """Return every change of champion, the latest first."""
    made = site.registry.promotions(fleet)
    (until,) = key_of(cursor, int) or (len(made),)
    first = max(until - limit, 0)
    following = cursor_of(first) if first else None
    return Page(items=tuple(reversed(made[first:until])), next=following)


@router.post(
    "/fleets/{fleet}/models/rollback",
    summary="Go back to the champion before",
    responses=responses(409),
    **needs(Right.PROMOTE, Over.FLEET),
)
def roll_back(
    fleet: str, site: TheSite, person: Caller, after: BackgroundTasks
) -> ModelVersion:
    """Make the champion before this one alarm again; repeated, the one before that."""
    changed = site.registry.rollback(fleet, person, show=False)
    after.add_task(site.registry.repair)
    return changed


@router.get(
    "/fleets/{fleet}/models/{version}",
    summary="Tell a version",
    **needs(Right.READ, Over.FLEET),
)
def get_model(
    fleet: str,
    version: Version,
    site: TheSite,
    metrics: Annotated[
        bool, Query(description="Also what its alarms were worth: reads all its scores.")
    ] = False,
) -> ModelTold:
    """Return a version with its lineage, what it has judged, and what became of it."""
    return models.told(site, fleet, version, metrics=metrics)


@router.get(
    "/fleets/{fleet}/models/{version}/assets",
    summary="List the machines of a version",
    **needs(Right.READ, Over.FLEET),
)
def list_model_assets(
    fleet: str,
    version: Version,
    site: TheSite,
    cursor: Cursor = None,
    limit: Limit = 50,
    language: Language | None = None,
) -> Page[ModelAsset]:
    """Return what a version learned of each machine and why it judges so, or does not."""
    (after,) = key_of(cursor, str) or (None,)
    spoken = language or site.settings.language
    found = models.assets(site, fleet, version, after=after, limit=limit + 1, language=spoken)
    return page(found, limit, lambda one: (one.asset,))


@router.delete(
    "/fleets/{fleet}/models/{version}",
    status_code=204,
    summary="Delete a version",
    responses=responses(409),
    **needs(Right.DELETE, Over.FLEET),
)
def delete_model(
    fleet: str,
    version: Version,
    site: TheSite,
    person: Caller,
    after: BackgroundTasks,
    force: Annotated[
        bool, Query(description="Even if events or open jobs rest on it.")
    ] = False,
) -> None:
    """Delete a version and its files; never the champion, nor what a rollback goes back to."""
    models.delete(site, person, fleet, version, force=force)
    after.add_task(site.registry.repair)


@router.post(
    "/fleets/{fleet}/models/{version}/promote",
    summary="Make a version the champion",
    responses=responses(409),
    **needs(Right.PROMOTE, Over.FLEET),
)
def promote_model(
    fleet: str, version: Version, site: TheSite, person: Caller, after: BackgroundTasks
) -> ModelVersion:
    """Let a version alarm; the next scoring run renews the fleet's events by it."""
    changed = site.registry.promote(fleet, version, person, show=False)
    after.add_task(site.registry.repair)
    return changed
