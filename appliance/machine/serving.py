"""The appliance brought up, asked how it is, and brought down."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil  # type: ignore[import-untyped]
from pydantic import BaseModel

from appliance.core.clock import monotonic
from appliance.core.errors import OperatorError, StorageError, TryAgain
from appliance.machine import logs
from appliance.machine.process import READY
from appliance.machine.supervisor import MARK, Running, Supervisor

_LOOK = 0.2
_LOOK_ENDING = 0.1
_CRASHES = 3
"""Ends of a process while it is waited for, after which it is given up."""
_SHOWN = 12
_MARGIN = 10.0
_WORDS = {
    "starting": "starting",
    "backoff": "failing",
    "fatal": "failed",
    "exited": "failed",
    "unknown": "failed",
    "stopping": "stopping",
    "stopped": "stopped",
}


class Status(BaseModel):
    """How the appliance is.

    Attributes
    ----------
    ready
        Whether all of it does its work.
    url
        Where it listens.
    roles
        State of each process: ready, asleep (it comes with the next work), waking, starting,
        failing (it is started again and again), failed (given up), stopping, or stopped.
    """

    ready: bool
    url: str
    roles: dict[str, str]


def status(supervisor: Supervisor, url: str) -> Status:
    """Return how a home's appliance is."""
    states = supervisor.states()
    roles = {one.role: _word(supervisor, one.role, states) for one in supervisor.processes}
    return Status(ready=READY.issuperset(roles.values()), url=url, roles=roles)


def _word(supervisor: Supervisor, role: str, states: dict[str, Running]) -> str:
    state = states.get(role)
    if state is None:
        return "stopped"
    if state.word in ("running", "starting"):
        own = next(one for one in supervisor.processes if one.role == role)
        return own.word() if own.ready(state.process) else "starting"
    return _WORDS[state.word]


def up(
    supervisor: Supervisor,
    patience: float,
    show: Callable[[dict[str, str]], None],
    before: Callable[[], None] = lambda: None,
) -> None:
    """Bring the appliance up, and wait until all of it does its work.

    What already runs is left alone.  If this call started it, and a part does not come, all of
    it is brought down again.

    Parameters
    ----------
    supervisor
        Of the home.
    patience
        Seconds to wait.
    show
        Told the states of the roles while they are waited for.
    before
        What looks whether it can be started, where it is not running yet.

    Raises
    ------
    OperatorError
        A part does not come; the text holds its last words.
    """
    begun = supervisor.process() is None
    if begun:
        end_leftovers(supervisor)
        before()
        supervisor.write()
        supervisor.start()
    else:
        supervisor.revive()
    try:
        _await(supervisor, patience, show)
    except BaseException:
        if begun:
            down(supervisor)
        raise


def _await(
    supervisor: Supervisor, patience: float, show: Callable[[dict[str, str]], None]
) -> None:
    until = monotonic() + patience
    ends: dict[str, set[int]] = {one.role: set() for one in supervisor.processes}
    while True:
        states = supervisor.states()
        if not states:
            raise OperatorError(
                "supervisord ended.", remedy=f"Its log is {supervisor.log('supervisord')}."
            )
        roles = {role: _word(supervisor, role, states) for role in ends}
        show(roles)
        waiting = [role for role, word in roles.items() if word not in READY]
        if not waiting:
            return
        for role in waiting:
            ends[role] |= {states[role].ended} - {0} if role in states else set()
            if roles[role] == "failed" or len(ends[role]) >= _CRASHES:
                raise _did_not_come(supervisor, role, "ends as soon as it is started")
        if monotonic() >= until:
            raise _did_not_come(supervisor, waiting[0], f"was not ready in {patience:.0f} s")
        threading.Event().wait(_LOOK)


def _did_not_come(supervisor: Supervisor, role: str, why: str) -> OperatorError:
    path = supervisor.log(role)
    last = "\n".join(f"  {line}" for line in logs.tail(path, _SHOWN))
    return OperatorError(f"{role} {why}. The last lines of {path}:\n{last}\n")


def down(supervisor: Supervisor) -> bool:
    """Bring the appliance down and leave nothing running; whether anything was."""
    process = supervisor.process()
    if process is not None:
        supervisor.shutdown()
        _see_off(supervisor, process)
    return end_leftovers(supervisor) or process is not None


def _see_off(supervisor: Supervisor, process: int) -> None:
    """Wait until a supervisord that was told to end has ended, or has had its time."""
    until = monotonic() + sum(one.stop_seconds for one in supervisor.processes) + _MARGIN
    with suppress(psutil.NoSuchProcess):  # what outlives it is ended by others
        ending = psutil.Process(process)
        while monotonic() < until:
            with suppress(psutil.TimeoutExpired):
                ending.wait(_LOOK_ENDING)
                return
            supervisor.wake()


def end_leftovers(supervisor: Supervisor) -> bool:
    """End what a supervisord of this home started and that outlived it; whether there was any.

    It is known by a variable that all of it carries, whoever its parent is by now.
    """
    found = list(marked(str(supervisor.home)))
    for one in found:
        _signal(one, gently=True)
    longest = max((one.stop_seconds for one in supervisor.processes), default=0)
    for one in psutil.wait_procs(found, timeout=longest)[1]:
        _signal(one, gently=False)
    # What was started while they ended carries the mark as well.
    rest = [*found, *marked(str(supervisor.home))]
    for one in rest:
        _signal(one, gently=False)
    psutil.wait_procs(rest, timeout=_MARGIN)
    return bool(found)


def marked(home: str) -> Iterator[psutil.Process]:
    """Yield every process that a supervisord of this home started, itself among them."""
    own = psutil.Process().pid
    for one in psutil.process_iter():
        try:
            marked = one.pid != own and one.environ().get(MARK) == home
        except (psutil.Error, OSError):
            continue
        if marked:
            yield one


def _signal(process: psutil.Process, *, gently: bool) -> None:
    try:
        process.terminate() if gently else process.kill()
    except psutil.NoSuchProcess:
        return


@contextmanager
def alone(supervisor: Supervisor, patience: float) -> Iterator[None]:
    """Be the only one that brings this home up or down.

    Raises
    ------
    TryAgain
        Somebody else is still at it.
    """
    folder = supervisor.configuration.parent
    try:
        supervisor.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        handle = (folder / "up.lock").open("w")
    except OSError as error:
        raise StorageError(f"{folder} cannot be written: {error}.") from error
    with handle:
        until = monotonic() + patience
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if monotonic() >= until:
                    raise TryAgain(
                        f"somebody else is bringing {supervisor.home} up or down.",
                        remedy="Let them finish, then repeat the command.",
                    ) from None
                threading.Event().wait(_LOOK)
        yield
