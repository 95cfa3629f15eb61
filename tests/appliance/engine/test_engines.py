"""Both engines give the same outcomes; Ray repeats what a killed worker left undone."""

from __future__ import annotations

import importlib
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from appliance.core.errors import InvalidRequest, StorageFull
from appliance.core.settings import Settings
from appliance.engine import make
from appliance.engine.base import THREADS, Engine
from appliance.engine.local import LocalEngine, one_thread_each
from appliance.engine.meter import Meter, metered
from appliance.engine.needs import Needs
from appliance.engine.ray import RayEngine
from appliance.schemas.own import StepKind
from appliance.steps.performing import Work, perform

pytestmark = pytest.mark.xdist_group("ray")  # one Ray for all


def square(number: int) -> int:
    return number * number


def fail_on_odd(number: int) -> int:
    if number == 3:
        raise StorageFull("no space is left.", remedy="Free some.")
    if number % 2:
        raise ValueError(f"{number} is odd")
    return number


def large(numbers: int) -> float:
    return float(np.ones(numbers).sum())


def product(seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(300, 200)), rng.normal(size=(200, 300))
    return bytes((a @ b).tobytes())


def die_once(marker: str) -> int:
    path = Path(marker)
    with path.open("a") as handle:
        handle.write("x")
    if path.stat().st_size == 1 and path.name == "victim":
        os.kill(os.getpid(), signal.SIGKILL)
    return path.stat().st_size


