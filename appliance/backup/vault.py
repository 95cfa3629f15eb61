"""A folder of backups: files kept once by their content, and a manifest for each backup.

::

    TARGET/objects/ab/ab12…      a file, named by its SHA-256
    TARGET/backups/ID.json       a manifest, written last: with it a backup exists

What is drafted carries a name of its own until it is whole, so a run that is cut off leaves
earlier backups as they were, and files that the next run need not copy again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from appliance.core.disk import is_full, to_disk
from appliance.core.errors import NotFound, StorageError, StorageFull, TryAgain
from appliance.schemas.backup import SECRETS, Backup, BackupFile, Sealed

_DRAFT = ".draft-"
_PIECE = 1 << 20
_LARGEST_MANIFEST = 1 << 29


class Vault:
    """A folder of backups.

    Parameters
    ----------
    folder
        Where it is; made when first written to.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._objects = folder / "objects"
        self._manifests = folder / "backups"

    # ------------------------------------------------------------------ whose turn it is
    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the folder alone; what a run that was cut off had drafted is removed.

        Raises
        ------
        TryAgain
            Another process makes, restores or checks a backup here.
        StorageFull, StorageError
            The folder cannot be written.
        """
        with vault_errors(self.folder):
            for folder in (self._objects, self._manifests):
                make_folder(folder)
        with self._held(fcntl.LOCK_EX):
            self._sweep()
            try:
                yield
            finally:
                with suppress(OSError):
                    self._sweep()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Keep others from changing the folder.

        Raises
        ------
        NotFound
            There is no such folder.
        TryAgain
            Another process writes to it.
        """
        if not self._manifests.is_dir():
            raise NotFound(
                f"there are no backups in {self.folder}.",
                remedy="Name the folder that `kizashi backup` wrote to.",
            )
        with self._held(fcntl.LOCK_SH):
            yield

    @contextmanager
    def _held(self, how: int) -> Iterator[None]:
        # Whoever only reads may do so from a medium that cannot be written.
        access = os.O_RDWR | os.O_CREAT if how == fcntl.LOCK_EX else os.O_RDONLY
        with vault_errors(self.folder):
            handle = os.open(self.folder / ".lock", access, 0o600)
        try:
            with vault_errors(self.folder):
                fcntl.flock(handle, how | fcntl.LOCK_NB)
            yield
        finally:
            os.close(handle)

    def _sweep(self) -> None:
        for folder in (self.folder, self._objects, self._manifests):
            for left in folder.glob(f"{_DRAFT}*"):
                shutil.rmtree(left) if left.is_dir() else left.unlink()

    # ------------------------------------------------------------------ files
    def workplace(self) -> Path:
        """Make a folder for what is drafted; it is removed at the end."""
        with vault_errors(self.folder):
            place = self.folder / f"{_DRAFT}{secrets.token_hex(8)}"
            place.mkdir(mode=0o700)
        return place

    def holds(self, digest: str, size: int) -> bool:
        """Whether a file of this name and size is there; its content is not read."""
        try:
            found = self.object(digest).lstat()
        except OSError:
            return False
        return stat.S_ISREG(found.st_mode) and found.st_size == size

    def object(self, digest: str) -> Path:
        """Return where a file of this content is."""
        return self._objects / digest[:2] / digest

    def put(self, source: Path, path: str, modified: int = 0) -> tuple[BackupFile, bool]:
        """Copy a file, unless one of its content is there.

        Parameters
        ----------
        path
            Its place within the home.
        modified
            When it was changed where it comes from, if `source` is but a copy.

        Returns
        -------
        BackupFile, bool
            What a manifest says of it, and whether it was copied.

        Raises
        ------
        FileNotFoundError
            There is no such file any more.
        StorageFull, StorageError
            It cannot be copied; nothing of it is left.
        """
        with source.open("rb") as reader:
            return self.put_open(reader, path, modified)

    def put_open(self, reader: BinaryIO, path: str, at: int = 0) -> tuple[BackupFile, bool]:
        """Copy a file that is open, as `put` does."""
        modified = at or os.fstat(reader.fileno()).st_mtime_ns
        digest, size, copied = self._keep(reader.read)
        try:
            file = BackupFile(path=path, size=size, sha256=digest, modified=modified)
        except ValidationError as error:
            raise StorageError(f"{path} cannot be kept: {error.errors()[0]['msg']}.") from error
        return file, copied

    def put_bytes(self, content: bytes) -> tuple[str, int]:
        """Keep bytes as a file; return its digest and size."""
        digest, size, _ = self._keep(BytesIO(content).read)
        return digest, size

    def _keep(self, read: Callable[[int], bytes]) -> tuple[str, int, bool]:
        draft = self._objects / f"{_DRAFT}{secrets.token_hex(8)}"
        with vault_errors(self.folder):
            try:
                digest, size = copy(read, draft)
                if self.holds(digest, size):
                    return digest, size, False
                place = self.object(digest)
                place.parent.mkdir(mode=0o700, exist_ok=True)
                draft.replace(place)
                return digest, size, True
            finally:
                draft.unlink(missing_ok=True)

    def get(self, file: BackupFile, place: Path) -> None:
        """Copy a file out of the folder, to a new place.

        Raises
        ------
        StorageError
            It is missing, or not what it was.
        """
        try:
            with self._open(file.sha256, file.size) as reader:
                make_folder(place.parent)
                digest, _ = copy(reader.read, place)
        except OSError as error:
            if is_full(error):
                raise StorageFull(
                    f"no space is left to write {place}.",
                    remedy="Free some and repeat the command: nothing was restored.",
                ) from error
            raise _damaged(file.path, str(error.strerror or error)) from error
        if digest != file.sha256:
            raise _damaged(file.path, "its content was changed")

    def sealed(self, sealed: Sealed) -> bytes:
        """Return the secrets as they were encrypted.

        Raises
        ------
        StorageError
            They are missing, or not what they were.
        """
        try:
            with self._open(sealed.sha256, sealed.size) as reader:
                kept = reader.read()
        except OSError as error:
            raise _damaged(SECRETS, str(error.strerror or error)) from error
        if hashlib.sha256(kept).hexdigest() != sealed.sha256:
            raise _damaged(SECRETS, "their content was changed")
        return kept

    def _open(self, digest: str, size: int) -> BinaryIO:
        """Open a file of the folder; one that is a link, or of another size, is none."""
        handle = os.open(self.object(digest), os.O_RDONLY | os.O_NOFOLLOW)
        reader = open(handle, "rb")  # noqa: PTH123, SIM115 - a handle; whoever asked closes it
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_size != size:
            reader.close()
            raise OSError("it has another size")
        return reader

    def wrong(self, file: BackupFile, *, thorough: bool) -> str:
        """Return what is wrong with a file; empty if nothing is.

        Parameters
        ----------
        thorough
            Whether its content is read.
        """
        if not self.holds(file.sha256, file.size):
            return f"{file.path} is missing or cut off"
        if thorough:
            try:
                with self.object(file.sha256).open("rb") as reader:
                    digest = hashlib.file_digest(reader, "sha256").hexdigest()
            except OSError as error:
                return f"{file.path} cannot be read: {error.strerror}"
            if digest != file.sha256:
                return f"the content of {file.path} was changed"
        return ""

    # ------------------------------------------------------------------ manifests
    def ids(self) -> list[str]:
        """Return the identifiers of all backups, the latest first."""
        return sorted((path.stem for path in self._manifests.glob("bak_*.json")), reverse=True)

    def write(self, backup: Backup) -> None:
        """Write a manifest, after everything that it names has reached the disk."""
        text = backup.model_dump_json()
        digest = hashlib.sha256(text.encode()).hexdigest()
        named = {file.sha256 for file in backup.files}
        if backup.sealed is not None:
            named.add(backup.sealed.sha256)
        draft = self._manifests / f"{_DRAFT}{secrets.token_hex(8)}"
        with vault_errors(self.folder):
            places = {self.object(one).parent for one in named}
            to_disk([*places, self._objects, self.folder])
            whole = json.dumps({"sha256": digest, "backup": text}, ensure_ascii=False).encode()
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(handle, "wb") as writer:  # noqa: PTH123 - a handle
                writer.write(whole)
                writer.flush()
                os.fsync(handle)
            draft.replace(self._manifests / f"{backup.id}.json")
            to_disk([self._manifests])

    def read(self, backup: str) -> Backup:
        """Read a manifest.

        Raises
        ------
        NotFound
            There is none of this name.
        StorageError
            It was changed, cut off, or names what no backup holds.
        """
        path = self._manifests / f"{backup}.json"
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
            with open(handle, "rb") as reader:  # noqa: PTH123 - a handle, without symlinks
                if os.fstat(handle).st_size > _LARGEST_MANIFEST:
                    raise StorageError(f"the manifest {path} is larger than any can be.")
                told = json.loads(reader.read())
            if hashlib.sha256(told["backup"].encode()).hexdigest() != told["sha256"]:
                raise StorageError(f"the manifest {path} was changed.")
            found = Backup.model_validate_json(told["backup"])
        except FileNotFoundError as error:
            raise NotFound(
                f"there is no backup {backup} in {self.folder}.",
                remedy="`kizashi backups TARGET` lists those there are.",
            ) from error
        except ValidationError as error:
            first = error.errors()[0]
            raise StorageError(f"the manifest {path} is refused: {first['msg']}.") from error
        except (
            OSError,
            ValueError,
            LookupError,
            TypeError,
            AttributeError,
            RecursionError,
        ) as error:
            raise StorageError(f"the manifest {path} cannot be read: {error}.") from error
        if found.id != backup:
            raise StorageError(f"the manifest {path} is that of {found.id}.")
        return found

    def prune(self, keep: int) -> list[str]:
        """Remove all but the latest backups, then the files that none of them names.

        Returns
        -------
        list of str
            Identifiers of those removed.

        Raises
        ------
        StorageError
            A manifest that stays cannot be read: nobody knows which files it needs.
        """
        ids = self.ids()
        kept = [self.read(one) for one in ids[:keep]]
        named = {file.sha256 for backup in kept for file in backup.files}
        named |= {backup.sealed.sha256 for backup in kept if backup.sealed is not None}
        with vault_errors(self.folder):
            for one in ids[keep:]:
                (self._manifests / f"{one}.json").unlink()
            to_disk([self._manifests])
            for path in self._objects.glob("??/*"):
                if path.name not in named:
                    path.unlink()
        return ids[keep:]


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, that their owner alone may enter."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


