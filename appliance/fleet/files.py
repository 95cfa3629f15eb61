"""Scoring folders of Parquet that are larger than memory: file by file, slice by slice."""

from __future__ import annotations

import glob
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from appliance.core.errors import (
    BadFile,
    Conflict,
    NotFound,
    OperatorError,
)
from appliance.core.settings import load_settings
from appliance.engine import make
from appliance.fleet import frames
from appliance.fleet.artifact import Place
from appliance.fleet.scoring import Models, opened, score_frame, worded
from appliance.lake.told import storage_errors

_STAMP = "kizashi.scored"


@dataclass(frozen=True)
class ScoredFile:
    """One file and what became of it."""

    source: str
    target: str
    status: Literal["scored", "already there"]
    rows: int = 0
    judged: int = 0
    alarms: int = 0


@dataclass(frozen=True)
class ScoredFiles:
    """What scoring a folder gave, in order of the sources."""

    files: tuple[ScoredFile, ...]

    @property
    def rows(self) -> int:
        """Rows scored in this run."""
        return sum(file.rows for file in self.files)

    @property
    def alarms(self) -> int:
        """Rows at or above their threshold."""
        return sum(file.alarms for file in self.files)


@dataclass(frozen=True)
class _Task:
    source: str
    target: str
    model: str
    digest: str
    cells: int


def score_files(
    model: Place, digest: str, source: str | Path, out: str | Path, engine: str
) -> ScoredFiles:
    """Score Parquet files into a folder; see `FleetModel.score_files`.

    A target appears complete or not at all, and says which model and which source it was made
    from: repeated after an interruption, the work goes on with the files that are missing.

    Raises
    ------
    NotFound
        No file matches.
    BadFile
        Some files could not be scored; the others were.
    StorageError, StorageFull, EngineError
        The targets cannot be written, or a worker not be kept alive.
    """
    settings = load_settings()
    pairs = _targets(str(source), Path(out))
    tasks = [
        _Task(str(path), str(target), str(model), digest, settings.chunk_cells)
        for path, target in pairs
    ]
    done: dict[int, ScoredFile] = {}
    failures: dict[str, str] = {}
    with make(engine, settings, size_hint_cells=0) as made:
        for outcome in made.map(_score_file, tasks):
            if isinstance(outcome.cause, OperatorError):
                raise outcome.cause
            if outcome.value is None:
                failures[tasks[outcome.index].source] = outcome.error
            else:
                done[outcome.index] = outcome.value
    if failures:
        path, reason = min(failures.items())
        raise BadFile(
            f"{len(failures)} of {len(tasks)} files could not be scored; first "
            f"{path}: {reason}",
            remedy="Repeat after mending them: the others are done.",
        )
    return ScoredFiles(tuple(done[index] for index in sorted(done)))


def _targets(source: str, out: Path) -> list[tuple[Path, Path]]:
    root = Path(source).expanduser()
    if root.is_dir():
        found = sorted(p for p in root.rglob("*.parquet") if p.is_file())
    elif root.is_file():
        found = [root]
    else:
        named = glob.glob(str(root), recursive=True)  # noqa: PTH207 - patterns may be absolute
        found = sorted(path for path in map(Path, named) if path.is_file())
    if not found:
        raise NotFound(f"no Parquet file matches {source}.")
    base = Path(os.path.commonpath([path.resolve().parent for path in found]))
    targets = [out / path.resolve().relative_to(base) for path in found]
    if {path.resolve() for path in found} & {target.resolve() for target in targets}:
        raise Conflict(f"{out} is where the sources are.", remedy="Choose another folder.")
    return list(zip(found, targets, strict=True))


def _score_file(task: _Task) -> ScoredFile:
    source, target = Path(task.source), Path(task.target)
    state = source.stat()
    stamp = f"{task.digest}:{state.st_size}:{state.st_mtime_ns}"
    if _stamp_of(target) == stamp:
        return ScoredFile(task.source, task.target, "already there")
    models = opened(task.model, task.digest)
    with _draft(target) as draft:
        scored = _File(models, source, task.cells).score_into(draft, stamp)
    return ScoredFile(task.source, task.target, "scored", *scored)


