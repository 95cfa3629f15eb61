"""The asset that a file's name stands for, where no column names it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from appliance.intake.sources.files.discover import PACKED, PARQUET, TEXT

_DATE = re.compile(
    r"""[\s_.\-]* (?<!\d) (19|20)\d{2} [_.\-]? (0[1-9]|1[0-2]) ( [_.\-]? ([0-2]\d|3[01])
    ( [_.\-\sT]? ([01]\d|2[0-3]) ([_.\-h]? [0-5]\d ([_.\-m]? [0-5]\d)? )? )? )? (?!\d) $""",
    re.VERBOSE,
)


def name_assets(paths: Sequence[Path], fleet: str) -> dict[Path, str]:
    """Return an asset for each file.

    A file is called after its asset: ``pump7.csv``, ``pump7_2026-01.csv.gz``.  A name that is
    only a number or a date says nothing: the folder's name is put before a number, and taken
    for a date.  Files of one name in many folders (``readings.csv``) are one asset, called
    like the fleet; files of which only some share a name are told apart by their folders.
    """
    names = {path: _own_name(path) for path in paths}
    if len(paths) > 1 and len(set(names.values())) == 1 and len({p.name for p in paths}) == 1:
        return dict.fromkeys(paths, fleet)
    folders: dict[str, set[Path]] = {}
    for path, name in names.items():
        folders.setdefault(name, set()).add(path.parent)
    shared = Counter({name: len(found) for name, found in folders.items()})
    return {
        path: f"{path.parent.name}/{name}" if shared[name] > 1 and "/" not in name else name
        for path, name in names.items()
    }


def _own_name(path: Path) -> str:
    stem = path.name
    for endings in (PACKED, PARQUET | TEXT):
        suffix = Path(stem).suffix.lower()
        if suffix in endings:
            stem = stem[: -len(suffix)]
    bare = _DATE.sub("", stem).strip(" _-.")
    if not bare:
        return path.parent.name or stem
    if bare.isdigit():
        return f"{path.parent.name}/{bare}" if path.parent.name else bare
    return bare
