"""Text to columns: straight through Polars' reader, and cell by cell only where it must be."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from appliance.intake.sources.files.dialect import MISSING, MISSING_FOLDED, Dialect

ROW = "\0row"
"""Column with the physical line number of each row."""
ISSUES = {"row": pl.Int64(), "column": pl.String(), "value": pl.String(), "reason": pl.String()}
"""What is kept of a refused row or cell."""
_NEWLINE, _RETURN, _POINT, _QUOTE = 10, 13, ord("."), ord('"')
_SPACES = re.compile(rb"[ \t]+")
_LINE_ENDS = re.compile(rb" ?\r?\n ?")
_JOINED_LINES = 20


@dataclass(frozen=True)
class Parsed:
    """Columns of one part, and what was refused.

    Attributes
    ----------
    frame
        One column a name of the source (Float64 where numbers were asked for), and `ROW`.
    issues
        Rows and cells refused, with the columns of `ISSUES`.
    """

    frame: pl.DataFrame
    issues: pl.DataFrame


def issue_frame(
    rows: pl.Series, column: str, values: pl.Series | None, reason: str | pl.Series
) -> pl.DataFrame:
    """Return refusals of one column."""
    value = pl.lit("") if values is None else pl.lit(values.cast(pl.String))
    return pl.DataFrame({"row": rows.cast(pl.Int64)}).select(
        "row",
        pl.lit(column).alias("column"),
        value.alias("value"),
        pl.lit(reason).alias("reason"),
    )


def parse(text: bytes, first_line: int, dialect: Dialect, numeric: frozenset[str]) -> Parsed:
    """Read one part of a file.

    Parameters
    ----------
    text
        UTF-8, whole lines.
    first_line
        Number of its first line in the file, from 1.
    dialect
        How the file is written.
    numeric
        Columns that are numbers; the others stay text.
    """
    skip = max(dialect.skip - (first_line - 1), 0)
    body = _behind(text, skip)
    if dialect.delimiter == " ":
        body = _LINE_ENDS.sub(b"\n", _SPACES.sub(b" ", body)).strip(b" ")
    if body.endswith((b"\n\n", b"\n\r\n")):
        body = body.rstrip(b"\r\n") + b"\n"
    first = first_line + skip
    frame = _straight(body, dialect, numeric)
    if frame is not None:
        rows = pl.int_range(first, first + frame.height, dtype=pl.Int64, eager=True)
        return Parsed(frame.with_columns(rows.alias(ROW)), pl.DataFrame(schema=ISSUES))
    return _careful(*_regular(body, first, dialect), dialect, numeric)


def _behind(text: bytes, lines: int) -> bytes:
    position = 0
    for _ in range(lines):
        position = text.find(b"\n", position) + 1
        if not position:
            return b""
    return text[position:]


# ---------------------------------------------------------------- the fast way
def _straight(body: bytes, dialect: Dialect, numeric: frozenset[str]) -> pl.DataFrame | None:
    """Let Polars read it; None if anything is not as the dialect says."""
    if not body or (dialect.decimal_comma and dialect.delimiter == ","):
        return None
    frame = _polars(body, dialect, numeric, missing=False)
    if frame is None:
        frame = _polars(body, dialect, numeric, missing=True)
    if frame is None or not _as_expected(frame, body, dialect):
        return None
    numbers = [name for name in frame.columns if name in numeric]
    sums = frame.select(pl.col(numbers).sum())
    odd = [n for n in numbers if not np.isfinite(sums[n].item())]
    if odd and frame.select(pl.any_horizontal(pl.col(odd).is_infinite().any())).item():
        return None
    return frame.with_columns(pl.col(odd).fill_nan(None)) if odd else frame


def _polars(
    body: bytes, dialect: Dialect, numeric: frozenset[str], *, missing: bool
) -> pl.DataFrame | None:
    try:
        return pl.read_csv(
            io.BytesIO(body),
            has_header=False,
            separator=dialect.delimiter,
            schema={n: pl.Float64() if n in numeric else pl.String() for n in dialect.columns},
            # Comparing each cell with each word costs time: only if it is needed.
            null_values=list(MISSING) if missing else None,
            decimal_comma=dialect.decimal_comma,
            raise_if_empty=False,
        )
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None


def _as_expected(frame: pl.DataFrame, body: bytes, dialect: Dialect) -> bool:
    """Whether no line was merged, cut short or read with a sign that means something else."""
    if frame.height != body.count(b"\n") + (not body.endswith(b"\n")):
        return False
    letters = np.frombuffer(body, np.uint8)
    if frame.width > 1 and frame[frame.columns[-1]].null_count():
        # Polars fills short lines with nulls and refuses long ones: count what is between.
        between = int(np.count_nonzero(letters == ord(dialect.delimiter)))
        if between != frame.height * (frame.width - 1):
            return False
    if not dialect.decimal_comma:
        return True
    # A point where decimals have commas could part thousands: numbers must have none.
    texts = [
        pl.col(n).str.count_matches(".", literal=True).sum()
        for n, t in frame.schema.items()
        if t == pl.String()
    ]
    dots = frame.select(pl.sum_horizontal(texts)).item() if texts else 0
    return int(np.count_nonzero(letters == _POINT)) == (dots or 0)


# ---------------------------------------------------------------- the careful way
def _regular(
    body: bytes, first: int, dialect: Dialect
) -> tuple[bytes, npt.NDArray[np.int64], list[pl.DataFrame]]:
    """Return the lines of the right width, their numbers, and what was refused."""
    if not body.endswith(b"\n"):
        body += b"\n"
    width = len(dialect.columns)
    letters = np.frombuffer(body, np.uint8)
    ends = np.flatnonzero(letters == _NEWLINE)
    starts = np.concatenate(([0], ends[:-1] + 1))
    widths = 1 + np.add.reduceat(letters == ord(dialect.delimiter), starts, dtype=np.int64)
    lengths = ends - starts - (letters[np.maximum(ends - 1, 0)] == _RETURN)
    blank = (lengths <= 0) if width > 1 else np.zeros(len(ends), dtype=bool)
    fine = (widths == width) & ~blank
    quoted = np.add.reduceat(letters == _QUOTE, starts, dtype=np.int64) > 0
    rescued = _quoted_lines(body, starts, ends, quoted, dialect)
    fine[quoted] = False
    swallowed = {line for record in rescued for line in record.lines}
    refused = [
        (int(first + i), "", body[starts[i] : ends[i]].decode("utf-8", "replace").strip("\r"))
        for i in np.flatnonzero(~fine & ~blank)
        if i not in swallowed
    ]
    counts = {i: int(widths[i - first]) for i, _, _ in refused}
    issues = [
        (row, col, value, _width_reason(counts[row], width, value))
        for row, col, value in refused
    ]
    keep = np.repeat(fine, ends - starts + 1)
    table, rows = letters[keep].tobytes(), np.flatnonzero(fine) + first
    if rescued:
        table += b"".join(record.text for record in rescued)
        rows = np.concatenate((rows, [record.lines[0] + first for record in rescued]))
    return table, rows, [pl.DataFrame(issues, schema=ISSUES, orient="row")]


def _width_reason(count: int, width: int, value: str) -> str:
    if value.count('"') % 2:
        return "a quote that is not closed"
    return f"{count} columns where {width} are due"


@dataclass(frozen=True)
class _Record:
    """A record with quotes, over one line or more, written again without ambiguity."""

    lines: tuple[int, ...]
    text: bytes


def _quoted_lines(
    body: bytes,
    starts: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    quoted: npt.NDArray[np.bool_],
    dialect: Dialect,
) -> list[_Record]:
    """Read the lines with quotes one by one; a quoted field may span some lines."""
    records: list[_Record] = []
    done = -1
    for index in np.flatnonzero(quoted).tolist():
        if index <= done:
            continue
        last, text = index, body[starts[index] : ends[index]].decode("utf-8", "replace")
        while text.count('"') % 2 and last + 1 < min(len(ends), index + _JOINED_LINES):
            last += 1
            text += "\n" + body[starts[last] : ends[last]].decode("utf-8", "replace")
        fields = _fields(text, dialect.delimiter)
        if len(fields) != len(dialect.columns):
            continue
        done = last
        line = io.StringIO()
        csv.writer(line, delimiter=dialect.delimiter, lineterminator="\n").writerow(
            field.replace("\n", " ") for field in fields
        )
        records.append(_Record(tuple(range(index, last + 1)), line.getvalue().encode()))
    return records


def _fields(text: str, delimiter: str) -> list[str]:
    if text.count('"') % 2:
        return []
    try:
        rows = list(csv.reader(io.StringIO(text.rstrip("\r")), delimiter=delimiter))
    except csv.Error:
        return []
    return rows[0] if len(rows) == 1 else []


def _careful(
    table: bytes,
    rows: npt.NDArray[np.int64],
    issues: list[pl.DataFrame],
    dialect: Dialect,
    numeric: frozenset[str],
) -> Parsed:
    """Read all cells as text, then the numbers from it."""
    schema = dict.fromkeys(dialect.columns, pl.String())
    if table:
        frame = pl.read_csv(
            io.BytesIO(table),
            has_header=False,
            separator=dialect.delimiter,
            schema=schema,
            encoding="utf8-lossy",
        )
    else:
        frame = pl.DataFrame(schema=schema)
    frame = frame.with_columns(pl.Series(ROW, rows, pl.Int64))
    if not frame[ROW].is_sorted():
        frame = frame.sort(ROW)
    for name in dialect.columns:
        if name in numeric:
            numbers, refused = to_numbers(
                frame[name], frame[ROW], decimal_comma=dialect.decimal_comma
            )
            frame = frame.with_columns(numbers)
            issues.append(refused)
    return Parsed(frame, pl.concat(issues))


# ---------------------------------------------------------------- numbers
def to_numbers(
    text: pl.Series,
    rows: pl.Series,
    *,
    decimal_comma: bool,
) -> tuple[pl.Series, pl.DataFrame]:
    """Turn text into numbers; cells that are none become null and are refused.

    ``1,234.5`` and ``1.234,5`` are understood; ``1,234`` where decimals have points (or
    ``1.234`` where they have commas) may mean two things and is refused.
    """
    mark, group = (",", ".") if decimal_comma else (".", ",")
    plain = text.str.replace(",", ".", literal=True) if decimal_comma else text
    number = plain.cast(pl.Float64, strict=False)
    grouped = rf"^[+-]?\d{{1,3}}\{group}\d{{3}}$"
    doubtful = text.is_not_null() & (number.is_null() | ~number.is_finite())
    if decimal_comma:
        doubtful |= text.str.contains(grouped).fill_null(value=False)
    if not doubtful.any():
        return number.alias(text.name), pl.DataFrame(schema=ISSUES)
    odd = pl.DataFrame({"i": doubtful.arg_true(), "t": text.filter(doubtful)}).with_columns(
        s=pl.col("t").str.strip_chars(" \t\r\u00a0\u202f'\"")
    )
    gap = rf"[\{group}'\u00a0\u202f ]"
    thousands = rf"^[+-]?\d{{1,3}}(({gap}\d{{3}})+\{mark}\d+|({gap}\d{{3}}){{2,}})$"
    bare = pl.col("s").str.replace_all(gap, "")
    value = (
        pl.when(pl.col("s").str.contains(thousands)).then(bare)
        .when(~pl.col("s").str.contains(grouped)).then("s")
        .str.replace(",", "." if decimal_comma else ",", literal=True)
        .cast(pl.Float64, strict=False)
    )  # fmt: skip
    odd = odd.with_columns(
        v=value.fill_nan(None),
        missing=pl.col("s").str.to_lowercase().is_in(list(MISSING_FOLDED)),
        reason=pl.when(pl.col("s").str.contains(grouped))
        .then(pl.lit("thousands or decimals: it cannot be told"))
        .otherwise(pl.lit("not a finite number")),
    ).with_columns(v=pl.when(pl.col("v").is_finite()).then("v"))
    bad = odd.filter(pl.col("v").is_null() & ~pl.col("missing"))
    number = number.scatter(odd["i"], odd["v"]) if odd.height else number
    refused = issue_frame(rows.gather(bad["i"]), text.name, bad["t"], bad["reason"])
    return number.alias(text.name), refused


def missing(column: str) -> pl.Expr:
    """Return the mask of cells that say there is no value."""
    words = pl.col(column).str.strip_chars().str.to_lowercase()
    return pl.col(column).is_null() | words.is_in(list(MISSING_FOLDED))


def typed(values: pl.Series, *, decimal_comma: bool) -> pl.Series:
    """Return a sample of cells as numbers if most are, else as text without missing ones."""
    if values.dtype != pl.String():
        return values
    numbers, bad = to_numbers(
        values, pl.int_range(len(values), eager=True), decimal_comma=decimal_comma
    )
    if bad.height <= len(numbers) - numbers.null_count():
        return numbers
    frame = values.to_frame()
    return frame.select(pl.when(~missing(values.name)).then(values.name)).to_series()
