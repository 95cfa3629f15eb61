"""Readings that are sent over REST: kept in a file of ours, made readable, brought in.

What a sender calls a file is kept of it only as letters, digits and a few signs, in a folder
that is called by chance.  What they sent is unpacked within limits, weighed before it is read,
and never run.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path, PurePath

from appliance.core.clock import now
from appliance.core.disk import is_full
from appliance.core.errors import (
    BadFile,
    LimitExceeded,
    NotFound,
    StorageError,
    StorageFull,
)
from appliance.core.ids import new_id
from appliance.core.log import get
from appliance.core.settings import Settings
from appliance.intake import IngestOptions
from appliance.intake.sources.files import arrow, records, stream
from appliance.intake.sources.files.discover import PACKED, PARQUET, TEXT
from appliance.intake.sources.files.weight import Allowed, weigh_parquet
from appliance.objects import Shelf, shelf
from appliance.pipelines.ingest import ingest
from appliance.pipelines.site import Site
from appliance.schemas.ingest import FileStatus, IngestReport
from appliance.schemas.preview import Preview, PreviewRequest

_log = get(__name__)
_TIMES_UNPACKED = 8
_GROUP = 2**30
"""Bytes that one piece of a file may unpack to: it is held in memory at once."""
_KEPT_SECONDS = 3 * 86_400
_NAME = re.compile(r"upl_[0-9a-z]{20}/\w[\w -]{0,62}\.(csv|parquet)")
_STRANGE = re.compile(r"[^\w-]+")
_LONGEST_STEM = 60
_PACKED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")
_ENDINGS = frozenset(
    (*TEXT, *PARQUET, *PACKED, ".json", ".jsonl", ".ndjson", ".arrow", ".arrows")
)
_STEP = 2**20


class Kind(StrEnum):
    """What a body is said to be."""

    CSV = "csv"
    JSON = "json"
    LINES = "lines"
    PARQUET = "parquet"
    ARROW = "arrow"
    UNKNOWN = "unknown"
    """Its first bytes tell."""


@dataclass(frozen=True)
class Upload:
    """What somebody sends, in a folder of its own.

    Attributes
    ----------
    folder
        Holds nothing else.
    """

    folder: Path

    @property
    def body(self) -> Path:
        """What was sent, as it was sent."""
        return self.folder / "body"

    def discard(self) -> None:
        """Forget it."""
        shutil.rmtree(self.folder, ignore_errors=True)


def begin(settings: Settings) -> Upload:
    """Make room for an upload, and forget those that nobody came back for.

    Raises
    ------
    StorageFull, StorageError
        The folder cannot be made.
    """
    _sweep(settings.uploads_folder)
    _sweep_shared(settings)
    upload = Upload(settings.uploads_folder / new_id("upl"))
    try:
        settings.uploads_folder.mkdir(mode=0o700, exist_ok=True)
        upload.folder.mkdir(mode=0o700)
        upload.body.touch(mode=0o600)
    except OSError as error:
        raise storage_error(error) from error
    return upload


def storage_error(error: OSError) -> StorageFull | StorageError:
    """Return what a failed write of an upload is told as."""
    if is_full(error):
        return StorageFull("no space is left for what is sent.", remedy="Free some space.")
    return StorageError(f"what is sent cannot be kept: {error.strerror}.")


def _sweep(folder: Path) -> None:
    oldest = now().timestamp() - _KEPT_SECONDS
    with suppress(OSError):
        for left in folder.iterdir():
            if left.name.startswith("upl_") and left.stat().st_mtime < oldest:
                Upload(left).discard()


def _sweep_shared(settings: Settings) -> None:
    """Forget what is kept for other processes too, once nobody can mean it any more."""
    if not settings.storage_url:
        return
    try:
        kept = _shared(settings)
        oldest = now() - timedelta(seconds=_KEPT_SECONDS)
        kept.delete(one.key for one in kept.entries() if one.modified < oldest)
    except StorageError as error:
        _log.warning("what was sent long ago is still kept: %s", error)


def stem_of(told: str) -> str:
    """Return what a file may be called here, of what it is called where it came from."""
    name = PurePath(told.replace("\\", "/")).name
    path = PurePath(name)
    while path.suffix.lower() in _ENDINGS:
        path = path.with_suffix("")
    return _STRANGE.sub("_", path.name)[:_LONGEST_STEM].strip("_- ") or "file"


def readable(settings: Settings, upload: Upload, kind: Kind, stem: str) -> Path:
    """Return a file of what was sent that the intake reads, called by a stem.

    Rows that name no asset are then of one that is called so too.

    Raises
    ------
    BadFile
        It is damaged, or none of the kinds that are read.
    LimitExceeded
        It unpacks to more than is allowed.
    """
    most = settings.max_upload_bytes * _TIMES_UNPACKED
    allowed = Allowed(most, min(_GROUP, most), settings.max_columns)
    body = _unpacked(upload, most)
    first = _first(body)
    if not first:
        raise BadFile("nothing was sent.")
    if kind is Kind.UNKNOWN:
        kind = _kind_of(first)
    table, parquet = upload.folder / f"{stem}.csv", upload.folder / f"{stem}.parquet"
    target = parquet if kind in (Kind.ARROW, Kind.PARQUET) else table
    makes: dict[Kind, Callable[[], object]] = {
        Kind.ARROW: lambda: arrow.to_parquet(body, parquet, allowed),
        Kind.LINES: lambda: records.lines_to_csv(body, table, settings.max_columns),
        Kind.JSON: lambda: records.document_to_csv(body, table, settings.max_columns),
    }
    try:
        if kind in makes:
            makes[kind]()
            body.unlink()
        else:
            body.rename(target)
    except OSError as error:
        raise storage_error(error) from error
    if stream.is_parquet(target):
        weigh_parquet(target, allowed)
    elif target is parquet:
        raise BadFile("what was sent is not Parquet: its first bytes are not PAR1.")
    return target


def _first(path: Path) -> bytes:
    with path.open("rb") as handle:
        return handle.read(64)


def _kind_of(first: bytes) -> Kind:
    if first.startswith(b"PAR1"):
        return Kind.PARQUET
    if first.startswith(arrow.SIGN):
        return Kind.ARROW
    start = first.lstrip()[:1]
    return Kind.JSON if start == b"[" else Kind.LINES if start == b"{" else Kind.CSV


def _unpacked(upload: Upload, most: int) -> Path:
    """Return the body, unpacked if it is packed."""
    if not _first(upload.body).startswith(_PACKED):
        return upload.body
    target, size = upload.folder / "unpacked", 0
    packed = stream.open_text(upload.body, most)
    try:
        with target.open("wb") as handle:
            while piece := stream.unpacked(packed, _STEP):
                size += len(piece)
                if size > most:
                    raise LimitExceeded(f"what was sent unpacks to more than {most:,} bytes.")
                handle.write(piece)
    except OSError as error:
        raise storage_error(error) from error
    finally:
        packed.close()
    upload.body.unlink()
    return target


def bring(site: Site, path: Path, fleet: str, options: IngestOptions, by: str) -> IngestReport:
    """Bring one readable file in for somebody.

    Raises
    ------
    BadFile
        No row of it can be used, or it counts time another way than its fleet.
    """
    report = ingest(site, [path], fleet, options, by=by)
    (file,) = report.files
    if file.status is FileStatus.REJECTED:
        raise BadFile(file.reason)
    return without_paths(report)


def without_paths(report: IngestReport) -> IngestReport:
    """Return a report that tells files by their names alone."""
    files = tuple(
        file.model_copy(update={"path": PurePath(file.path).name}) for file in report.files
    )
    return report.model_copy(update={"files": files})


# ---------------------------------------------------------------- looked at first
def preview(site: Site, request: PreviewRequest, fleet: str) -> Preview:
    """Return what a file that was sent would bring to a fleet; nothing is kept of it.

    Raises
    ------
    NotFound
        It was brought in, forgotten, or never sent.
    """
    path = sent(site.settings, request.upload)
    if path is None:
        raise NotFound("what was sent is not here any more.", remedy="Send the file again.")
    told = request.model_dump(exclude={"upload"})
    try:
        return site.intake.preview(path, fleet, IngestOptions(**told), upload=request.upload)
    finally:
        if site.settings.storage_url:
            _forget_copy(site.settings, request.upload)


# ---------------------------------------------------------------- for jobs
def hand_on(settings: Settings, path: Path) -> str:
    """Keep a readable file where jobs find it, and return its name there.

    Raises
    ------
    StorageFull, StorageError
        It cannot be kept.
    """
    name = path.relative_to(settings.uploads_folder).as_posix()
    if settings.storage_url:
        _shared(settings).put_file(name, path)
        _forget_copy(settings, name)
    return name


def sent(settings: Settings, name: str) -> Path | None:
    """Return the readable file of that name; None if it is none of an upload.

    One that another machine took is fetched to this one.
    """
    if not _NAME.fullmatch(name):
        return None
    path = settings.uploads_folder / name
    if not path.is_file() and settings.storage_url:
        try:
            settings.uploads_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.parent.mkdir(mode=0o700, exist_ok=True)
            _shared(settings).fetch(name, path)
        except NotFound:
            Upload(path.parent).discard()
    return path if path.is_file() else None


def is_name(text: str) -> bool:
    """Whether that is what a file is called that was sent."""
    return _NAME.fullmatch(text) is not None


def discard(settings: Settings, names: Iterable[str]) -> None:
    """Forget the uploads among some files."""
    for name in filter(is_name, names):
        if settings.storage_url:
            _shared(settings).delete([name])
        _forget_copy(settings, name)


def _forget_copy(settings: Settings, name: str) -> None:
    Upload((settings.uploads_folder / name).parent).discard()


def _shared(settings: Settings) -> Shelf:
    return shelf(settings.place("uploads"))
