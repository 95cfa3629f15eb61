"""Tables as files, each at one version: for whoever copies them while others write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from deltalake import DeltaTable

from appliance.lake.table import delta_errors

_LOG = "_delta_log"
_DIGITS = 20
_LAST = "readings"


@dataclass(frozen=True)
class Pin:
    """One table at one version.

    Attributes
    ----------
    name
        Of the table, as kind and fleet.
    files
        Paths under the lake's folder of all that the version needs: its log and its data.
    """

    name: str
    version: int
    files: tuple[str, ...]


def pins(root: Path) -> Iterator[Pin]:
    """Pin every table under a folder at its newest version, readings last.

    Scores, and what was refused, come from readings that were committed before: whoever takes
    the tables in this order never has what came of readings without the readings.

    Raises
    ------
    StorageError
        A table cannot be read.
    """
    found = [log.parent for log in root.glob(f"*/*/{_LOG}") if log.is_dir()]
    for path in sorted(found, key=lambda path: (path.parent.name == _LAST, path.parts)):
        with delta_errors(path):
            if DeltaTable.is_deltatable(str(path)):
                yield _pin(root, path)


def _pin(root: Path, path: Path) -> Pin:
    delta = DeltaTable(str(path))
    version = delta.version()
    named = pl.DataFrame(delta.get_add_actions(flatten=True))["path"].sort().to_list()
    # Not its note of the last checkpoint, which is written anew in place: without it a reader
    # looks at the names.
    log = sorted(
        entry.name
        for entry in (path / _LOG).iterdir()
        if entry.name[:_DIGITS].isdecimal() and int(entry.name[:_DIGITS]) <= version
    )
    name = path.relative_to(root).as_posix()
    files = (*(f"{_LOG}/{entry}" for entry in log), *named)
    return Pin(name, version, tuple(f"{name}/{file}" for file in files))
