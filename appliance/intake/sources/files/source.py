"""One file as a source of parts, whatever its format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import polars as pl

from appliance.core.errors import BadFile
from appliance.core.settings import Settings
from appliance.intake.sources.files import dialect, parquet, stream, text
from appliance.intake.sources.files.discover import kind_of
from appliance.intake.sources.files.remedies import COPY
from appliance.intake.sources.files.text import ROW, Parsed


class Source(Protocol):
    """A table that can be read in parts, the same parts each time."""

    @property
    def path(self) -> Path:
        """Where it comes from."""

    @property
    def units(self) -> dict[str, str]:
        """Units that the file states, by column."""

    @property
    def repeated(self) -> dict[str, str]:
        """Columns whose name an earlier one has: unique name to the name in the file."""

    @property
    def decimal_comma(self) -> bool:
        """How numbers are written."""

    @property
    def first_row(self) -> int:
        """Number of the first row of data."""

    @property
    def named(self) -> bool:
        """Whether the file names its columns."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What was found out about the format."""

    @property
    def small(self) -> bool:
        """Whether all of it is one part."""

    def sample(self) -> pl.DataFrame:
        """Return the first rows, of a text file as text."""

    def parts(self, numeric: frozenset[str]) -> Iterator[Parsed]:
        """Yield all rows, with `numeric` columns as Float64."""


class TextSource:
    """A CSV file in any dialect."""

    def __init__(self, path: Path, settings: Settings) -> None:
        self.path = path
        self._limit = settings.max_file_bytes
        head, self._encoding = stream.head(path, self._limit)
        found = dialect.sniff(head, path.name, settings.max_columns)
        self._dialect = found
        self.units = dict(found.units)
        self.repeated = dict(found.repeated)
        self.decimal_comma = found.decimal_comma
        self.first_row = found.skip + 1
        self.named = found.header
        sign = {"\t": "tab", " ": "spaces"}.get(found.delimiter, found.delimiter)
        told = f"format: text in {self._encoding}, cells apart by {sign}"
        if found.decimal_comma:
            told += ", decimal comma"
        if not found.header:
            told += ", no header"
        self.notes = (told,)

    @property
    def small(self) -> bool:
        """Whether all of it is one part; a packed file may hold more than its size."""
        return stream.is_plain(self.path) and self.path.stat().st_size <= stream.PART_BYTES

    def sample(self) -> pl.DataFrame:
        """Return the rows of the file's first half megabyte."""
        head, _ = stream.head(self.path, self._limit)
        whole = head[: head.rfind(b"\n") + 1]
        few = len(head) < stream.HEAD_BYTES - 3 or not whole
        parsed = text.parse(head if few else whole, 1, self._dialect, frozenset())
        return parsed.frame.drop(ROW)

    def parts(self, numeric: frozenset[str]) -> Iterator[Parsed]:
        """Yield all rows."""
        for line, piece in stream.parts(self.path, self._encoding, self._limit):
            yield text.parse(piece, line, self._dialect, numeric)


class ParquetSource:
    """A Parquet file."""

    def __init__(self, path: Path, settings: Settings) -> None:
        self.path = path
        self._schema = parquet.inspect(path, settings.max_columns)
        self.units: dict[str, str] = {}
        self.repeated: dict[str, str] = {}
        self.decimal_comma = False
        self.first_row = 1
        self.named = True
        skipped = self._schema.unreadable
        self.notes: tuple[str, ...] = ("format: Parquet",)
        if skipped:
            self.notes += (f"ignored, neither numbers nor text: {', '.join(skipped)}",)

    @property
    def small(self) -> bool:
        """Whether all of it is one part."""
        return self._schema.rows * max(len(self._schema.columns), 1) <= parquet.PART_CELLS

    def sample(self) -> pl.DataFrame:
        """Return the first rows."""
        return parquet.sample(self.path, self._schema).drop(ROW)

    def parts(self, numeric: frozenset[str]) -> Iterator[Parsed]:
        """Yield all rows; columns of text that should be numbers are read as such."""
        for parsed in parquet.parts(self.path, self._schema):
            frame, issues = parsed.frame, [parsed.issues]
            for name in sorted(numeric):
                if frame.schema[name] == pl.String():
                    numbers, refused = text.to_numbers(
                        frame[name], frame[ROW], decimal_comma=False
                    )
                    frame = frame.with_columns(numbers)
                    issues.append(refused)
            yield Parsed(frame, pl.concat(issues))


def open_source(path: Path, settings: Settings) -> Source:
    """Open a file, by what is in it rather than by its name.

    Raises
    ------
    BadFile
        It cannot be read as a table.
    LimitExceeded
        It is larger or wider than allowed.
    """
    try:
        if stream.is_parquet(path):
            return ParquetSource(path, settings)
        if kind_of(path) == "parquet":
            raise BadFile(
                f"{path.name} is not Parquet: its first bytes are not PAR1.", remedy=COPY
            )
        return TextSource(path, settings)
    except OSError as error:
        raise BadFile(f"{path.name} cannot be opened: {error.strerror}.") from error
