"""Bundles: everything of one version in one signed file, read on a bare Python.

A bundle is a tar file of plain files in one fixed form: the manifest, its signature, then the
parts in the order of the manifest.  Every byte of the file follows from the manifest and from
the parts' contents, and the reader compares every byte: there is no room in the file for
anything that was not signed, be it a link, a path that leads elsewhere or one part more.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import stat
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from appliance.install import ed25519, trust
from appliance.install.plan import InstallError

FORMAT = 1
MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
END = bytes(1024)
"""By which a tar file ends."""
BLOCK = 512
MAX_MANIFEST = 8 * 2**20
MAX_PARTS = 50_000
MAX_PART = 64 * 2**30
_MAX_PATH = 200
_SIGNED = re.compile(rb"ed25519 ([0-9a-f]{64}) ([0-9a-f]{128})\n")
_SIGNED_BYTES = len("ed25519 ") + 64 + 1 + 128 + 1
_SEGMENT = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._+@=-]+")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_CHUNK = 2**20
_PROGRAMS = ("tools/", "install.sh")
_WHOLE = "Get it from the publisher anew, and compare how large it is."

Told = Callable[[int, int], None]
"""Told how many bytes of how many were read."""


def _quiet(_done: int, _total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Part:
    """One file of a bundle.

    Attributes
    ----------
    path
        Its name in the bundle, with slashes.
    size
        Bytes.
    sha256
        Of its content, in hexadecimal digits.
    at
        Byte of the bundle at which its content begins.
    """

    path: str
    size: int
    sha256: str
    at: int = 0


@dataclass(frozen=True)
class Bundle:
    """A bundle whose manifest was found to be its publisher's.

    Attributes
    ----------
    file
        Where it lies.
    key
        The publisher's public key, in hexadecimal digits.
    version
        Of the platform.
    revision
        Of the database's tables, such as ``r0022``.
    platform
        What the wheels are for: ``system``, ``machine``, ``python``.
    parts
        By path, in the order in which they lie.
    size
        Bytes of the whole file.
    """

    file: Path
    key: str
    version: str
    revision: str
    platform: Mapping[str, str]
    parts: Mapping[str, Part]
    size: int

    def below(self, prefix: str) -> list[Part]:
        """Return the parts whose path begins with a prefix, such as ``"image/"``."""
        return [part for path, part in self.parts.items() if path.startswith(prefix)]

    def verify(self, told: Told = _quiet) -> None:
        """Read every part, and compare every byte.

        Raises
        ------
        InstallError
            A byte differs.
        """
        with _opened(self.file) as file:
            done = 0
            for part in self.parts.values():
                before = header(part.path, part.size)
                file.seek(part.at - len(before))
                if file.read(len(before)) != before:
                    raise _damaged(self.file, part.path)
                for block in _content(file, part, self.file):
                    done = min(done + len(block), self.size)
                    told(done, self.size)
                gap = -part.size % BLOCK
                if file.read(gap) != bytes(gap):
                    raise _damaged(self.file, part.path)
            if file.read(len(END) + 1) != END:
                raise _damaged(self.file, "its end")

    def read(self, path: str) -> bytes:
        """Return what a part holds; for small ones.

        Raises
        ------
        InstallError
            There is none of this path, or it differs from what was signed.
        """
        part = self.parts.get(path)
        if part is None:
            raise InstallError(f"the bundle {self.file} holds no {path}.")
        with _opened(self.file) as file:
            file.seek(part.at)
            return b"".join(_content(file, part, self.file))

    def extract(self, prefix: str, into: Path, told: Told = _quiet) -> list[Path]:
        """Write parts into a folder, which appears when all were found to be right.

        Parameters
        ----------
        prefix
            Which: those whose path begins so.  It is left out of the names of the files.
        into
            Folder that is not there yet.
        told
            Told how many bytes of how many are written.

        Returns
        -------
        list of Path
            The files, in the order of the bundle.

        Raises
        ------
        InstallError
            A part differs from what was signed.
        """
        draft = into.with_name(f".{into.name}.draft")
        if draft.exists():
            shutil.rmtree(draft)  # of a run that was cut off
        draft.mkdir(mode=0o700, parents=True)
        parts = self.below(prefix)
        total, done = sum(part.size for part in parts), 0
        names = [part.path[len(prefix) :] for part in parts]
        with _opened(self.file) as file:
            for part, name in zip(parts, names, strict=True):
                path = draft / name
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                file.seek(part.at)
                with path.open("xb") as copy:
                    for block in _content(file, part, self.file):
                        copy.write(block)
                        done += len(block)
                        told(done, total)
                path.chmod(0o700 if part.path.startswith(_PROGRAMS) else 0o600)
        draft.replace(into)
        return [into / name for name in names]


def open_bundle(file: Path, trusted: str | None = None) -> Bundle:
    """Read a bundle's manifest, once its signature was found to be right.

    Parameters
    ----------
    file
        Of the bundle.
    trusted
        Public key of the publisher whose bundles are taken; None takes any publisher's, and
        is for whoever then shows or keeps `Bundle.key`.

    Raises
    ------
    InstallError
        It is no bundle, is cut off, is another publisher's, or was changed.  Contents of the
        parts were not looked at yet: `Bundle.verify` does.
    """
    with _opened(file) as handle:
        manifest = _first(handle, file, MANIFEST, MAX_MANIFEST)
        signed = _SIGNED.fullmatch(_first(handle, file, SIGNATURE, _SIGNED_BYTES))
        begin = handle.tell()
        handle.seek(0, 2)
        size = handle.tell()
    if signed is None:
        raise _damaged(file, SIGNATURE)
    key = signed[1].decode("ascii")
    if trusted is not None and key != trusted:
        raise InstallError(
            f"the bundle {file} is not of the publisher that is trusted here. It is signed by "
            f"{trust.fingerprint(key)}, trusted is {trust.fingerprint(trusted)}. If the "
            "publisher confirms the new one, name it: --trust FINGERPRINT."
        )
    if not ed25519.verify(bytes.fromhex(key), bytes.fromhex(signed[2].decode()), manifest):
        raise InstallError(
            f"the bundle {file} was changed after it was signed: the signature does not fit "
            f"the manifest. {_WHOLE}"
        )
    found = _understood(file, key, manifest, begin)
    if size != found.size:
        how = "cut off" if size < found.size else "longer than what was signed"
        raise InstallError(
            f"the bundle {file} is {how}: {size:,} bytes, should be {found.size:,}. {_WHOLE}"
        )
    return found


def header(path: str, size: int) -> bytes:
    """Return what precedes a part's content in the file."""
    info = tarfile.TarInfo(path)
    info.size = size
    info.mode = 0o755 if path.startswith(_PROGRAMS) else 0o644
    return info.tobuf(tarfile.GNU_FORMAT, "ascii", "strict")


