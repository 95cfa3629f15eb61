"""Work on one thread that a sampling profiler follows, with its memory by stage."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from appliance.core.settings import Settings
from appliance.pipelines.site import Site
from benchmarks.sides import ours
from benchmarks.sides.plant import FLEET, WARM_FLEET
from benchmarks.sides.stages import FIT, SCORE, Inline, Stages

ROOT = "measured"
"""The function below which everything is that was asked for."""
_EVERY_SECONDS = 0.005
_KB_IN_MB = 1024


def fit(root: str, out: str) -> dict[str, Any]:
    """Train every asset, after a few small ones that load what is needed."""
    site, engine = ours.site_of(root, out), Inline()
    ours.fit_fleet_of(site, WARM_FLEET, Path(out) / "warm.kz", engine)
    return measured(lambda: ours.fit_fleet_of(site, FLEET, Path(out) / "model.kz", engine), FIT)


def score(root: str, out: str, version: int) -> dict[str, Any]:
    """Score every reading by a model that is there, after a few of a small one."""
    site, engine = ours.site_of(root, out), Inline()
    model, warm = Path(out) / "model.kz", Path(out) / "warm.kz"
    ours.fit_fleet_of(site, WARM_FLEET, warm, engine)
    ours.score_fleet_of(site, WARM_FLEET, warm, engine, version)
    return measured(lambda: ours.score_fleet_of(site, FLEET, model, engine, version), SCORE)


def ingest(files: str, out: str) -> dict[str, Any]:
    """Bring files into an empty lake."""
    intake = Site(Settings(home=Path(out))).intake
    return measured(lambda: intake.ingest([files], FLEET), {})


def measured(work: Callable[[], object], stages: Stages) -> dict[str, Any]:
    """Do some work; return what was held before it, and at most in each of its stages.

    Returns
    -------
    dict
        ``before_mb``, and ``stages``: by name, samples and the highest sum. Of memory, what is
        the process's own and lies in no file.
    """
    before = _own_mb()
    sampler = _Sampler(stages, threading.get_ident())
    sampler.start()
    try:
        work()
    finally:
        sampler.stop()
    return {
        "before_mb": before,
        "stages": {
            name: {"samples": sampler.seen[name], "most_mb": most}
            for name, most in sampler.most_mb.items()
        },
    }


class _Sampler(threading.Thread):
    """Looks every few milliseconds where a thread is, and how much memory is held.

    Attributes
    ----------
    most_mb
        By stage, the innermost that the thread was in.
    """

    def __init__(self, stages: Stages, thread: int) -> None:
        super().__init__(daemon=True)
        self.most_mb: dict[str, float] = {}
        self.seen: Counter[str] = Counter()
        self._names = {told: stage for stage, told in stages.items()}
        self._thread, self._ended = thread, threading.Event()

    def run(self) -> None:
        """Look until told to end."""
        while not self._ended.wait(_EVERY_SECONDS):
            stage = _stage(sys._current_frames().get(self._thread), self._names)
            self.seen[stage] += 1
            self.most_mb[stage] = max(self.most_mb.get(stage, 0.0), _own_mb())

    def stop(self) -> None:
        """End looking."""
        self._ended.set()
        self.join()


def _stage(frame: FrameType | None, names: Mapping[tuple[str, str], str]) -> str:
    while frame is not None:
        code = frame.f_code
        for (file, function), stage in names.items():
            if code.co_name == function and code.co_filename.endswith(file):
                return stage
        frame = frame.f_back
    return "the rest"


def _own_mb() -> float:
    """Return what a process holds that lies in no file."""
    status = Path("/proc/self/status").read_text()
    line = next(row for row in status.splitlines() if row.startswith("RssAnon:"))
    return int(line.split()[1]) / _KB_IN_MB
