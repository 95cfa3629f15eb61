"""Put a restored home where the old one is: at once, or completed when repeated.

What was built in ``.restore-ID`` becomes ``.restore-clearing`` in one move: from then on the
restore holds.  First the old parts go aside, then, as ``.restore-placing``, the new ones come
in.  Either may be cut off and is simply gone on with; meanwhile the home lets nobody in.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from appliance.backup.store.sqlite import SIDE_FILES
from appliance.backup.vault import vault_errors
from appliance.core.clock import now
from appliance.core.disk import to_disk
from appliance.core.errors import TryAgain
from appliance.core.restoring import CLEARING, PLACING
from appliance.schemas.backup import OWN, PLAIN, SECRETS, SETTINGS

_NOTE = "restore.json"
_DATABASES = ("kizashi.db", "registry.db", "jobs.db")
_ALWAYS = (
    *(name + side for name in _DATABASES for side in ("", *SIDE_FILES)),
    "lake",
    "models",
    *PLAIN,
    *OWN,
)
"""Parts of the old home that never stay beside the new ones."""


def place(built: Path, home: Path, backup: str) -> Path | None:
    """Put what was built into a home.

    Parameters
    ----------
    built
        A folder in the home, with the new parts.
    backup
        Identifier of the backup that they come from.

    Returns
    -------
    Path or None
        Where the old parts are now, if there were any.
    """
    clear = [*_ALWAYS, *(name for name in (SETTINGS, SECRETS) if (built / name).exists())]
    aside = home / f"replaced-{now():%Y%m%dT%H%M%S.%fZ}"
    note = {"backup": backup, "aside": aside.name, "clear": clear}
    with vault_errors(home):
        (built / _NOTE).write_text(json.dumps(note), "utf-8")
        to_disk([built / _NOTE, *_folders(built)])
        built.replace(home / CLEARING)
        to_disk([home])
    complete(home)
    return aside if aside.exists() else None


def complete(home: Path) -> str | None:
    """Complete a restore that was cut off, if one was.

    Returns
    -------
    str or None
        Identifier of the backup that it was of.
    """
    clearing, placing = home / CLEARING, home / PLACING
    backup = None
    with vault_errors(home):
        if clearing.exists():
            note = json.loads((clearing / _NOTE).read_text("utf-8"))
            backup = str(note["backup"])
            _move(home, home / note["aside"], note["clear"])
            clearing.replace(placing)
        if placing.exists():
            note_path = placing / _NOTE
            if note_path.exists():
                backup = str(json.loads(note_path.read_text("utf-8"))["backup"])
            _move(placing, home, [path.name for path in placing.iterdir() if path != note_path])
            note_path.unlink(missing_ok=True)
            placing.rmdir()
            to_disk([home])
    return backup


def _move(source: Path, target: Path, names: Collection[str]) -> None:
    for name in names:
        if (source / name).exists() or (source / name).is_symlink():
            target.mkdir(mode=0o700, exist_ok=True)
            (source / name).replace(target / name)
    to_disk([path for path in (source, target) if path.exists()])


def _folders(built: Path) -> list[Path]:
    return [built, *(path for path in built.rglob("*") if path.is_dir())]


def refuse_in_use(home: Path) -> None:
    """Refuse a home that another process has databases or locks of open.

    Raises
    ------
    TryAgain
        It would go on writing to what was moved aside.
    """
    held = {(home / name).resolve() for name in _DATABASES}
    locks = (home / "locks").resolve()
    for process in psutil.process_iter():
        try:
            opened = {Path(file.path) for file in process.open_files()}
        except (psutil.Error, OSError):
            continue
        if held & opened or any(path.parent == locks for path in opened):
            raise TryAgain(
                f"process {process.pid} ({process.name()}) is at work in {home}.",
                remedy="Stop the appliance with `kizashi down`, then repeat the command.",
            )
