"""Files for people that appear whole or not at all."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import polars as pl

from appliance.core.disk import is_full
from appliance.core.errors import StorageError, StorageFull


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """Yield a path to write to; it becomes `target` when the writing has ended well.

    Raises
    ------
    StorageFull, StorageError
        It cannot be written.
    """
    draft = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield draft
        draft.replace(target)
    except (OSError, pl.exceptions.PolarsError) as error:
        if is_full(error):
            raise StorageFull(
                f"no space is left to write {target}.",
                remedy="Free some, or write elsewhere with --out; then repeat the command.",
            ) from error
        reason = getattr(error, "strerror", None) or error
        raise StorageError(
            f"{target} cannot be written: {reason}.", remedy="Write elsewhere with --out."
        ) from error
    finally:
        with suppress(OSError):
            draft.unlink()
