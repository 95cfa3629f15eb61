"""The rivals: PyOD with joblib and pandas; Polars where it only reads and writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import polars as pl
from pyod.models.iforest import IForest

from benchmarks.harness.plant import files_of
from benchmarks.harness.watch import Watch

_WARM_ROWS = 300


def _warm(_: int) -> float:
    """Make a worker import and call everything that it will need."""
    frame = pd.DataFrame({"a": range(_WARM_ROWS), "b": range(_WARM_ROWS)}, dtype="float32")
    return float(IForest(n_estimators=2).fit(frame.to_numpy()).threshold_)


def _readings(file: Path) -> tuple[pd.DataFrame, Any]:
    frame = pd.read_parquet(file)
    return frame, frame.drop(columns=["asset", "time"]).to_numpy()


def _fit_one(file: Path, folder: Path) -> int:
    _, values = _readings(file)
    joblib.dump(IForest(random_state=0).fit(values), folder / f"{file.stem}.joblib")
    return 1


def _score_one(file: Path, models: Path, folder: Path) -> int:
    frame, values = _readings(file)
    scores = joblib.load(models / f"{file.stem}.joblib").decision_function(values)
    frame[["asset", "time"]].assign(score=scores).to_parquet(folder / file.name)
    return len(frame)


def fit(root: str, out: str, assets: int) -> dict[str, Any]:
    """Fit PyOD's isolation forest for each asset on all cores: from its file to its model.

    PyOD's ``fit`` scores the training rows and sets its threshold, as ours does.
    """
    watch = Watch()
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    files = files_of(Path(root) / "files")[:assets]
    with joblib.Parallel(n_jobs=-1) as pool:
        pool(joblib.delayed(_warm)(i) for i in range(4 * joblib.cpu_count()))
        watch.ready()
        fitted = sum(pool(joblib.delayed(_fit_one)(file, folder) for file in files))
        result = watch.done(assets=fitted)
    size = sum(path.stat().st_size for path in files_of(folder))
    return result | {"model_bytes": size}


def fit_with_ray(root: str, out: str, assets: int) -> dict[str, Any]:
    """Fit the same as plain Ray tasks, an asset each: what a notebook with Ray would hold."""
    watch = Watch()
    import ray

    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    files = files_of(Path(root) / "files")[:assets]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    ray.init(include_dashboard=False, log_to_driver=False, runtime_env={"env_vars": threads})
    try:
        ray.get([ray.remote(_warm).remote(i) for i in range(4 * joblib.cpu_count())])
        task = ray.remote(_fit_one)
        watch.ready()
        fitted = sum(ray.get([task.remote(file, folder) for file in files]))
        result = watch.done(assets=fitted)
    finally:
        ray.shutdown()
    size = sum(path.stat().st_size for path in files_of(folder))
    return result | {"model_bytes": size}


def score(root: str, models: str, out: str, assets: int) -> dict[str, Any]:
    """Score each asset's file with its PyOD model and pandas, on all cores."""
    watch = Watch()
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    files = files_of(Path(root) / "files")[:assets]
    with joblib.Parallel(n_jobs=-1) as pool:
        pool(joblib.delayed(_warm)(i) for i in range(4 * joblib.cpu_count()))
        watch.ready()
        rows = sum(
            pool(joblib.delayed(_score_one)(file, Path(models), folder) for file in files)
        )
        return watch.done(rows=rows)


def copy(root: str, out: str) -> dict[str, Any]:
    """Read and write the lake's own Parquet files with Polars and do nothing else."""
    watch = Watch()
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    files = list((Path(root) / "lake" / "readings" / "plant").rglob("*.parquet"))
    watch.ready()
    rows = 0
    for number, file in enumerate(files):
        frame = pl.read_parquet(file, hive_partitioning=False)
        frame.write_parquet(folder / f"{number}.parquet", compression="lz4")
        rows += frame.height
    return watch.done(rows=rows)


def load(files: str, out: str) -> dict[str, Any]:
    """Read exported files with Polars, times understood, and write them as Parquet."""
    watch = Watch()
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    watch.ready()
    rows = 0
    for file in files_of(Path(files)):
        if file.suffix == ".csv":
            frame = pl.read_csv(file, try_parse_dates=True)
        else:
            frame = pl.read_parquet(file)
        frame.write_parquet(folder / f"{file.stem}.parquet", compression="lz4")
        rows += frame.height
    return watch.done(rows=rows)
