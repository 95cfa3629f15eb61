"""Jobs over REST: asked for by those who may, listed, followed to their end."""

from __future__ import annotations

import json
import threading

import anyio
import pytest

from appliance.api import streams
from appliance.api.streams import MOST_EACH, Room, told
from appliance.core.clock import now
from appliance.core.errors import StorageError, TooOften
from appliance.jobs.store.claims import ClaimStore
from appliance.jobs.store.runs import RunStore, Told
from appliance.jobs.store.workers import WorkerStore
from appliance.schemas.access import Role
from appliance.schemas.job import JobRequest, JobState
from tests.appliance.people import ME

SCORE = {"pipeline": "score", "fleet": "pumps"}


@pytest.fixture
def hall2(site):
    """Give the stranger a project with the fleet fans."""
    site.access.projects.add(ME, "hall2")
    site.access.projects.assign(ME, "fans", "hall2")
    site.access.users.grant(ME, "stranger", "hall2", Role.ENGINEER)
    return site


class Worker:
    """Does what a worker does to the job it has claimed, at a word."""

    def __init__(self, site):
        self.site = site
        self.runs = RunStore(site.database, "w1")
        WorkerStore(site.database).enter("w1", "w1", 1, now())

    def claim(self) -> str:
        self.job = ClaimStore(self.site.database).claim("w1", now()).job
        return self.job

    def say(self, *texts: str) -> None:
        self.runs.report(self.job, Told(lines=[(now(), "info", text) for text in texts]))

    def step(self, number: int, name: str, done: int) -> None:
        self.runs.begin_step(self.job, number, name, now())
        self.runs.report(self.job, Told(done=done, total=4), number)

    def end(self, state=JobState.SUCCEEDED) -> None:
        self.runs.end(self.job, state, now(), Told(), result={"rows": 3})


@pytest.fixture
def worker(site):
    return Worker(site)


# ---------------------------------------------------------------- asking
def test_a_job_is_asked_for_in_few_words(as_, site):
    made = as_("analyst").post("/jobs", json=SCORE)
    assert made.status_code == 202, made.text
    job = made.json()
    assert (job["state"], job["by"], job["project"]) == ("queued", "analyst", "default")
    assert made.headers["location"] == f"/api/v1/jobs/{job['id']}"
    assert as_("viewer").get(f"/jobs/{job['id']}").json()["pipeline"] == "score"
    (entry,) = site.access.audit.list(ME, what=f"job:{job['id']}")
    assert (entry.by, entry.action) == ("analyst", "job.asked")


@pytest.mark.parametrize(
    ("who", "asked", "status"),
    [
        ("viewer", SCORE, 403),
        ("stranger", SCORE, 404),
        (
            "analyst",
            {"pipeline": "promote", "fleet": "pumps", "arguments": {"version": 1}},
            403,
        ),
        ("analyst", {"pipeline": "compact"}, 403),
        ("root", {"pipeline": "nothing", "fleet": "pumps"}, 422),
        ("root", {"pipeline": "score"}, 422),
        ("root", {**SCORE, "arguments": {"version": 0}}, 422),
        ("root", {**SCORE, "arguments": {"\u0000": "'; DROP TABLE jobs"}}, 422),
        ("root", {**SCORE, "fleet": "../../etc"}, 422),
    ],
)
def test_what_one_may_not_ask_for(as_, site, who, asked, status):
    assert as_(who).post("/jobs", json=asked).status_code == status
    assert site.jobs.list() == []


def test_a_request_sent_twice_is_one_job(as_, site):
    headers = {"Idempotency-Key": "once"}
    first, again = (as_("analyst").post("/jobs", json=SCORE, headers=headers) for _ in "ab")
    assert first.json()["id"] == again.json()["id"]
    assert again.headers["idempotency-replayed"] == "true"
    other = as_("analyst").post("/jobs", json={**SCORE, "fleet": "fans"}, headers=headers)
    assert other.status_code == 422
    assert len(site.jobs.list()) == 1


def test_what_can_be_asked_for_is_told(as_):
    found = {one["name"]: one for one in as_("viewer").get("/pipelines").json()["items"]}
    assert {"ingest", "train", "backtest", "score", "promote", "report"} <= found.keys()
    assert (found["train"]["right"], found["train"]["place"]) == ("train", "fleet")
    assert "recipe" in found["train"]["arguments"]["properties"]


# ---------------------------------------------------------------- looking
def test_each_sees_the_jobs_of_their_projects_in_pages(as_, hall2):
    for fleet in ("pumps", "fans", "pumps"):
        hall2.jobs.ask(ME, JobRequest(pipeline="score", fleet=fleet))
    everything = as_("root").get("/jobs").json()["items"]
    assert [one["fleet"] for one in everything] == ["pumps", "fans", "pumps"]
    assert [one["fleet"] for one in as_("stranger").get("/jobs").json()["items"]] == ["fans"]
    first = as_("viewer").get("/jobs?limit=1").json()
    rest = as_("viewer").get(f"/jobs?limit=1&cursor={first['next']}").json()
    assert first["items"] + rest["items"] == [everything[0], everything[2]]
    assert rest["next"] is None
    for query, count in {
        "fleet=fans": 1,
        "pipeline=train": 0,
        "state=queued&state=running": 3,
        "state=failed": 0,
    }.items():
        assert len(as_("root").get(f"/jobs?{query}").json()["items"]) == count
    assert as_("viewer").get(f"/jobs/{everything[1]['id']}").status_code == 404
    assert as_("viewer").get("/jobs?state=lost").status_code == 422


