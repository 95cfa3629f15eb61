"""What a source brings is judged, by one job, and told of as its own."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from appliance.access import shell
from appliance.core.clock import now
from appliance.jobs.store.workers import WorkerStore
from appliance.pipelines.arrivals import arrivals
from appliance.pipelines.site import Site
from appliance.pipelines.sources import look, open_source
from appliance.schemas.source import SourceDraft
from tests.appliance.pipelines.sites import FLEET, next_day

WORKER = "w.1"


@contextmanager
def held(site: Site, **more: object):
    """Let a folder be a source of this process, and yield a function that looks once."""
    (site.settings.home / "import" / "box").mkdir(parents=True)
    WorkerStore(site.database).enter(WORKER, "w", 1, now())
    origin = {"kind": "folder", "path": "box", "settled": 0}
    told = {"name": "box", "fleet": FLEET, "origin": origin, **more}
    site.sources.add(SourceDraft.model_validate(told), shell("test"))
    (source,) = site.sources.holding.hold(WORKER)

    def once() -> bool:
        own = site.sources.holding.open(source, WORKER)
        live = open_source(site, own)
        try:
            return look(site, own, live)[1]
        finally:
            live.close()

    yield once


def put(site: Site, frame, name: str) -> None:
    frame.write_csv(site.settings.home / "import" / "box" / name)


@pytest.mark.slow
def test_new_readings_are_judged_by_one_job_that_waits(learned: Site):
    with held(learned) as once:
        once()
        assert learned.jobs.list(fleet=FLEET) == []
        put(learned, next_day().head(100), "first.csv")
        once()
        put(learned, next_day().tail(100), "second.csv")
        once()
    (job,) = learned.jobs.list(fleet=FLEET)
    assert (job.pipeline, job.by) == ("score", "source:box")
    latest = arrivals(learned, FLEET, None, 1)[0]
    assert (latest.file, latest.way, latest.by) == ("second.csv", "source", "source:box")


@pytest.mark.slow
def test_nothing_is_asked_for_where_nothing_could_judge_or_nobody_wants_it(
    learned: Site, site: Site
):
    with held(learned, judge=False) as once:
        put(learned, next_day(), "day.csv")
        once()
    with held(site) as once:
        put(site, next_day(), "day.csv")
        once()
    for one in (learned, site):
        assert one.sources.get("box").rows == next_day().height
        assert one.jobs.list(fleet=FLEET) == []


@pytest.mark.slow
def test_a_context_that_has_not_come_yet_fails_nothing(site: Site):
    with held(site, context=["load"]) as once:
        put(site, next_day(), "day.csv")
        once()
        put(site, next_day().rename({"s0": "load"}), "again.csv")
        once()
    assert site.sources.get("box").error == ""
    roles = {one.name: one.role.value for one in site.intake.sensors(FLEET)}
    assert roles["load"] == "context"
