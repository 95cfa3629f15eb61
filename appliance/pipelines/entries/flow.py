"""The way of a reading: ingest, train, score, promote, rollback, report."""

from __future__ import annotations

from collections.abc import Mapping

from appliance.pipelines.spec import Call, Run
from appliance.schemas.pipelines import (
    IngestArguments,
    PromoteArguments,
    ReportArguments,
    ScoreArguments,
    TrainArguments,
)


def _ingest(call: Call) -> object:
    from appliance.intake import IngestOptions
    from appliance.pipelines import uploads
    from appliance.pipelines.imports import ingest_allowed

    told: IngestArguments = call.arguments
    options = IngestOptions(
        time=told.time,
        asset=told.asset,
        context=told.context,
        timezone=told.timezone,
        layout=told.layout,
        units=tuple(told.units.items()),
        called=told.called,
        without=told.without,
    )
    report = ingest_allowed(
        call.site,
        told.paths,
        call.fleet,
        options,
        call.progress,
        by=call.by,
        steps=call.steps,
    )
    uploads.discard(call.site.settings, told.paths)
    return uploads.without_paths(report)


def _train(call: Call) -> object:
    from appliance.pipelines.train import TrainOptions, train

    told: TrainArguments = call.arguments
    options = TrainOptions(
        recipe=told.recipe,
        start=told.start,
        end=told.end,
        seed=told.seed,
        budget=told.budget,
        assets=told.assets,
        workers=told.workers,
    )
    return train(
        call.site,
        call.fleet,
        options,
        by=call.by,
        engine=told.engine,
        progress=call.progress,
        steps=call.steps,
    )


def _score(call: Call) -> object:
    from appliance.pipelines.score import score

    told: ScoreArguments = call.arguments
    return score(
        call.site,
        call.fleet,
        version=told.version,
        engine=told.engine,
        progress=call.progress,
        steps=call.steps,
    )


def _promote(call: Call) -> object:
    from appliance.pipelines.promote import promote

    told: PromoteArguments = call.arguments
    return promote(call.site, call.fleet, told.version, call.by, steps=call.steps)


def _rollback(call: Call) -> object:
    from appliance.pipelines.promote import rollback

    return rollback(call.site, call.fleet, call.by, steps=call.steps)


def _report(call: Call) -> object:
    from appliance.pipelines.report import ReportKept, keep_page, report

    told: ReportArguments = call.arguments

    def write() -> ReportKept:
        text = report(
            call.site,
            call.fleet,
            start=told.start,
            end=told.end,
            language=told.language,
            progress=call.progress,
        )
        return keep_page(call.site, call.fleet, call.job, text)

    return call.steps.run("write", ReportKept, write)


RUNS: Mapping[str, Run] = {
    "ingest": _ingest,
    "train": _train,
    "score": _score,
    "promote": _promote,
    "rollback": _rollback,
    "report": _report,
}
