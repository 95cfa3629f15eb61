"""The pipelines that keep models fresh and the lake small run as jobs."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from appliance.core.errors import NotFound
from appliance.jobs.offered import offered
from appliance.pipelines.catalog import catalog
from appliance.pipelines.spec import Call
from appliance.schemas.event import EventKind
from appliance.schemas.job import JobRequest
from appliance.schemas.progress import Silent
from tests.appliance.pipelines.sites import DAY, FLEET, LEARNED, next_day, plant
from tests.appliance.pipelines.test_backtest import Recorder


@pytest.fixture
def faulty(grown):
    """Open a site with two days after training; P-2 has an anomaly in the first."""
    return grown(day=next_day(), next=plant(DAY, first=LEARNED + DAY, seed=3))


def ask(site, pipeline: str, fleet: str | None = FLEET, **arguments: Any) -> Any:
    """Run a pipeline as a job would; return its result as JSON tells it."""
    terms = offered()[pipeline]
    kept = terms.checked(JobRequest(pipeline=pipeline, fleet=fleet, arguments=arguments))
    call = Call(
        site=site,
        job="job_1",
        fleet=fleet or "",
        arguments=terms.arguments.model_validate(kept),
        by="mori",
        progress=Silent(),
        steps=Recorder(),
    )
    return TypeAdapter(Any).dump_python(catalog()[pipeline].run(call), mode="json")


@pytest.mark.slow
def test_a_backtest_is_told_without_its_events_and_kept_with_them(faulty):
    made = ask(faulty, "backtest", start="2026-01-07T00:00:00Z", budgets=[1, 2])
    assert (made["by"], made["events"], made["candidate"]["figures"]["events"]) == (
        "mori",
        [],
        1,
    )
    assert len(faulty.backtests.get(made["id"]).events) == 1


@pytest.mark.slow
def test_retrain_adjust_and_verdict_preview(faulty):
    done = ask(faulty, "retrain", promote="ask", recent_days=1)
    assert (done["outcome"], done["version"]) == ("waits", 2)
    assert faulty.approvals.get(done["approval"]).by == "mori"
    assert ask(faulty, "adjust", budget=2)["lineage"]["derived_from"] == 1
    [event] = faulty.events.list(FLEET, kind=EventKind.ANOMALY)
    ahead = ask(faulty, "verdict_preview", events=[event.id])
    assert (ahead["verdict"], ahead["events"]) == ("false", [event.id])
    with pytest.raises(NotFound, match="fleet fans has no event"):
        ask(faulty, "verdict_preview", "fans", events=[event.id])


def test_upkeep_of_a_fleet_and_of_the_site(faulty):
    [told] = ask(faulty, "retention", None, days=1, dry_run=True)
    assert (told["fleet"], told["dry_run"], told["readings"]) == (FLEET, True, 0)
    for fleet in (FLEET, None):
        [done] = ask(faulty, "compact", fleet)
        assert done["fleet"] == FLEET
