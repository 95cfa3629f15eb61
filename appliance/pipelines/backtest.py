"""Backtest: what a model would have told of a time range, beside the champion.

It judges readings of the lake in memory: live scores and events stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from appliance.backtests.figures import Known, Subject, make_side, other_budgets, side_by_side
from appliance.calendar.expand import expand
from appliance.core.clock import now
from appliance.core.errors import InvalidRequest, NotFound
from appliance.core.ids import new_id
from appliance.engine import Engine
from appliance.events.scorecard import LOOK_BACK
from appliance.fleet import Artifact
from appliance.fleet.levels import BUDGETS
from appliance.fleet.replaying import Period, replay_fleet
from appliance.pipelines import stretches
from appliance.pipelines.frozen import words_on
from appliance.pipelines.scorecard import failures_of
from appliance.pipelines.site import Site
from appliance.pipelines.steps import Plain, Steps
from appliance.pipelines.train import TrainOptions
from appliance.pipelines.trial import Lesson, Trial, drop_trial, learn_trial
from appliance.schemas.backtest import Backtest, Replay
from appliance.schemas.base import Schema, fleet_name
from appliance.schemas.event import EventKind
from appliance.schemas.model import CHALLENGER, ModelVersion
from appliance.schemas.progress import Progress
from appliance.schemas.recipe import Recipe

YEAR = timedelta(days=365)
_INSTANT = timedelta(microseconds=1)
_MOST_KEPT = 1_000
_MOST_UNDER_OTHERS = 300
"""Events kept of the gravest for each other budget."""


@dataclass(frozen=True)
class BacktestOptions:
    """Which model is asked about which time.

    Attributes
    ----------
    version
        A version of the fleet's model; without it and a recipe the challenger, or the
        champion where there is none.
    recipe
        Learned for the backtest from the readings before `start`: ``auto``, a detector's
        name, the path of a recipe file, data, or a recipe.
    start, end
        Half-open; the last year if not given, of a recipe at most the later half of the
        readings.
    budgets
        False alarms an asset and month that are looked at beside the model's own.
    look_back
        Longest time from the end of an event to a failure that it preceded.
    """

    version: int | None = None
    recipe: str | Path | Mapping[str, Any] | Recipe | None = None
    start: datetime | None = None
    end: datetime | None = None
    budgets: Sequence[float] = BUDGETS
    look_back: timedelta = LOOK_BACK


class _Begun(Schema):
    """What a run settled at its beginning, and keeps to when it is begun again.

    Attributes
    ----------
    whole
        Whether the range goes on to the last reading.
    """

    id: str
    created: datetime
    start: datetime
    end: datetime
    whole: bool
    readings_version: int
    version: int | None
    champion: int | None


class _Replays(Schema):
    """The assets of one model."""

    assets: tuple[Replay, ...]


def backtest(
    site: Site,
    fleet: str,
    options: BacktestOptions | None = None,
    *,
    by: str = "kizashi",
    engine: str | None = None,
    progress: Progress | None = None,
    steps: Steps | None = None,
) -> Backtest:
    """Tell what a model would have told of a time range, and keep it.

    Without look-ahead: a recipe is learned from what lies before the range.  A version may
    have learned from readings in it; the result says how much (`BacktestSide.seen`).

    Raises
    ------
    NotFound
        The fleet has no readings, model or such version.
    InvalidRequest
        There are no readings in the range, or none to learn the recipe from.
    """
    fleet = fleet_name(fleet)
    options = options or BacktestOptions()
    steps = steps or Plain()
    site.require_fleet(fleet)
    begun = steps.run("begin", _Begun, lambda: _begin(site, fleet, options))
    with site.engine(engine) as made:
        run = _Run(site, fleet, options, begun, made, progress)
        trial = None
        if options.recipe is not None:
            trial = steps.run("learn", Trial, run.learn)
        ours = steps.run("replay candidate", _Replays, lambda: run.replay(run.folder(trial)))
        theirs = None
        if begun.champion is not None:
            theirs = steps.run(
                "replay champion", _Replays, lambda: run.replay(run.folder(None, champion=True))
            )
    kept = steps.run(
        "compare", Backtest, lambda: site.backtests.keep(run.compare(trial, ours, theirs, by))
    )
    if trial is not None:
        drop_trial(trial)
    return kept


def _begin(site: Site, fleet: str, options: BacktestOptions) -> _Begun:
    if options.recipe is not None and options.version is not None:
        raise InvalidRequest("a backtest is of a version or of a recipe, not of both.")
    readings = site.lake.readings(fleet)
    span = readings.span()
    if span is None:
        raise InvalidRequest(f"fleet {fleet} has no readings.")
    versions = site.registry.versions(fleet)
    champion = None if not versions else site.registry.champion(fleet)
    version = None
    if options.recipe is None:
        version = _asked_about(site, fleet, options, versions, champion)
    last = span[1] + _INSTANT
    end = min(options.end or last, last)
    back = YEAR if options.recipe is None else min(YEAR, (end - span[0]) / 2)
    start = max(options.start or end - back, span[0])
    if start >= end:
        raise InvalidRequest(
            f"fleet {fleet} has no readings in that time.",
            remedy=f"They go from {span[0]:%Y-%m-%d} to {span[1]:%Y-%m-%d}.",
        )
    return _Begun(
        id=new_id("btt"),
        created=now(),
        start=start,
        end=end,
        whole=end == last,
        readings_version=readings.version(),
        version=version,
        champion=None if champion is None or champion.version == version else champion.version,
    )


def _asked_about(
    site: Site,
    fleet: str,
    options: BacktestOptions,
    versions: Sequence[ModelVersion],
    champion: ModelVersion | None,
) -> int:
    if options.version is not None:
        return site.registry.get(fleet, options.version).version
    waiting = [one.version for one in versions if CHALLENGER in one.aliases]
    if waiting:
        return waiting[0]
    if champion is None:
        raise NotFound(
            f"fleet {fleet} has no model yet.",
            remedy="Name a recipe to be tried, or train one.",
        )
    return champion.version


class _Run:
    """One backtest at work."""

    def __init__(
        self,
        site: Site,
        fleet: str,
        options: BacktestOptions,
        begun: _Begun,
        engine: Engine,
        progress: Progress | None,
    ) -> None:
        self._site = site
        self._fleet = fleet
        self._options = options
        self._begun = begun
        self._engine = engine
        self._progress = progress

    def learn(self) -> Trial:
        """Learn the recipe from what lies before the range."""
        begun, readings = self._begun, self._site.lake.readings(self._fleet)
        if not readings.files(end=begun.start, version=begun.readings_version):
            raise InvalidRequest(
                f"fleet {self._fleet} has no readings before {begun.start:%Y-%m-%d %H:%M} "
                "to learn the recipe from.",
                remedy="Begin the backtest later.",
            )
        options = TrainOptions(recipe=self._options.recipe or "auto", end=begun.start)
        guide = words_on(self._site, self._fleet).guide
        lesson = Lesson(options, guide, readings_version=begun.readings_version)
        return learn_trial(
            self._site, self._fleet, begun.id, lesson, self._engine, self._progress
        )

    def folder(self, trial: Trial | None, *, champion: bool = False) -> str:
        """Return the artifact of one of the models."""
        if trial is not None:
            return trial.folder
        number = self._begun.champion if champion else self._begun.version
        return self._site.registry.get(self._fleet, number or 0).path

    def replay(self, folder: str) -> _Replays:
        """Judge the range by a model."""
        begun, site = self._begun, self._site
        readings = site.lake.readings(self._fleet)
        manifest = Artifact(folder).manifest
        windows = site.calendar.list(self._fleet)
        span = readings.span() or (begun.start, begun.end)
        masks = expand(windows, self._fleet, (span[0], span[1] + _INSTANT))
        whole = begun.start, begun.end - _INSTANT
        low, high = stretches.to_read(manifest, dict.fromkeys(readings.assets(), whole), masks)
        chunks = readings.chunks(
            cells=site.chunk_cells(self._fleet, self._engine.workers, start=low, end=high),
            start=low,
            end=high,
            version=begun.readings_version,
        )
        period = Period((begun.start, begun.end), site.settings.timezone, masks)
        found = replay_fleet(
            chunks,
            folder,
            period,
            self._engine,
            budgets=tuple(self._options.budgets),
            progress=self._progress,
        )
        return _Replays(assets=tuple(sorted(found, key=lambda one: one.asset)))

    def compare(
        self, trial: Trial | None, ours: _Replays, theirs: _Replays | None, by: str
    ) -> Backtest:
        """Say what the models would have been worth, side by side."""
        begun = self._begun
        known = self._known([one.asset for one in ours.assets])
        candidate = self._subject(begun.version, ours, trial)
        champion = None if theirs is None else self._subject(begun.champion, theirs)
        manifest = Artifact(self.folder(trial)).manifest
        near = stretches.merging(manifest, [one.asset for one in ours.assets])
        events, sides = side_by_side(
            candidate.drafts, None if champion is None else champion.drafts, known, near,
            _MOST_KEPT,
        )  # fmt: skip
        return Backtest(
            id=begun.id,
            fleet=self._fleet,
            start=begun.start,
            end=begun.end,
            created=begun.created,
            by=by,
            candidate=make_side(candidate, known),
            champion=None if champion is None else make_side(champion, known),
            events=events,
            sides=sides,
            others=other_budgets(candidate, known, _MOST_UNDER_OTHERS),
            look_back_days=self._options.look_back / timedelta(days=1),
        )

    def _subject(
        self, version: int | None, replays: _Replays, trial: Trial | None = None
    ) -> Subject:
        if trial is not None:
            learned = trial.learned_from, trial.learned_until
            return Subject(None, trial.recipe, trial.budget, learned, replays.assets)
        lineage = self._site.registry.get(self._fleet, version or 0).lineage
        return Subject(
            version,
            lineage.recipe.name,
            lineage.recipe.threshold.false_alarms_per_month,
            (lineage.data_start, lineage.data_end),
            replays.assets,
        )

    def _known(self, assets: list[str]) -> Known:
        begun, spare = self._begun, self._options.look_back
        around = failures_of(
            self._site, self._fleet, assets, begun.start - spare, begun.end + spare
        )
        # A machine that fails sends nothing any more: it fails after its last reading.
        until = begun.end + spare if begun.whole else begun.end
        return Known(
            fleet=self._fleet,
            events=self._site.events.list(
                self._fleet, kind=EventKind.ANOMALY, since=begun.start, until=begun.end
            ),
            failures=[one for one in around if one.start < until],
            around=around,
            zone=self._site.settings.zone,
            look_back=spare,
        )
