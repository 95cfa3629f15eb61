"""Killed at any instant and repeated, every stage ends as if nothing had happened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal

from appliance.intake import IngestOptions
from appliance.pipelines.ingest import ingest
from appliance.pipelines.score import score
from appliance.pipelines.train import train
from tests.appliance.pipelines.sites import FLEET, same_scores, scores_of, standing
from tests.chaos.conftest import RECIPE, batches_of
from tests.chaos.processes import COMMAND, anywhere, commits, finished, killed_when, start

pytestmark = pytest.mark.slow

_ATTEMPTS = 5
DEADLY = """
import os, signal, sys
from appliance.cli.main import main
from appliance.events.store import EventStore
from appliance.registry import Registry

owner, name, count, late = {moment}
real, calls = getattr(owner, name), []
def deadly(*args, **kwargs):
    calls.append(1)
    if len(calls) == count and not late:
        os.kill(os.getpid(), signal.SIGKILL)
    result = real(*args, **kwargs)
    if len(calls) == count:
        os.kill(os.getpid(), signal.SIGKILL)
    return result
setattr(owner, name, deadly)
main(["score", "pumps"])
"""


def killed(
    home_at: Callable[[str], Path],
    stage: str,
    command: Sequence[object],
    seen: Callable[[Path], bool],
) -> Path:
    """Return a home on which a command was killed as soon as something could be seen."""
    for _ in range(_ATTEMPTS):
        home = home_at(stage)
        if killed_when(start(home, *COMMAND, *command), partial(seen, home)):
            return home
    pytest.fail("the command always ended before it could be killed")


# ---------------------------------------------------------------- ingest
@pytest.mark.parametrize(
    ("table", "seen"), [("readings", 1), ("quarantine", 4), ("readings", 7)]
)
def test_ingest_killed_and_repeated(undisturbed, home_at, opened, table, seen):
    command = ("ingest", *undisturbed.files, "--fleet", FLEET)
    home = killed(home_at, "new", command, lambda home: commits(home, table) >= seen)
    site = opened(home)
    report = ingest(site, undisturbed.files, FLEET, IngestOptions())
    assert {file.status for file in report.files} <= {"added", "already there"}
    assert_frame_equal(site.lake.readings(FLEET).read(), undisturbed.readings)
    assert batches_of(site) == undisturbed.batches
    assert site.intake.quality(FLEET) == undisturbed.quality
    assert site.lake.quarantine(FLEET).count() == len(undisturbed.files)


def test_two_ingests_of_one_fleet_at_once_both_land(undisturbed, home_at, opened):
    home = home_at("new")
    ours, theirs = undisturbed.files[::2], undisturbed.files[1::2]
    both = [
        start(home, *COMMAND, "ingest", *files, "--fleet", FLEET) for files in (ours, theirs)
    ]
    for process in both:
        finished(process)
    site = opened(home)
    assert_frame_equal(site.lake.readings(FLEET).read(), undisturbed.readings)
    assert batches_of(site) == undisturbed.batches
    assert site.lake.quarantine(FLEET).count() == len(undisturbed.files)


# ---------------------------------------------------------------- train
@pytest.mark.parametrize("seen", ["part-00000", "part-00002", "manifest"])
def test_training_killed_and_repeated(undisturbed, home_at, opened, seen):
    command = ("train", FLEET, "--recipe", RECIPE.recipe)
    home = killed(
        home_at, "ingested", command, lambda home: anywhere(home / "models", f"{seen}*")
    )
    models = home / "models" / FLEET
    site = opened(home)
    had = len(site.registry.versions(FLEET))
    version = train(site, FLEET, RECIPE)
    assert version.digest == undisturbed.digest
    assert version.version == had + 1
    assert len(list(models.iterdir())) == had + 1


# ---------------------------------------------------------------- score
@pytest.mark.parametrize(("seen", "workers"), [(1, 2), (3, 2), (2, 1)])
def test_scoring_killed_and_repeated(undisturbed, home_at, opened, seen, workers):
    home = killed(
        home_at, "trained", ("score", FLEET), lambda home: commits(home, "scores") > seen
    )
    site = opened(home, workers=workers)
    assert site.registry.score_batches(FLEET) == []
    score(site, FLEET)
    same_scores(scores_of(site), undisturbed.scores)
    assert standing(site) == undisturbed.events
    assert score(site, FLEET).rows == 0


@pytest.mark.parametrize(
    "moment",
    [
        '(EventStore, "revise", 1, False)',
        '(EventStore, "revise", 1, True)',
        '(Registry, "record_scores", 1, False)',
    ],
)
def test_scoring_killed_around_its_events_and_repeated(undisturbed, home_at, opened, moment):
    home = home_at("trained")
    process = start(home, "-c", DEADLY.format(moment=moment))
    assert killed_when(process, lambda: False)
    site = opened(home)
    score(site, FLEET)
    same_scores(scores_of(site), undisturbed.scores)
    assert standing(site) == undisturbed.events
    assert {event.revision for event in site.events.list(FLEET)} == {1}
    assert len(site.registry.score_batches(FLEET)) == 1
