"""The worker's parts alone: signs of life, progress, steps that are kept or tried again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.access import Access, shell
from appliance.core.db import open_database
from appliance.core.errors import (
    Cancelled,
    EngineError,
    InvalidRequest,
    KizashiError,
    StorageError,
    StorageFull,
    TryAgain,
)
from appliance.engine.stop import Stop
from appliance.jobs import Jobs, Patience
from appliance.jobs.store.claims import ClaimStore
from appliance.jobs.store.runs import RunStore
from appliance.schemas.job import JobRequest, JobState
from appliance.worker.life import Life
from appliance.worker.lives import Lives
from appliance.worker.progress import BETWEEN, JobProgress
from appliance.worker.steps import DurableSteps
from tests.appliance.databases import new_database
from tests.appliance.jobs.conftest import Clock

SHELL = shell("root")
QUICK = Patience(attempts=4, engine_attempts=2, pause=timedelta(milliseconds=1))


# ---------------------------------------------------------------- signs of life
def test_a_worker_whose_number_stands_still_is_dead_after_a_while():
    at = [0.0]
    lives = Lives(60, lambda: at[0])
    assert lives.dead({"a": 1, "b": 1}) == []
    at[0] = 59
    assert lives.dead({"a": 1, "b": 2}) == []
    at[0] = 60
    assert lives.dead({"a": 1, "b": 2}) == ["a"]
    at[0] = 100
    assert lives.dead({"a": 2, "b": 2}) == []
    at[0] = 119
    assert lives.dead({"a": 2, "b": 2}) == ["b"]


# ---------------------------------------------------------------- a job at work
@dataclass
class Kept:
    """Keeps what steps gave, as long as the test takes."""

    outputs: list[str] = field(default_factory=list)
    at: int = 0

    def step(self, name: str, work: Callable[[], str]) -> str:
        self.at += 1
        if self.at > len(self.outputs):
            self.outputs.append(work())
        return self.outputs[self.at - 1]

    def again(self) -> Kept:
        return Kept(self.outputs)


class Bench:
    """A job that is at work, and what its pipeline is given."""

    def __init__(self, folder: Path) -> None:
        self.database = open_database(new_database(folder / "kizashi.db"))
        self.jobs = Jobs(self.database, Access(self.database, bytes(32)))
        request = JobRequest(pipeline="score", fleet="pumps")
        self.job = self.jobs.ask(SHELL, request).id
        ClaimStore(self.database).claim("w", Clock().at)
        self.store, self.stop = RunStore(self.database, "w"), Stop()
        self.at = 0.0
        self.progress = JobProgress(self.store, self.job, self.stop, lambda: self.at)

    def steps(self, keeper: Kept) -> DurableSteps:
        return DurableSteps(
            self.jobs.get(self.job), keeper, self.store, self.progress, self.stop, Life(), QUICK
        )

    @property
    def shown(self) -> list[tuple[str, str, int, int | None]]:
        return [(s.name, s.state.value, s.done, s.total) for s in self.jobs.get(self.job).steps]


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.database.close()


def test_progress_is_written_twice_a_second_and_at_the_end(bench):
    seen = []

    def work() -> int:
        bench.progress.step("Scoring", total=100)
        for number in range(100):
            bench.at += BETWEEN / 25
            bench.progress.advance()
            if number % 10 == 0:
                seen.append(bench.shown[0][2])
        return 1

    assert bench.steps(Kept()).run("judge", int, work) == 1
    assert len(set(seen)) == 4
    assert bench.shown == [("judge", "succeeded", 100, 100)]


def test_what_a_step_gave_comes_back_as_what_it_was(bench):
    @dataclass(frozen=True)
    class Plan:
        at: timedelta
        names: tuple[str, ...]

    plan = Plan(timedelta(seconds=3), ("a", "b"))
    kept = Kept()
    assert bench.steps(kept).run("plan", Plan, lambda: plan) == plan
    again = bench.steps(kept.again())
    assert again.run("plan", Plan, lambda: pytest.fail("it is kept")) == plan
    assert again.run("empty", type(None), lambda: None) is None
    assert again.run("words", str, lambda: "so") == "so"


def test_a_failure_is_kept_too_and_is_what_it_was(bench):
    def fail() -> int:
        raise InvalidRequest("no.", remedy="Never.")

    kept = Kept()
    for steps in (bench.steps(kept), bench.steps(kept.again())):
        with pytest.raises(InvalidRequest, match="Never"):
            steps.run("judge", int, fail)
    assert bench.shown[0][1] == JobState.FAILED


def test_a_mistake_of_ours_ends_the_job_with_its_name(bench):
    with pytest.raises(KizashiError, match="ZeroDivisionError"):
        bench.steps(Kept()).run("judge", int, lambda: 1 // 0)


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (TryAgain("busy."), 4),
        (StorageError("away."), 4),
        (EngineError("lost."), 2),
        (StorageFull("full."), 1),
        (InvalidRequest("no."), 1),
    ],
)
def test_what_may_pass_is_tried_again_in_the_step_and_around_it(bench, error, tries):
    made: list[int] = []

    def fail() -> int:
        made.append(1)
        raise error

    with pytest.raises(type(error)):
        bench.steps(Kept()).run("judge", int, fail)
    assert len(made) == tries
    with pytest.raises(type(error)):
        bench.steps(Kept()).repeated(fail)
    assert len(made) == 2 * tries


def test_a_pipeline_begun_again_in_this_process_repeats_no_step(bench):
    made: list[str] = []
    steps = bench.steps(Kept())

    def pipeline() -> list[int]:
        first = steps.run("first", int, lambda: made.append("first") or 1)
        if made.count("between") < 2:
            made.append("between")
            raise TryAgain("busy.")
        return [first, steps.run("second", int, lambda: made.append("second") or 2)]

    assert steps.repeated(pipeline) == [1, 2]
    assert made == ["first", "between", "between", "second"]


def test_a_step_that_failed_for_good_is_not_begun_again_around_it(bench):
    made: list[int] = []
    steps = bench.steps(Kept())

    def pipeline() -> int:
        return steps.run("judge", int, fail)

    def fail() -> int:
        made.append(1)
        raise TryAgain("busy.")

    with pytest.raises(TryAgain):
        steps.repeated(pipeline)
    assert len(made) == QUICK.attempts


def test_asked_to_stop_it_ends_where_it_next_says_something(bench):
    def work() -> int:
        bench.stop.ask("enough.")
        bench.progress.advance()
        return 1

    with pytest.raises(Cancelled, match="enough"):
        bench.steps(Kept()).run("judge", int, work)
    assert bench.shown[0][1] == JobState.CANCELLED
    with pytest.raises(Cancelled):
        bench.steps(Kept()).run("more", int, lambda: 2)


def test_patience_grows_and_ends():
    patience = Patience(pause=timedelta(seconds=1), longest=timedelta(minutes=1))
    pauses = [patience.before(n).total_seconds() for n in range(2, 10)]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
