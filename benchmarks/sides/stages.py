"""Where the time of training goes: the same work on one thread, by function."""

from __future__ import annotations

import cProfile
import pstats
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypeAlias

from appliance.engine.base import Item, Outcome, Result, attempt
from appliance.engine.local import one_thread_each
from benchmarks.sides import ours
from benchmarks.sides.plant import FLEET, WARM_FLEET

Stages: TypeAlias = Mapping[str, tuple[str, str]]
"""File and function of each stage; a stage may hold another."""
FIT: Stages = {
    "read": ("lake/chunks.py", "read"),
    "clean": ("cleaning.py", "clean"),
    "fill": ("filling.py", "learn"),
    "grow and compile": ("base.py", "fit"),
    "score the training rows": ("base.py", "calibration_scores"),
    "suspicious stretches": ("suspicion.py", "suspicious_stretches"),
    "surprise scale": ("scale.py", "fit"),
    "surprise of the training rows": ("scale.py", "surprise"),
    "alarm levels": ("budget.py", "alarm_levels"),
    "operating modes": ("fleet/modes.py", "learn_modes"),
    "pack": ("persistence.py", "pack"),
    "write the arrays": ("artifact.py", "write_part"),
    "write the manifest": ("artifact.py", "write_manifest"),
}
SCORE: Stages = {
    "open the model": ("fleet/scoring.py", "opened"),
    "an asset's model": ("fleet/scoring.py", "_build"),
    "read": ("lake/chunks.py", "read"),
    "judge": ("fleet/judging.py", "judge"),
    "shares together": ("fleet/scoring.py", "packed"),
    "write": ("lake/scores.py", "stage"),
    "commit": ("lake/scores.py", "commit"),
}
STAGES: Stages = {"everything": ("training.py", "fit_fleet"), **FIT}


class Inline:
    """An engine without threads, which a profiler can follow."""

    name = "local"
    workers = 1

    def map(
        self, function: Callable[[Item], Result], items: Sequence[Item]
    ) -> Iterator[Outcome[Result]]:
        """Yield the outcomes, one after the other."""
        with one_thread_each():
            for index, item in enumerate(items):
                yield attempt(function, index, item)

    def close(self) -> None:
        """Do nothing: there is nothing to end."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return


def fit(root: str) -> dict[str, Any]:
    """Return milliseconds an asset by stage."""
    site, engine = ours.site_of(root, root), Inline()
    profile = cProfile.Profile()
    with tempfile.TemporaryDirectory(dir=root) as folder:
        ours.fit_fleet_of(site, WARM_FLEET, Path(folder) / "warm.kz", engine)
        profile.enable()
        report = ours.fit_fleet_of(site, FLEET, Path(folder) / "model.kz", engine)
        profile.disable()
    return {"assets": report.assets} | {
        stage: round(1e3 * seconds / report.assets, 3)
        for stage, seconds in _by_stage(pstats.Stats(profile)).items()
    }


def _by_stage(stats: Any) -> dict[str, float]:
    found = dict.fromkeys(STAGES, 0.0)
    for (file, _, function), (_, _, _, cumulative, _) in stats.stats.items():
        for stage, (name, wanted) in STAGES.items():
            if function == wanted and file.endswith(name):
                found[stage] += cumulative
    return found
