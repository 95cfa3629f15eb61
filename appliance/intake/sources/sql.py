"""A table or query of a database, read in order of time from where the last look ended."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from appliance.core.clock import now
from appliance.core.errors import SourceError
from appliance.intake.sources.live import Cursor, Pulled, stuck
from appliance.intake.sources.rows import cells, moment, told
from appliance.schemas.source import Sql

_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mssql": "mssql+pymssql",
    "oracle": "oracle+oracledb",
}
_NUMBER = re.compile(r"\[Errno -?\d+\] ")
"""What a system calls an error by, beside its words."""
_CONNECT_SECONDS = 10
_QUERY_SECONDS, _TRY_SECONDS = 120, 30
_MOST_ROWS, _MOST_CELLS = 1_000_000, 2_000_000
_AHEAD = timedelta(days=2)
"""Times beyond come from a clock that is wrong: as a beginning they would hide all others."""
_FILE = "rows.parquet"


class _Read(NamedTuple):
    """Rows in order of time, the time of the last, and whether more follow."""

    frame: pl.DataFrame
    last: Any
    full: bool


class SqlSource:
    """Reads rows of a database.

    The cursor holds the latest time that was read, and within a look how far it went.

    Parameters
    ----------
    origin
        What was asked for, with its password.
    folder
        Where rows are written to on their way.
    keeps
        Whether it is read for good; somebody waits where it is only looked at.
    """

    def __init__(self, origin: Sql, folder: Path, *, keeps: bool = True) -> None:
        self._origin = origin
        self._folder = folder
        self._engine = _engine(origin, _QUERY_SECONDS if keeps else _TRY_SECONDS)

    def pull(self, cursor: Cursor) -> Pulled | None:
        """Return the rows that follow."""
        limit = self._origin.rows
        since, page = cursor.get("since"), cursor.get("page")
        start = moment(page) if page else self._back(since)
        while True:
            read = self._read(start, limit)
            if read.frame.is_empty():
                return None
            last = told(read.last)
            if not (read.full and page and last == page):
                break
            # More rows of one moment than are read at once: read more.
            if limit >= _MOST_ROWS:
                raise SourceError(
                    f"there are too many rows of the time {read.last}.",
                    remedy="Name a column whose times are not all the same.",
                )
            limit = min(limit * 2, _MOST_ROWS)
        latest = since if since is not None and moment(since) > read.last else last
        after = {"since": latest, "page": last} if read.full else {"since": latest}
        path = self._written(read.frame)
        return Pulled((path,), after, read.full, {"time": self._origin.time})

    def without(self, _pulled: Pulled, refused: Mapping[Path, str]) -> Cursor:
        """Go no further: the rows stay in the database until they can be read."""
        raise SourceError(stuck(refused))

    def settle(self, pulled: Pulled) -> None:
        """Forget the file."""
        for path in pulled.paths:
            path.unlink(missing_ok=True)

    def sample(self, rows: int) -> Pulled:
        """Return the first rows."""
        frame = self._read(None, rows).frame
        if frame.is_empty():
            raise SourceError("there is no row with a time yet.")
        return Pulled((self._written(frame),), {}, options={"time": self._origin.time})

    def close(self) -> None:
        """Close what is open."""
        self._engine.dispose()

    def retire(self) -> None:
        """Close what is open for good: the database knows nothing of who reads it."""
        self.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    # ------------------------------------------------------------------ rows
    def _back(self, since: Mapping[str, Any] | None) -> Any:
        """Return where a look begins: a little before the latest, for rows that came late."""
        if since is None:
            return None
        value, late = moment(since), self._origin.late
        return value - (timedelta(seconds=late) if isinstance(value, date) else late)

    def _read(self, start: Any, limit: int) -> _Read:
        names, rows, full = self._fetched(start, limit)
        if self._origin.time not in names:
            raise SourceError(
                f"there is no column {self._origin.time!r}.",
                remedy=f"There are: {', '.join(names[:30])}.",
            )
        place = names.index(self._origin.time)
        some = len(rows)
        while rows and _is_ahead(rows[-1][place], rows[len(rows) // 2][place]):
            rows.pop()
        if some and not rows:
            raise SourceError(
                "all rows that are new lie more than two days ahead.",
                remedy="Look at the clock that they are stamped by, and at the time zone.",
            )
        last = rows[-1][place] if rows else None
        return _Read(cells(names, rows), last, full and len(rows) == some)

    def _fetched(self, start: Any, limit: int) -> tuple[list[str], list[Any], bool]:
        """Return columns, rows in order of time, and whether more follow."""
        time: sa.ColumnClause[Any] = sa.column(self._origin.time)
        query: sa.Select[Any] = sa.select(sa.literal_column("*")).select_from(self._table())
        query = query.where(time.is_not(None))
        if start is not None:
            query = query.where(time >= start)
        query = query.order_by(time).limit(limit)
        try:
            with self._engine.connect() as connection:
                result = connection.execution_options(stream_results=True).execute(query)
                names = list(result.keys())
                most = min(limit, max(_MOST_CELLS // max(len(names), 1), 1))
                rows = [tuple(row) for row in result.fetchmany(most)]
        except SQLAlchemyError as error:
            raise _wrong(self._origin, error) from error
        return names, rows, len(rows) >= most

    def _table(self) -> sa.FromClause:
        if self._origin.table:
            schema, _, name = self._origin.table.rpartition(".")
            return sa.table(name, schema=schema or None)
        # A colon is no parameter of ours.
        query = re.sub(":", r"\\:", self._origin.query.strip().rstrip(";"))
        return sa.text(query).columns().subquery("asked")

    def _written(self, frame: pl.DataFrame) -> Path:
        path = self._folder / _FILE
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            frame.write_parquet(path)
        except OSError as error:
            raise SourceError(f"rows cannot be kept: {error.strerror}.") from error
        return path


def _is_ahead(value: Any, usual: Any) -> bool:
    """Whether a time lies ahead of any clock; numbers count as most of them do."""
    if isinstance(value, datetime):
        latest = now() + _AHEAD
        return value > (latest if value.tzinfo else latest.replace(tzinfo=None))
    if isinstance(value, date):
        return value > (now() + _AHEAD).date()
    if not isinstance(value, (int, float, Decimal)):
        return False
    seconds = (now() + _AHEAD).timestamp()
    for scale in (1, 1_000, 1_000_000, 1_000_000_000):
        if 1e8 * scale < usual < 1e10 * scale and usual <= seconds * scale:
            return bool(value > seconds * scale)
    return False


def _engine(origin: Sql, seconds: int) -> sa.Engine:
    password = origin.password.get_secret_value() if origin.password is not None else None
    socket = origin.host.startswith("/")
    url = sa.URL.create(
        _DRIVERS[origin.dialect],
        username=origin.user or None,
        password=password,
        host=None if socket else origin.host,
        port=origin.port,
        database=origin.database,
        query={"host" if origin.dialect == "postgresql" else "unix_socket": origin.host}
        if socket
        else {},
    )
    limits: dict[str, dict[str, Any]] = {
        "postgresql": {
            "connect_timeout": _CONNECT_SECONDS,
            "options": f"-c statement_timeout={seconds * 1000}",
        },
        "mysql": {"connect_timeout": _CONNECT_SECONDS, "read_timeout": seconds},
        "mssql": {"login_timeout": _CONNECT_SECONDS, "timeout": seconds},
    }
    try:
        engine = sa.create_engine(
            url, poolclass=NullPool, connect_args=limits.get(origin.dialect, {})
        )
    except ModuleNotFoundError as error:
        raise SourceError(
            f"the driver of {origin.dialect} is not installed: {error.name}.",
            remedy=f"Install it beside the appliance: pip install {error.name}.",
        ) from error
    if origin.dialect == "postgresql":
        return engine.execution_options(postgresql_readonly=True)
    return engine


def _wrong(origin: Sql, error: SQLAlchemyError) -> SourceError:
    cause = str(getattr(error, "orig", None) or error).strip().splitlines()
    reason = cause[0][:300].rstrip(".") if cause else type(error).__name__
    reason = _NUMBER.sub("", reason)
    where = f"{origin.host}/{origin.database}"
    return SourceError(
        f"the database {where} did not answer: {reason}.",
        remedy="Check host, name, password, table and columns; a read-only user suffices.",
    )
