"""The parts of a site that lie on S3, where machines share them: held, and put in their place.

What is there already stays until everything else is restored; then it goes aside, under another
prefix.  A note says how far that came, and the same restore goes on from it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from appliance.backup.vault import Vault
from appliance.core.clock import now
from appliance.core.errors import Conflict, NotFound
from appliance.objects import Entry, Shelf, join, shelf
from appliance.schemas.backup import PLAIN, Backup, BackupFile
from appliance.schemas.progress import Progress

PARTS = ("lake", "models", *PLAIN)
"""Folders of a backup that lie there."""
_NOTE = "restore.json"
_AT_ONCE = 8


@dataclass(frozen=True)
class Source:
    """A shared file that a backup is to hold."""

    shelf: Shelf
    entry: Entry

    @property
    def modified(self) -> int:
        """When it was written, in nanoseconds."""
        return int(self.entry.modified.timestamp() * 1_000_000) * 1_000


def sources(url: str) -> dict[str, Source]:
    """Return the files of a shared place by their keys, drafts left out."""
    place = shelf(url)
    return {
        entry.key: Source(place, entry)
        for entry in place.entries()
        if not entry.key.rpartition("/")[2].startswith(".")
    }


def is_shared(file: BackupFile) -> bool:
    """Whether a file of a backup lies among what machines share."""
    return file.path.partition("/")[0] in PARTS


class Shared:
    """The shared place that a backup is restored to.

    Parameters
    ----------
    url
        As `storage_url` says.
    """

    def __init__(self, url: str, backup: Backup) -> None:
        self._shelf = shelf(url)
        self._backup = backup
        self._files = [file for file in backup.files if is_shared(file)]
        self._staged = ""

    def refuse_used(self, *, replace: bool) -> None:
        """Refuse a place that holds a site, unless it may be replaced.

        Raises
        ------
        Conflict
            It does.
        """
        used = any(True for part in PARTS[:2] for _ in self._shelf.entries(part))
        self._staged = f"restore-{self._backup.id}/" if used else ""
        if used and not replace and self._noted() is None:
            raise Conflict(
                f"{self._shelf.url} is in use.",
                remedy="Set KIZASHI_STORAGE_URL to an empty place, or give --replace: what it "
                "holds is moved aside.",
            )

    def bring(self, vault: Vault, progress: Progress) -> None:
        """Copy the files there; nothing that is there is touched.

        Raises
        ------
        StorageError, StorageFull
            They cannot be written.
        """
        if not self._staged:
            self._note({"placing": True})  # what is there from now on is the backup's

        def put(file: BackupFile) -> None:
            self._shelf.put_file(f"{self._staged}{file.path}", vault.object(file.sha256))
            progress.advance()

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for _ in pool.map(put, self._files):
                pass

    def place(self) -> str | None:
        """Put them in their place; return where what was there is now, if anything was."""
        if not self._staged:
            return None
        told = self._noted()
        if told is None:
            told = self._note(
                {"aside": f"replaced-{now():%Y%m%dT%H%M%S.%fZ}", "placing": False}
            )
        if not told["placing"]:
            self._move({key: f"{told['aside']}/{key}" for key in self._there()})
            told = self._note({**told, "placing": True})
        self._move({f"{self._staged}{file.path}": file.path for file in self._files})
        aside = told.get("aside")
        return None if aside is None else join(self._shelf.url, str(aside))

    def done(self) -> None:
        """Forget that a restore is on its way."""
        self._shelf.delete([_NOTE])

    def _there(self) -> Iterator[str]:
        for part in PARTS:
            yield from (entry.key for entry in self._shelf.entries(part))

    def _move(self, keys: dict[str, str]) -> None:
        def move(pair: tuple[str, str]) -> None:
            try:
                self._shelf.move(*pair)
            except NotFound:
                if not any(True for _ in self._shelf.entries(pair[1])):
                    raise  # else it was moved before the restore was cut off

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for _ in pool.map(move, keys.items()):
                pass

    def _noted(self) -> dict[str, object] | None:
        """Return what was noted of this restore; None if there is nothing."""
        try:
            told: dict[str, object] = json.loads(self._shelf.read(_NOTE))
        except NotFound:
            return None
        return told if told.get("backup") == self._backup.id else None

    def _note(self, told: dict[str, object]) -> dict[str, object]:
        told = {**told, "backup": self._backup.id}
        self._shelf.put(_NOTE, json.dumps(told).encode())
        return told
