"""Tables as files, each at one version: for whoever copies them while others write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

from appliance.lake.place import LOG, Place
from appliance.lake.places import place
from appliance.lake.table import delta_errors

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
        Keys under the lake's folder or address of all that the version needs, its log and its
        data, with their bytes.
    """

    name: str
    version: int
    files: Mapping[str, int]


def pins(root: str | Path) -> Iterator[Pin]:
    """Pin every table of a lake at its newest version, readings last.

    Scores, and what was refused, come from readings that were committed before: whoever takes
    the tables in this order never has what came of readings without the readings.

    Raises
    ------
    StorageError
        A table cannot be read.
    """
    lake = place(root)
    found = [(kind, name) for kind in lake.folders() for name in lake.below(kind).folders()]
    for kind, name in sorted(found, key=lambda one: (one[0] == _LAST, one)):
        table = lake.below(kind, name)
        with delta_errors(table), suppress(TableNotFoundError):
            yield _pin(f"{kind}/{name}", table)


def _pin(name: str, table: Place) -> Pin:
    delta = DeltaTable(table.url, storage_options=table.options)
    version = delta.version()
    named = pl.DataFrame(delta.get_add_actions(flatten=True)).sort("path")
    # Not its note of the last checkpoint, which is written anew in place: without it a reader
    # looks at the names.
    files = {
        f"{LOG}/{entry}": size
        for entry, size in table.log_files().items()
        if entry[:_DIGITS].isdecimal() and int(entry[:_DIGITS]) <= version
    }
    files |= dict(named.select("path", "size_bytes").iter_rows())
    return Pin(name, version, {f"{name}/{file}": size for file, size in files.items()})
