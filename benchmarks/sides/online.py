"""A site whose readings are judged as they come, and the same model for other servers."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from appliance.access import shell
from appliance.core.settings import Settings
from appliance.fleet.artifact import Artifact
from appliance.fleet.scoring import Models
from appliance.fleet.series import Rows
from appliance.intake import IngestOptions
from appliance.pipelines.ingest import ingest
from appliance.pipelines.site import Site
from appliance.pipelines.train import TrainOptions, train
from appliance.schemas.access import Right
from benchmarks.harness.plant import Size, asset_frame, asset_name, fleet_frame

FLEET = "pumps"
_ME = shell("benchmark")
_MICRO = 1_000_000
_WRITTEN = 50


def make(home: Path, size: Size, recipe: str) -> dict[str, str]:
    """Fill a home and train; return a token that may score, and where the model stands."""
    site = Site(Settings(home=home, engine="local"))
    file = home / "readings.parquet"
    fleet_frame(size).write_parquet(file)
    ingest(site, [file], FLEET, IngestOptions(asset="asset", time="time"))
    version = train(site, FLEET, TrainOptions(recipe=recipe))
    site.access.users.add(_ME, "line", None, admin=True)
    token = site.access.tokens.create(_ME, "line", "benchmark", [Right.SCORE]).secret
    site.close()
    return {"token": token, "model": version.path}


def bodies(kind: str, size: Size, assets: list[int]) -> Iterator[str]:
    """Yield requests of one reading as a kind of server takes them, minute after minute.

    The assets take turns; their values are written beforehand, so that making a request takes
    next to nothing of the machine.
    """
    rng = np.random.default_rng(assets[0])
    frames = {number: asset_frame(number, size) for number in assets}
    values = {number: _texts(frame, rng) for number, frame in frames.items()}
    moment = frames[assets[0]]["time"][-1]
    for count in itertools.count():
        moment += timedelta(minutes=1)
        for number in assets:
            named = f'"asset":"{asset_name(number)}","time":"{moment.isoformat()}"'
            text = values[number][count % _WRITTEN]
            if kind == "mlflow":
                yield f'{{"dataframe_records":[{{{named},{text}}}]}}'
            elif kind == "serve":
                yield f'{{{named},"values":{{{text}}}}}'
            else:
                yield f'{{"readings":[{{{named},"values":{{{text}}}}}]}}'


def _texts(frame: pl.DataFrame, rng: np.random.Generator) -> list[str]:
    rows = frame.drop("asset", "time")[rng.integers(0, frame.height, _WRITTEN)]
    return [
        json.dumps({name: round(value, 4) for name, value in row.items()})[1:-1]
        for row in rows.iter_rows(named=True)
    ]


class Judge:
    """The fleet model as a stateless server calls it: rows in, surprise and shares out.

    Parameters
    ----------
    folder
        The artifact.
    """

    def __init__(self, folder: str) -> None:
        self._models = Models(Artifact(Path(folder)))
        self._sensors = self._models.columns.sensors

    def judge(self, asset: str, time: str, values: dict[str, float]) -> dict[str, Any]:
        """Judge one reading by its asset's model, with nothing around it."""
        model = self._models.get(asset)
        at = np.array([datetime.fromisoformat(time).timestamp() * _MICRO], np.int64)
        row = np.array([[values[name]] for name in self._sensors])
        found = model.judge(Rows(at, row, np.empty((0, 1))))
        shares = found.shares[:, 0].tolist() if found.shares is not None else []
        told = float(found.surprise[0])
        return {
            "asset": asset,
            "time": time,
            "surprise": told,
            "alarm": bool(found.alarm[0]),
            "contributions": shares if told >= 1 else [],
        }
