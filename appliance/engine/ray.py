"""Work as Ray tasks: isolated, bounded, run again where a worker dies; the only door to Ray."""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

from appliance.core.clock import now
from appliance.core.errors import EngineError
from appliance.core.log import get, repeat
from appliance.core.settings import Settings
from appliance.core.trail import current as current_trail
from appliance.core.trail import tell
from appliance.engine import own, shared, team
from appliance.engine.base import THREADS, Outcome, Result, attempt_alone
from appliance.engine.inherited import environment
from appliance.engine.joint import Item, Tell, Work
from appliance.engine.machines import machine
from appliance.engine.meter import count
from appliance.engine.needs import Needs
from appliance.engine.patience import patient
from appliance.engine.race import Lap, Standing, Watch
from appliance.engine.stop import LOOK, current
from appliance.metrics.instruments import task_ended
from appliance.schemas.platform import Cluster

_log = get(__name__)

_LOOPBACK = "127.0.0.1"
_STORE_BYTES = 256 * 2**20
_RETRIES = 3


@dataclass
class _Connection:
    """The one connection of a process to Ray, which its engines share.

    Attributes
    ----------
    workers
        Tasks that run at once.
    started
        Whether it was made here, and ends with its last engine.
    folder
        Of a Ray that was started here.
    hold
        Keeps the home's Ray from leaving.
    holders
        Engines that are open.
    lost
        Whether Ray did not answer any more: the next engine connects anew.
    many
        Whether it may be a cluster of machines.
    """

    workers: int
    started: bool = False
    folder: Path | None = None
    hold: IO[str] | None = None
    holders: int = 0
    lost: bool = False
    many: bool = False

    def end(self, ray: Any) -> None:
        """Stop the Ray that was started here; one that was found running stays."""
        if self.started:
            self.started = False
            ray.shutdown()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None
        if self.hold is not None:
            self.hold.close()
            self.hold = None


_lock = threading.Lock()
_shared: _Connection | None = None


