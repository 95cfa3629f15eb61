"""One fleet of this home: work on it is done at once, in this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Generic, TypeVar, Unpack

from appliance.access import Person
from appliance.access.seen import EVERYTHING
from appliance.cli.words import fitted
from appliance.client.fleet import SensorChanges
from appliance.client.telling import shown
from appliance.core.errors import NotFound
from appliance.events.store import Search
from appliance.pipelines import costs, models, overview, sensors
from appliance.pipelines.life_models import forget_lives
from appliance.pipelines.lives import lives
from appliance.pipelines.online import OnlineFleets
from appliance.pipelines.promote import promote, rollback
from appliance.pipelines.remaining import remaining_life
from appliance.pipelines.retrain import answer
from appliance.pipelines.score import ScoreReport, score
from appliance.pipelines.scorecard import scorecard
from appliance.pipelines.site import Site
from appliance.pipelines.train import TrainOptions, train
from appliance.schemas.approval import Approval
from appliance.schemas.backtest import Backtest
from appliance.schemas.base import Language, fleet_name
from appliance.schemas.event import Event, EventKind, EventState
from appliance.schemas.fleet import Asset
from appliance.schemas.fleet import Fleet as FleetFacts
from appliance.schemas.history import RemainingLife
from appliance.schemas.ingest import FleetQuality
from appliance.schemas.life import Lives
from appliance.schemas.model import ModelAsset, ModelVersion
from appliance.schemas.online import OnlineAnswer, OnlineReading, OnlineRequest
from appliance.schemas.progress import Progress
from appliance.schemas.scorecard import Scorecard
from appliance.schemas.sensor import Sensor, SensorEdit

_T = TypeVar("_T")
_EVERY = 1_000_000


class Work(Generic[_T]):
    """Work that is done when it is waited for.

    Parameters
    ----------
    do
        Does it, and tells of its progress.
    site, begun
        Where, and what it is: it is measured, and paid for.

    Attributes
    ----------
    id
        What its cost is asked for by.
    """

    def __init__(self, do: Callable[[Progress], _T], site: Site, begun: costs.Begun) -> None:
        self._do = do
        self._site = site
        self._begun = begun
        self.id = begun.run

    def wait(self, progress: bool | Progress = True) -> _T:
        """Do the work; return what it gives.

        Raises
        ------
        OverBudget
            The budget of this month is spent.
        """
        with costs.paid(self._site, self._begun) as recorder, shown(progress) as told:
            given = self._do(told)
            recorder.rows = costs.rows_of(given)
            return given


class Fleet:
    """One fleet of the home."""

    def __init__(self, site: Site, me: Person, name: str) -> None:
        self._site = site
        self._me = me
        self.name = fleet_name(name)

    def get(self) -> FleetFacts:
        """Return what it is."""
        self._site.require_fleet(self.name)
        return overview.fleet(self._site, self.name)

    def asset(self, asset: str) -> Asset:
        """Return one asset."""
        return overview.asset(self._site, self.name, asset)

    def assets(self) -> list[Asset]:
        """Return its assets, each with its last score and the events that wait."""
        return overview.assets(self._site, self.name, after=None, limit=_EVERY)

    def rul(self, asset: str, *, limit: float = 0.0) -> RemainingLife:
        """Return how long an asset lasts, and by what that is told; nothing without wear."""
        return remaining_life(self._site, self.name, asset, limit)

    def lives(self) -> Lives:
        """Return the lives of its machines, and what was learned from those that failed."""
        return lives(self._site, self.name)

    def forget_lives(self) -> None:
        """Let go what was learned of its machines' lives: health is carried on again."""
        forget_lives(self._site, self.name, self._me)

    def online(self, readings: Sequence[OnlineReading]) -> OnlineAnswer:
        """Judge readings as they come, by the champion; nothing is stored."""
        return self._online.answer(self.name, OnlineRequest(readings=tuple(readings)))

    @cached_property
    def _online(self) -> OnlineFleets:
        return OnlineFleets(self._site)

    # ------------------------------------------------------------------ readings
    def sensors(self) -> list[Sensor]:
        """Return its sensors and contexts."""
        self._site.require_fleet(self.name)
        return self._site.intake.sensors(self.name)

    def edit_sensor(
        self, sensor: str, /, revision: int | None = None, **changes: Unpack[SensorChanges]
    ) -> Sensor:
        """Change a sensor's role, unit, limits or label; the next training uses them."""
        self._site.require_fleet(self.name)
        edit = fitted(SensorEdit, {**changes}, "sensor")
        return sensors.edit_sensor(
            self._site, self._me, self.name, sensor, edit, revision=revision
        )

    def quality(self) -> FleetQuality:
        """Return the quality of its data, by sensor and by machine."""
        self._site.require_fleet(self.name)
        intake, count = self._site.intake, self._site.intake.batch_count(self.name)
        return FleetQuality(
            sensors=tuple(intake.quality(self.name)),
            assets=tuple(intake.sampling(self.name)),
            batches=count,
            of=count,
        )

    # ------------------------------------------------------------------ work
    def train(
        self,
        recipe: Any = "auto",
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        budget: float | None = None,
        seed: int | None = None,
        workers: int | None = None,
        engine: str | None = None,
    ) -> Work[ModelVersion]:
        """Learn what is normal for every machine."""
        self._site.require_fleet(self.name)
        options = TrainOptions(
            recipe=recipe, start=start, end=end, seed=seed, budget=budget, workers=workers
        )
        return Work(
            lambda told: train(self._site, self.name, options, engine=engine, progress=told),
            self._site,
            costs.here(self._site, "train", self.name, self._me.name, start=start, end=end),
        )

    def score(
        self, *, version: int | None = None, engine: str | None = None
    ) -> Work[ScoreReport]:
        """Judge what is new, and update events."""
        return Work(
            lambda told: score(
                self._site, self.name, version=version, engine=engine, progress=told
            ),
            self._site,
            costs.here(self._site, "score", self.name, self._me.name),
        )

    # ------------------------------------------------------------------ models
    def models(self) -> list[ModelVersion]:
        """Return the versions of its model, the newest first."""
        found = self._site.registry.versions(self.name)
        if not found:
            self._site.require_fleet(self.name)
        return found

    def model_assets(
        self, version: int, *, language: Language | None = None
    ) -> list[ModelAsset]:
        """Return what a version learned of each machine, or why it has no model of one."""
        spoken = language or self._site.settings.language
        return models.assets(self._site, self.name, version, language=spoken)

    def backtests(self) -> list[Backtest]:
        """Return its backtests without their events, the latest first."""
        self._site.require_fleet(self.name)
        return self._site.backtests.list(self.name)

    def backtested(self, backtest: str) -> Backtest:
        """Return a backtest with its events, the gravest first."""
        found = self._site.backtests.get(backtest)
        if found.fleet != self.name:
            raise NotFound(f"fleet {self.name} has no backtest {backtest}.")
        return found

    def answer(self, approval: str, approve: bool, note: str = "") -> Approval:
        """Make a challenger that somebody is asked about champion, or leave the champion."""
        return answer(self._site, approval, self._me, approve=approve, note=note)

    def promote(self, version: int) -> ModelVersion:
        """Make a version the champion: the one that alarms."""
        return promote(self._site, self.name, version, self._me)

    def rollback(self) -> ModelVersion:
        """Go back to the champion before this one."""
        return rollback(self._site, self.name, self._me)

    # ------------------------------------------------------------------ events
    def events(
        self,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int | None = None,
        asset: list[str] | None = None,
        state: list[str] | None = None,
        kind: list[str] | None = None,
        muted: bool | None = None,
        repeats: str | None = None,
    ) -> list[Event]:
        """Return its events, the most urgent first."""
        wanted = Search(
            seen=EVERYTHING,
            fleet=self.name,
            assets=tuple(asset or ()),
            states=tuple(EventState(one) for one in state or ()),
            kinds=tuple(EventKind(one) for one in kind or ()),
            since=start,
            until=end,
            muted=muted,
            repeats=repeats,
        )
        return self._site.events.look(wanted, limit=limit or _EVERY)

    def scorecard(
        self,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        look_back_days: float = 30.0,
    ) -> Scorecard:
        """Return what its alarms were worth."""
        with shown(True) as told:
            return scorecard(
                self._site,
                self.name,
                start=start,
                end=end,
                look_back=timedelta(days=look_back_days),
                progress=told,
            )