def copy(read: Callable[[int], bytes], place: Path) -> tuple[str, int]:
    """Write what a reader gives to a new file that its owner alone may read.

    Returns
    -------
    str, int
        SHA-256 and size of what was written, once it has reached the disk.
    """
    digest, size = hashlib.sha256(), 0
    handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with open(handle, "wb", buffering=0) as writer:  # noqa: PTH123 - a handle
        while piece := read(_PIECE):
            digest.update(piece)
            size += len(piece)
            view = memoryview(piece)
            while view:
                view = view[writer.write(view) :]
        os.fsync(handle)
    return digest.hexdigest(), size


@contextmanager
def vault_errors(place: Path) -> Iterator[None]:
    """Turn what the disk says into errors that name the folder."""
    try:
        yield
    except BlockingIOError as error:
        raise TryAgain(
            f"another process is at work on the backups in {place}.",
            remedy="Let it finish, then repeat the command.",
        ) from error
    except OSError as error:
        if is_full(error):
            raise StorageFull(
                f"no space is left to write to {place}.",
                remedy="Free some space and repeat the command: what was copied stays copied, "
                "and no backup is half.",
            ) from error
        raise StorageError(f"{place} cannot be read or written: {error}.") from error


def _damaged(path: str, why: str) -> StorageError:
    return StorageError(
        f"{path} cannot be taken from the backup: {why}.",
        remedy="Choose another backup: `kizashi backups --verify` tells which are whole.",
    )