@pytest.mark.slow
def test_the_log_comes_in_pages(as_, hall2, worker):
    job = hall2.jobs.ask(ME, JobRequest(**SCORE)).id
    worker.claim()
    worker.say("one", "two", "<b>three</b>")
    first = as_("viewer").get(f"/jobs/{job}/log?limit=2").json()
    rest = as_("viewer").get(f"/jobs/{job}/log?limit=2&cursor={first['next']}").json()
    texts = [one["text"] for one in first["items"] + rest["items"]]
    assert texts == ["one", "two", "<b>three</b>"]
    late = as_("viewer").get(f"/jobs/{job}/log?after=2").json()["items"]
    assert [one["number"] for one in late] == [3]


# ---------------------------------------------------------------- changing
def test_cancel_and_retry_need_the_right_that_asking_needs(as_, site):
    job = site.jobs.ask(ME, JobRequest(**SCORE)).id
    assert as_("viewer").post(f"/jobs/{job}/cancel").status_code == 403
    assert as_("stranger").post(f"/jobs/{job}/cancel").status_code == 404
    assert as_("analyst").post(f"/jobs/{job}/retry").status_code == 409
    assert as_("analyst").post(f"/jobs/{job}/cancel").json()["state"] == "cancelled"
    assert as_("analyst").post(f"/jobs/{job}/retry").json()["state"] == "queued"


# ---------------------------------------------------------------- following
def events_of(text: str) -> list[tuple[str, str, dict]]:
    found = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        found.append((fields["event"], fields["id"], json.loads(fields["data"])))
    return found


def test_a_job_that_is_over_is_told_and_the_stream_ends(as_, site, worker):
    job = site.jobs.ask(ME, JobRequest(**SCORE)).id
    worker.claim()
    worker.say("one", "two")
    worker.end()
    answer = as_("viewer").get(f"/jobs/{job}/stream")
    assert answer.headers["content-type"].startswith("text/event-stream")
    told = events_of(answer.text)
    assert [(kind, number) for kind, number, _ in told] == [
        ("log", "1"),
        ("log", "2"),
        ("end", "2"),
    ]
    assert told[-1][2]["result"] == {"rows": 3}
    seen = {"Last-Event-ID": "1"}
    again = events_of(as_("viewer").get(f"/jobs/{job}/stream", headers=seen).text)
    assert [number for kind, number, _ in again if kind == "log"] == ["2"]
    odd = {"Last-Event-ID": "what"}
    assert len(events_of(as_("viewer").get(f"/jobs/{job}/stream", headers=odd).text)) == 3


def test_one_may_follow_what_one_may_see(as_, site):
    job = site.jobs.ask(ME, JobRequest(**SCORE)).id
    assert as_("stranger").get(f"/jobs/{job}/stream").status_code == 404
    assert as_("viewer").get("/jobs/job_0/stream").status_code == 404


@pytest.mark.slow
def test_what_happens_is_told_when_it_happens(site, worker):
    job = site.jobs.ask(ME, JobRequest(**SCORE)).id
    seen, more = [], threading.Semaphore(0)

    def work():
        for act in (
            worker.claim,
            lambda: worker.say("begun"),
            lambda: worker.step(1, "read", 2),
            lambda: worker.say("read"),
            worker.end,
        ):
            assert more.acquire(timeout=20)
            act()

    async def follow():
        async for event in told(site, job, 0):
            state = event.data.state.value if event.event != "log" else event.data.text
            seen.append((event.event, state))
            more.release()

    thread = threading.Thread(target=work)
    thread.start()
    anyio.run(follow)
    thread.join()
    assert seen == [
        ("progress", "queued"),
        ("progress", "running"),
        ("log", "begun"),
        ("progress", "running"),
        ("log", "read"),
        ("end", "succeeded"),
    ]


def test_a_long_log_is_told_whole(site, worker, monkeypatch):
    monkeypatch.setattr(streams, "_LINES", 3)
    job = site.jobs.ask(ME, JobRequest(**SCORE)).id
    worker.claim()
    worker.say(*map(str, range(6)))
    worker.end()

    async def follow():
        return [event.id async for event in told(site, job, 0) if event.event == "log"]

    assert anyio.run(follow) == ["1", "2", "3", "4", "5", "6"]


def test_a_stream_outlives_a_database_that_is_gone_for_a_while(site, worker, monkeypatch):
    monkeypatch.setattr(streams, "_UNTOLD", 0.01)
    job = site.jobs.ask(ME, JobRequest(**SCORE)).id
    worker.claim()
    worker.say("one")
    worker.end()
    looked, look = [], site.jobs.log

    def log(*given):
        looked.append(given)
        if len(looked) < 3:
            raise StorageError("the database cannot be used.")
        return look(*given)

    monkeypatch.setattr(site.jobs, "log", log)

    async def follow():
        return [event.event async for event in told(site, job, 0)]

    assert anyio.run(follow) == ["log", "end"]


def test_streams_are_bounded():
    room = Room()
    for _ in range(MOST_EACH):
        room.enter("yuki")
    with pytest.raises(TooOften, match="too many streams"):
        room.enter("yuki")
    room.enter("ken")
    room.leave("yuki")
    room.enter("yuki")