def refused_path(path: str) -> bool:
    """Whether a path has no place in a bundle: it is odd, too long or leads out of it."""
    segments = path.split("/")
    return len(path) > _MAX_PATH or not all(_SEGMENT.fullmatch(one) for one in segments)


# ---------------------------------------------------------------- reading
def _opened(file: Path) -> BinaryIO:
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise InstallError(f"{file} is no bundle: it is not a plain file.")
        return file.open("rb")
    except OSError as error:
        raise InstallError(f"the bundle {file} cannot be read: {error.strerror}.") from error


def _first(handle: BinaryIO, file: Path, path: str, most: int) -> bytes:
    """Read one of the two parts that say themselves how large they are."""
    begun = handle.read(BLOCK)
    digits = begun[124:135]
    size = int(digits, 8) if re.fullmatch(rb"[0-7]{11}", digits) else -1
    if not 0 <= size <= most or begun != header(path, size):
        raise InstallError(f"{file} is no bundle of Kizashi, or was damaged. {_WHOLE}")
    content, gap = handle.read(size), handle.read(-size % BLOCK)
    if len(content) != size or gap != bytes(-size % BLOCK):
        raise _damaged(file, path)
    return content


def _content(handle: BinaryIO, part: Part, file: Path) -> Iterator[bytes]:
    """Yield a part's content; it ends with an error if it was not the signed one."""
    digest, left = hashlib.sha256(), part.size
    while left:
        block = handle.read(min(left, _CHUNK))
        if not block:
            break
        digest.update(block)
        left -= len(block)
        yield block
    if left or digest.hexdigest() != part.sha256:
        raise _damaged(file, part.path)


def _understood(file: Path, key: str, manifest: bytes, begin: int) -> Bundle:
    """Return what a manifest says; `begin` is the byte at which its parts begin."""
    try:
        told = json.loads(manifest)
        if told["format"] != FORMAT:
            raise InstallError(
                f"the bundle {file} is of format {told['format']}, this installer reads "
                f"{FORMAT}. Use the bundle's own: tar -xf {file} install.sh"
            )
        parts = _parts(told["parts"], begin)
        end = begin + sum(
            len(header(part.path, part.size)) + part.size + -part.size % BLOCK
            for part in parts.values()
        )
        names = ("system", "machine", "python")
        return Bundle(
            file=file,
            key=key,
            version=str(told["version"]),
            revision=str(told["revision"]),
            platform={name: str(told["platform"][name]) for name in names},
            parts=parts,
            size=end + len(END),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InstallError(
            f"the manifest of {file} cannot be understood, though it is signed: tell its "
            "publisher."
        ) from error


def _parts(entries: list[dict[str, Any]], begin: int) -> dict[str, Part]:
    found: dict[str, Part] = {}
    at = begin
    if len(entries) > MAX_PARTS:
        raise ValueError("too many parts")
    for entry in entries:
        path, size, digest = entry["path"], entry["size"], entry["sha256"]
        right = isinstance(path, str) and type(size) is int and 0 <= size <= MAX_PART
        if not right or refused_path(path) or path in found or not _DIGEST.fullmatch(digest):
            raise ValueError("a part that has no place in a bundle")
        at += len(header(path, size))
        found[path] = Part(path, size, digest, at)
        at += size + -size % BLOCK
    return found


def _damaged(file: Path, what: str) -> InstallError:
    return InstallError(f"the bundle {file} is damaged: {what} is not as signed. {_WHOLE}")
