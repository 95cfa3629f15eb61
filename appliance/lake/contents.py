"""Which assets the files of a table hold: a file never changes, so each is looked at once.

Statistics in the Delta log name a file's first and last asset; those between stand in its
footer, or in its rows where another program wrote it.  What was found is kept by the process:
a table's next version names mostly the same files.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence

from appliance.lake import layout
from appliance.lake.layout import DataFile
from appliance.lake.place import Place

_MOST = 65_536
"""Files that are remembered: two thousand make a year of a thousand assets."""

_found: OrderedDict[str, tuple[str, ...]] = OrderedDict()
_lock = threading.Lock()


def assets_of(files: Sequence[DataFile], place: Place) -> set[str]:
    """Return the assets of some files of a place.

    Raises
    ------
    StorageError
        A file that nobody looked at yet is missing or damaged.
    """
    names: set[str] = set()
    several = []
    for file in files:
        # Of one asset, or of two, the log tells all there is.
        names |= {file.asset_min, file.asset_max}
        if file.asset_min != file.asset_max:
            several.append(place.located(file.path))
    return names.union(*_looked_at(several))


def _looked_at(paths: Sequence[str]) -> Iterable[tuple[str, ...]]:
    with _lock:
        known = {path: _found[path] for path in paths if path in _found}
    new = [path for path in paths if path not in known]
    found = dict(zip(new, layout.assets(new), strict=True))
    with _lock:
        # Files of a bucket mostly hold the same assets: they share one tuple.
        same = {own: own for own in _found.values()} if found else {}
        _found.update((path, same.setdefault(own, own)) for path, own in found.items())
        while len(_found) > _MOST:
            _found.popitem(last=False)
    return set(known.values()) | set(found.values())
