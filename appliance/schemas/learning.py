"""What the pipelines that keep models fresh, and the lake small, may be told as jobs."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from appliance.schemas.approval import PromoteWhen
from appliance.schemas.base import Moment, Schema
from appliance.schemas.event import EventId, Verdict
from appliance.schemas.pipelines import EngineArguments

RecipeName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,60}$")]
Budget = Annotated[float, Field(gt=0, le=10_000)]


class BacktestArguments(EngineArguments):
    """Which model is asked about which time.

    Attributes
    ----------
    version
        A version; without it and a recipe the challenger, or the champion if there is none.
    recipe
        Learned from the readings before `start`: ``auto``, a detector's name, or a recipe.
    start, end
        Half-open; the last year if not given.
    budgets
        False alarms an asset and month to look at beside the model's own; a fixed row of them
        if not given.
    look_back_days
        An event that ended longer before a failure was no sign of it.
    """

    version: int | None = Field(default=None, ge=1)
    recipe: RecipeName | dict[str, Any] | None = None
    start: Moment | None = None
    end: Moment | None = None
    budgets: tuple[Budget, ...] | None = Field(default=None, max_length=20)
    look_back_days: float = Field(default=30.0, ge=0, le=3_650)


class RetrainArguments(EngineArguments):
    """What a challenger learns, and when it becomes champion.

    Attributes
    ----------
    recipe
        The champion's if not given.
    recent_days
        Latest time, on which challenger and champion are compared.
    learn_days
        Time before that to learn from; all of it if not given.
    budget
        False alarms an asset and month; the recipe's if not given.
    promote
        ``when better``, ``ask`` or ``never``.
    look_back_days
        An event that ended longer before a failure was no sign of it.
    """

    recipe: RecipeName | dict[str, Any] | None = None
    recent_days: float = Field(default=30.0, gt=0, le=3_650)
    learn_days: float | None = Field(default=None, gt=0, le=36_500)
    budget: Budget | None = None
    promote: PromoteWhen = "when better"
    look_back_days: float = Field(default=30.0, ge=0, le=3_650)


class AdjustArguments(Schema):
    """What a version judges by instead.

    Attributes
    ----------
    version
        The one to start from; the champion if not given.
    budget
        False alarms an asset and month.
    limits
        Take the sensors' physical limits as they are now.
    """

    version: int | None = Field(default=None, ge=1)
    budget: Budget | None = None
    limits: bool = False


class VerdictArguments(EngineArguments):
    """Which events would be called what."""

    events: tuple[EventId, ...] = Field(min_length=1, max_length=1_000)
    verdict: Verdict = "false"


class RetentionArguments(Schema):
    """What is to go.

    Attributes
    ----------
    days
        Age; the site's setting if not given.
    even_needed
        Also what the champion was learned from, and what events that stand rest on.
    dry_run
        Only tell.
    """

    days: float | None = Field(default=None, gt=0, le=36_500)
    even_needed: bool = False
    dry_run: bool = False


class CompactArguments(Schema):
    """Files that a snapshot of `keep_hours` refers to stay."""

    keep_hours: float = Field(default=168.0, ge=24, le=87_600)
