"""Registering code: read without running it, then described in a process of its own."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

from appliance.core.errors import BadFile, InvalidRequest, LimitExceeded
from appliance.core.log import get
from appliance.core.scratch import scratch
from appliance.schemas.own import CodeKind, DeclaredStep
from appliance.steps import packing, process
from appliance.steps.performing import told_by
from appliance.steps.runner import CODE, WORK

_log = get(__name__)
MOST_SECONDS = 120.0
_MEMORY = 4 * 2**30
MOST_STEPS = 200
_LONGEST_NAME = 64


@dataclass(frozen=True)
class Draft:
    """What is to be registered.

    Attributes
    ----------
    file
        What it is called.
    data
        A wheel, or a notebook.
    """

    name: str
    version: str
    kind: CodeKind
    file: str
    data: bytes = field(repr=False)
    summary: str = ""

    @property
    def sha256(self) -> str:
        """Of its bytes."""
        return hashlib.sha256(self.data).hexdigest()


def packed(path: Path, version: str = "") -> tuple[str, bytes]:
    """Return the file name and bytes of what is sent for a file or folder; nothing is run.

    Parameters
    ----------
    path
        A wheel, a folder with a ``pyproject.toml``, a module or a notebook.
    version
        Of a module, which says none itself.

    Raises
    ------
    BadFile
        It is none of these.
    """
    if path.is_dir():
        return packing.wheel_of_folder(path)
    if path.suffix == ".py":
        return packing.wheel_of_module(path, version or "1")
    if path.suffix not in (".whl", ".ipynb"):
        raise BadFile(
            f"{path} is no code that can be registered.",
            remedy="Give a .whl, a folder with a pyproject.toml, a .py or a .ipynb.",
        )
    try:
        return path.name, path.read_bytes()
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror}.") from error


def drafted(file: str, data: bytes, version: str = "") -> Draft:
    """Return what is registered for bytes that were sent; nothing of it is run.

    Parameters
    ----------
    file
        What they are called: the name of a notebook comes from it.
    version
        Of a notebook; a wheel says its own.

    Raises
    ------
    BadFile, LimitExceeded
        They are neither a wheel nor a notebook, or too large.
    """
    if len(data) > packing.MOST_BYTES:
        raise LimitExceeded(
            f"{file} has more than {packing.MOST_BYTES // 2**20} MiB.",
            remedy="Leave data out of it.",
        )
    if version and not packing.VERSION.fullmatch(version):
        raise InvalidRequest(f"{version!r} is no version.", remedy="Write it as 1.2.")
    if file.endswith(".ipynb"):
        return Draft(
            _stem(file), version or "1", CodeKind.NOTEBOOK, file, data, _told(file, data)
        )
    told = packing.read_wheel(data)
    if version and version != told.version:
        raise InvalidRequest(f"{file} is of version {told.version}, not {version}.")
    return Draft(told.name, told.version, CodeKind.PACKAGE, file, data, told.summary)


def steps_of(draft: Draft) -> tuple[DeclaredStep, ...]:
    """Return the steps that a package declares, as a process of its own tells them.

    Raises
    ------
    KizashiError
        It cannot be imported, or declares something that cannot be used.
    """
    if draft.kind is CodeKind.NOTEBOOK:
        return ()
    told = packing.read_wheel(draft.data)
    with scratch("kizashi-code") as folder:
        (folder / "tmp").mkdir()
        packing.unpack(draft.data, folder / CODE)
        work = {
            "what": "describe",
            "entries": dict(told.entries),
            "modules": list(told.modules),
            "memory": _MEMORY,
        }
        (folder / WORK).write_text(json.dumps(work), "utf-8")
        watch = process.Watch()
        ended = process.run(
            [sys.executable, "-m", "appliance.steps.runner", str(folder)],
            folder,
            timeout=MOST_SECONDS,
            environment={"TMPDIR": str(folder / "tmp")},
            watch=watch,
        )
        for line in watch.told[1]:
            _log.info("%s: %s", draft.name, line)
        found = told_by(folder, ended, f"the package {draft.name}")
    steps = tuple(DeclaredStep.model_validate(one) for one in found["steps"])
    if len(steps) > MOST_STEPS:
        raise LimitExceeded(f"{draft.name} declares more than {MOST_STEPS} steps.")
    return steps


def _stem(file: str) -> str:
    name = Path(file).stem.lower().replace(" ", "-")
    plain = name.isascii() and name[:1].isalnum() and len(name) < _LONGEST_NAME
    if not plain or not all(one.isalnum() or one in "._-" for one in name):
        raise BadFile(
            f"{file!r} is no name of a notebook.", remedy="Use letters, digits and -."
        )
    return name


def _told(file: str, data: bytes) -> str:
    """Return the first heading of a notebook; raises `BadFile` if it is none."""
    try:
        cells = json.loads(data)["cells"]
        texts = ["".join(one["source"]) for one in cells if one["cell_type"] == "markdown"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BadFile(f"{file} is no notebook.") from error
    heads = [line for text in texts for line in text.splitlines() if line.startswith("# ")]
    return heads[0].removeprefix("# ")[:500] if heads else ""
