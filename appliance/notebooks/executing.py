"""A notebook executed in a process of its own: parameters in, results and all it showed out."""

from __future__ import annotations

import json
import keyword
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from appliance.core.clock import monotonic
from appliance.core.errors import (
    BadFile,
    Cancelled,
    InvalidRequest,
    KizashiError,
    LimitExceeded,
    OperatorError,
    StorageError,
)
from appliance.core.scratch import scratch
from appliance.notebooks import surroundings
from appliance.notebooks.ending import end

JSON = Any
MOST_BYTES = 64 * 2**20
"""Largest notebook, before and after."""
GIVEN, PARAMETERS, EXECUTED, PAGE, TOLD, LOG = (
    "given.ipynb",
    "parameters.json",
    "executed.ipynb",
    "executed.html",
    "told.json",
    "log",
)
"""Files by which this process and the one that executes speak with one another."""
_LOOK = 0.2
_GRACE = 60.0
"""Seconds after the time limit in which what was done until then is to be written."""


@dataclass(frozen=True)
class Executed:
    """A notebook that was executed.

    Attributes
    ----------
    html
        All of it as one page that loads nothing and runs no script; empty if there is none.
    ipynb
        The notebook with its outputs, as far as it came.
    results
        What it gave by ``kizashi.results.give``, by name.
    error
        One sentence of which cell failed and why; empty if none did.
    """

    html: bytes = field(repr=False)
    ipynb: bytes = field(repr=False)
    results: Mapping[str, JSON]
    error: str


def execute(
    notebook: bytes,
    parameters: Mapping[str, JSON],
    *,
    timeout: float,
    environment: Mapping[str, str],
    memory: int | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Executed:
    """Execute a notebook of Python in a process and a folder of its own.

    Its code sees nothing of this process's environment but what a program needs to start.

    Parameters
    ----------
    notebook
        The ``.ipynb`` file.
    parameters
        By name, what a cell is to set that follows the cell tagged ``parameters`` (or that
        comes first, if none is tagged so).
    timeout
        Seconds that all cells together may take.
    environment
        Variables that the notebook's code sees beside those.
    memory
        Bytes that each of its processes may have for data; no limit if not given.
    stopped
        Whether it is to end before; asked a few times a second.

    Raises
    ------
    InvalidRequest
        A parameter's name is no name of Python, or its value nothing that JSON holds.
    BadFile
        The file is no notebook of Python.
    LimitExceeded
        It is too large, or became so.
    Cancelled
        `stopped` said so.
    OperatorError
        No process can be started, or the extra ``notebooks`` is not installed.
    """
    given = _checked(notebook, parameters)
    with scratch("kizashi-notebook") as folder:
        (folder / GIVEN).write_bytes(notebook)
        (folder / PARAMETERS).write_text(given, "utf-8")
        command = [*surroundings.python(), "-m", "appliance.notebooks.executor"]
        command += ["--folder", str(folder), "--timeout", repr(float(timeout))]
        command += ["--memory", str(memory or 0)]
        around = {**surroundings.plain(folder), **environment}
        with _started(command, folder, around) as process:
            _wait(process, timeout + _GRACE, stopped)
        return _read(folder, process.returncode)


def _checked(notebook: bytes, parameters: Mapping[str, JSON]) -> str:
    """Return the parameters as JSON, if they and the notebook can be used."""
    for name in parameters:
        # The name becomes code: one that is none would run as whatever it says.
        if not (name.isascii() and name.isidentifier()) or keyword.iskeyword(name):
            raise InvalidRequest(
                f"{name[:100]!r} cannot be a parameter of a notebook.",
                remedy="Use a name of Python: letters, digits and _.",
            )
    if len(notebook) > MOST_BYTES:
        raise LimitExceeded(
            f"the notebook has more than {MOST_BYTES // 2**20} MiB.",
            remedy="Clear its outputs.",
        )
    try:
        return json.dumps(dict(parameters), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidRequest(
            f"the parameters are nothing that JSON holds: {error}.",
            remedy="Give numbers, texts, lists and dicts of them.",
        ) from error


@contextmanager
def _started(
    command: list[str], folder: Path, around: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    try:
        log = (folder / LOG).open("wb")
    except OSError as error:
        raise StorageError(f"the notebook's folder cannot be written: {error}.") from error
    try:
        # It ends by itself when this end of its standard input is gone.
        process = subprocess.Popen(  # noqa: S603
            command,
            cwd=folder,
            env=dict(around),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise OperatorError(f"no process for the notebook can be started: {error}.") from error
    finally:
        log.close()
    try:
        yield process
    finally:
        end(process.pid)
        process.wait()
        if process.stdin is not None:
            process.stdin.close()


def _wait(process: subprocess.Popen[bytes], most: float, stopped: Callable[[], bool]) -> None:
    until = monotonic() + most
    while monotonic() < until:
        if stopped():
            raise Cancelled("the notebook was stopped, as somebody asked for its end.")
        try:
            process.wait(_LOOK)
        except subprocess.TimeoutExpired:
            continue
        return


def _read(folder: Path, status: int) -> Executed:
    """Return what the process left; its files are as hostile as the notebook's code."""
    told = _told(folder)
    kind = told.get("kind", "")
    words = str(told.get("error", ""))[:2_000]
    if kind in _REFUSED:
        raise _REFUSED[kind](words)
    if not told:
        ending = f"signal {-status}" if status < 0 else f"status {status}"
        last = _bytes(folder / LOG).decode("utf-8", "replace").strip().rpartition("\n")[2]
        words = (
            f"The notebook's process ended with {ending} before it was through: {last[:400]}"
        )
    results = told.get("results", {})
    return Executed(
        html=_bytes(folder / PAGE),
        ipynb=_bytes(folder / EXECUTED),
        results=results if isinstance(results, dict) else {},
        error=words,
    )


_REFUSED: Mapping[str, type[KizashiError]] = {
    "file": BadFile,
    "limit": LimitExceeded,
    "machine": OperatorError,
}


def _told(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads(_bytes(folder / TOLD) or b"{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _bytes(path: Path) -> bytes:
    """Return a file's bytes, none of one that is not there; links are not followed."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b""
    with os.fdopen(handle, "rb") as file:
        found = file.read(MOST_BYTES + 1)
    if len(found) > MOST_BYTES:
        raise LimitExceeded(
            f"the executed notebook has more than {MOST_BYTES // 2**20} MiB.",
            remedy="Have it show less.",
        )
    return found
