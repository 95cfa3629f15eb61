"""Small packages to begin with: a detector, a source, a step; each passes its suite at once."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from string import Template

from appliance.core.errors import Conflict, InvalidRequest, StorageError

KINDS = ("detector", "source", "step")
_NAME = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")
_LONGEST = 50


def scaffold(kind: str, name: str, into: Path) -> list[Path]:
    """Write a package of a kind into a folder of its own; return its files.

    Parameters
    ----------
    kind
        One of `KINDS`.
    name
        Of the package, and of what it holds.
    into
        Folder in which that of the package is made.

    Raises
    ------
    InvalidRequest
        There is no such kind, or the name is none of a package.
    Conflict
        The folder is there already.
    StorageError
        It cannot be written.
    """
    if kind not in KINDS:
        raise InvalidRequest(
            f"{kind!r} cannot be made new.", remedy=f"One of: {', '.join(KINDS)}."
        )
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        raise InvalidRequest(
            f"{name!r} is no name for a package.",
            remedy="Use small letters, digits and -, a letter first.",
        )
    package, module = name.replace("_", "-"), name.replace("-", "_")
    words = {
        "name": package,
        "module": module,
        "class": "".join(part.capitalize() for part in module.split("_")),
    }
    folder = into / package
    if folder.exists():
        raise Conflict(f"{folder} is there already.", remedy="Choose another name.")
    made = []
    try:
        folder.mkdir(parents=True)
        for template, target in _targets(kind, module):
            text = files("appliance.steps").joinpath("templates", template).read_text("utf-8")
            path = folder / target
            path.write_text(Template(text).substitute(words), "utf-8")
            made.append(path)
    except OSError as error:
        raise StorageError(f"{folder} cannot be written: {error.strerror}.") from error
    return made


def _targets(kind: str, module: str) -> list[tuple[str, str]]:
    found = [
        (f"{kind}_pyproject.txt", "pyproject.toml"),
        (f"{kind}_module.txt", f"{module}.py"),
        (f"{kind}_test.txt", f"test_{module}.py"),
    ]
    return [*found, ("step_pipeline.txt", "pipeline.yaml")] if kind == "step" else found
