"""Scores: staged by workers, committed once, replaced where late data changed them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from appliance.core.errors import StorageError
from appliance.lake import layout
from appliance.lake.layout import TIME, DataFile
from appliance.lake.names import decode, encode
from appliance.lake.readings import Span, select
from appliance.lake.table import Table, within

FIXED: Mapping[str, pl.DataType] = {
    "asset": pl.String(),
    "time": TIME,
    "surprise": pl.Float32(),
    "alarm": pl.Boolean(),
    "state": pl.Int8(),
    "coverage": pl.Float32(),
}
"""Columns of every score; one share a sensor follows, null where the surprise is small."""
_PARTITIONS = {"version": pl.Int32(), "bucket": pl.Int32(), "month": pl.String()}


@dataclass(frozen=True)
class StagedFiles:
    """Files that a worker wrote and nobody sees before they are committed."""

    adds: tuple[DataFile, ...]
    removes: tuple[DataFile, ...]
    columns: tuple[str, ...]
    rows: int


class Scores:
    """The scores of one fleet, by all its model versions.

    Parameters
    ----------
    root
        Folder of its Delta table.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._table = Table(root, _PARTITIONS)

    def exists(self) -> bool:
        """Whether anything was ever scored."""
        return self._table.exists()

    def version(self) -> int:
        """Return the table's version; -1 if there is none."""
        return self._table.version()

    # ------------------------------------------------------------------ writing
    def stage(
        self,
        frame: pl.DataFrame,
        *,
        model_version: int,
        replace: Mapping[str, Span] | None = None,
    ) -> StagedFiles:
        """Write scores as files that no reader sees yet.

        Parameters
        ----------
        frame
            The columns of `FIXED` and one share a sensor, sorted by asset and time.
        model_version
            Version that judged.
        replace
            By asset, a closed time range whose earlier scores of this version give way.
        """
        shares = [name for name in frame.columns if name not in FIXED]
        physical = frame.rename({name: encode(name) for name in shares}).with_columns(
            pl.col(encode(name)).cast(pl.Float32) for name in shares
        )
        adds = [
            self._file(part, model_version, key) for key, part in layout.split(physical).items()
        ]
        removes: list[DataFile] = []
        for file in self._replaced(model_version, replace or {}):
            old = layout.read([self._table.location(file)])
            kept = None if old is None else old.filter(~_covered(replace or {}))
            if old is None or kept is None or kept.height == old.height:
                continue
            removes.append(file)
            if kept.height:
                key = (int(file.value("bucket")), file.value("month"))
                adds.append(self._file(kept, model_version, key))
        return StagedFiles(
            adds=tuple(adds),
            removes=tuple(removes),
            columns=tuple(name for name in physical.columns if name not in FIXED),
            rows=frame.height,
        )

    def commit(self, staged: Sequence[StagedFiles], *, run: str, part: int = 0) -> bool:
        """Make staged files visible, once for a run and part.

        Returns
        -------
        bool
            False if this part had been committed before; its files are then deleted.

        Raises
        ------
        StorageError
            A file that should give way is gone: another run scored the same stretch.
        """
        columns = {name: pl.Float32() for s in staged for name in s.columns}
        self._table.ensure({**FIXED, **columns})
        adds = [file for s in staged for file in s.adds]
        removes = [file for s in staged for file in s.removes]

        def plan() -> tuple[list[DataFile], list[DataFile]]:
            if removes:
                present = {file.path for file in self._table.files()}
                if any(file.path not in present for file in removes):
                    raise StorageError(
                        "another run scored the same stretch meanwhile.",
                        remedy="Repeat the command.",
                    )
            return adds, removes

        if self._table.commit(f"{run}:{part}", plan) is None:
            for file in adds:
                Path(self._table.location(file)).unlink(missing_ok=True)
            return False
        return True

    def committed(self, run: str, part: int) -> bool:
        """Whether a part of a run was committed."""
        return self._table.committed(f"{run}:{part}")

    def _file(self, frame: pl.DataFrame, version: int, key: tuple[int, str]) -> DataFile:
        partition = {"version": str(version), "bucket": str(key[0]), "month": key[1]}
        folder = "/".join(f"{name}={value}" for name, value in partition.items())
        return layout.write(frame, self.root, partition, folder)

    def _replaced(self, version: int, replace: Mapping[str, Span]) -> list[DataFile]:
        if not replace:
            return []
        present = [f for f in self._table.files() if f.value("version") == str(version)]
        return [
            file
            for file in present
            if any(
                file.overlaps((asset, asset), span)
                and file.value("bucket") == str(layout.bucket_of(asset))
                for asset, span in replace.items()
            )
        ]

    # ------------------------------------------------------------------ reading
    def read(
        self,
        assets: Sequence[str] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        model_version: int | None = None,
        columns: Sequence[str] | None = None,
    ) -> pl.DataFrame:
        """Return scores of a half-open time range, sorted by asset and time.

        Parameters
        ----------
        model_version
            Only this version's; all versions if not named (column ``version`` tells them).
        columns
            Columns beside asset and time; all if not named.
        """
        schema = {**FIXED, **self._table.schema()}
        wanted = (
            [name for name in schema if name not in ("asset", "time")]
            if columns is None
            else [name if name in FIXED else encode(name) for name in columns]
        )
        frames = []
        for version, files in self._by_version(assets, start, end, model_version).items():
            found = layout.read(
                [self._table.location(f) for f in files],
                columns=["asset", "time", *wanted],
                where=within(assets, start, end),
            )
            if found is not None:
                frames.append(found.with_columns(pl.lit(version, pl.Int32).alias("version")))
        if frames:
            frame = pl.concat(frames, how="diagonal")
        else:
            frame = pl.DataFrame(
                schema={"asset": pl.String(), "time": TIME, "version": pl.Int32}
            )
        absent = [
            pl.lit(None, schema.get(name, pl.Float32())).alias(name)
            for name in wanted
            if name not in frame.columns
        ]
        frame = frame.with_columns(absent).select("asset", "time", "version", *wanted)
        return frame.sort("asset", "time", "version").rename(
            {name: decode(name) for name in wanted if name not in FIXED}
        )

    def files(
        self,
        assets: Sequence[str] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        model_version: int | None = None,
    ) -> list[str]:
        """Return the files that a read of the same arguments touches."""
        found = self._by_version(assets, start, end, model_version)
        return [self._table.location(file) for files in found.values() for file in files]

    def _by_version(
        self,
        assets: Sequence[str] | None,
        start: datetime | None,
        end: datetime | None,
        model_version: int | None,
    ) -> dict[int, list[DataFile]]:
        found: dict[int, list[DataFile]] = {}
        for file in select(self._table.files(), assets, start, end):
            version = int(file.value("version"))
            if model_version is None or version == model_version:
                found.setdefault(version, []).append(file)
        return found

    def clean(self, older_than_hours: float = 168) -> list[str]:
        """Delete files that no snapshot of that age refers to."""
        return self._table.clean(older_than_hours)


def _covered(replace: Mapping[str, Span]) -> pl.Expr:
    return pl.any_horizontal(
        [
            (pl.col("asset") == asset) & pl.col("time").is_between(low, high)
            for asset, (low, high) in replace.items()
        ]
    )
