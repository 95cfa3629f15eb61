"""One network of a whole fleet: ours on several Ray workers, and the plain loop of PyTorch."""

from __future__ import annotations

import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from appliance.core.settings import Settings
from appliance.engine.joint import Board, Member
from appliance.engine.ray import RayEngine
from appliance.fleet.chunks import Columns
from appliance.fleet.pooling import Lesson, learn_part, learn_pool
from appliance.fleet.recipe import resolve
from benchmarks.harness.watch import Watch
from benchmarks.sides.ours import site_of
from benchmarks.sides.plant import FLEET

WINDOW, WIDTH, CODE, BATCH, RATE = 32, 256, 32, 2_048, 5.0e-3
_LOOK = 0.05


class _Laps:
    """Times the epochs between the first that is told and the last but one."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs
        self._watch = Watch()
        self._first = 0
        self.facts: dict[str, Any] = {}

    def step(self, name: str, total: int | None = None) -> None:
        """Ignore a step."""

    def advance(self, units: int = 1) -> None:
        """Ignore units."""

    def note(self, text: str) -> None:
        """Take the time where an epoch is told."""
        if not text.startswith("epoch"):
            return
        number = int(text.split()[1])
        if not self._first:
            self._first = number
            self._watch.ready()
        elif number < self.epochs:
            self.facts = self._watch.done(epochs=number - self._first)


def ours(root: str, out: str, workers: int, cpus: int, epochs: int) -> dict[str, Any]:
    """Learn on Ray workers; the time is that of epochs, reading and starting left out."""
    laps = _Laps(epochs)
    with RayEngine(Settings(home=Path(out), workers=cpus)) as engine:
        made = learn_pool(_lesson(root, out, epochs), f"{out}/pool", engine, workers, laps)
    return laps.facts | {"workers": made.facts.workers, "error": made.facts.error}


def processes(root: str, out: str, workers: int, cpus: int, epochs: int) -> dict[str, Any]:
    """Learn in processes started here and joined like Ray's, for where Ray cannot start."""
    del cpus
    Path(out).mkdir()
    place = f"{out}/pool"
    board, begun = Board(place), get_context("spawn")
    board.begin()
    members = [
        begun.Process(target=_member, args=(rank, workers, root, out, epochs))
        for rank in range(workers)
    ]
    for one in members:
        one.start()
    marks: dict[int, tuple[float, float]] = {}
    while any(one.is_alive() for one in members):
        members[0].join(_LOOK)
        news = board.news()
        if news is not None:
            marks[news.step] = time.perf_counter(), board.used().cpu_seconds
    first, last = min(marks), max(marks)
    return {
        "seconds": marks[last][0] - marks[first][0],
        "cpu_seconds": marks[last][1] - marks[first][1],
        "start_seconds": 0.0,
        "epochs": last - first,
        "workers": workers,
    }


def _member(rank: int, size: int, root: str, out: str, epochs: int) -> None:
    from torch import distributed

    distributed.init_process_group("gloo", f"file://{out}/joined", rank=rank, world_size=size)
    member = Member(rank, size, f"{out}/pool", alone_in_process=True)
    member.done(learn_part(_lesson(root, out, epochs), member))
    distributed.destroy_process_group()


def _lesson(root: str, out: str, epochs: int) -> Lesson:
    site = site_of(root, out)
    sensors = tuple(site.lake.readings(FLEET).columns())
    recipe = resolve(
        {
            "name": "network",
            "detector": "autoencoder",
            "pooled": True,
            "parameters": {
                "window": WINDOW,
                "width": WIDTH,
                "code": CODE,
                "batch": BATCH,
                "epochs": epochs,
                "least_steps": 1,
            },
        }
    )
    chunks = site.lake.readings(FLEET).chunks(cells=1)
    return Lesson(chunks, Columns.of(recipe, sensors, ()), recipe)


def plain(root: str, epochs: int) -> dict[str, Any]:
    """Learn the same layers from the same windows in one process, by the usual loop."""
    import torch

    torch.set_num_threads(1)
    watch = Watch()
    views = []
    for path in sorted(Path(root, "files").glob("*.parquet")):
        frame = pl.read_parquet(path).drop("asset", "time")
        values = frame.to_numpy().astype(np.float32)
        values = np.nan_to_num((values - np.nanmean(values, 0)) / np.nanstd(values, 0))
        windows = np.lib.stride_tricks.sliding_window_view(values, WINDOW, axis=0)
        views.append(torch.from_numpy(windows.reshape(len(windows), -1).copy()))
    data = torch.utils.data.TensorDataset(torch.cat(views))
    size = data.tensors[0].shape[1]
    model = torch.nn.Sequential(
        torch.nn.Linear(size, WIDTH),
        torch.nn.ReLU(),
        torch.nn.Linear(WIDTH, CODE),
        torch.nn.ReLU(),
        torch.nn.Linear(CODE, WIDTH),
        torch.nn.ReLU(),
        torch.nn.Linear(WIDTH, size),
    )
    optimiser = torch.optim.Adam(model.parameters(), lr=RATE)
    order = torch.utils.data.BatchSampler(
        torch.utils.data.RandomSampler(data), BATCH, drop_last=True
    )
    facts: dict[str, Any] = {}
    for epoch in range(epochs):
        if epoch == 1:
            watch.ready()
        for batch in torch.utils.data.DataLoader(data, sampler=order, batch_size=None):
            optimiser.zero_grad()
            loss = torch.nn.functional.mse_loss(model(batch[0]), batch[0])
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        if epoch == epochs - 1:
            facts = watch.done(epochs=epochs - 1, windows=len(data))
    return facts
