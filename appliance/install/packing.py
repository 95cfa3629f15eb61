"""Makes bundles: gathers the parts, signs what they are, writes the one file."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appliance.core.disk import is_full
from appliance.core.errors import (
    Forbidden,
    InvalidRequest,
    OperatorError,
    StorageError,
    StorageFull,
)
from appliance.core.secrets import made_once
from appliance.install import bundle, child, pip, standalone
from appliance.install.bundle import BLOCK, END, MANIFEST, SIGNATURE, Bundle, Part
from appliance.install.plan import CHART, LOCK, PACKAGES, PROJECT, README, InstallError
from appliance.install.sbom import bill_of_materials
from appliance.install.versions import Version, of_source
from appliance.schemas.progress import Progress

_CHUNK = 2**20

Content = Path | bytes
"""Where a part's content comes from."""


@dataclass(frozen=True)
class Wanted:
    """What a bundle shall hold beside the platform, its packages and its documentation.

    Attributes
    ----------
    source
        The checkout that it is made from.
    wheels
        Folder to take the packages from; None asks the registry.
    chart
        Whether the Helm chart goes in.
    images, node_images, tools
        Files: container images, kind's node images, programs.
    """

    source: Path
    wheels: Path | None = None
    chart: bool = False
    images: Sequence[Path] = ()
    node_images: Sequence[Path] = ()
    tools: Sequence[Path] = ()


