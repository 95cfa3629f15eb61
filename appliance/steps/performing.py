"""What a task of the engine does for a step: fetches its code, runs it, keeps what it gives."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from appliance.core import errors
from appliance.core.clock import monotonic
from appliance.core.errors import (
    ArtifactCorrupt,
    InvalidRequest,
    KizashiError,
    LimitExceeded,
    OperatorError,
)
from appliance.core.scratch import scratch
from appliance.engine.stop import current
from appliance.notebooks.executing import execute
from appliance.objects import shelf
from appliance.schemas.own import MOST_JSON, CodeKind, StepKind, StepOutput
from appliance.steps import environments, packing, process
from appliance.steps.lines import Publishing
from appliance.steps.runner import CODE, INPUTS, OUTPUTS, TOLD, WORK
from appliance.steps.values import MOST_FILE, TOLD_OF_FILES, file_told

_MOST_TOLD = MOST_JSON + 2**16
GIVEN_FILE, GAVE_FILE = "inputs.json", "outputs.json"
"""By which a program is told its inputs, and tells its outputs."""


@dataclass(frozen=True)
class Blob:
    """Registered code, where it is.

    Attributes
    ----------
    place, key
        Address of the shelf, and its key there.
    """

    place: str
    key: str
    sha256: str
    kind: CodeKind


@dataclass(frozen=True)
class Work:
    """One step of a run, small enough to be sent anywhere.

    Attributes
    ----------
    place, key
        Address of the shelf of runs, and what the keys of this step's files begin with.
    inputs
        Values by name.
    files
        Keys on that shelf of files that inputs name, by the name that they are given under.
    entry
        Of a function, as ``module:name``.
    wheels
        Address of the site's folder of wheels, for an environment of its own.
    """

    name: str
    kind: StepKind
    place: str
    key: str
    inputs: Mapping[str, Any]
    files: Mapping[str, str] = field(default_factory=dict)
    blob: Blob | None = None
    entry: str = ""
    command: tuple[Any, ...] = ()
    memory: int | None = None
    timeout: float = 3_600.0
    variables: Mapping[str, str] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    wheels: str = ""


@dataclass(frozen=True)
class Performed:
    """What became of a step.

    Attributes
    ----------
    output
        What it gave; None if it failed.
    error
        Why it failed, in one sentence.
    said, lines
        How many lines it wrote, and the last of them.
    cpu_seconds, peak_bytes
        That its processes used.
    """

    output: StepOutput | None
    error: KizashiError | None
    said: int = 0
    lines: tuple[str, ...] = ()
    cpu_seconds: float = 0.0
    peak_bytes: int = 0


def perform(work: Work) -> Performed:
    """Run one step in a process of its own, on the machine that this is called on."""
    begun, watch = monotonic(), process.Watch()
    output: StepOutput | None = None
    failed: KizashiError | None = None
    try:
        with (
            scratch("kizashi-step") as folder,
            Publishing(work.place, work.key, watch),
        ):
            for name in (CODE, INPUTS, OUTPUTS, "tmp"):
                (folder / name).mkdir()
            for name, key in work.files.items():
                shelf(work.place).fetch(key, folder / INPUTS / name)
            values = _DOERS[work.kind](work, folder, watch)
            kept = _put(work, folder / OUTPUTS)
        output = StepOutput(values=values, files=kept, seconds=monotonic() - begun)
    except KizashiError as error:
        failed = error
    return Performed(output, failed, *watch.told, watch.cpu_seconds, watch.peak_bytes)


def code_of(blob: Blob) -> bytes:
    """Return registered code.

    Raises
    ------
    ArtifactCorrupt
        Its bytes are not those that were registered: it is not run.
    """
    data = shelf(blob.place).read(blob.key)
    if hashlib.sha256(data).hexdigest() != blob.sha256:
        raise ArtifactCorrupt(
            f"the code {blob.key} is not what was registered: it is not run.",
            remedy="Register it again under another version.",
        )
    return data


# ---------------------------------------------------------------- kinds
def _function(work: Work, folder: Path, watch: process.Watch) -> dict[str, Any]:
    blob = _blob(work)
    packing.unpack(code_of(blob), folder / CODE)
    python = environments.python_for(work.packages, work.wheels, watch.say)
    told = {
        "what": "perform",
        "name": work.name,
        "entry": work.entry,
        "inputs": dict(work.inputs),
        "memory": work.memory,
        "readable": [str(one) for one in python.folders],
    }
    variables = {**work.variables, **python.variables}
    ended = _run(python.program, work, told, folder, variables, watch)
    found = told_by(folder, ended, f"step {work.name}")
    return dict(found["values"])


def _notebook(work: Work, folder: Path, watch: process.Watch) -> dict[str, Any]:
    stop = current()
    watch.say("the notebook is executed")
    found = execute(
        code_of(_blob(work)),
        _with_paths(work.inputs, folder / INPUTS),
        timeout=work.timeout,
        environment=work.variables,
        memory=work.memory,
        stopped=lambda: stop.asked,
    )
    outputs = folder / OUTPUTS
    for name, data in (("notebook.html", found.html), ("notebook.ipynb", found.ipynb)):
        if data:
            (outputs / name).write_bytes(data)
    if found.error:
        # What was executed until then is what tells why.
        _put(work, outputs)
        raise InvalidRequest(f"step {work.name}: {found.error}")
    told = dict(found.results)
    _small(work, len(json.dumps(told)))
    for name in ("notebook.html", "notebook.ipynb"):
        if (outputs / name).exists():
            told[name.replace(".", "_")] = file_told(outputs / name, name)
    return told


def _command(work: Work, folder: Path, watch: process.Watch) -> dict[str, Any]:
    given = _with_paths(work.inputs, Path(INPUTS))
    (folder / GIVEN_FILE).write_text(json.dumps(given), "utf-8")
    told = {
        "what": "command",
        "command": [str(_with_paths(one, Path(INPUTS))) for one in work.command],
        "memory": work.memory,
    }
    ended = _run(sys.executable, work, told, folder, work.variables, watch)
    where = f"step {work.name}"
    status = told_by(folder, ended, where)["status"]
    if status != 0:
        raise InvalidRequest(
            f"{where}: {work.command[0]} ended with status {status}"
            f"{': ' + ended.last[:300] if ended.last else ''}."
        )
    found = _json(folder / GAVE_FILE, f"{where}: {GAVE_FILE}")
    for path in sorted((folder / OUTPUTS).iterdir()):
        if path.is_file() and not path.is_symlink():
            found.setdefault(path.name.replace(".", "_"), file_told(path, path.name))
    return found


def _run(
    program: str,
    work: Work,
    told: Mapping[str, Any],
    folder: Path,
    variables: Mapping[str, str],
    watch: process.Watch,
) -> process.Ended:
    (folder / WORK).write_text(json.dumps(told), "utf-8")
    return process.run(
        [program, "-m", "appliance.steps.runner", str(folder)],
        folder,
        timeout=work.timeout,
        environment={**variables, "TMPDIR": str(folder / "tmp")},
        watch=watch,
    )


_DOERS = {
    StepKind.FUNCTION: _function,
    StepKind.NOTEBOOK: _notebook,
    StepKind.COMMAND: _command,
}


# ---------------------------------------------------------------- parts
def told_by(folder: Path, ended: process.Ended, where: str) -> dict[str, Any]:
    """Return what a runner told.

    Raises
    ------
    KizashiError
        Its code failed, or the process ended without a word.
    """
    found = _json(folder / TOLD, where)
    if not found:
        how = f"signal {-ended.status}" if ended.status < 0 else f"status {ended.status}"
        more = f": {ended.last[:300]}" if ended.last else ""
        raise LimitExceeded(
            f"{where}: its process ended with {how} before it was through{more}.",
            remedy="Where memory was short, raise its memory.",
        )
    if "error" in found:
        words = str(found["error"])[:1_000]
        if found.get("kind") == "raised":
            raise InvalidRequest(f"{where} failed: {words}.")
        told = words if words.startswith(where) else f"{where}: {words}"
        raise _of_kind(str(found.get("kind")), told, str(found.get("remedy", ""))[:500])
    return found


def _of_kind(name: str, words: str, remedy: str) -> KizashiError:
    """Return an error of the kind that a process names, which may name anything."""
    kind = getattr(errors, name, None)
    if not (isinstance(kind, type) and issubclass(kind, KizashiError)):
        kind = InvalidRequest
    return kind(words, remedy=remedy)


def _json(path: Path, where: str) -> dict[str, Any]:
    """Return a file of JSON that a process left; nothing of one that is not there."""
    if path.is_symlink() or not path.is_file():
        return {}
    if path.stat().st_size > _MOST_TOLD:
        raise LimitExceeded(
            f"{where} gave more than {MOST_JSON // 2**20} MiB of values.",
            remedy="Give a table or a file.",
        )
    try:
        found = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"{where} cannot be read: {error}.") from error
    if not isinstance(found, dict):
        raise InvalidRequest(f"{where} holds no values by name.")
    return found


def _put(work: Work, outputs: Path) -> dict[str, str]:
    """Put the files that a step gave on the shelf; return the key of each by its name."""
    kept = {}
    found = [one for one in outputs.iterdir() if one.is_file() and not one.is_symlink()]
    if len(found) > 1_000 or sum(one.stat().st_size for one in found) > MOST_FILE:
        raise LimitExceeded(
            f"step {work.name} gave more than 1,000 files or {MOST_FILE // 2**30} GiB."
        )
    for path in sorted(found):
        key = f"{work.key}/{path.name}"
        shelf(work.place).put_file(key, path)
        kept[path.name] = key
    return kept


def _small(work: Work, size: int) -> None:
    if size > MOST_JSON:
        raise LimitExceeded(
            f"step {work.name} gave more than {MOST_JSON // 2**20} MiB of values.",
            remedy="Give less of them.",
        )


def _blob(work: Work) -> Blob:
    if work.blob is None:
        raise OperatorError(f"step {work.name} has no code.")
    return work.blob


def _with_paths(value: Any, folder: Path) -> Any:
    """Return a value in which files are told by their paths."""
    if isinstance(value, Mapping):
        if set(value) == TOLD_OF_FILES:
            return str(folder / str(value["file"]))
        return {name: _with_paths(one, folder) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_with_paths(one, folder) for one in value]
    return value
