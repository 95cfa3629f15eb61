"""Files that a job may read: those below the site's import folders, and what was sent to it.

What was sent over REST is found by its full name alone, which nobody guesses: no pattern and no
folder stands for what others sent.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path, PurePosixPath

from appliance.core.errors import Forbidden, NotFound
from appliance.core.ids import new_id
from appliance.core.settings import Settings
from appliance.intake import IngestOptions
from appliance.intake.sources.files.discover import discover, kind_of
from appliance.objects import is_remote, shelf
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
    with ExitStack() as held:
        here = [_here(site.settings, file, held) for file in files]
        return ingest(site, here, fleet, options, progress, by=by, steps=steps)


def found(settings: Settings, paths: Sequence[str]) -> tuple[str, ...]:
    """Return the files that paths and patterns below the import folders stand for.

    One that was sent is told by its name, one on S3 by its address: the job may go on
    elsewhere.

    Raises
    ------
    Forbidden
        A path, or what a link stands for, lies outside of them.
    NotFound
        Something named is not there.
    """
    folders = [Path(os.path.abspath(folder)) for folder in settings.imports]  # noqa: PTH100
    sent = [path for path in paths if uploads.sent(settings, path) is not None]
    remote = [file for path in paths if is_remote(path) for file in _on_s3(settings, path)]
    others = [path for path in paths if path not in sent and not is_remote(path)]
    files = discover([_below(folders, path) for path in others]) if others else []
    real = [folder.resolve() for folder in folders]
    for file in files:
        if not any(file.is_relative_to(folder) for folder in real):
            raise _outside(str(file), folders)
    return (*sent, *remote, *map(str, files))


def _here(settings: Settings, file: str, held: ExitStack) -> Path:
    """Return a path of this machine where a file is; what is fetched goes with `held`."""
    if is_remote(file):
        place, _, name = file.rpartition("/")
        folder = settings.uploads_folder / new_id("imp")
        held.callback(shutil.rmtree, folder, ignore_errors=True)
        shelf(place).fetch(name, folder / name)
        return folder / name
    if not uploads.is_name(file):
        return Path(file)
    sent = uploads.sent(settings, file)
    if sent is None:
        raise NotFound(f"{file} was sent, but is not here any more.", remedy="Send it again.")
    return sent


def _on_s3(settings: Settings, text: str) -> list[str]:
    """Return the files that an address on S3 stands for, as paths of folders do."""
    place = next((one for one in settings.import_places if text.startswith(f"{one}/")), None)
    if place is None or text.rstrip("/") == place:
        raise _outside(text, [*settings.imports, *settings.import_places])
    key = text.removeprefix(f"{place}/").rstrip("/")
    fixed = key.split("*", 1)[0].split("?", 1)[0].split("[", 1)[0]
    prefix = key if fixed == key else fixed.rpartition("/")[0]
    names = [entry.key for entry in shelf(place).entries(prefix)]
    wanted = [name for name in names if _meant(name, key, pattern=fixed != key)]
    if not wanted:
        raise NotFound(
            f"{text}: no file there that could be read.",
            remedy="Name CSV or Parquet files, a folder that holds some, or a pattern.",
        )
    return [f"{place}/{name}" for name in wanted]


def _meant(name: str, key: str, *, pattern: bool) -> bool:
    if name == key:
        return True
    if kind_of(Path(name)) is None or any(part.startswith(".") for part in name.split("/")):
        return False
    return not pattern or PurePosixPath(name).match(key)


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


def _outside(text: str, folders: Sequence[Path | str]) -> Forbidden:
    shown = ", ".join(map(str, folders))
    return Forbidden(
        f"{text!r} is outside of the import folders.",
        remedy=f"Put files below one of these (setting import_folders): {shown}.",
    )
