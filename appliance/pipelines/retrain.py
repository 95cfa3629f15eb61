"""Retrain: a challenger from newer readings, compared with the champion on the latest ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from appliance.access.person import Person, known
from appliance.backtests.rule import checks, is_better
from appliance.core.errors import InvalidRequest
from appliance.events.scorecard import LOOK_BACK
from appliance.pipelines.backtest import BacktestOptions, backtest
from appliance.pipelines.promote import promote
from appliance.pipelines.site import Site
from appliance.pipelines.steps import Plain, Steps
from appliance.pipelines.train import TrainOptions, train, with_limits_now
from appliance.schemas.approval import (
    Approval,
    ApprovalDraft,
    Check,
    PromoteWhen,
    RetrainReport,
)
from appliance.schemas.backtest import Backtest
from appliance.schemas.base import Schema, fleet_name
from appliance.schemas.progress import Progress
from appliance.schemas.recipe import Recipe

RECENT = timedelta(days=30)
_LARGEST_SHARE = 4
"""At most one in so many of the time known is kept for the comparison."""
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class RetrainOptions:
    """What is learned, and when it becomes champion.

    Attributes
    ----------
    recipe
        The champion's if not given.
    recent
        Latest time, which the challenger does not learn from: on it the two are compared.
    learn
        Time before that to learn from; all of it if not given.
    budget
        False alarms an asset and month; the recipe's if not given.
    promote
        ``when better``: by the rule of `appliance.backtests.rule`; ``ask``: an approval is
        put up; ``never``.
    look_back
        Longest time from the end of an event to a failure that it preceded.
    """

    recipe: str | Path | Mapping[str, Any] | Recipe | None = None
    recent: timedelta = RECENT
    learn: timedelta | None = None
    budget: float | None = None
    promote: PromoteWhen = "when better"
    look_back: timedelta = LOOK_BACK


class _Planned(Schema):
    """What a run settled at its beginning, and keeps to when it is begun again."""

    champion: int | None
    recipe: Recipe | None
    start: datetime | None = None
    cut: datetime | None = None
    end: datetime | None = None


def retrain(
    site: Site,
    fleet: str,
    options: RetrainOptions | None = None,
    *,
    by: Person | str = "kizashi",
    engine: str | None = None,
    progress: Progress | None = None,
    steps: Steps | None = None,
) -> RetrainReport:
    """Learn a challenger and compare it; promote it if it is better, or ask.

    What was compared is what becomes champion: it is not learned again with the latest
    readings, which nobody could then say anything about.

    Raises
    ------
    NotFound
        The fleet has no readings.
    InvalidRequest
        The recipe cannot be used, no asset could be modelled, or there is too little to
        compare on.
    TryAgain
        Another process trains this fleet.
    """
    fleet = fleet_name(fleet)
    options = options or RetrainOptions()
    steps = steps or Plain()
    site.require_fleet(fleet)
    plan = steps.run("plan challenger", _Planned, lambda: _plan(site, fleet, options))
    wanted = TrainOptions(
        recipe=options.recipe or plan.recipe or "auto",
        start=plan.start,
        end=plan.cut,
        budget=options.budget,
    )
    made = train(site, fleet, wanted, by=by, engine=engine, progress=progress, steps=steps)
    if plan.champion is None:
        return RetrainReport(
            fleet=fleet, version=made.version, champion=None, outcome="promoted"
        )
    compared = backtest(
        site,
        fleet,
        BacktestOptions(
            version=made.version, start=plan.cut, end=plan.end, look_back=options.look_back
        ),
        by=known(by).name,
        engine=engine,
        progress=progress,
        steps=steps,
    )
    return _decided(site, compared, options, by, steps)


def _plan(site: Site, fleet: str, options: RetrainOptions) -> _Planned:
    if not site.registry.versions(fleet):
        return _Planned(champion=None, recipe=None)
    span = site.lake.readings(fleet).span()
    if span is None or span[0] == span[1]:
        raise InvalidRequest(f"fleet {fleet} has too few readings to compare models on.")
    champion = site.registry.champion(fleet)
    end = span[1] + _INSTANT
    cut = end - min(options.recent, (end - span[0]) / _LARGEST_SHARE)
    return _Planned(
        champion=champion.version,
        recipe=with_limits_now(champion.lineage.recipe, site.intake.sensors(fleet)),
        start=None if options.learn is None else max(cut - options.learn, span[0]),
        cut=cut,
        end=end,
    )


def _decided(
    site: Site, compared: Backtest, options: RetrainOptions, by: Person | str, steps: Steps
) -> RetrainReport:
    """Promote, ask or leave it, by what the comparison says."""
    found = checks(compared)
    version, champion = _versions(compared)
    report = RetrainReport(
        fleet=compared.fleet,
        version=version,
        champion=champion,
        backtest=compared.id,
        checks=found,
        better=is_better(found),
        outcome="kept",
    )
    if options.promote == "ask":
        draft = _draft(compared, found, known(by).name)
        asked = steps.run("ask", Approval, lambda: site.approvals.ask(draft))
        return report.model_copy(update={"outcome": "waits", "approval": asked.id})
    if options.promote == "when better" and report.better:
        promote(site, compared.fleet, version, by, steps=steps)
        return report.model_copy(update={"outcome": "promoted"})
    return report


def _draft(compared: Backtest, found: tuple[Check, ...], by: str) -> ApprovalDraft:
    version, champion = _versions(compared)
    return ApprovalDraft(
        fleet=compared.fleet,
        version=version,
        champion=champion,
        backtest=compared.id,
        checks=found,
        by=by,
    )


def _versions(compared: Backtest) -> tuple[int, int]:
    ours = compared.candidate.model_version
    theirs = None if compared.champion is None else compared.champion.model_version
    if ours is None or theirs is None:
        raise InvalidRequest(
            f"backtest {compared.id} does not compare a version with the champion.",
            remedy="Another one was promoted in between; retrain again.",
        )
    return ours, theirs


# ---------------------------------------------------------------- approvals
def answer(
    site: Site,
    approval: str,
    by: Person | str,
    *,
    approve: bool,
    note: str = "",
    show: bool = True,
) -> Approval:
    """Answer an approval; a challenger that is approved becomes champion.

    The same answer again completes one that was cut off.

    Parameters
    ----------
    show
        Also show the new champion in MLflow; see `appliance.registry.Registry.promote`.

    Raises
    ------
    NotFound
        There is no such approval, or its challenger was deleted.
    Conflict
        It was answered otherwise, or a later challenger took its place.
    """
    if approve:
        asked = site.approvals.get(approval)
        site.registry.get(asked.fleet, asked.version)
    said = site.approvals.answer(approval, by, approve=approve, note=note)
    made = site.registry.promotions(said.fleet)
    later = said.answered is not None and any(one.at >= said.answered for one in made)
    if approve and not later:
        site.registry.promote(said.fleet, said.version, by, show=show)
    return said
