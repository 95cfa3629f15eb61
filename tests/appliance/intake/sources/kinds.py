"""Every kind of source, real ones: how something is put there, and how each goes away."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import polars as pl
from sqlalchemy import create_engine, text

from appliance.intake.feeds import Batch, Feed
from tests.appliance.broker import Broker
from tests.appliance.postgres import Server

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def readings(first: int, count: int, assets: Sequence[str] = ("P-1", "P-2")) -> pl.DataFrame:
    """Return readings a second apart, from a number on."""
    return pl.DataFrame(
        [
            (START + timedelta(seconds=n), asset, float(n), n / 2)
            for n in range(first, first + count)
            for asset in assets
        ],
        schema={
            "time": pl.Datetime("us", "UTC"),
            "machine": pl.String,
            "flow": pl.Float64,
            "heat": pl.Float64,
        },
        orient="row",
    )


class Kind(Protocol):
    """One kind of source, as the tests handle it."""

    def origin(self) -> dict[str, Any]:
        """Return what is asked for."""

    def put(self, frame: pl.DataFrame) -> None:
        """Let readings come."""

    def go(self) -> None:
        """Make it unreachable."""

    def come_back(self) -> None:
        """Make it reachable again."""


class FolderKind:
    """A folder below the import folders."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._number = 0
        folder.mkdir(parents=True)

    def origin(self) -> dict[str, Any]:
        return {"kind": "folder", "path": self.folder.name, "pattern": "*.csv", "settled": 0}

    def put(self, frame: pl.DataFrame) -> None:
        self._number += 1
        frame.write_csv(self.folder / f"part-{self._number}.csv")

    def go(self) -> None:
        self.folder.rename(self.folder.with_suffix(".away"))

    def come_back(self) -> None:
        self.folder.with_suffix(".away").rename(self.folder)


class SqlKind:
    """A table of a PostgreSQL server."""

    def __init__(self, server: Server, database: str) -> None:
        self.server = server
        self.database = database
        self.run(
            "CREATE TABLE line2 (time timestamptz, machine text, flow numeric, heat float)"
        )

    def origin(self) -> dict[str, Any]:
        return {
            "kind": "sql",
            "host": str(self.server.folder),
            "database": self.database,
            "user": "tests",
            "table": "line2",
        }

    def run(self, *statements: str, rows: Sequence[dict[str, Any]] = ()) -> None:
        engine = create_engine(self.server.url(self.database))
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement), list(rows) or None)
        engine.dispose()

    def put(self, frame: pl.DataFrame) -> None:
        self.run(
            "INSERT INTO line2 VALUES (:time, :machine, :flow, :heat)", rows=frame.to_dicts()
        )

    def go(self) -> None:
        self.run("ALTER TABLE line2 RENAME TO away")

    def come_back(self) -> None:
        self.run("ALTER TABLE away RENAME TO line2")


class MqttKind:
    """Topics of a Mosquitto broker."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker

    def origin(self) -> dict[str, Any]:
        return {
            "kind": "mqtt",
            "host": "127.0.0.1",
            "port": self.broker.port,
            "topic": "plant/line2/{asset}",
            "payload": "json",
            "time": "at",
        }

    def put(self, frame: pl.DataFrame, *, retain: bool = False) -> None:
        self.broker.say(
            [
                (
                    f"plant/line2/{row['machine']}",
                    json.dumps(
                        {
                            "at": row["time"].isoformat(),
                            "flow": row["flow"],
                            "heat": row["heat"],
                        }
                    ),
                )
                for row in frame.to_dicts()
            ],
            retain=retain,
        )

    def go(self) -> None:
        self.broker.stop()

    def come_back(self) -> None:
        self.broker.start()


class Lines(Feed):
    """A feed of an installed package: a file to which lines of JSON are added."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    def read(self, cursor: Mapping[str, Any], rows: int) -> Batch:
        at = int(cursor.get("at", 0))
        with self.path.open("rb") as handle:  # what it raises is told as the source's trouble
            handle.seek(at)
            lines = handle.readlines()
        taken = lines[:rows]
        frame = pl.DataFrame([json.loads(line) for line in taken])
        if not frame.is_empty():
            frame = frame.with_columns(pl.col("time").str.to_datetime(time_zone="UTC"))
        return Batch(frame, {"at": at + sum(map(len, taken))}, len(lines) > rows)


class FeedKind:
    """A file that the feed `Lines` reads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch()

    def origin(self) -> dict[str, Any]:
        return {"kind": "feed", "feed": "lines", "options": {"path": str(self.path)}}

    def put(self, frame: pl.DataFrame) -> None:
        with self.path.open("a") as handle:
            for row in frame.to_dicts():
                handle.write(json.dumps({**row, "time": row["time"].isoformat()}) + "\n")

    def go(self) -> None:
        self.path.rename(self.path.with_suffix(".away"))

    def come_back(self) -> None:
        self.path.with_suffix(".away").rename(self.path)
