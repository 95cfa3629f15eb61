"""A fleet model as analysts use it: score, events, save, describe."""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from appliance.core.errors import InvalidRequest, NotFound
from appliance.core.settings import load_settings
from appliance.engine.local import LocalEngine, one_thread_each
from appliance.fleet import findings, frames
from appliance.fleet.artifact import Artifact, Place, copy_artifact, draft_of
from appliance.fleet.choice_words import choice_words
from appliance.fleet.chunks import FrameChunk, cut
from appliance.fleet.files import ScoredFiles, score_files
from appliance.fleet.online import MOST_BYTES, Online
from appliance.fleet.outcome import value_of
from appliance.fleet.relations import blamed
from appliance.fleet.scoring import (
    CONTRIBUTION,
    Models,
    expected_frame,
    score_frame,
    worded,
)
from appliance.fleet.series import Mask
from appliance.schemas.base import Language
from appliance.schemas.event import EventDraft, Severity
from appliance.schemas.manifest import FleetManifest
from appliance.schemas.score import Judgement, share_column

_WORTH_A_THREAD = 200_000
_SENSORS = pl.List(
    pl.Struct(
        {"name": pl.String, "share": pl.Float64, "direction": pl.Int64, "note": pl.String}
    )
)
_EVENTS: dict[str, pl.DataType] = {
    "asset": pl.String(),
    "kind": pl.String(),
    "start": frames.TIME,
    "end": frames.TIME,
    "peak": pl.Float64(),
    "severity": pl.String(),
    "ongoing": pl.Boolean(),
    "sensors": _SENSORS,
}


