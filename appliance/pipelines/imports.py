"""Files that a job may read: those below the site's import folders, and what was sent to it.

What was sent over REST is found by its full name alone, which nobody guesses: no pattern and no
folder stands for what others sent.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from appliance.core.errors import Forbidden
from appliance.core.settings import Settings
from appliance.intake import IngestOptions
from appliance.intake.sources.files.discover import discover
from appliance.pipelines import uploads
from appliance.pipelines.ingest import ingest
from appliance.pipelines.site import Site
from appliance.pipelines.steps import Plain, Steps
from appliance.schemas.ingest import IngestReport
from appliance.schemas.progress import Progress


def ingest_allowed(
    site: Site,
    paths: Sequence[str],
    fleet: str,
    options: IngestOptions,
    progress: Progress,
    *,
    by: str = "",
    steps: Steps | None = None,
) -> IngestReport:
    """Bring files below the import folders into a fleet; see `ingest`.

    Raises
    ------
    Forbidden
        A path, or what a link stands for, lies outside of them.
    """
    steps = steps or Plain()
    files = steps.run("find files", tuple[str, ...], lambda: found(site.settings, paths))
    return ingest(site, files, fleet, options, progress, by=by, steps=steps)


def found(settings: Settings, paths: Sequence[str]) -> tuple[str, ...]:
    """Return the files that paths and patterns below the import folders stand for.

    Raises
    ------
    Forbidden
        A path, or what a link stands for, lies outside of them.
    NotFound
        Something named is not there.
    """
    folders = [Path(os.path.abspath(folder)) for folder in settings.imports]  # noqa: PTH100
    sent = {path: file for path in paths if (file := uploads.sent(settings, path)) is not None}
    others = [path for path in paths if path not in sent]
    files = discover([_below(folders, path) for path in others]) if others else []
    real = [folder.resolve() for folder in folders]
    for file in files:
        if not any(file.is_relative_to(folder) for folder in real):
            raise _outside(str(file), folders)
    return tuple(map(str, [*sent.values(), *files]))


def _below(folders: Sequence[Path], text: str) -> Path:
    """Return a path as it is meant, without looking at what is there outside the folders."""
    if "\0" in text or ".." in Path(text).parts:
        raise _outside(text, folders)
    # Of several folders the first that has it; a name that begins with ~ is no home.
    meant = [folder / text for folder in folders]
    within = [path for path, folder in zip(meant, folders, strict=True) if _in(path, folder)]
    if not within:
        raise _outside(text, folders)
    return next((path for path in within if path.exists()), within[0])


def _in(path: Path, folder: Path) -> bool:
    return Path(os.path.normpath(path)).is_relative_to(folder)


def _outside(text: str, folders: Sequence[Path]) -> Forbidden:
    shown = ", ".join(map(str, folders))
    return Forbidden(
        f"{text!r} is outside of the import folders.",
        remedy=f"Put files below one of these (setting import_folders): {shown}.",
    )
