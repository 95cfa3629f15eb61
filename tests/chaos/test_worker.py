"""Jobs whose worker is killed in each of their steps end as if nothing had happened."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Sequence

import pytest
from polars.testing import assert_frame_equal

from appliance.access import shell
from appliance.pipelines.score import score
from appliance.pipelines.site import Site
from appliance.pipelines.train import train
from appliance.schemas.job import Job, JobRequest, JobState
from tests.appliance.pipelines.sites import FLEET, same_scores, scores_of, standing
from tests.chaos.conftest import RECIPE, batches_of
from tests.chaos.processes import anywhere, commits, killed_when, start
from tests.forked import Forked

pytestmark = pytest.mark.slow

SHELL = shell("root")
WORKER = ("-m", "tests.chaos.deadly_worker", "--name", "w")
_POLLS = 2_400
_BETWEEN = 0.05


def ask(site: Site, pipeline: str, **arguments: object) -> Job:
    request = JobRequest(pipeline=pipeline, fleet=FLEET, arguments=arguments)
    return site.jobs.ask(SHELL, request)


def over(site: Site, job: Job, worker: Forked) -> Job:
    """Wait until a job has ended, then end the worker."""
    for _ in range(_POLLS):
        if site.jobs.get(job.id).state.over or worker.poll() is not None:
            break
        time.sleep(_BETWEEN)
    worker.terminate()
    _, err = worker.communicate(timeout=60)
    assert worker.returncode == 0, err
    return site.jobs.get(job.id)


def through(site: Site, job: Job, deaths: Sequence[str]) -> Job:
    """Run a job with a worker that dies in a step, the next one in the next, and one to end."""
    home = site.settings.home
    for step in deaths:
        worker = start(home, *WORKER, deadly=step)
        _, err = worker.communicate(timeout=120)
        assert worker.returncode == -signal.SIGKILL, err
        assert site.jobs.get(job.id).steps[-1].name == step
    done = over(site, job, start(home, *WORKER))
    assert done.state is JobState.SUCCEEDED, done.error
    assert done.attempt == len(deaths) + 1
    assert {step.state for step in done.steps} == {JobState.SUCCEEDED}
    return done


def test_training_killed_in_each_step_gives_one_version(undisturbed, home_at, opened):
    site = opened(home_at("ingested"))
    job = ask(site, "train", recipe=RECIPE.recipe)
    done = through(site, job, ["plan", "fit", "register"])
    assert [step.name for step in done.steps] == ["plan", "fit", "register"]
    (version,) = site.registry.versions(FLEET)
    assert version.digest == undisturbed.digest
    assert done.result == version.model_dump(mode="json")
    assert len(list((site.settings.home / "models" / FLEET).iterdir())) == 1


def test_training_killed_in_the_middle_of_learning(undisturbed, home_at, opened):
    home = home_at("ingested")
    site = opened(home)
    job = ask(site, "train", recipe=RECIPE.recipe)
    models = home / "models"
    assert killed_when(start(home, *WORKER), lambda: anywhere(models, "part-00000*"))
    done = over(site, job, start(home, *WORKER))
    assert done.state is JobState.SUCCEEDED
    assert [v.digest for v in site.registry.versions(FLEET)] == [undisturbed.digest]


def test_scoring_killed_in_each_step_gives_the_same_scores_and_events(
    undisturbed, home_at, opened
):
    site = opened(home_at("trained"))
    done = through(site, ask(site, "score"), ["plan", "judge", "events", "record"])
    assert [step.name for step in done.steps] == ["plan", "judge", "events", "record"]
    same_scores(scores_of(site), undisturbed.scores)
    assert standing(site) == undisturbed.events
    assert {event.revision for event in site.events.list(FLEET)} == {1}
    assert len(site.registry.score_batches(FLEET)) == 1


def test_scoring_killed_between_two_commits(undisturbed, home_at, opened):
    home = home_at("trained")
    site = opened(home)
    job = ask(site, "score")
    assert killed_when(start(home, *WORKER), lambda: commits(home, "scores") > 2)
    assert over(site, job, start(home, *WORKER)).state is JobState.SUCCEEDED
    same_scores(scores_of(site), undisturbed.scores)
    assert standing(site) == undisturbed.events


def test_ingest_killed_brings_each_file_once(undisturbed, home_at, opened):
    home = home_at("new")
    site = opened(home)
    folder = home / "import"
    folder.mkdir()
    for file in undisturbed.files:
        shutil.copy(file, folder)
    job = ask(site, "ingest", paths=["*.csv"])
    assert killed_when(start(home, *WORKER), lambda: commits(home, "readings") >= 4)
    assert over(site, job, start(home, *WORKER)).state is JobState.SUCCEEDED
    assert_frame_equal(site.lake.readings(FLEET).read(), undisturbed.readings)
    assert batches_of(site) == undisturbed.batches


def test_killed_in_a_promotion_or_a_rollback_the_champion_changes_once(
    undisturbed, home_at, opened
):
    site = opened(home_at("trained"))
    train(site, FLEET, RECIPE)
    for pipeline, arguments in (("promote", {"version": 2}), ("rollback", {})):
        through(site, ask(site, pipeline, **arguments), [pipeline])
    told = [(made.kind, made.version) for made in site.registry.promotions(FLEET)]
    assert told == [("first", 1), ("promote", 2), ("rollback", 1)]
    assert site.registry.champion(FLEET).version == 1


def test_what_was_scored_by_hand_while_a_job_lay_dead_is_not_undone(
    undisturbed, home_at, opened
):
    site = opened(home_at("trained"))
    job = ask(site, "score")
    worker = start(site.settings.home, *WORKER, deadly="plan")
    worker.communicate(timeout=120)
    score(site, FLEET)
    done = over(site, job, start(site.settings.home, *WORKER))
    assert done.state is JobState.SUCCEEDED
    assert done.result["rows"] == 0
    same_scores(scores_of(site), undisturbed.scores)
    assert standing(site) == undisturbed.events
    assert len(site.registry.score_batches(FLEET)) == 1
