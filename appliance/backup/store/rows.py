"""Rows of tables as PostgreSQL's ``COPY`` writes them, also those of a SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from appliance.schemas.backup import DATABASE

OWN = "kizashi"
"""Folder of the tables of metadata."""
SUFFIX = ".copy"
_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t"})


def head(columns: Iterable[str]) -> bytes:
    """Return the first line of a file of rows: the columns that they have."""
    return json.dumps({"columns": list(columns)}).encode() + b"\n"


def write(database: Path, tables: Iterable[str], folder: Path) -> None:
    """Write the rows of a SQLite, each table to a file.

    Times are in UTC there, and truth is 0 or 1: PostgreSQL reads both as they are.
    """
    place = folder / DATABASE / OWN
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    with closing(sqlite3.connect(database)) as source:
        for table in tables:
            found = source.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - names of our own
            with (place / f"{table}{SUFFIX}").open("wb") as writer:
                writer.write(head(column[0] for column in found.description))
                for row in found:
                    writer.write("\t".join(map(_cell, row)).encode() + b"\n")


def _cell(value: object) -> str:
    if value is None:
        return r"\N"
    if isinstance(value, bytes):
        return rf"\\x{value.hex()}"
    return str(value).translate(_ESCAPES)
