"""A fleet's models: learned, judged by, asked about the past, promoted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic_core import to_jsonable_python

from appliance.client.fleet.base import FleetBase
from appliance.client.jobs import ask_for, asks
from appliance.client.line import parsed
from appliance.client.pages import Listing, listing
from appliance.client.recipes import portable
from appliance.client.request import Request
from appliance.client.verbs import verb
from appliance.schemas.approval import Approval
from appliance.schemas.backtest import Backtest
from appliance.schemas.base import Language
from appliance.schemas.job import Job
from appliance.schemas.life import Lives
from appliance.schemas.model import (
    ModelAsset,
    ModelComparison,
    ModelTold,
    ModelVersion,
    Promotion,
)
from appliance.schemas.online import OnlineAnswer


class FleetModels(FleetBase):
    """What a fleet's models learn, and which of them alarms."""

    @asks
    async def train(  # noqa: PLR0913 - each may be said alone
        self,
        recipe: Any = None,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        budget: float | None = None,
        assets: Iterable[str] | None = None,
        seed: int | None = None,
        workers: int | None = None,
        engine: str | None = None,
    ) -> Job:
        """Learn what is normal for every machine.

        Parameters
        ----------
        recipe
            ``auto``, a detector's or a saved recipe's name, the path of a TOML or JSON file
            of this machine, a mapping, or a recipe.
        start, end
            Half-open range of the readings to learn from.
        budget, seed
            Win over the recipe's; the budget is false alarms a machine and month.
        assets
            Only these are learned anew, the others keep the model that the champion has.
        workers
            That learn one network of the whole fleet together, with ``autoencoder``.
        """
        return await self._ask(
            "train",
            recipe=portable(recipe),
            start=start,
            end=end,
            budget=budget,
            assets=None if assets is None else [*assets],
            seed=seed,
            workers=workers,
            engine=engine,
        )

    @asks
    async def score(self, *, version: int | None = None, engine: str | None = None) -> Job:
        """Judge what is new, and update events; by the champion if no version is said."""
        return await self._ask("score", version=version, engine=engine)

    @asks
    async def backtest(
        self,
        *,
        version: int | None = None,
        recipe: Any = None,
        start: datetime | None = None,
        end: datetime | None = None,
        look_back_days: float | None = None,
        engine: str | None = None,
    ) -> Job:
        """Find out what a version, or a recipe, would have told of a time past.

        Parameters
        ----------
        version, recipe
            One of them; without either the challenger, or the champion if there is none.
        start, end
            Half-open; the last year if not said.
        look_back_days
            An event that ended longer before a failure was no sign of it.
        """
        return await self._ask(
            "backtest",
            version=version,
            recipe=portable(recipe),
            start=start,
            end=end,
            look_back_days=look_back_days,
            engine=engine,
        )

    @asks
    async def retrain(self, /, recipe: Any = None, **arguments: Any) -> Job:
        """Learn a challenger from newer readings, compare it, and promote it or ask.

        Parameters
        ----------
        **arguments
            Those of the pipeline ``retrain``, such as `promote`: ``when better``, ``ask``
            or ``never``.
        """
        return await self._ask("retrain", recipe=portable(recipe), **arguments)

    @asks
    async def tune(
        self,
        recipe: Any = None,
        *,
        trials: int | None = None,
        save_as: str | None = None,
        engine: str | None = None,
    ) -> Job:
        """Search a recipe that suits the fleet, without labels, and save it.

        Parameters
        ----------
        recipe
            Whose detector is tried with other parameters; all detectors without it.
        trials
            Recipes that are tried, at most.
        save_as
            Name that the best is saved under; ``tuned`` and the fleet's if not said.
        """
        return await self._ask(
            "tune", recipe=portable(recipe), trials=trials, save_as=save_as, engine=engine
        )

    @asks
    async def adjust(
        self, *, version: int | None = None, budget: float | None = None, limits: bool = False
    ) -> Job:
        """Make a version that judges by another budget or limits, without learning anew.

        Parameters
        ----------
        version
            The one to start from; the champion if not said.
        budget
            False alarms a machine and month.
        limits
            Take the sensors' physical limits as they are now.
        """
        return await self._ask("adjust", version=version, budget=budget, limits=limits or None)

    @verb
    async def lives(self) -> Lives:
        """Return the lives of its machines, and what was learned from those that failed."""
        return parsed(Lives, await self._line.get(self._at("lives")))

    @asks
    async def learn_lives(
        self, *, cap_days: float | None = None, from_repair: bool = False
    ) -> Job:
        """Learn from machines that failed how long others last; `rul` then tells by it.

        Parameters
        ----------
        cap_days
            Life left from which on a machine counts as new; 0.6 median lives if not said.
        from_repair
            Only lives that begin at a repair: the machines were not new when their recording
            began.
        """
        return await self._ask(
            "learn_lives", cap_days=cap_days, from_repair=from_repair or None
        )

    @verb
    async def forget_lives(self) -> None:
        """Let go what was learned of its machines' lives: health is carried on again."""
        await self._line.ask(Request("DELETE", self._at("lives")))

    @listing
    def backtests(self) -> Listing[Backtest]:
        """Return its backtests without their events, the latest first."""
        return Listing(self._line, self._at("backtests"), Backtest)

    @verb
    async def backtested(self, backtest: str) -> Backtest:
        """Return a backtest with its events, the gravest first."""
        return parsed(Backtest, await self._line.get(self._at("backtests", backtest)))

    @verb
    async def answer(self, approval: str, approve: bool, note: str = "") -> Approval:
        """Make a challenger that somebody is asked about champion, or leave the champion."""
        path = self._at("approvals", approval, "answer")
        said = await self._line.post(path, {"approve": approve, "note": note})
        return parsed(Approval, said)

    @verb
    async def online(
        self, readings: Iterable[Any], *, contributions: bool = True
    ) -> OnlineAnswer:
        """Judge readings as they come, by the champion; nothing is stored.

        Parameters
        ----------
        readings
            Mappings, or `OnlineReading`, of an `asset`, a `time` and `values` by sensor; each
            later than the one before it of the same asset.
        contributions
            Also tell each sensor's share.
        """
        sent = {"readings": to_jsonable_python([*readings]), "contributions": contributions}
        return parsed(OnlineAnswer, await self._line.post(self._at("online"), sent))

    async def _ask(self, pipeline: str, **arguments: Any) -> Job:
        return await ask_for(self._line, pipeline, self.name, arguments)

    # ------------------------------------------------------------------ models
    @listing
    def models(self) -> Listing[ModelVersion]:
        """Return the versions of its model."""
        return Listing(self._line, self._at("models"), ModelVersion)

    @verb
    async def model(self, version: int, *, metrics: bool = False) -> ModelTold:
        """Return one version of its model.

        Parameters
        ----------
        metrics
            Also what its alarms were worth.
        """
        path = self._at("models", version)
        return parsed(ModelTold, await self._line.get(path, metrics=metrics))

    @listing
    def model_assets(
        self, version: int, *, language: Language | None = None
    ) -> Listing[ModelAsset]:
        """Return what a version learned of each machine, or why it has no model of one.

        Parameters
        ----------
        language
            Of the reasons; the site's if not said.
        """
        path = self._at("models", version, "assets")
        return Listing(self._line, path, ModelAsset, {"language": language})

    @listing
    def promotions(self) -> Listing[Promotion]:
        """Return every change of champion, the latest first."""
        return Listing(self._line, self._at("models", "promotions"), Promotion)

    @verb
    async def promote(self, version: int) -> ModelVersion:
        """Make a version the champion: the one that alarms."""
        done = await self._line.post(self._at("models", version, "promote"))
        return parsed(ModelVersion, done)

    @verb
    async def rollback(self) -> ModelVersion:
        """Go back to the champion before this one."""
        return parsed(ModelVersion, await self._line.post(self._at("models", "rollback")))

    @verb
    async def compare(
        self, a: int, b: int, *, start: datetime | None = None, end: datetime | None = None
    ) -> ModelComparison:
        """Return two versions side by side, over what both have scored."""
        query = {"a": a, "b": b, "from": start, "to": end}
        path = self._at("models", "compare")
        return parsed(ModelComparison, await self._line.get(path, **query))

    @verb
    async def delete_model(self, version: int, *, force: bool = False) -> None:
        """Delete a version; never the champion.

        Parameters
        ----------
        force
            Even if events rest on it.
        """
        path = self._at("models", version)
        await self._line.ask(Request("DELETE", path, query={"force": force}))
