"""Whether a table is whole: what it names is there, and what is there it names."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.lake.table import Table, delta_errors

_WEEK = 168


@dataclass(frozen=True)
class Soundness:
    """What was found wrong with a table.

    Attributes
    ----------
    missing
        Files that it names and that are not there, or of another size.
    unnamed
        Files of a week ago that no version of it names: of commits that never happened, or of
        versions that are gone.
    """

    missing: tuple[str, ...] = ()
    unnamed: tuple[str, ...] = ()


def look(table: Table) -> Soundness:
    """Look at every file of a table, without reading any.

    Raises
    ------
    StorageError
        The table cannot be opened.
    """
    snapshot = table.opened()
    if snapshot.delta is None:
        return Soundness()
    held = table.place.parquet()
    missing = [file.path for file in snapshot.files if held.get(file.path) != file.size]
    if missing and table.opened().version != snapshot.version:
        return look(table)  # a commit and a clean-up passed in between
    with delta_errors(table.place):
        unnamed = snapshot.delta.vacuum(
            retention_hours=_WEEK, dry_run=True, enforce_retention_duration=False, full=True
        )
    return Soundness(tuple(missing), tuple(unnamed))
