"""What a scoring run is going to do: settled at its beginning, and kept to when begun again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

from appliance.calendar.expand import expand
from appliance.calendar.masks import Masks
from appliance.core.clock import now
from appliance.fleet import Artifact
from appliance.pipelines import stretches
from appliance.pipelines.site import Site
from appliance.pipelines.stretches import Span
from appliance.schemas.manifest import FleetManifest
from appliance.schemas.model import CHAMPION, ModelVersion


@dataclass(frozen=True)
class Plan:
    """What one scoring run judges, under which name; it can be written as JSON.

    Attributes
    ----------
    alarms
        Whether its version raises events.
    renewed
        Whether events stand that this champion has not looked at since its promotion.
    batches
        Ingested batches that are judged for the first time.
    spans
        Stretches to be judged, by asset.
    extents
        First and last reading of each asset.
    masks
        Stretches that the calendar takes out.
    begun
        Moment of the plan: a promotion after it has yet to renew the events.
    runs, promotions, intention
        How many other runs and changes of champion the fleet had seen then, and the number of
        what the calendar's marks were told.
    """

    fleet: str
    version: int
    alarms: bool
    renewed: bool
    readings_version: int
    batches: tuple[str, ...]
    spans: dict[str, list[Span]]
    extents: dict[str, Span]
    masks: Masks
    begun: datetime
    run: str = ""
    runs: int = 0
    promotions: int = 0
    intention: int = 0

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.batches or self.spans or self.renewed)


@dataclass(frozen=True)
class Work:
    """A plan with the model that judges."""

    plan: Plan
    folder: str
    manifest: FleetManifest


def work_of(site: Site, plan: Plan) -> Work:
    """Return a plan with its model."""
    folder = site.registry.get(plan.fleet, plan.version).path
    return Work(plan, folder, Artifact(folder).manifest)


def planned(site: Site, fleet: str, number: int | None) -> Plan:
    """Settle what a run is going to do, and note it down; the same until it is done."""
    registry, begun = site.registry, now()
    version = registry.champion(fleet) if number is None else registry.get(fleet, number)
    manifest = Artifact(version.path).manifest
    covered = registry.covered(fleet, version.version)
    fresh = site.intake.spans_since(fleet, covered)
    before = site.intake.spans_since(fleet, set(fresh.batches)).spans
    # After the batches: the readings must hold all of those that will count as judged.
    readings_version = site.lake.readings(fleet).version()
    extents = stretches.extents(fresh.spans, before)
    horizon = stretches.horizon(extents)
    masks = expand(site.calendar.list(fleet), fleet, horizon).clipped(horizon)
    outdated = site.calendar_marks.outdated(fleet, version.version, masks)
    alarms = CHAMPION in version.aliases
    plan = Plan(
        fleet=fleet,
        version=version.version,
        alarms=alarms,
        renewed=alarms and _promoted_since(site, version),
        readings_version=readings_version,
        batches=fresh.batches,
        spans=stretches.together(
            stretches.to_judge(manifest, fresh.spans, before, masks),
            stretches.to_rejudge(manifest, outdated, before, masks),
        ),
        extents=extents,
        masks=masks,
        begun=begun,
        runs=len(registry.score_batches(fleet)),
        promotions=len(registry.promotions(fleet)),
    )
    return plan if plan.idle else _noted(site, plan)


def _noted(site: Site, plan: Plan) -> Plan:
    """Note down what the run is going to do, and give it the name of just that."""
    told = site.calendar_marks.intend(plan.fleet, plan.version, plan.masks)
    named = "\0".join(sorted(plan.batches))
    digest = hashlib.sha256(f"{named}\0{plan.promotions}\0{told}".encode()).hexdigest()
    run = f"score-{plan.fleet}-{plan.version}-{plan.readings_version}-{digest[:12]}"
    return replace(plan, run=run, intention=told)


def outdated(site: Site, plan: Plan) -> bool:
    """Whether others scored, promoted or used the calendar since a plan was made."""
    runs = sum(batch.id != plan.run for batch in site.registry.score_batches(plan.fleet))
    promotions = len(site.registry.promotions(plan.fleet))
    told = site.calendar_marks.intend(plan.fleet, plan.version, plan.masks)
    return (runs, promotions, told) != (plan.runs, plan.promotions, plan.intention)


def _promoted_since(site: Site, champion: ModelVersion) -> bool:
    """Whether events stand that this champion has not looked at since its promotion."""
    batches = site.registry.score_batches(champion.fleet)
    promoted = site.registry.promotions(champion.fleet)[-1].at
    own = (b.at for b in batches if b.model_version == champion.version)
    return bool(batches) and not any(at > promoted for at in own)
