"""The artifact of a fleet model: a folder of a JSON manifest and safetensors files.

Opening it executes nothing.  The manifest carries a digest of itself and, for each asset, a
checksum of its arrays, which is verified when the asset is first asked for; the files are
memory-mapped, so an asset costs what it holds.  An artifact appears under its name complete or
not at all.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from safetensors import SafetensorError, TensorSpec, safe_open, serialize

from appliance.core.disk import is_full, to_disk
from appliance.core.errors import (
    ArtifactCorrupt,
    ArtifactVersion,
    Conflict,
    NotFound,
    StorageError,
    StorageFull,
)
from appliance.objects import Shelf, is_remote, join, shared_cache, shelf
from appliance.schemas.manifest import FORMAT, AssetManifest, FleetManifest, PartFile

Arrays = dict[str, NDArray[Any]]
Place = Path | str
"""Where an artifact stands: a folder, or an address that `appliance.objects` opens."""

MANIFEST = "manifest.json"
_MODEL = b'"model":'
_RESTORE = "Restore it from a backup or train again."


def part_name(number: int) -> str:
    """Return the name of a file of arrays."""
    return f"part-{number:05d}.safetensors"


def write_part(folder: Place, number: int, assets: Sequence[Arrays]) -> list[str]:
    """Write the arrays of some assets as one file, over what an earlier attempt left.

    Returns
    -------
    list of str
        Checksums, in the order of the assets.

    Raises
    ------
    StorageFull, StorageError
        The file cannot be written.
    """
    tensors = {
        f"{index}/{name}": np.asarray(array, order="C")
        for index, arrays in enumerate(assets)
        for name, array in arrays.items()
    }
    shelf(folder).put(part_name(number), _serialised(tensors))
    return [checksum(arrays) for arrays in assets]


def _serialised(tensors: Arrays) -> bytes:
    """Return what `safetensors.numpy.save` does, for thousands of small arrays.

    That asks numpy for each array's name of its type and its address by the slowest ways.
    """
    names = {array.dtype: array.dtype.name for array in tensors.values()}
    specs = {
        name: TensorSpec(
            dtype=names[array.dtype],
            shape=array.shape,
            data_ptr=array.__array_interface__["data"][0],
            data_len=array.nbytes,
        )
        for name, array in tensors.items()
    }
    return serialize(specs)


def below(arrays: Mapping[str, NDArray[Any]], prefix: str) -> Arrays:
    """Return the arrays whose names begin with a prefix, under the rest of their names."""
    return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}


def checksum(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Return SHA-256 over names, types, shapes and bytes of arrays."""
    told: list[bytes | memoryview] = []
    for name in sorted(arrays):
        array = np.asarray(arrays[name], order="C")
        told.append(f"{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        told.append(array.data)
    return hashlib.sha256(b"".join(told)).hexdigest()


def write_manifest(folder: Place, manifest: FleetManifest) -> str:
    """Write the manifest, last of all files; return the artifact's digest."""
    text = manifest.model_dump_json()
    digest = hashlib.sha256(text.encode()).hexdigest()
    outer = f'{{"format":{FORMAT},"digest":"{digest}","model":{text}}}'
    shelf(folder).put(MANIFEST, outer.encode())
    return digest


def write_file(path: Path, data: bytes) -> None:
    """Write a file that is there whole or not at all.

    Raises
    ------
    StorageFull, StorageError
        It cannot be written.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    with _storage_errors(path):
        try:
            with draft.open("wb") as handle:
                handle.write(data)
                handle.flush()
                os.fsync(handle.fileno())
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise


def stands(place: Place) -> bool:
    """Whether there is an artifact, whatever its state."""
    return any(True for _ in shelf(place).entries(MANIFEST))


def copy_part(source: Artifact, part: PartFile, draft: Place) -> None:
    """Give a file of arrays to another artifact, as a second name where a file can have two."""
    path = source.path(part)
    if is_remote(draft):
        shelf(draft).put_file(part.name, path)
        return
    target = Path(draft) / part.name
    try:
        os.link(path, target)
    except OSError:
        shutil.copyfile(path, target)


def copy_artifact(source: Artifact, folder: Path) -> None:
    """Write all files of an artifact to a folder, which shares nothing with it."""
    for part in source.manifest.parts:
        shutil.copyfile(source.path(part), folder / part.name)
    (folder / MANIFEST).write_bytes(shelf(source.folder).read(MANIFEST))


@contextmanager
def draft_of(target: Place) -> Iterator[Place]:
    """Yield a place that becomes the artifact when the block ends without an error.

    In a folder it is one beside the target.  On S3, where nothing can be moved, it is the
    target: without a manifest, which comes last, it is no artifact.

    Raises
    ------
    Conflict
        Something that is no fleet model stands at the target.
    StorageFull, StorageError
        It cannot be written.
    """
    if is_remote(target):
        there = shelf(target)
        there.delete([MANIFEST])
        there.delete(entry.key for entry in there.entries())
        yield target
        return
    with _draft_beside(Path(target)) as draft:
        yield draft


@contextmanager
def _draft_beside(target: Path) -> Iterator[Path]:
    if target.exists() and not (target / MANIFEST).is_file():
        raise Conflict(f"{target} exists and is no fleet model.", remedy="Choose another name.")
    draft = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
    with _storage_errors(target):
        draft.mkdir(parents=True)
    try:
        yield draft
        with _storage_errors(target):
            _publish(draft, target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _publish(draft: Path, target: Path) -> None:
    to_disk([draft])
    old = draft.with_name(f"{draft.name}.old")
    if target.exists():
        target.rename(old)
    draft.rename(target)
    to_disk([target.parent])
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _storage_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise StorageFull(
                f"no space is left to write {path}.",
                remedy="Free some space and repeat the command: nothing was half written.",
            ) from error
        raise StorageError(f"{path} cannot be written: {error.strerror}.") from error


class _Part:
    """An opened file of arrays; their names are looked through once, not for every asset."""

    def __init__(self, path: Path) -> None:
        self._file = cast("Any", safe_open(path, framework="numpy"))
        self._names: dict[str, list[str]] = {}
        for name in self._file.keys():  # noqa: SIM118 - not a mapping
            index, _, own = name.partition("/")
            self._names.setdefault(index, []).append(own)

    def arrays(self, index: int) -> Arrays:
        """Return copies of the arrays of one asset."""
        own = self._names.get(str(index), ())
        return {name: self._file.get_tensor(f"{index}/{name}") for name in own}


class Artifact:
    """An opened artifact.

    Parameters
    ----------
    folder
        Where it stands.

    Attributes
    ----------
    digest
        SHA-256 of the manifest, which holds the checksums of everything else.

    Raises
    ------
    NotFound
        There is no artifact.
    ArtifactCorrupt
        The manifest was changed or cut off, or a file is missing or has another size.
    ArtifactVersion
        Written by a later version in a format that this one does not know.
    """

    def __init__(self, folder: Place) -> None:
        self.folder = folder
        self._shelf = shelf(folder)
        self.digest, self.manifest = _read_manifest(self._shelf)
        sizes = {entry.key: entry.size for entry in self._shelf.entries()}
        for part in self.manifest.parts:
            size = sizes.get(part.name, -1)
            if size != part.size:
                what = "is missing" if size < 0 else f"has {size} bytes, not {part.size}"
                raise ArtifactCorrupt(f"{join(folder, part.name)} {what}.", remedy=_RESTORE)
        self._open: dict[int, _Part] = {}
        self._common: Arrays | None = None

    def path(self, part: PartFile) -> Path:
        """Return a path of this machine where a file of arrays is; on S3 it is fetched."""
        own = self._shelf.local(part.name)
        if own is not None:
            return own
        fetch = partial(self._shelf.fetch, part.name)
        return shared_cache().file(self._copy(part), part.size, fetch)

    def _copy(self, part: PartFile) -> str:
        return f"models/{self.digest}/{part.name}"

    def arrays(self, asset: str) -> Arrays:
        """Return the arrays that one asset is judged by, verified.

        Raises
        ------
        NotFound
            It has no sub-model, and the fleet none to share.
        ArtifactCorrupt
            Bytes of it were changed.
        """
        entry = self.manifest.of(asset)
        if entry is None:
            raise NotFound(f"there is no model of {asset} in {self.folder}.")
        return self._arrays(entry, f"the model of asset {asset}")

    def shared(self) -> Arrays:
        """Return the arrays of the shared sub-model, verified; raises as `arrays`."""
        if self.manifest.shared is None:
            raise NotFound(f"the machines of {self.folder} share no model.")
        return self._arrays(self.manifest.shared, "the shared model")

    def _arrays(self, entry: AssetManifest, what: str) -> Arrays:
        try:
            return self._checked(entry, what)
        except ArtifactCorrupt:
            if not is_remote(self.folder):
                raise
        # It may be this machine's copy that was changed: what is kept says.
        part = self.manifest.parts[entry.part]
        self._open.pop(entry.part, None)
        shared_cache().drop(self._copy(part))
        return self._checked(entry, what)

    def _checked(self, entry: AssetManifest, what: str) -> Arrays:
        part = self.manifest.parts[entry.part]
        try:
            if entry.part not in self._open:
                self._open[entry.part] = _Part(self.path(part))
            found = self._open[entry.part].arrays(entry.index)
        except (SafetensorError, OSError, ValueError) as error:
            raise ArtifactCorrupt(
                f"{join(self.folder, part.name)} cannot be read: {error}.", remedy=_RESTORE
            ) from error
        if checksum(found) != entry.checksum:
            raise ArtifactCorrupt(
                f"{what} in {join(self.folder, part.name)} was changed.", remedy=_RESTORE
            )
        return found | self._network() if entry.pooled else found

    def _network(self) -> Arrays:
        """Return the arrays that pooled sub-models have in common, the same for all."""
        known = self.manifest.network
        if known is None:
            raise ArtifactCorrupt(f"{self.folder} lacks its network.", remedy=_RESTORE)
        if self._common is None:
            part = self.manifest.parts[known.part]
            try:
                self._common = _Part(self.path(part)).arrays(0)
            except (SafetensorError, OSError, ValueError) as error:
                raise ArtifactCorrupt(
                    f"{join(self.folder, part.name)} cannot be read: {error}.", remedy=_RESTORE
                ) from error
        if checksum(self._common) != known.checksum:
            self._common = None
            raise ArtifactCorrupt(f"the network of {self.folder} was changed.", remedy=_RESTORE)
        return self._common


def _read_manifest(place: Shelf) -> tuple[str, FleetManifest]:
    folder = place.url
    path = join(folder, MANIFEST)
    try:
        data = place.read(MANIFEST)
        outer = json.loads(data)
        found, digest, model = outer["format"], outer["digest"], outer["model"]
    except NotFound as error:
        raise NotFound(f"there is no fleet model in {folder}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ArtifactCorrupt(f"{path} is damaged: {error!r}.", remedy=_RESTORE) from error
    if found != FORMAT:
        raise ArtifactVersion(
            f"{folder} is written in format {found}; this version reads format {FORMAT}.",
            remedy="Use the version of Kizashi that wrote it, or train again.",
        )
    try:
        manifest = FleetManifest.model_validate(model)
    except ValidationError as error:
        raise ArtifactCorrupt(
            f"{path} is damaged: {error.error_count()} entries cannot be used.", remedy=_RESTORE
        ) from error
    # Of the bytes as they stand: what an older version wrote lacks what came since.
    written = data.partition(_MODEL)[2][:-1]
    if hashlib.sha256(written).hexdigest() != digest:
        raise ArtifactCorrupt(f"{path} was changed.", remedy=_RESTORE)
    return digest, manifest


def part_file(folder: Place, number: int) -> PartFile:
    """Describe a file of arrays that was written."""
    name = part_name(number)
    [entry] = shelf(folder).entries(name)
    return PartFile(name=name, size=entry.size)