class FleetModel:
    """One model for each asset of a fleet.

    Parameters
    ----------
    folder
        The artifact.
    own
        The folder is this object's alone and goes with it.
    """

    def __init__(self, folder: Place, *, own: bool = False) -> None:
        self.folder = folder
        self._models = Models(Artifact(folder))
        if own:
            weakref.finalize(self, shutil.rmtree, Path(folder).parent, ignore_errors=True)

    # ------------------------------------------------------------------ what it is
    @property
    def manifest(self) -> FleetManifest:
        """Everything the artifact says of itself."""
        return self._models.manifest

    @property
    def assets(self) -> list[str]:
        """Assets that have a model."""
        return list(self.manifest.assets)

    @property
    def failures(self) -> dict[str, str]:
        """Why an asset has no model, by asset."""
        return dict(self.manifest.failures)

    def warm_up(self, asset: str) -> tuple[timedelta, timedelta]:
        """Return how far before and after a stretch readings bear on its scores."""
        entry = self._models.entry(asset)
        step = timedelta(seconds=entry.interval_seconds)
        return entry.warm_rows * step, entry.after_rows * step

    def describe(self, asset: str | None = None, *, language: Language = "en") -> str:
        """Return a few lines on what was learned.

        Parameters
        ----------
        asset
            Only why this one is judged as it is, a sentence a line.
        language
            Of these sentences: ``en`` or ``ja``.

        Raises
        ------
        NotFound
            There is no model of this asset.
        """
        manifest = self.manifest
        if asset is not None:
            if asset not in manifest.assets:
                raise NotFound(f"there is no model of {asset}.")
            return "\n".join(choice_words(manifest, asset, language))
        recipe = manifest.recipe
        size = f"{len(manifest.assets)} assets, {len(manifest.sensors)} sensors"
        lines = [f"{size}, recipe {recipe.name} (detector {recipe.detector})"]
        if manifest.context:
            lines.append(f"context: {', '.join(manifest.context)}")
        lines += [f"note: {note}" for note in manifest.notes]
        lines += [
            f"{asset}: {entry.rows} rows, alarm from surprise {entry.threshold:.2f} "
            f"({entry.budget.basis})"
            for asset, entry in manifest.assets.items()
        ]
        lines += [f"{asset}: no model: {why}" for asset, why in manifest.failures.items()]
        return "\n".join(lines)

    def __repr__(self) -> str:
        recipe = self.manifest.recipe.name
        return f"<FleetModel {recipe}: {len(self.assets)} assets, {len(self.failures)} failed>"

    # ------------------------------------------------------------------ scores
    def score(self, frame: Any, *, contributions: bool = True, live: bool = False) -> Any:
        """Judge every row of a frame.

        Parameters
        ----------
        frame
            Polars, pandas or Arrow, with the asset, time and sensor columns of the training
            frame; a sensor that is missing counts as dead, an extra column is carried along.
        contributions
            Also give each sensor's share of the surprise, where that is at least 1.
        live
            Judge every row by what was known when it arrived, as a live alarm does.

        Returns
        -------
        frame
            Of the same kind, with the same rows in the same order, and the columns

            ``surprise``
                −log10 of the probability of such a score in normal running; null where the
                row is not judged.
            ``alarm``
                Surprise reached the asset's threshold.
            ``state``
                ``final``, ``provisional``, or why the row is not judged.
            ``coverage``
                Share of the asset's sensors that were alive.
            ``contribution:SENSOR``
                Shares that add up to 1.

        Raises
        ------
        InvalidRequest
            The asset or time column is missing or has holes; the model has no live scores.
        """
        rows = self._rows(frame)
        scores = self._scored(rows, explain=contributions, live=live)
        return frames.with_columns(
            frame, _in_order(worded(scores, self.manifest, contributions=contributions), rows)
        )

    def online(self, *, most_bytes: int = MOST_BYTES) -> Online:
        """Return what judges readings one by one as they come, and remembers what it must.

        Parameters
        ----------
        most_bytes
            Memory for what is kept of assets; the longest silent are forgotten first.
        """
        return Online(self._models, most_bytes=most_bytes)

    def expected(
        self, frame: Any, *, unknown: Sequence[str] | None = None, interval: bool = False
    ) -> Any:
        """Return what normal would have been, as columns ``expected:SENSOR`` beside the rows.

        By the contexts and the other sensors at that moment, where these explain a sensor;
        else the middle of its training data.  Null where an asset has no model or was not
        running.

        Parameters
        ----------
        frame
            As for `score`, or what that returned.
        unknown
            Sensors that are to be explained: they tell nothing of others.  If not said, they
            are in each row those that most of its surprise is about, where the frame holds
            contributions.
        interval
            Also give ``expected_low:SENSOR`` and ``expected_high:SENSOR``, between which 95 of
            100 readings of normal running lie.

        Raises
        ------
        InvalidRequest
            A sensor that is named is none of the model's.
        """
        rows = self._rows(frame)
        hidden = self._hidden(frames.to_polars(frame), unknown)[:, rows[frames.ROW].to_numpy()]
        with one_thread_each():
            values = expected_frame(self._models, rows, hidden, interval=interval)
        return frames.with_columns(frame, _in_order(values, rows))

    def _hidden(self, given: pl.DataFrame, unknown: Sequence[str] | None) -> Mask:
        """Return by sensor and row of the caller's frame what is to be explained."""
        names = self.manifest.sensors
        out = np.zeros((len(names), given.height), bool)
        if unknown is not None:
            strange = sorted(set(unknown) - set(names))
            if strange:
                raise InvalidRequest(
                    f"{strange[0]!r} is no sensor of this model.",
                    remedy=f"It knows {', '.join(names)}.",
                )
            out[[names.index(name) for name in unknown]] = True
            return out
        columns = [CONTRIBUTION + name for name in names]
        if set(columns) <= set(given.columns):
            shares = given.select(columns).cast(pl.Float64).fill_null(0.0).to_numpy()
            out[:] = blamed(shares.T)
        return out

    def sensor_faults(self, frame: Any) -> Any:
        """Return sensors that were missing, frozen or out of limits.

        Returns
        -------
        frame
            Of the same kind, with the columns asset, sensor, kind, start and end.
        """
        faults = findings.sensor_faults(self._models, self._rows(frame))
        return frames.like(frame, self._own_times(faults, "start", "end"))

    def events(self, scores: Any) -> Any:
        """Find the events in a frame that `score` returned.

        Parameters
        ----------
        scores
            With contributions, the events name sensors; with the sensors' readings still
            beside them, also the way each sensor went, and sensor faults are found too.

        Returns
        -------
        frame
            Of the same kind, by severity and peak: asset, kind (``anomaly`` or
            ``sensor_fault``), start, end, peak, severity, ongoing, and sensors, a list of
            name, share, direction (+1 above, −1 below normal) and note.

        Raises
        ------
        InvalidRequest
            The frame has no scores.
        """
        given = frames.to_polars(scores)
        if "surprise" not in given.columns or "state" not in given.columns:
            raise InvalidRequest(
                "this frame has no scores.", remedy="Pass what score returned."
            )
        readings = self._rows(scores)
        by_name = {state.name.lower(): state.value for state in Judgement}
        shares = [n for n in self.manifest.sensors if CONTRIBUTION + n in given.columns]
        picked = given.select(
            "surprise",
            "alarm",
            pl.col("state").cast(pl.String).replace_strict(by_name, return_dtype=pl.Int8),
            "coverage",
            *(pl.col(CONTRIBUTION + n).alias(share_column(n)) for n in shares),
        )
        table = readings.select("asset", "time").hstack(picked[readings[frames.ROW]])
        drafts = findings.drafts_of(self._models, table)
        drafts = findings.with_directions(self._models, readings, drafts)
        if any(name in given.columns for name in self.manifest.sensors):
            faults = findings.sensor_faults(self._models, readings)
            last = readings.group_by("asset").agg(pl.col("time").max())
            drafts += findings.fault_drafts(faults, dict(last.iter_rows()))
        return frames.like(scores, self._own_times(event_frame(drafts), "start", "end"))

    def score_files(
        self, source: str | Path, out: str | Path, *, engine: str = "auto"
    ) -> ScoredFiles:
        """Score Parquet files that together need not fit into memory.

        Parameters
        ----------
        source
            A folder, a file or a pattern such as ``november/*.parquet``.
        out
            Folder for one scored file of the same name for each; a file that stands there
            whole is not scored again.
        engine
            ``auto``, ``local`` or ``ray``.
        """
        return score_files(self.folder, self._models.artifact.digest, source, out, engine)

    def _scored(self, rows: pl.DataFrame, *, explain: bool, live: bool) -> pl.DataFrame:
        def judge(chunk: FrameChunk) -> pl.DataFrame:
            return score_frame(self._models, chunk.frame, explain=explain, live=live)[0]

        workers = load_settings().worker_count
        cells = rows.height * rows.width
        chunks = cut(rows, max(-(-cells // workers), _WORTH_A_THREAD)) or [FrameChunk(rows)]
        parts = {o.index: value_of(o) for o in LocalEngine(workers).map(judge, chunks)}
        return pl.concat([parts[index] for index in sorted(parts)])

    def _rows(self, frame: Any) -> pl.DataFrame:
        return frames.normalise(frames.to_polars(frame), frames.layout_of(self.manifest))

    def _own_times(self, table: pl.DataFrame, *names: str) -> pl.DataFrame:
        kind = self.manifest.time_kind
        return table.with_columns(frames.restore_times(table[name], kind) for name in names)

    # ------------------------------------------------------------------ keeping
    def save(self, path: str | Path) -> Path:
        """Write the model as a folder, all at once; an earlier model there is replaced.

        Raises
        ------
        Conflict
            Something that is no fleet model stands there.
        StorageError, StorageFull
            It cannot be written.
        """
        target = Path(path)
        with draft_of(target) as draft:
            copy_artifact(self._models.artifact, Path(draft))
        return target


def event_frame(drafts: Sequence[EventDraft]) -> pl.DataFrame:
    """Return events as a frame, the most urgent first."""
    order = list(Severity)
    ranked = sorted(drafts, key=lambda d: (-order.index(d.severity), -d.peak, d.start))
    rows = [
        {
            "asset": draft.asset,
            "kind": draft.kind.value,
            "start": draft.start,
            "end": draft.end,
            "peak": draft.peak,
            "severity": draft.severity.value,
            "ongoing": draft.ongoing,
            "sensors": [sensor.model_dump() for sensor in draft.sensors],
        }
        for draft in ranked
    ]
    return pl.DataFrame(rows, schema=_EVENTS)


def _in_order(added: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Put columns that follow `rows` into the order of the caller's frame."""
    order = rows[frames.ROW]
    if order.is_sorted():
        return added
    return added.select(pl.all().gather(order.arg_sort()))
