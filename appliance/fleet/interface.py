"""``fit`` and ``load``: the two ways to a fleet model, no server needed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from appliance.core.settings import load_settings
from appliance.engine import Engine, make
from appliance.fleet import frames
from appliance.fleet.chunks import Chunk, Columns, cut, spill
from appliance.fleet.frames import Layout
from appliance.fleet.model import FleetModel
from appliance.fleet.pooling import Lesson, learn_pool
from appliance.fleet.recipe import resolve
from appliance.fleet.training import fit_fleet
from appliance.schemas.recipe import Recipe

_CHUNKS_A_WORKER = 4


def fit(
    frame: Any,
    *,
    asset: str | None = None,
    time: str | None = None,
    context: Sequence[str] = (),
    recipe: str | Path | Mapping[str, Any] | Recipe = "auto",
    engine: str | Engine = "auto",
    seed: int | None = None,
) -> FleetModel:
    """Learn what is normal for each asset of a frame.

    Parameters
    ----------
    frame
        Polars, pandas or Arrow; a row a reading.  Columns of numbers are sensors.
    asset
        Column that names the machine; guessed from usual names if not given, else the frame
        is one machine.
    time
        Column of times, or of a counter such as a cycle; guessed if not given, else the rows
        are counted.
    context
        Columns that explain normal change (load, speed, recipe) and are not judged.
    recipe
        ``auto``, the name of a detector, the path of a recipe file, or a recipe.
    engine
        ``local``, ``ray``, ``auto`` (local if the frame is small beside the memory), or an
        engine to go on using.
    seed
        Wins over the recipe's.

    Raises
    ------
    InvalidRequest
        The frame or an argument cannot be used, or no asset could be modelled.

    Examples
    --------
    >>> model = fit(frame, asset="unit", time="cycle")       # doctest: +SKIP
    >>> scores = model.score(new_frame)                      # doctest: +SKIP
    """
    table = frames.to_polars(frame)
    layout = frames.guess(table, asset, time, context)
    resolved = resolve(recipe, seed=seed)
    rows = frames.normalise(table, layout)
    cells, settings = rows.height * rows.width, load_settings()
    if isinstance(engine, str):
        with make(engine, settings, size_hint_cells=cells) as made:
            return _fit(rows, layout, resolved, made, settings.chunk_cells)
    return _fit(rows, layout, resolved, engine, settings.chunk_cells)


def _fit(
    rows: pl.DataFrame, layout: Layout, recipe: Recipe, engine: Engine, most_cells: int
) -> FleetModel:
    cells = rows.height * rows.width
    pieces = cut(rows, min(-(-cells // (_CHUNKS_A_WORKER * engine.workers)), most_cells))
    scratch = Path(tempfile.mkdtemp(prefix="kizashi-"))
    try:
        with tempfile.TemporaryDirectory(prefix="kizashi-") as spilled:
            chunks: Sequence[Chunk] = (
                pieces if engine.name == "local" else spill(pieces, Path(spilled))
            )
            pool = None
            if recipe.pooled:
                columns = Columns.of(recipe, layout.sensors, layout.context)
                lesson = Lesson(chunks, columns, recipe, most_cells=most_cells)
                pool = learn_pool(lesson, str(scratch / "pool"), engine, engine.workers)
            place = scratch / "model.kz"
            report = fit_fleet(
                chunks, recipe, layout, place, engine, pool=pool, most_cells=most_cells
            )
        return FleetModel(report.folder, own=True)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise


def load(path: str | Path) -> FleetModel:
    """Open a model that was saved.

    Raises
    ------
    NotFound
        There is none.
    ArtifactCorrupt, ArtifactVersion
        It was damaged, or written by a later version.
    """
    return FleetModel(Path(path).expanduser())