def publisher_key(path: Path) -> Ed25519PrivateKey:
    """Return the key that a publisher signs with; it is made at the first call.

    Raises
    ------
    Forbidden
        Others can read it.
    StorageError
        It cannot be read or made, or is no such key.
    """
    try:
        kept = made_once(path, _new_key)
        if path.stat().st_mode & 0o077:
            raise Forbidden(
                f"others can read the signing key {path}.",
                remedy=f"Close it: chmod 600 {path}. If somebody may have read it, remove it "
                "and let plants trust the new one.",
            )
        key = serialization.load_pem_private_key(kept, None)
    except (OSError, ValueError, TypeError) as error:
        raise StorageError(f"the signing key {path} cannot be used: {error}.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise StorageError(f"{path} is no Ed25519 key.", remedy="Name another: --key FILE.")
    return key


def checkout(folder: Path) -> Path:
    """Return the path of a checkout, once it is seen to be one.

    Raises
    ------
    InvalidRequest
        It is none.
    """
    root = folder.expanduser().absolute()
    try:
        of_source(root)
    except InstallError as error:
        raise InvalidRequest(
            f"bundles are made of a checkout, and {root} is none.",
            remedy="Go to one, or name it: --source FOLDER.",
        ) from error
    return root


def public(key: Ed25519PrivateKey) -> str:
    """Return the public half of a key, which is its fingerprint."""
    return key.public_key().public_bytes_raw().hex()


def make(out: Path, wanted: Wanted, key: Ed25519PrivateKey, progress: Progress) -> Bundle:
    """Make a bundle of this checkout, for machines like this one.

    The same inputs give the same bytes.

    Parameters
    ----------
    out
        The file; it appears when it is whole.
    wanted
        What goes in.
    key
        Signs it.
    progress
        Told each step.

    Raises
    ------
    InvalidRequest
        A file that was named cannot be a part.
    StorageError, StorageFull
        Packages cannot be had, or the file cannot be written.
    """
    out = out.expanduser().absolute()
    with tempfile.TemporaryDirectory(prefix=".bundle-", dir=_folder(out)) as scratch:
        progress.step("packages")
        wheels = _download(wanted, Path(scratch), progress)
        contents = _contents(wanted, wheels)
        progress.step("checksums", len(contents))
        parts = [_part(path, content, progress) for path, content in contents.items()]
        progress.step("write", len(contents))
        draft = Path(scratch) / "bundle"
        try:
            with draft.open("xb") as file:
                _write(file, parts, contents, _signed(parts, wanted.source, key), progress)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(out)
        except OSError as error:
            raise _storage_error(out, error) from error
    return bundle.open_bundle(out, public(key))


def default_name(version: Version) -> str:
    """Return what a bundle made here is called."""
    python = f"py{sys.version_info.major}.{sys.version_info.minor}"
    return f"kizashi-{version.number}-{python}-{platform.machine()}.bundle"


# ---------------------------------------------------------------- what goes in
def _contents(wanted: Wanted, wheels: Sequence[Path]) -> dict[str, Content]:
    """Return where each part's content is, in the order of the file."""
    source = wanted.source
    found: dict[str, Content] = {"install.sh": standalone.script(source)}
    names = [LOCK, Path(PROJECT), Path(README)]
    names += [path for part in (*PACKAGES, CHART) for path in _below(source, part)]
    found |= {f"source/{name.as_posix()}": source / name for name in sorted(names)}
    found |= {name.as_posix(): source / name for name in _below(source, Path("docs"))}
    found["sbom.json"] = bill_of_materials(wheels, of_source(source).number)
    if wanted.chart:
        chart = _below(source, CHART)
        if not chart:
            raise InvalidRequest(f"{source / CHART} holds no chart.")
        found |= {
            f"chart/{path.relative_to(CHART).as_posix()}": source / path for path in chart
        }
    found |= {f"wheels/{path.name}": path for path in wheels}
    named = {"image": wanted.images, "kind": wanted.node_images, "tools": wanted.tools}
    for place, files in named.items():
        for file in files:
            path = f"{place}/{file.name}"
            if path in found:
                raise InvalidRequest(f"two files are called {file.name}: rename one of them.")
            found[path] = file
    for path in found:
        if bundle.refused_path(path):
            raise InvalidRequest(
                f"{path} has a name that a bundle cannot hold.",
                remedy="Use letters, digits and . _ + @ = - in names.",
            )
    return found


def _below(source: Path, folder: str | Path) -> list[Path]:
    """Return the files below a folder of the checkout, relative to the checkout."""
    found = os.walk(source / folder)
    files = (Path(place) / name for place, _, names in found for name in names)
    return sorted(p.relative_to(source) for p in files if "__pycache__" not in p.parts)


def _download(wanted: Wanted, scratch: Path, progress: Progress) -> list[Path]:
    """Bring the lock's wheels for this machine together; each is checked by its hash."""
    folder = scratch / "wheels"
    folder.mkdir()
    lock = wanted.source / LOCK
    command = [sys.executable, "-I", "-m", "pip", "download", "--disable-pip-version-check"]
    command += ["--no-input", "--progress-bar", "off", "--only-binary", ":all:"]
    command += ["--require-hashes", "-r", str(lock), "-d", str(folder)]
    if wanted.wheels is not None:
        command += ["--no-index", "--find-links", str(wanted.wheels)]

    def tick(line: str) -> None:
        if line.startswith("Collecting "):
            progress.advance()

    log = scratch / "log"
    closed = wanted.wheels is not None
    extra = {"TMPDIR": str(scratch)}
    status, said = child.run(command, log=log, tick=tick, extra=extra, closed=closed)
    if status != 0:
        raise StorageError(
            f"the packages cannot be had: {pip.explain(said, wanted.wheels)}",
            remedy="pip's last words: " + " ".join(said.strip().splitlines()[-1:]),
        )
    return sorted(folder.glob("*.whl"), key=lambda path: path.name)


# ---------------------------------------------------------------- writing
def _part(path: str, content: Content, progress: Progress) -> Part:
    digest, size = hashlib.sha256(), 0
    for block in _blocks(path, content):
        digest.update(block)
        size += len(block)
    if size > bundle.MAX_PART:
        raise InvalidRequest(f"{path} is too large for a bundle: {size:,} bytes.")
    progress.advance()
    return Part(path, size, digest.hexdigest())


def _signed(parts: Sequence[Part], source: Path, key: Ed25519PrivateKey) -> list[bytes]:
    """Return manifest and signature."""
    version = of_source(source)
    told = {
        "format": bundle.FORMAT,
        "name": "kizashi",
        "version": version.number,
        "revision": version.revision,
        "platform": machine(),
        "parts": [{k: v for k, v in asdict(part).items() if k != "at"} for part in parts],
    }
    manifest = json.dumps(told, indent=1).encode("ascii")
    if len(manifest) > bundle.MAX_MANIFEST or len(parts) > bundle.MAX_PARTS:
        raise InvalidRequest(f"{len(parts):,} files are too many for a bundle.")
    return [manifest, f"ed25519 {public(key)} {key.sign(manifest).hex()}\n".encode("ascii")]


def machine() -> dict[str, str]:
    """Return what kind of machine packages are fetched for here."""
    return {
        "system": platform.system(),
        "machine": platform.machine(),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
    }


def _write(
    file: BinaryIO,
    parts: Sequence[Part],
    contents: dict[str, Content],
    signed: list[bytes],
    progress: Progress,
) -> None:
    for path, content in zip((MANIFEST, SIGNATURE), signed, strict=True):
        file.write(bundle.header(path, len(content)) + content + _gap(len(content)))
    for part in parts:
        file.write(bundle.header(part.path, part.size))
        digest = hashlib.sha256()
        for block in _blocks(part.path, contents[part.path]):
            digest.update(block)
            file.write(block)
        if digest.hexdigest() != part.sha256:
            raise InvalidRequest(f"{part.path} changed while the bundle was made: try again.")
        file.write(_gap(part.size))
        progress.advance()
    file.write(END)


def _gap(size: int) -> bytes:
    return bytes(-size % BLOCK)


def _blocks(path: str, content: Content) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    try:
        if not content.is_file():
            raise InvalidRequest(f"{content} is not a plain file.")
        with content.open("rb") as file:
            while block := file.read(_CHUNK):
                yield block
    except OSError as error:
        raise InvalidRequest(f"{path}: {content} cannot be read: {error.strerror}.") from error


def _folder(out: Path) -> Path:
    if out.is_dir() or not out.parent.is_dir():
        raise InvalidRequest(f"{out} cannot be a file: name one in a folder that is there.")
    return out.parent


def _new_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _storage_error(out: Path, error: OSError) -> OperatorError:
    if is_full(error):
        return StorageFull(f"no space is left for {out}.", remedy="Free some, or name --out.")
    return StorageError(f"{out} cannot be written: {error.strerror}.")
