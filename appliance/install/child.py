"""Other programs that a step runs: leashed, so that none outlives a killed installer."""

from __future__ import annotations

import ctypes
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_TICK = 0.3
_SIGNALLED = 128
"""What a shell adds to the number of the signal that ended a program."""
_FOREIGN = ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONUSERBASE", "VIRTUAL_ENV")
"""Variables by which a user's other Python would leak into the environment."""
_MISPLACED = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_REQUIRE_VIRTUALENV")
"""Variables that make pip install elsewhere than into the environment."""


def run(
    command: list[str],
    *,
    log: Path,
    tick: Callable[[str], None],
    extra: dict[str, str] | None = None,
    closed: bool = False,
) -> tuple[int, str]:
    """Run a program to its end, its words going to the log.

    Parameters
    ----------
    command
        Program and arguments.
    log
        File that the output is appended to.
    tick
        Called with every line, and with an empty one a few times a second.
    extra
        Environment variables to add.
    closed
        Whether to hide pip's settings, so that it looks nowhere but where it is told to.

    Returns
    -------
    status, output
        Exit status; standard output and error together.
    """
    said: list[str] = []
    with (
        log.open("ab") as book,
        subprocess.Popen(  # noqa: S603 - the installer's own commands
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_environment(closed=closed) | (extra or {}),
            preexec_fn=leash if sys.platform == "linux" else None,  # noqa: PLW1509 - no threads
        ) as child,
        selectors.DefaultSelector() as waiting,
    ):
        pipe = child.stdout
        if pipe is None:
            raise OSError("the program's output cannot be read")
        waiting.register(pipe, selectors.EVENT_READ)
        rest = b""
        while True:
            if not waiting.select(_TICK):
                tick("")
                continue
            block = os.read(pipe.fileno(), 65_536)
            if not block:
                break
            book.write(block)
            book.flush()
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                said.append(line.decode("utf-8", "replace"))
                tick(said[-1])
        said.append(rest.decode("utf-8", "replace"))
        status = child.wait()
    return status, "\n".join(said)


def attend(command: list[str]) -> int:
    """Run a program that speaks with the user itself; return its exit status as a shell would.

    Ctrl-C reaches it as well: it says itself what that means, and is waited for.
    """
    before = signal.signal(signal.SIGINT, lambda _signal, _frame: None)
    try:
        status = subprocess.run(  # noqa: S603 - the installer's own commands
            command,
            check=False,
            preexec_fn=leash if sys.platform == "linux" else None,
        ).returncode
    finally:
        signal.signal(signal.SIGINT, before)
    return status if status >= 0 else _SIGNALLED - status


def _environment(*, closed: bool) -> dict[str, str]:
    hidden = {*_FOREIGN, *_MISPLACED}
    kept = {
        name: value
        for name, value in os.environ.items()  # noqa: TID251 - handed on, not read
        if name not in hidden and not (closed and name.startswith("PIP_"))
    }
    if closed:
        kept["PIP_CONFIG_FILE"] = os.devnull
    return kept


def leash() -> None:
    """Die with the installer: the next one must not meet files still being written."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
