"""Parquet: any number type to Float64, times and texts as they are, in parts of rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from appliance.core.errors import BadFile, LimitExceeded
from appliance.intake.sources.files.remedies import COPY
from appliance.intake.sources.files.text import ISSUES, ROW, Parsed, issue_frame

PART_CELLS = 16 * 2**20
_SAMPLE_ROWS = 5_000
_TEXTS = (pl.String, pl.Categorical, pl.Enum)


@dataclass(frozen=True)
class Schema:
    """What a Parquet file holds.

    Attributes
    ----------
    columns
        Columns that can be read, with their types.
    unreadable
        Columns of lists, structures or bytes.
    rows
        Number of rows.
    """

    columns: dict[str, pl.DataType]
    unreadable: tuple[str, ...]
    rows: int


def inspect(path: Path, max_columns: int) -> Schema:
    """Read a file's footer.

    Raises
    ------
    BadFile
        It is damaged, or has no rows.
    LimitExceeded
        It has more columns than allowed.
    """
    try:
        schema = dict(pl.read_parquet_schema(path))
        rows = int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise _damaged(path, error) from error
    if not rows:
        raise BadFile(f"{path.name} holds no rows.")
    if len(schema) > max_columns:
        raise LimitExceeded(
            f"{path.name} has {len(schema):,} columns, {max_columns:,} are allowed.",
            remedy="Split it, or raise max_columns in the settings.",
        )
    index = _index_columns(path)
    # pandas keeps row numbers as a column only if they are not a plain range.
    plain = {n for n in index if n.startswith("__index_level_") and schema[n].is_integer()}
    columns = {n: t for n, t in schema.items() if _readable(t) and n not in plain}
    return Schema(columns, tuple(n for n in schema if not _readable(schema[n])), rows)


def sample(path: Path, schema: Schema) -> pl.DataFrame:
    """Return the first rows, converted as `parts` does."""
    return _converted(_slice(path, schema, 0, _SAMPLE_ROWS), 0).frame


def parts(path: Path, schema: Schema) -> Iterator[Parsed]:
    """Yield the rows in parts of bounded size; `ROW` counts rows from 1.

    Raises
    ------
    BadFile
        The file is damaged.
    """
    step = max(PART_CELLS // max(len(schema.columns), 1), 1)
    for start in range(0, schema.rows, step):
        yield _converted(_slice(path, schema, start, step), start)


def _index_columns(path: Path) -> set[str]:
    try:
        about = json.loads(pl.read_parquet_metadata(path).get("pandas", "{}"))
    except (pl.exceptions.PolarsError, ValueError):
        return set()
    return {name for name in about.get("index_columns", []) if isinstance(name, str)}


def _readable(kind: pl.DataType) -> bool:
    known = kind.is_numeric() or isinstance(kind, pl.Boolean | pl.Date | pl.Datetime)
    return known or isinstance(kind, _TEXTS)


def _slice(path: Path, schema: Schema, start: int, length: int) -> pl.DataFrame:
    scan = pl.scan_parquet(path, glob=False).select(list(schema.columns))
    try:
        return scan.slice(start, length).collect()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: BaseException) -> BadFile:
    return BadFile(
        f"{path.name} is damaged: {str(error).splitlines()[0].rstrip('.')}.", remedy=COPY
    )


def _converted(frame: pl.DataFrame, start: int) -> Parsed:
    casts, checked = [], []
    for name, kind in frame.schema.items():
        if isinstance(kind, _TEXTS):
            casts.append(pl.col(name).cast(pl.String))
        elif isinstance(kind, pl.Boolean) or (kind.is_numeric() and kind != pl.Float32()):
            casts.append(pl.col(name).cast(pl.Float64))
        if kind.is_float():
            checked.append(name)
    rows = pl.int_range(start + 1, start + frame.height + 1, dtype=pl.Int64, eager=True)
    frame = frame.with_columns(*casts, rows.alias(ROW))
    issues = [pl.DataFrame(schema=ISSUES)]
    sums = frame.select(pl.col(checked).sum())
    for name in checked:
        if not sums.select(pl.col(name).is_finite()).item():
            bad = frame[name].is_infinite().fill_null(value=False)
            refused = frame.filter(bad)
            reason = "not a finite number"
            issues.append(issue_frame(refused[ROW], name, refused[name], reason))
            frame = frame.with_columns(pl.when(pl.col(name).is_finite()).then(name).alias(name))
    return Parsed(frame, pl.concat(issues))
