"""Data of a plant, written before anything is measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from appliance.lake import Lake
from benchmarks.harness.plant import Size, asset_frame, asset_name, files_of, fleet_frame

FLEET = "plant"
WARM_FLEET = "warm"
"""A few small assets, on which a side makes its workers ready."""
_WARM = Size(assets=40, rows=2_100, sensors=3)
_ASSETS_A_FILE = 25


def lake_and_files(root: str, size: dict[str, int]) -> dict[str, Any]:
    """Write the lake, and the same readings as one Parquet file an asset.

    Ours reads the lake's files.  A file an asset is what PyOD with joblib reads quickest:
    one whole file a task, nothing to look for in it.
    """
    given = Size(**size)
    files = Path(root) / "files"
    files.mkdir(parents=True)
    for number in range(given.assets):
        path = files / f"{asset_name(number)}.parquet"
        asset_frame(number, given).write_parquet(path, compression="lz4")
    return lake(root, size)


def lake(root: str, size: dict[str, int]) -> dict[str, Any]:
    """Write the lake alone."""
    lake = Lake(f"{root}/lake")
    lake.readings(FLEET).write(fleet_frame(Size(**size)), batch="plant")
    lake.readings(WARM_FLEET).write(fleet_frame(_WARM), batch="warm")
    return {
        "reading_bytes": lake.size(FLEET) / max(size["assets"] * size["rows"], 1),
        "lake_bytes": lake.size(FLEET) + lake.size(WARM_FLEET),
        "lake_files": len(lake.readings(FLEET).files()),
    }


def exports(root: str, size: dict[str, int], kind: str) -> dict[str, Any]:
    """Write files as a historian exports them: 25 assets each, CSV or Parquet."""
    given = Size(**size)
    folder = Path(root) / kind
    folder.mkdir(parents=True)
    whole = fleet_frame(given)
    step = _ASSETS_A_FILE * given.rows
    for low in range(0, whole.height, step):
        part = whole.slice(low, step)
        path = folder / f"export-{low // step:04d}.{kind}"
        if kind == "csv":
            part.write_csv(path, float_precision=4, datetime_format="%Y-%m-%dT%H:%M:%SZ")
        else:
            part.write_parquet(path)
    written = files_of(folder)
    return {"bytes": sum(path.stat().st_size for path in written), "files": len(written)}