def die_always(_: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def blas_threads(_: int) -> int:
    product(0)
    return max(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")


def threads_asked_for(_: int) -> list[str | None]:
    return [os.environ.get(name) for name in THREADS]


def modules_of_a_fit(_: int) -> list[str]:
    importlib.import_module("appliance.fleet.training")
    importlib.import_module("appliance.fleet.scoring")
    importlib.import_module("detectors.catalog").make("forest").fit(np.eye(64))
    return sorted({name.split(".")[0] for name in sys.modules})


@pytest.fixture(autouse=True)
def threads_of_blas():
    """Let BLAS have more than one thread, as it has outside of tests."""
    with threadpool_limits(2, user_api="blas"):
        yield


@pytest.fixture(scope="module")
def ray_engine():
    with RayEngine(Settings(workers=2)) as engine:
        yield engine


@pytest.fixture(params=["local", pytest.param("ray", marks=[pytest.mark.ray])])
def engine(request) -> Engine:
    if request.param == "local":
        return LocalEngine(2)
    return request.getfixturevalue("ray_engine")


def test_every_item_has_one_outcome(engine):
    outcomes = list(engine.map(square, list(range(23))))
    assert {o.index: o.value for o in outcomes} == {n: n * n for n in range(23)}
    assert all(o.ok for o in outcomes)
    assert list(engine.map(square, [])) == []


def test_an_item_may_need_more_than_the_machine_has(engine):
    """A machine alone gives what it has; what nobody shares out is refused in words."""
    needs = Needs(cpus=64, memory=10_000_000)
    assert [o.value for o in engine.map(square, [3], needs)] == [9]
    if engine.name == "local":
        with pytest.raises(InvalidRequest, match="shared out by Ray alone"):
            list(engine.map(square, [3], Needs(gpus=1)))


@pytest.mark.slow
def test_a_step_of_own_code_runs_where_the_engine_has_it_run(engine, tmp_path):
    work = Work(
        name="it",
        kind=StepKind.COMMAND,
        place=str(tmp_path),
        key="job_1/it",
        inputs={"n": 2},
        command=("sh", "-c", "cp inputs.json outputs.json; echo seen; echo x > outputs/x.txt"),
    )
    (outcome,) = engine.map(perform, [work], Needs())
    assert outcome.value.error is None, outcome.value.error
    assert outcome.value.output.values["n"] == 2
    assert outcome.value.output.files == {"x.txt": "job_1/it/x.txt"}
    assert (tmp_path / "job_1" / "it" / "x.txt").read_text() == "x\n"
    assert outcome.value.lines == ("seen",)


@pytest.mark.slow
def test_every_item_says_what_it_used(engine):
    meter = Meter()
    with metered(meter):
        outcomes = [*engine.map(large, [10_000_000, 10]), *engine.map(fail_on_odd, [3])]
    assert all(outcome.used is not None for outcome in outcomes)
    assert meter.used().tasks == 3
    if engine.name == "ray":
        by = {outcome.index: outcome.used for outcome in outcomes[:2]}
        # A worker that held much before is not taken to hold it still.
        assert by[0].peak_bytes > 80_000_000
        assert by[0].reserved_seconds > 0
        assert by[0].core_seconds == max(by[0].cpu_seconds, by[0].reserved_seconds)


def test_a_failing_item_fails_alone_and_says_why(engine):
    outcomes = {o.index: o for o in engine.map(fail_on_odd, list(range(5)))}
    assert [outcomes[n].value for n in (0, 2, 4)] == [0, 2, 4]
    assert outcomes[1].error == "ValueError: 1 is odd"
    assert outcomes[1].cause is None
    cause = outcomes[3].cause
    assert isinstance(cause, StorageFull)
    assert cause.remedy == "Free some."


def test_blas_has_one_thread_in_a_task(engine):
    assert [o.value for o in engine.map(blas_threads, [0, 1])] == [1, 1]


@pytest.mark.ray
def test_no_library_in_a_worker_of_ray_takes_more_than_one_thread(ray_engine):
    assert [set(o.value) for o in ray_engine.map(threads_asked_for, [0, 1])] == [{"1"}, {"1"}]


def test_giving_up_half_way_leaves_the_engine_usable(engine):
    for outcome in engine.map(square, list(range(50))):
        if outcome.index > 3:
            break
    assert sorted(o.value for o in engine.map(square, [1, 2])) == [1, 4]


@pytest.mark.ray
def test_results_are_equal_bit_for_bit(ray_engine):
    def run(engine: Engine) -> list[bytes]:
        return [o.value for o in sorted(engine.map(product, range(4)), key=lambda o: o.index)]

    assert run(LocalEngine(2)) == run(ray_engine)


class Handed(Sequence[int]):
    """Items that tell how many of them an engine has taken."""

    def __init__(self, count: int) -> None:
        self.count, self.taken = count, 0

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index):
        self.taken = max(self.taken, index + 1)
        return index


def test_few_items_are_in_flight_and_none_is_taken_while_nobody_asks(engine):
    items, most = Handed(40), 2 * engine.workers
    running = engine.map(square, items)
    assert items.taken == 0
    for done, _ in enumerate(running):
        # What has come, and was not asked for yet, counts too.
        assert items.taken - done <= most
        assert items.taken == len(items) or items.taken > done
    assert done + 1 == items.taken == len(items)


def test_giving_up_takes_no_more_items(engine):
    items = Handed(40)
    running = engine.map(square, items)
    next(running)
    taken = items.taken
    running.close()
    assert engine.workers <= taken == items.taken <= 2 * engine.workers


def test_local_keeps_few_items_in_flight():
    started: list[int] = []
    lock = threading.Lock()

    def count(number: int) -> int:
        with lock:
            started.append(number)
        return number

    running = LocalEngine(2).map(count, range(100))
    next(running)
    assert len(started) <= 4
    running.close()
    assert len(started) <= 4


def test_the_limit_on_blas_ends_with_its_last_user():
    product(0)
    before = [pool["num_threads"] for pool in threadpool_info()]
    with one_thread_each():
        with one_thread_each():
            pass
        assert all(p["num_threads"] == 1 for p in threadpool_info() if p["user_api"] == "blas")
    assert [pool["num_threads"] for pool in threadpool_info()] == before


@pytest.mark.ray
def test_only_the_killed_workers_item_runs_again(ray_engine, tmp_path):
    names = [str(tmp_path / name) for name in ("a", "b", "victim", "c", "d")]
    outcomes = sorted(ray_engine.map(die_once, names), key=lambda o: o.index)
    assert [o.value for o in outcomes] == [1, 1, 2, 1, 1]


@pytest.mark.ray
@pytest.mark.slow
def test_an_item_that_always_kills_its_worker_is_given_up(ray_engine):
    (outcome,) = ray_engine.map(die_always, [0])
    assert not outcome.ok
    assert "killed" in outcome.error
    assert [o.value for o in ray_engine.map(square, [5])] == [25]


@pytest.mark.ray
def test_a_running_ray_is_joined_and_left_running(ray_engine):
    with make("ray", Settings()) as second:
        assert second.workers == 2
        assert [o.value for o in second.map(square, [3])] == [9]
    assert [o.value for o in ray_engine.map(square, [4])] == [16]


@pytest.mark.ray
def test_the_token_is_for_this_user_only(ray_engine):
    (folder,) = Path("/tmp").glob(f"kzr-{os.getpid()}-*")
    token = folder / "token"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    secret = token.read_text()
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            assert secret.encode() not in process.read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
    assert "RAY_AUTH_MODE" not in os.environ


@pytest.mark.ray
def test_ray_listens_on_this_machine_only_and_reports_to_nobody(ray_engine):
    list(ray_engine.map(square, range(4)))  # workers listen too
    family = [psutil.Process(), *psutil.Process().children(recursive=True)]
    asked = [
        c.laddr.ip for p in family for c in p.net_connections("inet") if c.status == "LISTEN"
    ]
    assert len(asked) > 4
    assert {ip.removeprefix("::ffff:") for ip in asked} == {"127.0.0.1"}
    (raylet,) = [process for process in family if process.name() == "raylet"]
    assert raylet.environ()["RAY_USAGE_STATS_ENABLED"] == "0"
    assert raylet.environ()["RAY_AUTH_MODE"] == "token"


@pytest.mark.ray
def test_a_worker_imports_no_registry_and_no_database(ray_engine):
    (outcome,) = ray_engine.map(modules_of_a_fit, [0])
    assert {"appliance", "detectors", "numba", "polars"} <= set(outcome.value)
    assert {"mlflow", "sqlalchemy", "alembic", "typer"} & set(outcome.value) == set()


def test_auto_takes_ray_only_when_the_data_is_large_or_unknown(monkeypatch):
    assert make("auto", Settings(), size_hint_cells=1_000).name == "local"
    asked: list[str] = []
    monkeypatch.setattr(
        "appliance.engine.ray.RayEngine", lambda settings: asked.append("ray") or "engine"
    )
    make("auto", Settings(), size_hint_cells=10**15)
    make("auto", Settings())
    assert asked == ["ray", "ray"]


def test_an_unknown_engine_is_refused():
    with pytest.raises(InvalidRequest, match="spark"):
        make("spark", Settings())


@pytest.mark.slow
def test_ray_is_imported_only_by_its_engine():
    code = (
        "import sys; from appliance.engine import make; from appliance.core.settings import "
        "Settings; make('local', Settings()); assert 'ray' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
