"""Joint work on Ray Train: its workers, joined by PyTorch's own collectives."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from appliance.core.errors import EngineError, InvalidRequest, KizashiError
from appliance.core.log import get
from appliance.engine import own
from appliance.engine.joint import Board, Item, Member, Tell, Work
from appliance.engine.meter import count
from appliance.engine.stop import current

_log = get(__name__)

FAILURES = 3
"""Times that workers may be lost before the work is given up."""
LEAST_CPU = 0.25
"""Of a processor a worker: with less, more of them only wait for each other."""
_LOOK = 0.5
SETTINGS = {
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.5",
    "RAY_TRAIN_ENABLE_PREEMPTION_WATCHER": "0",
    "RAY_TRAIN_METRICS_ENABLED": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
}
"""How Ray Train and Tune behave.

They print nothing, and a machine that is taken away is a lost worker like any other.
"""


@contextmanager
def extra() -> Iterator[None]:
    """Say which extra is missing where a library is.

    Raises
    ------
    EngineError
        Ray's libraries for training and search, or what they need, are not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise EngineError(
            f"Ray's libraries for training and search need {error.name}, not installed.",
            remedy="Install the extra: pip install 'kizashi[torch]'.",
        ) from error


def cpus_each(workers: int, cpus: int) -> float:
    """Return the share of a processor that each of so many workers reserves."""
    return max(min(1.0, int(100 * cpus / workers) / 100), LEAST_CPU)


def run(
    function: Work[Item], item: Item, place: str, workers: int, cpus: int, told: Tell
) -> bytes:
    """Run joint work on the Ray that this process is connected to; see `Engine.together`.

    With fewer processors than that many workers need, there are as many as there is room for.
    Lost workers are replaced, or done without, and all go on after the last step kept.
    """
    import ray.train
    from ray.train.torch import TorchConfig, TorchTrainer

    board, stop = Board(place), current()
    board.begin()
    folder = tempfile.mkdtemp(prefix="train-", dir=own.folder())
    given = {"function": function, "item": item, "place": place}
    trainer = TorchTrainer(
        _member,
        train_loop_config=given,
        torch_config=TorchConfig(backend="gloo"),
        scaling_config=ray.train.ScalingConfig(
            num_workers=(1, workers),
            resources_per_worker={"CPU": cpus_each(workers, cpus)},
        ),
        run_config=ray.train.RunConfig(
            name="joint",
            storage_path=folder,
            failure_config=ray.train.FailureConfig(max_failures=FAILURES),
        ),
    )
    fitting = _Fitting(trainer)
    fitting.start()
    try:
        asked = False
        while fitting.is_alive():
            fitting.join(_LOOK)
            news = board.news()
            if news is not None:
                told(news)
            if stop.asked and not asked:
                board.stop()
                asked = True
    finally:
        count(board.used())
        shutil.rmtree(folder, ignore_errors=True)
    stop.check()
    result, failure = board.result(), board.failure()
    if failure:
        raise InvalidRequest(failure)
    if result is None:
        raise EngineError(
            f"workers that work together were lost {FAILURES + 1} times: {fitting.error}.",
            remedy="Repeat the command: it goes on after the last step kept.",
        )
    return result


class _Fitting(threading.Thread):
    """Waits for Ray Train, which tells nothing before it has ended."""

    def __init__(self, trainer: Any) -> None:
        super().__init__(name="kizashi-joint", daemon=True)
        self._trainer = trainer
        self.error = "Ray Train gave nothing"

    def run(self) -> None:
        """Wait; what was lost for good is told by `error`."""
        try:
            self._trainer.fit()
        except Exception as error:  # noqa: BLE001 - whatever Ray Train gives up with is told
            _log.info("joint work ended without a result", exc_info=True)
            self.error = f"{type(error).__name__}: {error}"


def _member(given: dict[str, Any]) -> None:
    """Be one of the workers; runs in a process of Ray Train."""
    import ray.train
    from ray.train.collective import broadcast_from_rank_zero

    context = ray.train.get_context()
    member = Member(
        context.get_world_rank(),
        context.get_world_size(),
        given["place"],
        broadcast_from_rank_zero,
        alone_in_process=True,
    )
    if member.is_over():
        return
    try:
        member.done(given["function"](given["item"], member))
    except KizashiError as error:
        if not member.is_over():
            member.failed(str(error))
        if member.size > 1 and not member.is_stopped():
            raise  # so that the others, who wait for this one, end too
    finally:
        member.tell_used()
