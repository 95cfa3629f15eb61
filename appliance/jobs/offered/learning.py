"""Keeping models fresh and the lake small: backtest, retrain, adjust, compact, retention."""

from __future__ import annotations

from datetime import timedelta

from appliance.jobs.terms import Place, Terms
from appliance.schemas.access import Right
from appliance.schemas.learning import (
    AdjustArguments,
    BacktestArguments,
    CompactArguments,
    RetentionArguments,
    RetrainArguments,
    VerdictArguments,
)
from appliance.schemas.life import LearnLivesArguments
from appliance.schemas.tuning import TuneArguments

TERMS = (
    Terms(
        name="backtest",
        summary="Tell what a model would have told of a time past, beside the champion.",
        arguments=BacktestArguments,
        right=Right.TRAIN,
        timeout=timedelta(hours=24),
    ),
    Terms(
        name="retrain",
        summary="Learn a challenger, compare it with the champion, and promote it or ask.",
        arguments=RetrainArguments,
        right=Right.PROMOTE,
        lane="train",
        timeout=timedelta(hours=48),
    ),
    Terms(
        name="tune",
        summary="Search a recipe that suits a fleet, without labels, and save it.",
        arguments=TuneArguments,
        right=Right.TRAIN,
        lane="train",
        timeout=timedelta(hours=24),
    ),
    Terms(
        name="learn_lives",
        summary="Learn from machines that failed how long others last.",
        arguments=LearnLivesArguments,
        right=Right.TRAIN,
        lane="train",
        timeout=timedelta(hours=12),
    ),
    Terms(
        name="adjust",
        summary="Make a version under another budget or other limits, without learning anew.",
        arguments=AdjustArguments,
        right=Right.TRAIN,
        lane="train",
        timeout=timedelta(hours=1),
    ),
    Terms(
        name="verdict_preview",
        summary="Tell which events a verdict would remove if it fed the next training.",
        arguments=VerdictArguments,
        right=Right.ANNOTATE,
        timeout=timedelta(hours=4),
    ),
    Terms(
        name="retention",
        summary="Take out readings and scores beyond an age that nothing needs.",
        arguments=RetentionArguments,
        right=Right.DELETE,
        essential=True,
        place=Place.EITHER,
        lane="upkeep",
    ),
    Terms(
        name="compact",
        summary="Put small files of the lake together, and delete what no snapshot needs.",
        arguments=CompactArguments,
        right=Right.CONFIGURE,
        essential=True,
        place=Place.EITHER,
        lane="upkeep",
    ),
)
