"""What disks, Parquet and object stores say, as errors that name the file and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl

from appliance.core.disk import is_full
from appliance.core.errors import StorageError, StorageFull
from appliance.objects import away


@contextmanager
def storage_errors(path: str) -> Iterator[None]:
    """Turn what the disk, Parquet and S3 say into errors that name the file."""
    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as error:
        if is_full(error):
            raise StorageFull(
                f"no space is left to write {path}.",
                remedy="Free some space and repeat the command: nothing was half written.",
            ) from error
        if (told := away(path, error)) is not None:
            raise told from error
        raise StorageError(f"{path} cannot be read or written: {error}.") from error
