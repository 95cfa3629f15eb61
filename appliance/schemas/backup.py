"""Backups: what one holds, and what is told of it."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from appliance.schemas.base import Schema

DATABASE = "database"
"""Folder, within a backup, of the tables of a PostgreSQL."""
SETTINGS = "kizashi.toml"
SECRETS = "secrets"
FILES = ("kizashi.db", "registry.db", "jobs.db", SETTINGS)
PLAIN = ("lives", "reports", "uploads", "code", "runs", "wheels")
"""Folders that are kept as they are."""
OWN = ("notebooks",)
"""Folders of a home that people write to themselves, on its machine alone."""
FOLDERS = ("lake", "models", *PLAIN, *OWN, DATABASE)
_LONGEST = 1_000
_TERABYTE = 2**40

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
BackupId = Annotated[str, StringConstraints(pattern=r"^bak_[0-9a-hjkmnp-tv-z]{20}$")]


def _within(path: str) -> str:
    """Refuse a path that would lead out of the home, or to what no backup holds."""
    parts = path.split("/")
    plain = all(part not in ("", ".", "..") for part in parts)
    if not plain or "\\" in path or not path.isprintable() or len(path) > _LONGEST:
        raise ValueError(f"{path[:80]!r} is no path within a home")
    if path not in FILES and (len(parts) < 2 or parts[0] not in FOLDERS):
        raise ValueError(f"{path[:80]!r} is no part of a home that backups hold")
    return path


class BackupFile(Schema):
    """One file of a backup.

    Attributes
    ----------
    path
        Within the home.
    modified
        When it was last changed where it was copied from, in nanoseconds: what is unchanged
        need not be read again.
    """

    path: Annotated[str, AfterValidator(_within)]
    size: int = Field(ge=0, le=1024 * _TERABYTE)
    sha256: Digest
    modified: int


class Sealed(Schema):
    """The secrets, encrypted, and how the key comes from the passphrase (scrypt)."""

    sha256: Digest
    size: int = Field(ge=28, le=2**26)
    salt: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
    cost: int = Field(ge=2**10, le=2**20)


class Backup(Schema):
    """Everything that a backup holds: its manifest.

    Attributes
    ----------
    version
        Of the Kizashi that made it.
    database, revision
        Kind of the metadata database, and the revision of its tables.
    jobs
        Version of the tables of durable jobs in a PostgreSQL; 0 without them.
    tables
        The version that each table of the lake was taken at.
    missing
        Files that the site names but does not have: they were lost before the backup.
    left_out
        What was left out, because no passphrase was given to encrypt it.
    """

    format: Literal[1] = 1
    id: BackupId
    made: datetime
    version: str
    database: Literal["sqlite", "postgresql"]
    revision: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]
    jobs: int = Field(0, ge=0)
    tables: dict[str, int]
    files: tuple[BackupFile, ...]
    missing: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    sealed: Sealed | None = None

    @model_validator(mode="after")
    def _places_are_distinct(self) -> Self:
        paths = {file.path for file in self.files}
        if len(paths) != len(self.files):
            raise ValueError("a path is named twice")
        above = {str(up) for path in paths for up in PurePosixPath(path).parents}
        if above & paths:
            raise ValueError("a path is both a file and a folder")
        return self

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.files) + (self.sealed.size if self.sealed else 0)


class BackupNote(Schema):
    """What is told of a backup.

    Attributes
    ----------
    size
        Bytes of all its files, shared with other backups or not.
    sealed
        Whether it holds the secrets.
    whole
        Whether everything that it names is there.
    reason
        What is wrong, if it is not whole.
    """

    id: str
    made: datetime | None
    version: str
    size: int
    files: int
    sealed: bool
    whole: bool
    reason: str = ""


class BackupMade(Schema):
    """What a run of the backup did.

    Attributes
    ----------
    copied, copied_bytes
        Files that were not in the folder of backups yet.
    refused
        Files of people's own that it does not hold: no backup can hold such a name, or it
        was no plain file that may be read.
    pruned
        Identifiers of older backups that were removed.
    """

    backup: BackupNote
    target: str
    copied: int
    copied_bytes: int
    tables: dict[str, int]
    missing: tuple[str, ...]
    refused: tuple[str, ...]
    left_out: tuple[str, ...]
    pruned: tuple[str, ...]


class Restored(Schema):
    """What a restore did.

    Attributes
    ----------
    aside
        Where what the home held before was moved.
    secrets
        Whether the secrets were restored.
    """

    backup: BackupNote
    home: str
    aside: str | None
    secrets: bool
    left_out: tuple[str, ...]
