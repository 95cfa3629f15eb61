"""The platform over REST: queue and troubles to everybody, the rest to those who operate it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from appliance.access import Person
from appliance.access.person import Via
from appliance.core.clock import now
from appliance.jobs.store.claims import ClaimStore
from appliance.jobs.store.runs import RunStore, Told
from appliance.schemas.access import Role
from appliance.schemas.job import JobRequest, JobState
from appliance.schemas.platform import Metric
from appliance.telemetry import History, Sampler, probes
from tests.appliance.people import ME

ERIKA = Person("erika", Via.SESSION, roles={"default": Role.ENGINEER})


def ask(site, fleet="pumps", pipeline="score"):
    return site.jobs.ask(ME, JobRequest(pipeline=pipeline, fleet=fleet))


def run(site, state, days=1):
    """Run the job whose turn it is, at noon some days ago."""
    noon = now().replace(hour=12, minute=0, second=0, microsecond=0)
    begun = noon - timedelta(days=days)
    claim = ClaimStore(site.database).claim("w", begun)
    RunStore(site.database, "w").end(claim.job, state, begun + timedelta(seconds=30), Told())


@pytest.fixture
def measured(site):
    Sampler(site.settings, probes(site.settings, lambda: site.database)).measure()
    return site


def test_everybody_sees_queue_and_troubles(as_, measured):
    ask(measured)
    told = as_("stranger").get("/platform").json()
    assert (told["queue"]["queued"], told["queue"]["running"]) == (1, 0)
    assert told["queue"]["oldest"] is not None
    assert told["troubles"][0]["code"] == "no_worker"
    assert (told["host"], told["roles"], told["parts"], told["cluster"]) == (None, [], [], None)
    assert told["database"] is None


def test_who_operates_the_site_sees_all(as_, measured):
    told = as_("root").get("/platform").json()
    assert 0 <= told["host"]["cpu_ratio"] <= 1
    assert [one["role"] for one in told["roles"]] == ["web", "worker", "ray"]
    assert {one["part"] for one in told["parts"]} >= {"lake", "database", "other"}
    assert told["database"] == measured.database.engine.dialect.name


def test_history(as_, measured):
    history, at = History(measured.settings.home), now()
    for minute in range(1, 60):
        values = {Metric.JOBS_QUEUED: float(minute)}
        history.add(at - timedelta(minutes=60 - minute), values)
    query = "/platform/history?metric=jobs_queued&metric=host_cpu_ratio&width=50"
    told = as_("root").get(query).json()
    assert len(told["times"]) <= 50
    queued, cpu = told["metrics"]
    assert (queued["metric"], cpu["metric"]) == ("jobs_queued", "host_cpu_ratio")
    assert max(one for one in queued["most"] if one is not None) == 59
    assert len(queued["mean"]) == len(told["times"]) == len(cpu["mean"])
    root = as_("root")
    for wrong in ("", "?metric=secrets", "?metric=jobs_queued&width=0"):
        assert root.get(f"/platform/history{wrong}").status_code == 422
    turned = "&from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z"
    assert root.get(f"{query}{turned}").status_code == 422
    assert as_("admin").get(query).status_code == 403


def test_jobs_by_day(as_, site):
    for state in (JobState.SUCCEEDED, JobState.FAILED, JobState.SUCCEEDED):
        ask(site)
        run(site, state)
    site.access.projects.add(ME, "other")
    site.access.projects.assign(ME, "fans", "other")
    ask(site, "fans")
    run(site, JobState.CANCELLED, days=3)
    told = as_("root").get("/platform/jobs").json()["days"]
    assert [(one["succeeded"], one["failed"], one["cancelled"]) for one in told] == [
        (0, 0, 1),
        (2, 1, 0),
    ]
    assert told[1]["pipeline"] == "score"
    assert told[1]["seconds"] == pytest.approx(30, abs=1)
    assert len(as_("viewer").get("/platform/jobs").json()["days"]) == 1
    assert as_("stranger").get("/platform/jobs").json()["days"] == []
    long = "?from=2020-01-01T00:00:00Z"
    assert as_("root").get(f"/platform/jobs{long}").status_code == 422


def test_jobs_of_a_schedule_and_of_a_time(as_, site):
    mine = site.jobs.ask(ME, JobRequest(pipeline="score", fleet="pumps"), schedule="hourly")
    other = ask(site)
    root = as_("root")

    def found(query):
        return [one["id"] for one in root.get(f"/jobs?{query}").json()["items"]]

    assert found("") == [other.id, mine.id]
    assert found("schedule=hourly") == [mine.id]
    assert found(f"from={_text(now() - timedelta(hours=1))}") == [other.id, mine.id]
    assert found(f"to={_text(now() - timedelta(hours=1))}") == []
    assert root.get("/jobs?from=yesterday").status_code == 422


def test_times_of_a_schedule_from_a_moment_on(as_, site):
    draft = {"name": "daily", "cron": "0 6 * * *", "zone": "UTC"}
    draft["request"] = {"pipeline": "score", "fleet": "pumps"}
    root = as_("root")
    assert root.post("/schedules", json=draft).status_code == 201
    span = "after=2030-01-01T00:00:00Z&until=2030-01-04T00:00:00Z"
    told = root.get(f"/schedules/daily/next?n=100&{span}").json()["items"]
    assert told == [f"2030-01-0{day}T06:00:00Z" for day in (1, 2, 3)]
    assert root.get("/schedules/daily/next?n=201").status_code == 422


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
