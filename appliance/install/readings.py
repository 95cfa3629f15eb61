"""Takes readings out of the lake that a backup does not hold; run by the installed platform."""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

import polars as pl

from appliance.backup.listing import locate
from appliance.backup.vault import Vault
from appliance.core.errors import KizashiError
from appliance.core.settings import load_settings
from appliance.lake import Lake, Readings
from appliance.schemas.backup import BackupFile

_CELLS = 20_000_000
"""Readings × sensors looked at in one piece."""
_LAKE = PurePosixPath("lake")


def take_out(home: Path, backup: Path, into: Path) -> int:
    """Write the readings that a backup does not hold, one Parquet file a fleet.

    Parameters
    ----------
    home
        Folder of the installation.
    backup
        ``FOLDER/ID``.
    into
        Folder to write to; made if there is anything.

    Returns
    -------
    int
        How many readings they are; one that was corrected since counts.
    """
    vault, one = locate(backup)
    root = str(load_settings(home).lake_root)
    lake = Lake(root)
    with vault.reading():
        held = {file.path: file for file in vault.read(one).files}
        rows = 0
        for fleet in lake.fleets():
            found = _newer(lake.readings(fleet), root, vault, held)
            if found.height:
                into.mkdir(mode=0o700, parents=True, exist_ok=True)
                found.write_parquet(into / f"{fleet}.parquet")
                rows += found.height
    return rows


def _newer(
    readings: Readings, root: str, vault: Vault, held: Mapping[str, BackupFile]
) -> pl.DataFrame:
    """Return rows that are in files which the backup lacks, and not in those that it holds."""
    before: dict[PurePosixPath, list[str]] = defaultdict(list)
    for path, file in held.items():
        if path.endswith(".parquet"):
            before[PurePosixPath(path).parent].append(str(vault.object(file.sha256)))
    found = [pl.DataFrame()]
    for chunk in readings.chunks(cells=_CELLS):
        names = {file: _LAKE / file.removeprefix(root).lstrip("/") for file in chunk.files}
        new = {file: name for file, name in names.items() if str(name) not in held}
        if not new:
            continue
        rows = replace(chunk, files=tuple(new)).read()
        old = tuple(
            file for place in {n.parent for n in new.values()} for file in before[place]
        )
        if old:
            known = replace(chunk, files=old).read()
            rows = rows.join(known, on=rows.columns, how="anti", nulls_equal=True)
        found.append(rows)
    return pl.concat(found, how="diagonal")


def main(arguments: list[str] | None = None) -> int:
    """Take out what there is, and print how many rows; return the exit status."""
    parser = argparse.ArgumentParser(prog="appliance.install.readings")
    for name in ("--home", "--backup", "--into"):
        parser.add_argument(name, type=Path, required=True)
    given = parser.parse_args(arguments)
    try:
        rows = take_out(given.home, given.backup, given.into)
    except KizashiError as error:
        print(error)  # noqa: T201
        return 1
    print(json.dumps({"rows": rows}))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