class RayEngine:
    """Runs items as Ray tasks.

    Engines of one process share a connection.  The first joins the Ray that this process is
    connected to, else the one at ``settings.ray_address``, else the one that serves the home
    (which is woken if it sleeps, and stays while one of them is open), else it starts one for
    this machine alone, which only processes that can read a token file of this user may talk
    to.  The last to close stops what was started, and nothing else.

    Parameters
    ----------
    settings
        Workers and the address.

    Raises
    ------
    EngineError
        Ray cannot be started or reached.
    """

    name = "ray"

    def __init__(self, settings: Settings) -> None:
        global _shared  # noqa: PLW0603 - Ray allows one connection a process
        with environment(_QUIET):
            import ray
        self._ray = ray
        with _lock:
            if _shared is not None and _shared.lost:
                _shared.end(ray)
                _shared = None
            if _shared is None:
                _shared = _connected(ray, settings)
            _shared.holders += 1
            self._connection: _Connection | None = _shared
        self.workers = _shared.workers
        self._task = ray.remote(num_cpus=1, max_retries=_RETRIES)(attempt_alone)

    def map(
        self,
        function: Callable[[Item], Result],
        items: Sequence[Item],
        needs: Needs | None = None,
    ) -> Iterator[Outcome[Result]]:
        """Yield the outcome of ``function(item)`` for every item, in order of finishing.

        Raises
        ------
        EngineError
            The connection to Ray was lost for good.
        Cancelled
            Somebody asked for it; tasks that are under way are ended.
        """
        running: dict[Any, int] = {}
        following, stop, trail = 0, current(), current_trail()
        kind = self._task if needs is None else self._task.options(**self._kept_free(needs))
        try:
            while following < len(items) or running:
                while following < len(items) and len(running) < 2 * self.workers:
                    task = kind.remote(function, following, items[following], trail)
                    running[task] = following
                    following += 1
                done, _ = self._ray.wait(list(running), num_returns=1, timeout=LOOK)
                for task in done:
                    yield self._outcome(task, running.pop(task))
                stop.check()
        finally:
            for task in running:
                self._ray.cancel(task, force=True)

    def together(
        self, function: Work[Item], item: Item, place: str, *, workers: int, told: Tell
    ) -> bytes:
        """Run joint work on workers of Ray Train; see `Engine.together`."""
        with environment(team.SETTINGS), team.extra():
            return team.run(function, item, place, workers, self.workers, told)

    def _kept_free(self, needs: Needs) -> dict[str, Any]:
        """Return what Ray keeps free for an item: a machine alone gives what it has."""
        alone = self._connection is not None and not self._connection.many
        cpus = min(needs.cpus, self.workers) if alone else needs.cpus
        return {"num_cpus": cpus, "num_gpus": needs.gpus, "memory": needs.memory}

    def race(
        self, lap: Lap[Item], items: Sequence[Item], *, laps: int, told: Watch
    ) -> list[Standing]:
        """Run a race on Ray Tune; see `Engine.race`."""
        with environment(team.SETTINGS), team.extra():
            from appliance.engine import tuning

            return tuning.run(lap, items, laps, self.workers, told)

    def _outcome(self, task: Any, index: int) -> Outcome[Any]:
        gone = self._ray.exceptions
        try:
            outcome: Outcome[Any] = self._ray.get(task)
            count(outcome.used)
            repeat(outcome.said)
            tell(outcome.spans)
        except (gone.WorkerCrashedError, gone.OutOfMemoryError, gone.NodeDiedError) as error:
            _log.debug("item %d was given up", index, exc_info=True)
            task_ended("lost")
            kind = "out of memory" if isinstance(error, gone.OutOfMemoryError) else "killed"
            return Outcome(index, None, f"its worker was {kind} {_RETRIES + 1} times")
        except gone.RayTaskError as error:
            return Outcome(index, None, f"its result could not be returned: {error.cause}")
        except gone.RayError as error:
            if self._connection is not None:
                self._connection.lost = True
            raise EngineError(
                f"Ray was lost: {error}.", remedy="Repeat the command."
            ) from error
        task_ended("done")
        return outcome

    def close(self) -> None:
        """Stop the Ray that was started here if no other engine uses it."""
        global _shared  # noqa: PLW0603 - as in __init__
        with _lock:
            connection, self._connection = self._connection, None
            if connection is None:
                return
            connection.holders -= 1
            if not connection.holders:
                connection.end(self._ray)
                if connection is _shared:
                    _shared = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _connected(ray: Any, settings: Settings) -> _Connection:
    """Connect this process to Ray."""
    made = _Connection(settings.worker_count)
    try:
        if ray.is_initialized():
            made.workers = _cluster_cpus(ray)
        elif settings.ray_address:
            _join(ray, made, settings.ray_address)
            made.many = True
            made.workers = settings.workers or made.workers
        elif joined := shared.join(settings.home):
            address, made.hold = joined
            with _private(ray, shared.token_file(settings.home)):
                _join(ray, made, address)
        else:
            _start(ray, made, own.token_file())
    except Exception as error:
        made.end(ray)
        where = f"at {settings.ray_address}" if settings.ray_address else "on this machine"
        raise EngineError(
            f"Ray cannot be used {where}: {str(error).rstrip('.')}.",
            remedy="`--engine local` does the same work in one process.",
        ) from error
    return made


