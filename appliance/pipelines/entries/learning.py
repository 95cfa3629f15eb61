"""Keeping models fresh and the lake small: backtest, retrain, adjust, compact, retention."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from appliance.core.errors import NotFound
from appliance.pipelines.spec import Call, Run
from appliance.schemas.backtest import Backtest, VerdictPreview
from appliance.schemas.learning import (
    AdjustArguments,
    BacktestArguments,
    CompactArguments,
    RetentionArguments,
    RetrainArguments,
    VerdictArguments,
)
from appliance.schemas.model import ModelVersion
from appliance.schemas.tuning import TuneArguments


def _backtest(call: Call) -> object:
    from appliance.fleet.levels import BUDGETS
    from appliance.pipelines.backtest import BacktestOptions, backtest

    told: BacktestArguments = call.arguments
    options = BacktestOptions(
        version=told.version,
        recipe=told.recipe,
        start=told.start,
        end=told.end,
        budgets=BUDGETS if told.budgets is None else told.budgets,
        look_back=timedelta(days=told.look_back_days),
    )
    made: Backtest = backtest(
        call.site,
        call.fleet,
        options,
        by=call.by,
        engine=told.engine,
        progress=call.progress,
        steps=call.steps,
    )
    # All of it is kept under its identifier.
    return made.model_copy(update={"events": (), "others": ()})


def _retrain(call: Call) -> object:
    from appliance.pipelines.retrain import RetrainOptions, retrain

    told: RetrainArguments = call.arguments
    options = RetrainOptions(
        recipe=told.recipe,
        recent=timedelta(days=told.recent_days),
        learn=None if told.learn_days is None else timedelta(days=told.learn_days),
        budget=told.budget,
        promote=told.promote,
        look_back=timedelta(days=told.look_back_days),
    )
    return retrain(
        call.site,
        call.fleet,
        options,
        by=call.by,
        engine=told.engine,
        progress=call.progress,
        steps=call.steps,
    )


def _adjust(call: Call) -> object:
    from appliance.pipelines.adjust import adjust

    told: AdjustArguments = call.arguments
    return call.steps.run(
        "adjust",
        ModelVersion,
        lambda: adjust(
            call.site,
            call.fleet,
            version=told.version,
            budget=told.budget,
            limits=told.limits,
            by=call.by,
        ),
    )


def _verdict(call: Call) -> object:
    from appliance.pipelines.verdicts import preview

    told: VerdictArguments = call.arguments

    def look() -> VerdictPreview:
        for event in told.events:
            if call.site.events.get(event).fleet != call.fleet:
                raise NotFound(f"fleet {call.fleet} has no event {event}.")
        return preview(
            call.site, told.events, told.verdict, engine=told.engine, progress=call.progress
        )

    return call.steps.run("look ahead", VerdictPreview, look)


def _retention(call: Call) -> object:
    from appliance.pipelines.retention import RetentionOptions, retention

    told: RetentionArguments = call.arguments
    options = RetentionOptions(told.days, told.even_needed, told.dry_run)
    return retention(
        call.site, call.fleet or None, options, progress=call.progress, steps=call.steps
    )


def _compact(call: Call) -> object:
    from appliance.pipelines.compact import compact

    told: CompactArguments = call.arguments
    return compact(
        call.site,
        call.fleet or None,
        keep_hours=told.keep_hours,
        progress=call.progress,
        steps=call.steps,
    )


def _tune(call: Call) -> object:
    from appliance.pipelines.tune import TuneOptions, tune

    told: TuneArguments = call.arguments
    return tune(
        call.site,
        call.fleet,
        TuneOptions(told.recipe, told.trials, told.save_as),
        by=call.by,
        engine=told.engine,
        progress=call.progress,
        steps=call.steps,
    )


def _learn_lives(call: Call) -> object:
    from appliance.pipelines.lives import learn_lives

    return learn_lives(
        call.site,
        call.fleet,
        call.arguments,
        by=call.by,
        progress=call.progress,
        steps=call.steps,
    )


RUNS: Mapping[str, Run] = {
    "learn_lives": _learn_lives,
    "tune": _tune,
    "backtest": _backtest,
    "retrain": _retrain,
    "adjust": _adjust,
    "verdict_preview": _verdict,
    "retention": _retention,
    "compact": _compact,
}
