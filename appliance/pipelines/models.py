"""Model versions as they are told, deleted with care, and set side by side."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from appliance.access import Person
from appliance.core.errors import Conflict, InvalidRequest
from appliance.fleet import Artifact, choice_words
from appliance.fleet.drift_words import drift_words
from appliance.pipelines.scorecard import scorecard
from appliance.pipelines.site import Site
from appliance.schemas.base import Language, fleet_name
from appliance.schemas.job import JobState
from appliance.schemas.manifest import FleetManifest
from appliance.schemas.model import (
    ComparedModel,
    Difference,
    Disagreement,
    Lineage,
    ModelAsset,
    ModelComparison,
    ModelTold,
    ModelVersion,
)
from appliance.schemas.scorecard import ScorecardRow

USUAL = timedelta(days=30)
"""How much of the time that two versions have scored is compared unless more is asked for."""
LONGEST = timedelta(days=100)
_ASSETS_AT_ONCE = 16
_MOST_SHOWN = 100
_NEWER = "it was not there when this version learned"
_INSTANT = timedelta(microseconds=1)
_AT_WORK = (JobState.QUEUED, JobState.RUNNING, JobState.CANCELLING)


def told(site: Site, fleet: str, version: int, *, metrics: bool = False) -> ModelTold:
    """Return a version with what it has done.

    Parameters
    ----------
    metrics
        Also say what its alarms were worth, which reads all of its scores.

    Raises
    ------
    NotFound
        There is no such version.
    """
    found = site.registry.get(fleet, version)
    every = site.registry.versions(fleet)
    return ModelTold(
        **dict(found),
        promotions=tuple(p for p in site.registry.promotions(fleet) if p.version == version),
        derived=tuple(v.version for v in every if v.lineage.derived_from == version),
        scored=site.registry.judged(fleet, version),
        events=site.events.count_of(fleet, version),
        card=_card(site, fleet, version, None, None) if metrics else None,
    )


def assets(
    site: Site,
    fleet: str,
    version: int,
    *,
    after: str | None = None,
    limit: int | None = None,
    language: Language = "en",
) -> list[ModelAsset]:
    """Return the machines of a version by name: what was learned of each, or why nothing was.

    Parameters
    ----------
    after
        Only those that come after this name.
    language
        Of the reasons.

    Raises
    ------
    NotFound
        There is no such version.
    ArtifactError
        It was damaged.
    """
    found = site.registry.get(fleet, version)
    manifest = Artifact(found.path).manifest
    newer = site.lake.readings(fleet).assets() if manifest.shared is not None else ()
    names = sorted({*manifest.assets, *manifest.failures, *newer})
    return [
        _asset(name, manifest, found.lineage, language)
        for name in [name for name in names if after is None or name > after][:limit]
    ]


def _asset(
    name: str, manifest: FleetManifest, lineage: Lineage, language: Language
) -> ModelAsset:
    entry = manifest.of(name)
    if entry is None:
        return ModelAsset(asset=name, problem=manifest.failures[name])
    before, after = entry.reach
    drifted = tuple(note for note in lineage.drifted if note.asset == name)
    return ModelAsset(
        asset=name,
        kept=lineage.kept.get(name, ""),
        borrowed=manifest.failures.get(name, _NEWER) if entry.donors else "",
        trial=manifest.trials.get(name, entry.trial),
        threshold=entry.threshold,
        expected_per_month=entry.budget.expected_per_month,
        basis="observed" if entry.budget.basis == "observed" else "extrapolated",
        months=entry.budget.months,
        rows=entry.rows,
        data_start=entry.data_start,
        data_end=entry.data_end,
        interval_seconds=entry.interval_seconds,
        looks_back_seconds=before * entry.interval_seconds,
        looks_ahead_seconds=after * entry.interval_seconds,
        sensors=entry.sensors,
        left_out=entry.left_out,
        explained=entry.conditioned,
        unusual=len(entry.excluded),
        learned=entry.learned,
        levelled_rows=entry.levelled_rows,
        modes=entry.modes,
        choice=entry.choice,
        drifted=drifted,
        reasons=(
            *choice_words(manifest, name, language),
            *(drift_words(note, language) for note in drifted),
        ),
    )


def _card(
    site: Site, fleet: str, version: int, start: datetime | None, end: datetime | None
) -> ScorecardRow | None:
    card = scorecard(site, fleet, start=start, end=end, versions=[version])
    return next((row for row in card.versions if row.model_version == version), None)


def delete(site: Site, by: Person, fleet: str, version: int, *, force: bool = False) -> None:
    """Delete a version and its artifact; its number, lineage and promotions stay.

    Parameters
    ----------
    force
        Even if events or jobs rest on it.

    Raises
    ------
    NotFound
        There is no such version.
    Conflict
        It is the champion or what a rollback goes back to, or something rests on it.
    """
    fleet = fleet_name(fleet)
    site.registry.get(fleet, version)
    if not force:
        events = site.events.count_of(fleet, version)
        if events:
            raise Conflict(
                f"{events} events of {fleet} rest on version {version}.",
                remedy="Delete it all the same with `force`: their facts stay.",
            )
        jobs = site.jobs.list(fleet=fleet, states=_AT_WORK, limit=1)
        if jobs:
            raise Conflict(
                f"job {jobs[0].id} on {fleet} is {jobs[0].state.value}: it may need version "
                f"{version}.",
                remedy="Let it finish, or delete all the same with `force`.",
            )
    site.registry.delete(by, fleet, version)


# ---------------------------------------------------------------- side by side
def compare(
    site: Site,
    fleet: str,
    a: int,
    b: int,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
) -> ModelComparison:
    """Set two versions side by side, by what both have scored.

    Parameters
    ----------
    start, end
        Half-open range to compare; the last 30 days that both have scored if not given.

    Raises
    ------
    NotFound
        There is no such version.
    InvalidRequest
        The range is longer than 100 days, or ends before it begins.
    """
    fleet = fleet_name(fleet)
    one, other = site.registry.get(fleet, a), site.registry.get(fleet, b)
    period = _period(site, fleet, (a, b), start, end)
    differences = tuple(_differences(one, other))
    if period is None:
        sides = [_side(version, None, None) for version in (one, other)]
        return ModelComparison(fleet=fleet, a=sides[0], b=sides[1], differences=differences)
    counts, apart, both = _set_beside(site, fleet, (a, b), period)
    sides = [
        _side(version, own, _card(site, fleet, version.version, *period))
        for version, own in zip((one, other), counts, strict=True)
    ]
    return ModelComparison(
        fleet=fleet,
        a=sides[0],
        b=sides[1],
        differences=differences,
        start=period[0],
        end=period[1],
        both=both,
        disagreements=tuple(
            _disagreement(row, (a, b)) for row in apart.head(_MOST_SHOWN).to_dicts()
        ),
        disagreed=apart.height,
    )


def _period(
    site: Site,
    fleet: str,
    versions: tuple[int, int],
    start: datetime | None,
    end: datetime | None,
) -> tuple[datetime, datetime] | None:
    scores = site.lake.scores(fleet)
    spans = [scores.span(version) for version in versions] if scores.exists() else [None]
    known = [span for span in spans if span is not None]
    if len(known) < 2:
        return None
    low = max(span[0] for span in known)
    high = min(span[1] for span in known) + _INSTANT
    until = min(end, high) if end else high
    since = max(start, low) if start else max(low, until - USUAL)
    if start and end and start >= end:
        raise InvalidRequest("the range to compare ends before it begins.")
    if until - since > LONGEST:
        raise InvalidRequest(f"at most {LONGEST.days} days are compared at once.")
    return (since, until) if since < until else None


def _differences(one: ModelVersion, other: ModelVersion) -> Iterator[Difference]:
    a, b = (dict(_flat(v.lineage.recipe.model_dump(mode="json"))) for v in (one, other))
    for name in sorted({*a, *b}):
        if a.get(name) != b.get(name):
            yield Difference(name=name, a=a.get(name), b=b.get(name))


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, part in value.items():
            yield from _flat(part, f"{path}.{key}" if path else str(key))
    else:
        yield path, value


def _set_beside(
    site: Site, fleet: str, versions: tuple[int, int], period: tuple[datetime, datetime]
) -> tuple[list[dict[str, int]], pl.DataFrame, int]:
    """Return what each counts, the stretches in which they differ, and the alarms of both."""
    assets = site.lake.readings(fleet).assets()
    counts = [dict.fromkeys(("judged", "alarms", "alarmed_assets"), 0) for _ in versions]
    apart: list[pl.DataFrame] = []
    both = 0
    for first in range(0, len(assets), _ASSETS_AT_ONCE):
        joined = _joined(site, fleet, versions, assets[first : first + _ASSETS_AT_ONCE], period)
        for side, own in zip("ab", counts, strict=True):
            alarmed = joined.filter(pl.col(f"alarm_{side}"))
            own["judged"] += joined[f"surprise_{side}"].count()
            own["alarms"] += alarmed.height
            own["alarmed_assets"] += alarmed["asset"].n_unique()
        both += joined.filter(pl.col("alarm_a") & pl.col("alarm_b")).height
        apart.append(_stretches(joined))
    none = _stretches(_joined(site, fleet, versions, [], period))
    found = pl.concat(apart) if apart else none
    return counts, found.sort("rows", "start", "asset", descending=[True, False, False]), both


def _joined(
    site: Site,
    fleet: str,
    versions: tuple[int, int],
    assets: list[str],
    period: tuple[datetime, datetime],
) -> pl.DataFrame:
    """Return the readings that both versions have scored, with what each said."""
    scores = site.lake.scores(fleet)
    frames = [
        scores.read(assets, *period, model_version=version, columns=["surprise", "alarm"])
        .drop("version")
        .with_columns(pl.col("alarm").fill_null(value=False))
        .rename({"surprise": f"surprise_{side}", "alarm": f"alarm_{side}"})
        for version, side in zip(versions, "ab", strict=True)
    ]
    return frames[0].join(frames[1], on=["asset", "time"], how="inner").sort("asset", "time")


def _stretches(joined: pl.DataFrame) -> pl.DataFrame:
    """Return the stretches in which only one version alarmed."""
    numbered = joined.with_columns(
        number=pl.int_range(pl.len()).over("asset"), by_a=pl.col("alarm_a")
    )
    apart = numbered.filter(pl.col("alarm_a") != pl.col("alarm_b"))
    begun = (pl.col("number").diff() != 1) | (pl.col("by_a") != pl.col("by_a").shift())
    return (
        apart.with_columns(stretch=begun.fill_null(value=True).cum_sum().over("asset"))
        .group_by("asset", "stretch", "by_a")
        .agg(
            pl.col("time").min().alias("start"),
            pl.col("time").max().alias("end"),
            pl.len().alias("rows"),
            pl.col("surprise_a").max().alias("peak_a"),
            pl.col("surprise_b").max().alias("peak_b"),
        )
    )


def _disagreement(row: dict[str, Any], versions: tuple[int, int]) -> Disagreement:
    own, other = ("peak_a", "peak_b") if row["by_a"] else ("peak_b", "peak_a")
    return Disagreement(
        asset=row["asset"],
        start=row["start"],
        end=row["end"],
        rows=row["rows"],
        alarmed=versions[0] if row["by_a"] else versions[1],
        peak=row[own],
        other=row[other],
    )


def _side(
    version: ModelVersion, counts: dict[str, int] | None, card: ScorecardRow | None
) -> ComparedModel:
    made = version.lineage
    return ComparedModel(
        version=version.version,
        aliases=version.aliases,
        created=version.created,
        recipe=made.recipe.name,
        data_start=made.data_start,
        data_end=made.data_end,
        rows=made.rows,
        assets=made.assets,
        failures=len(made.failures),
        derived_from=made.derived_from,
        card=card,
        **(counts or {}),
    )
