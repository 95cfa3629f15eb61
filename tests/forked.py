"""Processes of the platform, begun by one that has loaded its modules already.

Loading them takes two to three seconds of a processor, and some hundred are begun by the
tests.  Here a process that has loaded a module is forked whenever one is wanted; the child then
does what ``python`` does with the words it is given.  That the platform comes up from nothing
is seen where it is started as plants start it: by its supervisor, from the shell, installed.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, TypeAlias

ROOT = Path(__file__).resolve().parents[1]
_TOLD = 16
"""Bytes of each of the two numbers that are told of a child: its own and, later, its status."""


class Forked:
    """A process; it is spoken of as a ``subprocess.Popen`` is.

    Parameters
    ----------
    words
        What would stand after ``python``: ``-m MODULE`` or ``-c CODE``, and what that is told.
    loaded
        The module that is loaded before, with all that it imports.
    environment
        All of its variables.
    out, err
        Where its output goes; kept for `communicate` if not given.
    """

    def __init__(
        self,
        words: Sequence[object],
        loaded: str,
        environment: Mapping[str, str],
        out: IO[Any] | None = None,
        err: IO[Any] | None = None,
    ) -> None:
        self.args = [*map(str, words)]
        self.returncode: int | None = None
        self._kept: list[IO[Any]] = []
        told, telling = os.pipe()
        try:
            with tempfile.TemporaryFile() as asked:
                asked.write(json.dumps([self.args, dict(environment)]).encode())
                asked.seek(0)
                streams = [(one or self._own()).fileno() for one in (out, err)]
                _parent(loaded).ask(asked.fileno(), telling, *streams)
        finally:
            os.close(telling)
        self._told = os.fdopen(told, "rb", buffering=0)
        self.pid = int(self._told.read(_TOLD))

    def _own(self) -> IO[Any]:
        self._kept.append(tempfile.TemporaryFile("w+"))  # noqa: SIM115 - closed when it is read
        return self._kept[-1]

    def poll(self) -> int | None:
        """Return its status; None while it runs."""
        return self._look(0)

    def _look(self, seconds: float | None) -> int | None:
        if self.returncode is None and select.select([self._told], [], [], seconds)[0]:
            word = self._told.read(_TOLD)
            self.returncode = int(word) if word else -signal.SIGKILL  # its parent is gone
            self._told.close()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; return its status."""
        status = self._look(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        return status

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait for its end; return what it wrote where it was given nothing to write into."""
        self.wait(timeout)
        said = []
        for one in self._kept:
            one.seek(0)
            said.append(one.read())
            one.close()
        self._kept.clear()
        return said[0], said[1]

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


Begun: TypeAlias = Forked | subprocess.Popen[bytes]


def begun(
    words: Sequence[object],
    loaded: str,
    environment: Mapping[str, str],
    out: IO[Any],
    *,
    alone: bool = False,
) -> Begun:
    """Begin a process of the platform; what works on Ray, or is its head, begins from nothing.

    Ray's own threads and its ways to begin programs ask for a process that nobody has forked;
    so does who is to be known among all processes by its command (`alone`).
    """
    if not alone and environment.get("KIZASHI_ENGINE") != "ray":
        return Forked(words, loaded, environment, out, out)
    command = [sys.executable, *map(str, words)]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT
    )


@contextmanager
def working(home: Path) -> Iterator[None]:
    """Let a worker run the jobs of a home, on this machine's threads."""
    own = {"PYTHONPATH": str(ROOT), "KIZASHI_ENGINE": "local"}
    words = ["-m", "appliance.worker", "--home", home]
    with (home.parent / "worker.log").open("w") as said:
        worker = begun(words, "appliance.worker.__main__", {**os.environ, **own}, said)
        try:
            yield
        finally:
            worker.terminate()
            worker.wait(timeout=60)


# ---------------------------------------------------------------- this process's side
class _Parent:
    """The process that children are forked from."""

    def __init__(self, loaded: str) -> None:
        self._line, theirs = socket.socketpair()
        number = theirs.fileno()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.forked", str(number), loaded],
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[number],
            )
        atexit.register(self._end)

    def ask(self, *handles: int) -> None:
        """Ask for a child."""
        socket.send_fds(self._line, [b"."], list(handles))

    def _end(self) -> None:
        self._line.close()
        self._process.wait()


_parents: dict[str, _Parent] = {}


def _parent(loaded: str) -> _Parent:
    if loaded not in _parents:
        _parents[loaded] = _Parent(loaded)
    return _parents[loaded]


# ---------------------------------------------------------------- the other side
def _serve(line: socket.socket) -> Callable[[], None] | None:
    """Fork whenever asked, until nobody can ask any more; in a child, return its work."""
    woken, waking = os.pipe()
    for one in (woken, waking):
        os.set_blocking(one, False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(waking)
    children: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([line, woken], [], [])
        if woken in ready:
            os.read(woken, _TOLD)
            _tell_ended(children)
        if line not in ready:
            continue
        asked, handles, _, _ = socket.recv_fds(line, 1, 4)
        if not asked:
            return None
        work, telling, out, err = handles
        with os.fdopen(work) as file:
            words, environment = json.load(file)
        child = os.fork()
        if child == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for handle, place in ((out, 1), (err, 2)):
                os.dup2(handle, place)
            for handle in (woken, waking, telling, out, err, *children.values()):
                os.close(handle)
            line.close()
            return lambda: _run(words, environment)
        children[child] = telling
        for handle in (out, err):
            os.close(handle)
        os.write(telling, _word(child))


def _tell_ended(children: dict[int, int]) -> None:
    for child in list(children):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            telling = children.pop(child)
            with suppress(BrokenPipeError):  # nobody asks for it any more
                os.write(telling, _word(os.waitstatus_to_exitcode(status)))
            os.close(telling)


def _word(number: int) -> bytes:
    return str(number).encode().ljust(_TOLD)


def _run(words: list[str], environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    how, what, *arguments = words
    sys.argv = [how if how == "-c" else what, *arguments]
    if how == "-c":
        own = sys.modules["__main__"] = types.ModuleType("__main__")
        exec(compile(what, "<string>", "exec"), own.__dict__)
        return
    sys.modules.pop(f"{what}.__main__", None)  # it is run, not only loaded
    runpy.run_module(what, run_name="__main__", alter_sys=True)


def main() -> None:
    """Load a module, and be forked."""
    number, loaded = sys.argv[1:]
    line = socket.socket(fileno=int(number))
    importlib.import_module(loaded)
    gc.freeze()  # what looks for garbage in children would copy all of it
    if work := _serve(line):
        work()


if __name__ == "__main__":
    main()
