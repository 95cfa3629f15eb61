"""Remaining life from frames: learned from machines that ran to failure, told of others."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from appliance.core.errors import ArtifactCorrupt, ArtifactVersion, InvalidRequest, NotFound
from appliance.engine.local import one_thread_each
from appliance.fleet import frames
from appliance.fleet.artifact import checksum, write_file
from appliance.fleet.frames import Layout
from detectors.errors import DetectorError, InvalidInput
from detectors.prognostics import RemainingLife

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

FORMAT = 1
"""Version of the file; raised whenever an older reader would misread it."""
_KEY = "kizashi.life"
_RESTORE = "Restore it from a backup or train again."
_HOUR_MICRO = 3_600 * 1_000_000
"""A cycle is an hour in the times that rows are kept with."""


class LifeModel:
    """How long machines of a fleet last, learned from those that failed.

    Attributes
    ----------
    layout
        Which column is what.
    interval
        Time from one row to the next, in `unit`.
    remaining
        The regression behind it.
    about
        What whoever learned it noted down; kept with it.
    """

    def __init__(
        self,
        remaining: RemainingLife,
        layout: Layout,
        interval: float,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        self.remaining = remaining
        self.layout = layout
        self.interval = interval
        self.about = dict(about or {})

    @property
    def unit(self) -> Literal["cycle", "h"]:
        """What lives are counted in: cycles, or hours where rows have times."""
        return "cycle" if self.layout.time_kind == "cycle" else "h"

    @property
    def cap(self) -> float:
        """Life left, in `unit`, from which on a machine counts as new."""
        return self.remaining.cap_ * self.interval

    @property
    def step(self) -> float:
        """How far apart what can be told of a life's course is, in `unit`."""
        return self.remaining.step_ * self.interval

    @property
    def fewest(self) -> int:
        """Rows of a machine without which nothing is told of it."""
        return self.remaining.fewest_

    @property
    def error(self) -> float:
        """Root of the mean squared error on machines left out, in `unit`."""
        return self.remaining.cv_rmse_ * self.interval

    def __repr__(self) -> str:
        return (
            f"<LifeModel: {len(self.layout.sensors)} sensors, up to {self.cap:g} "
            f"{self.unit} ahead, error {self.error:.3g}>"
        )

    def prognose(self, frame: Any) -> Any:
        """Tell what is left of the life of each machine of a frame.

        Parameters
        ----------
        frame
            Polars, pandas or Arrow, with the columns of the training frame; each machine since
            it was new, or since its overhaul.

        Returns
        -------
        frame
            Of the same kind, a row a machine:

            ``asset``, ``time``
                The machine, and its last row.
            ``wear``
                Whether there is a sign of wear.
            ``rul``, ``low``, ``high``
                What is left in `unit` after the last row, and the bounds around it; null
                without a sign of wear, and where a machine has too few rows.  A `high` of
                `cap` means that, or more.

        Raises
        ------
        InvalidRequest
            The frame cannot be used.
        """
        table = frames.to_polars(frame)
        return frames.like(frame, self.left(frames.normalise(table, self.layout)))

    def left(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Tell the same of rows as the lake holds them, by asset and time."""
        names, sensors, contexts = _courses(rows, self.layout)
        with_contexts = contexts if self.layout.context else None
        told = self.remaining.predict(sensors, with_contexts)
        known = told.wear & np.isfinite(told.rul)
        ends = rows.group_by("asset", maintain_order=True).agg(pl.col("time").last())
        figures = {
            name: pl.Series(np.where(known, values * self.interval, np.nan)).fill_nan(None)
            for name, values in (("rul", told.rul), ("low", told.low), ("high", told.high))
        }
        return pl.DataFrame(
            {
                "asset": names,
                "time": frames.restore_times(ends["time"], self.layout.time_kind),
                "wear": told.wear,
                **figures,
            }
        )

    # ------------------------------------------------------------------ file
    def save(self, path: str | Path) -> Path:
        """Write the model as one file of arrays; return its path.

        Raises
        ------
        StorageFull, StorageError
            It cannot be written.
        """
        target = Path(path).expanduser()
        arrays = {key: np.asarray(a, order="C") for key, a in self.remaining.state().items()}
        manifest = {
            "format": FORMAT,
            "params": self.remaining.get_params(),
            "layout": asdict(self.layout),
            "interval": self.interval,
            "about": self.about,
            "checksum": checksum(arrays),
        }
        write_file(target, save(arrays, metadata={_KEY: json.dumps(manifest)}))
        return target


def fit_life(
    frame: Any,
    *,
    asset: str | None = None,
    time: str | None = None,
    context: Sequence[str] = (),
    cap: float | None = None,
    coverage: float = 0.9,
) -> LifeModel:
    """Learn how long machines last from a frame of machines that all ran to failure.

    Parameters
    ----------
    frame
        Polars, pandas or Arrow; a row a reading, each machine from new to its failure.
    asset, time, context
        As for `fit`.
    cap
        Life left, in cycles or hours, from which on a machine counts as new; 0.6 median lives
        if not given.
    coverage
        Of the intervals.

    Raises
    ------
    InvalidRequest
        The frame or an argument cannot be used, or there are too few lives.

    Examples
    --------
    >>> life = fit_life(ended, asset="unit", time="cycle")   # doctest: +SKIP
    >>> left = life.prognose(running)                        # doctest: +SKIP
    """
    table = frames.to_polars(frame)
    layout = frames.guess(table, asset, time, context)
    return learn_life(frames.normalise(table, layout), layout, cap=cap, coverage=coverage)


def learn_life(
    rows: pl.DataFrame, layout: Layout, *, cap: float | None = None, coverage: float = 0.9
) -> LifeModel:
    """Learn from rows as the lake holds them, an asset a life; see `fit_life`."""
    _, sensors, contexts = _courses(rows, layout)
    interval = _interval(rows)
    model = RemainingLife(cap=None if cap is None else cap / interval, coverage=coverage)
    try:
        with one_thread_each():  # the matrices are small: threads wait longer than they work
            model.fit(sensors, contexts if layout.context else None)
    except InvalidInput as error:
        raise InvalidRequest(f"{error}.") from error
    return LifeModel(model, layout, interval)


def load_life(path: str | Path) -> LifeModel:
    """Open a model that `LifeModel.save` wrote; nothing is executed.

    Raises
    ------
    NotFound
        There is none.
    ArtifactCorrupt, ArtifactVersion
        It was damaged, or written by a later version.
    """
    source = Path(path).expanduser()
    if not source.is_file():
        raise NotFound(f"there is no model of remaining life in {source}.")
    try:
        with safe_open(source, framework="numpy") as file:
            manifest = json.loads((file.metadata() or {})[_KEY])
            found = manifest["format"]
            if found != FORMAT:
                raise ArtifactVersion(
                    f"{source} has format {found}; this version reads {FORMAT}.",
                    remedy="Upgrade, or train again.",
                )
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if checksum(arrays) != manifest["checksum"]:
            raise ArtifactCorrupt(f"the arrays of {source} were changed.", remedy=_RESTORE)
        layout: dict[str, Any] = manifest["layout"]
        layout |= {k: tuple(v) for k, v in layout.items() if isinstance(v, list)}
        remaining = RemainingLife.from_state(arrays, manifest["params"])
        interval, about = float(manifest["interval"]), manifest.get("about", {})
        return LifeModel(remaining, Layout(**layout), interval, about)
    except (SafetensorError, DetectorError, OSError, KeyError, TypeError, ValueError) as error:
        raise ArtifactCorrupt(
            f"{source} is no whole model of remaining life: {error}.",
            remedy=_RESTORE,
        ) from error


def _courses(
    rows: pl.DataFrame, layout: Layout
) -> tuple[list[str], list[Matrix], list[Matrix]]:
    """Return machines' names and their rows, missing sensors as NaN."""
    wanted = (*layout.sensors, *layout.context)
    gone = [name for name in wanted if name not in rows.columns]
    full = rows.with_columns(pl.lit(None, pl.Float64).alias(name) for name in gone)
    names: list[str] = []
    sensors: list[Matrix] = []
    contexts: list[Matrix] = []
    for (name,), part in full.group_by("asset", maintain_order=True):
        names.append(str(name))
        for columns, into in ((layout.sensors, sensors), (layout.context, contexts)):
            values = part.select(pl.col(columns).cast(pl.Float64)).to_numpy()
            into.append(np.where(np.isfinite(values), values, np.nan))
    return names, sensors, contexts


def _interval(rows: pl.DataFrame) -> float:
    """Return the usual time between rows, in hours or cycles."""
    apart = rows.select(pl.col("time").diff().over("asset").dt.total_microseconds()).to_series()
    usual = apart.filter(apart > 0).median()
    return float(usual) / _HOUR_MICRO if isinstance(usual, int | float) else 1.0
