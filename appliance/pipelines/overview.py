"""Fleets and assets as they are now: what came, which model alarms, what waits."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import cast

from appliance.access.seen import Seen
from appliance.core.errors import ArtifactError, NotFound
from appliance.events.store.counts import EventCounts
from appliance.fleet import Artifact
from appliance.intake.ledger import Asset as Known
from appliance.intake.ledger import FleetFacts
from appliance.pipelines.life_models import has_life_model
from appliance.pipelines.site import Site
from appliance.schemas.fleet import Asset, Fleet, FleetSummary, Standing
from appliance.schemas.manifest import FleetManifest
from appliance.schemas.model import ModelVersion
from appliance.schemas.score import Judgement
from appliance.schemas.sensor import SensorRole


def fleets(site: Site, seen: Seen, *, after: str | None, limit: int) -> list[FleetSummary]:
    """Return fleets by name, without a look into the lake.

    Parameters
    ----------
    seen
        Those that whoever asks may see.
    after
        Only those that come after this name: the next page.
    """
    return _summaries(site, site.intake.assets.fleets(seen, after=after, limit=limit))


def _summaries(site: Site, known: Sequence[FleetFacts]) -> list[FleetSummary]:
    names = [one.name for one in known]
    projects = site.access.projects.of(names)
    champions = site.registry.champions(names)
    waiting = EventCounts(site.database).by_fleet(names)
    return [
        FleetSummary(
            fleet=one.name,
            project=projects[one.name],
            time_kind=one.time_kind,
            created=one.created,
            assets=one.assets,
            rows=one.rows,
            start=one.start,
            end=one.end,
            champion=champions.get(one.name),
            open_events=waiting.get(one.name, 0),
        )
        for one in known
    ]


def fleet(site: Site, name: str) -> Fleet:
    """Return one fleet; raises `NotFound` if it has no readings."""
    (summary,) = _summaries(site, [site.intake.assets.fleet(name)])
    roles = [sensor.role for sensor in site.intake.sensors(name)]
    return Fleet(
        **summary.model_dump(),
        sensors=roles.count(SensorRole.SENSOR),
        contexts=roles.count(SensorRole.CONTEXT),
        lives_learned=has_life_model(site, name),
    )


def assets(site: Site, name: str, *, after: str | None, limit: int) -> list[Asset]:
    """Return assets of a fleet by name, with the last score that its champion gave.

    Raises
    ------
    NotFound
        The fleet has no readings.
    """
    site.intake.assets.fleet(name)
    return _now(site, name, site.intake.assets.list(name, after=after, limit=limit))


def asset(site: Site, name: str, wanted: str) -> Asset:
    """Return one asset; raises `NotFound` if the fleet has none of that name."""
    known = site.intake.assets.named(name, [wanted])
    if not known:
        raise NotFound(f"fleet {name} has no asset {wanted}.")
    return _now(site, name, known)[0]


def _now(site: Site, name: str, known: Sequence[Known]) -> list[Asset]:
    waiting = EventCounts(site.database).by_asset(name, [one.name for one in known])
    scored = _scored(site, name, known)
    return [
        Asset(
            asset=one.name,
            rows=one.rows,
            start=one.start,
            end=one.end,
            open_events=waiting.get(one.name, 0),
        ).model_copy(update=scored.get(one.name))
        for one in known
    ]


def _scored(site: Site, name: str, known: Sequence[Known]) -> dict[str, dict[str, object]]:
    try:
        champion = site.registry.champion(name)
    except NotFound:
        return {}
    manifest = manifest_of(champion)
    ends = {one.name: one.end for one in known}
    found: dict[str, dict[str, object]] = {}
    for row in site.lake.scores(name).latest(ends, champion.version).iter_rows(named=True):
        state, model = Judgement(row["state"]), manifest.of(row["asset"])
        found[row["asset"]] = {
            "judged": row["time"],
            "standing": standing(state),
            "surprise": round(row["surprise"], 4) if state.judged else None,
            "threshold": None if model is None else model.threshold,
            "alarm": bool(row["alarm"]),
        }
    return found


def standing(state: Judgement) -> Standing:
    """Return how a state is told."""
    return cast(Standing, state.name.lower())


def champion_manifest(site: Site, fleet: str) -> FleetManifest | None:
    """Return the manifest of a fleet's champion; None without one, or if it was damaged."""
    try:
        return manifest_of(site.registry.champion(fleet))
    except (NotFound, ArtifactError):  # the page of the fleet's models says so
        return None


def manifest_of(version: ModelVersion) -> FleetManifest:
    """Return what a version's artifact says about itself.

    Raises
    ------
    ArtifactError
        The artifact is gone or was damaged.
    """
    return _manifest(version.path, version.digest)


@lru_cache(maxsize=32)
def _manifest(path: str, digest: str) -> FleetManifest:  # noqa: ARG001 - part of the key
    return Artifact(path).manifest