def _stamp_of(target: Path) -> str:
    try:
        return pl.read_parquet_metadata(target).get(_STAMP, "")
    except (OSError, pl.exceptions.PolarsError):
        return ""  # absent, or not one of ours: it is written anew


@contextmanager
def _draft(target: Path) -> Iterator[Path]:
    with storage_errors(str(target)):
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
        draft.mkdir()
    try:
        yield draft
        with storage_errors(str(target)):
            (draft / "whole").replace(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as error:
        raise BadFile(f"{path} cannot be read: {error}.") from error


class _File:
    """A source file, scored whole or in slices that see their surroundings."""

    def __init__(self, models: Models, path: Path, cells: int) -> None:
        self._models = models
        self._path = path
        self._layout = frames.layout_of(models.manifest)
        with _reading(path):
            self._lazy = pl.scan_parquet(path, glob=False, hive_partitioning=False)
            columns = self._lazy.collect_schema().names()
            self._rows = int(self._lazy.select(pl.len()).collect().item())
        self._limit = max(cells // max(len(columns), 1), 1)

    def score_into(self, draft: Path, stamp: str) -> tuple[int, int, int]:
        """Write the scored file as ``whole``; return rows, judged rows and alarms."""
        margin = self._margin() if self._rows > self._limit else 0
        judged = alarms = 0
        parts = []
        for low in range(0, max(self._rows, 1), self._limit):
            frame = self._slice(low, min(low + self._limit, self._rows), margin)
            judged += int(frame["surprise"].is_not_null().sum())
            alarms += int(frame["alarm"].sum())
            parts.append(draft / f"{low:015d}.parquet")
            self._write(frame, parts[-1], stamp)
        if len(parts) == 1:
            parts[0].replace(draft / "whole")
        else:
            with storage_errors(str(draft)):
                pl.scan_parquet(parts, glob=False).sink_parquet(
                    draft / "whole", compression="zstd", metadata={_STAMP: stamp}
                )
        return self._rows, judged, alarms

    def _slice(self, low: int, high: int, margin: int) -> pl.DataFrame:
        first = max(low - margin, 0)
        with _reading(self._path):
            frame = self._lazy.slice(first, high + margin - first).collect()
        rows = frames.normalise(frame, self._layout)
        scores, _ = score_frame(self._models, rows)
        added = worded(scores, self._models.manifest, contributions=True)
        place = rows[frames.ROW].arg_sort()
        whole = frame.with_columns(added.select(pl.all().gather(place)).get_columns())
        return whole.slice(low - first, high - low)

    @staticmethod
    def _write(frame: pl.DataFrame, path: Path, stamp: str) -> None:
        with storage_errors(str(path)):
            frame.write_parquet(path, compression="zstd", metadata={_STAMP: stamp})

    def _margin(self) -> int:
        """Rows to read along on both sides of a slice.

        Raises
        ------
        BadFile
            The file is larger than a task may hold and not in order of time.
        """
        layout, entries = self._layout, self._models.manifest.assets.values()
        reach = max(max(entry.warm_rows, entry.after_rows) for entry in entries) + 1
        time = pl.lit(0) if layout.time is None else pl.col(layout.time)
        asset = pl.lit("asset") if layout.asset is None else pl.col(layout.asset)
        table = self._lazy.select(asset=asset.cast(pl.String), time=time)
        same = pl.col("asset") == pl.col("asset").shift()
        falls = pl.col("time") < pl.col("time").shift()
        with _reading(self._path):
            assets, runs, falls_within, falls_at_all = (
                table.select(
                    pl.col("asset").n_unique().alias("assets"),
                    ((~same).sum() + 1).alias("runs"),
                    (same & falls).any().alias("within"),
                    falls.any().alias("all"),
                )
                .collect(engine="streaming")
                .row(0)
            )
        if runs <= assets and not falls_within:
            return reach
        if not falls_at_all:
            return reach * int(assets)
        raise BadFile(
            f"{self._path} has {self._rows} rows, more than a task may hold, and they are not "
            "in order of time.",
            remedy="Sort it by asset and time, or raise the setting chunk_cells.",
        )