class Head:
    """A Ray for this machine alone, which other processes join.

    Parameters
    ----------
    settings
        Workers, and the home whose token it asks for.

    Raises
    ------
    EngineError
        It cannot be started.
    """

    def __init__(self, settings: Settings) -> None:
        with environment(_QUIET):
            import ray
        self._ray = ray
        self._connection = _Connection(settings.worker_count)
        try:
            with environment(_SHORT_LOGS):
                _start(ray, self._connection, shared.token_file(settings.home))
        except Exception as error:
            self.close()
            raise EngineError(f"Ray cannot be started: {error}.") from error
        self._node = ray._private.worker._global_node
        self.address: str = self._node.address

    def dead(self) -> list[str]:
        """Return which of its processes have died."""
        return sorted({kind for kind, _ in self._node.dead_processes()})

    def cluster(self) -> Cluster:
        """Return its machines, and what of them is used."""
        free = self._ray._private.state.available_resources_per_node()
        return Cluster(
            address=self.address,
            at=now(),
            nodes=tuple(machine(one, free.get(one["NodeID"], {})) for one in self._ray.nodes()),
        )

    def close(self) -> None:
        """Stop it, with all that runs on it, and leave nothing."""
        self._connection.end(self._ray)
        own.discard()


def _join(ray: Any, made: _Connection, address: str) -> None:
    """Connect to a Ray that runs."""
    _log_messages(ray)
    ray.init(
        address,
        log_to_driver=False,
        logging_level=logging.ERROR,
        configure_logging=False,
        runtime_env={"env_vars": dict(THREADS)},
    )
    made.started = True
    made.workers = _cluster_cpus(ray)


@contextmanager
def _private(ray: Any, token: Path) -> Iterator[None]:
    """Talk on this machine's own address only, and with those only who know a token."""
    mode = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token)}
    with environment({**_QUIET, **_ALONE, **mode}), _loopback(ray):
        # Ray reads mode and token once: make it look again, the token may be new to it.
        ray._raylet.Config.initialize("")
        ray._raylet.AuthenticationTokenLoader.instance().reset_cache()
        yield


def _start(ray: Any, made: _Connection, token: Path) -> None:
    """Start a Ray for this machine alone."""
    made.folder = Path(tempfile.mkdtemp(prefix="r", dir=own.folder()))
    with _private(ray, token), environment(THREADS), _lean(ray):
        _log_messages(ray)
        ray.init(
            num_cpus=made.workers,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            configure_logging=False,
            object_store_memory=_STORE_BYTES,
            _temp_dir=str(made.folder),
            _node_ip_address=_LOOPBACK,
        )
    made.started = True


_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DEDUP_LOGS": "0",
    "RAY_task_oom_retries": str(_RETRIES),
}


_SHORT_LOGS = {"RAY_ROTATION_MAX_BYTES": str(10 * 2**20), "RAY_ROTATION_BACKUP_COUNT": "2"}
"""What runs for months must not fill the disk with what it says."""

# Ray's switch for systems whose firewall asks about every open port: one machine, loopback.
_ALONE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}


def _log_messages(ray: Any) -> None:
    """Send what Ray tells its driver to our log; it would write into the standard output."""

    def log(data: Mapping[str, Any], *, ignore_prefix: bool) -> None:  # noqa: ARG001
        _log.info("%s: %s", data["pid"], " ".join(data["lines"]))

    ray._private.worker.print_to_stdstream = log


@contextmanager
def _loopback(ray: Any) -> Iterator[None]:
    """Let Ray listen on this machine's own address only; it read `_ALONE` when imported."""
    constants = ray._private.ray_constants
    before, constants.ENABLE_RAY_CLUSTER = constants.ENABLE_RAY_CLUSTER, False
    try:
        yield
    finally:
        constants.ENABLE_RAY_CLUSTER = before


_UNUSED = ("start_monitor", "start_api_server", "start_log_monitor")
"""Parts of Ray that ask for more machines, show pages, and send on what tasks print."""


@contextmanager
def _lean(ray: Any) -> Iterator[None]:
    """Let Ray start without the parts that a Ray for this machine alone has no use for."""
    node = ray._private.node.Node
    before = {part: getattr(node, part) for part in _UNUSED}
    for part in _UNUSED:
        setattr(node, part, lambda *_, **__: None)
    try:
        with patient(ray._private.services):
            yield
    finally:
        for part, start in before.items():
            setattr(node, part, start)


def _cluster_cpus(ray: Any) -> int:
    return max(int(ray.cluster_resources().get("CPU", 1)), 1)
