"""Files that steps of own pipelines gave."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from appliance.core.errors import InvalidRequest, NotFound
from appliance.objects import shelf
from appliance.pipelines.site import Site


def fetched(site: Site, job: str, step: str, file: str) -> tuple[Path, bool]:
    """Return where a file is on this machine, and whether it is a copy to be removed.

    Raises
    ------
    NotFound
        The step of this job gave none of that name.
    """
    place = shelf(site.settings.place("runs"))
    key = f"{job}/{step}/{file}"
    try:
        local = place.local(key)
        if local is not None and local.is_file():
            return local, False
        if local is None:
            handle, name = tempfile.mkstemp(prefix="kizashi-file-")
            os.close(handle)
            path = Path(name)
            place.fetch(key, path)
            return path, True
    except (NotFound, InvalidRequest) as error:
        raise _missing(job, step, file) from error
    raise _missing(job, step, file)


def _missing(job: str, step: str, file: str) -> NotFound:
    return NotFound(
        f"step {step} of {job} gave no file {file}.",
        remedy="What runs gave is kept for 90 days.",
    )
