"""A source of an installed package, whatever it reads from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from appliance.core.errors import KizashiError, SourceError, StorageError
from appliance.core.ids import new_id
from appliance.intake import feeds
from appliance.intake.sources.live import Cursor, Pulled, stuck
from appliance.schemas.source import Feed

_MOST_CURSOR = 1_000_000
"""Characters of where a look begins: it is kept with the source."""


class FeedSource:
    """Hands on what a feed gives as files.

    Parameters
    ----------
    origin
        What was asked for.
    folder
        Of its own, where what comes is kept on its way.
    """

    def __init__(self, origin: Feed, folder: Path) -> None:
        self._origin = origin
        self._folder = folder
        options: dict[str, Any] = dict(origin.options)
        if origin.password is not None:
            options["password"] = origin.password.get_secret_value()
        self._feed = feeds.made(origin.feed, options)

    def pull(self, cursor: Cursor) -> Pulled | None:
        """Return the rows that follow."""
        batch = self._read(cursor, self._origin.rows)
        if batch.frame.is_empty():
            return None
        return Pulled((self._written(batch.frame),), dict(batch.cursor), batch.more)

    def without(self, _pulled: Pulled, refused: Mapping[Path, str]) -> Cursor:
        """Go no further: the rows stay where they are until they can be read."""
        raise SourceError(stuck(refused))

    def settle(self, pulled: Pulled) -> None:
        """Forget the file."""
        for path in pulled.paths:
            path.unlink(missing_ok=True)

    def sample(self, rows: int) -> Pulled:
        """Return the first rows."""
        batch = self._read({}, rows)
        if batch.frame.is_empty():
            raise SourceError("nothing has come yet.")
        return Pulled((self._written(batch.frame),), {})

    def close(self) -> None:
        """Hang up."""
        self._feed.close()

    def retire(self) -> None:
        """Hang up for good."""
        self.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _read(self, cursor: Cursor, rows: int) -> feeds.Batch:
        name = self._origin.feed
        try:
            batch = self._feed.read(cursor, rows)
        except KizashiError:
            raise
        except Exception as error:
            raise SourceError(
                f"the source {name} failed: {type(error).__name__}: {error}.",
                remedy="Look at its options, and at its package.",
            ) from error
        given: Any = batch  # of others, whatever their type hints say
        if not isinstance(given, feeds.Batch) or not isinstance(given.frame, pl.DataFrame):
            raise SourceError(f"the source {name} gave no batch of rows.")
        try:
            size = len(json.dumps(dict(batch.cursor)))
        except (TypeError, ValueError) as error:
            raise SourceError(f"the source {name}: its cursor is no plain JSON.") from error
        if size > _MOST_CURSOR:
            raise SourceError(f"the source {name}: its cursor is too large to be kept.")
        return batch

    def _written(self, frame: pl.DataFrame) -> Path:
        path = self._folder / f"{new_id('rows')}.parquet"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            frame.write_parquet(path)
        except OSError as error:
            raise StorageError(f"{path} cannot be written: {error.strerror}.") from error
        except pl.exceptions.PolarsError as error:
            raise SourceError(
                f"the source {self._origin.feed}: its rows are no table: {error}."
            ) from error
        return path
