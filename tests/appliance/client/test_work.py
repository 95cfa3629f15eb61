"""Jobs asked for over REST, run by a real worker, followed by their real stream."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from appliance.access.person import shell
from appliance.api.app import create_app
from appliance.core import errors
from appliance.schemas.access import Right
from appliance.schemas.job import JobRequest
from appliance.schemas.model import ModelVersion
from appliance.schemas.schedule import ScheduleDraft
from tests.appliance.client.conftest import Ask, then
from tests.appliance.client.servers import serve
from tests.appliance.client.test_jobs import Told
from tests.appliance.pipelines.sites import FLEET, bring, open_site, plant
from tests.forked import working

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("client-worker")]
ME = shell("test")


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Serve a home whose worker runs; return its address and a token that is good for all."""
    home = tmp_path_factory.mktemp("work") / "home"
    site = open_site(home)
    bring(site, plant(), "training")
    site.access.users.add(ME, "root", None, admin=True)
    token = site.access.tokens.create(ME, "root", "tests", list(Right)).secret
    with working(home), serve(create_app(site)) as url:
        yield url, token


def test_a_fleet_is_trained_and_scored(ask: Ask, door: tuple[str, str]) -> None:
    url, token = door
    told = Told()

    def train(p):
        work = p.fleet(FLEET).train(recipe="mahalanobis", seed=1)
        return then(work, lambda job: job.wait(timeout=120, progress=told))

    made = ModelVersion.model_validate(ask(url, train, token=token))
    assert made.lineage.recipe.name == "mahalanobis"
    assert told.steps
    scored = ask(
        url,
        lambda p: then(p.fleet(FLEET).score(), lambda job: job.wait(timeout=120)),
        token=token,
    )
    assert scored["fleet"] == FLEET


def test_a_job_that_fails_raises_its_own_error(ask: Ask, door: tuple[str, str]) -> None:
    url, token = door
    with pytest.raises(errors.NotFound, match="version 99"):
        ask(
            url,
            lambda p: then(
                p.jobs.ask("promote", FLEET, version=99), lambda job: job.wait(timeout=120)
            ),
            token=token,
        )


def test_what_a_job_said_is_read(ask: Ask, door: tuple[str, str]) -> None:
    url, token = door

    def compact(p):
        work = p.jobs.ask("compact", FLEET)
        return then(work, lambda job: then(job.wait(timeout=120), lambda _: job.log()))

    lines = ask(url, compact, token=token)
    assert [line.number for line in lines] == [*range(1, len(lines) + 1)]
    assert lines[-1].text.startswith("succeeded")
    (last,) = ask(url, lambda p: p.jobs.list(fleet=FLEET, limit=1), token=token)
    assert last.pipeline == "compact"
    offers = ask(url, lambda p: p.jobs.pipelines(), token=token)
    assert {offer.name for offer in offers} >= {"train", "score", "backtest"}


def test_a_schedule_is_made_and_run(ask: Ask, door: tuple[str, str]) -> None:
    url, token = door
    draft = ScheduleDraft(
        name="weekly",
        cron="0 3 * * 1",
        request=JobRequest(pipeline="compact", fleet=FLEET),
    )
    made = ask(url, lambda p: p.schedules.put(draft), token=token)
    assert made.following is not None
    times = ask(url, lambda p: p.schedules.following("weekly", 2), token=token)
    assert times[1] - times[0] == timedelta(days=7)
    assert ask(url, lambda p: p.schedules.pause("weekly"), token=token).paused
    assert not ask(url, lambda p: p.schedules.resume("weekly"), token=token).paused
    ask(
        url,
        lambda p: then(p.schedules.run("weekly"), lambda job: job.wait(timeout=120)),
        token=token,
    )
    assert [one.name for one in ask(url, lambda p: p.schedules.list(), token=token)] == [
        "weekly"
    ]
    ask(url, lambda p: p.schedules.remove("weekly"), token=token)
    with pytest.raises(errors.NotFound):
        ask(url, lambda p: p.schedules.get("weekly"), token=token)


def test_a_job_that_waits_can_be_cancelled(ask: Ask, door: tuple[str, str]) -> None:
    url, token = door

    def waits(p):
        return then(
            p.fleet(FLEET).train(recipe="auto"),
            lambda job: then(job.cancel(), lambda _: job.wait(timeout=120)),
        )

    with pytest.raises(errors.Conflict, match="was cancelled"):
        ask(url, waits, token=token)
