"""Kernels and their rivals in one process, on one thread, in turn, on the same readings."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numba import set_num_threads
from threadpoolctl import ThreadpoolController

from benchmarks.harness.plant import Size, asset_frame

_SPELL = 0.05
"""Seconds that a quick side is repeated for in its turn."""
_TREES, _SAMPLE = 100, 256
_WINDOW, _NEIGHBOURS = 32, 5
_SEGMENTS, _SEGMENT_WINDOWS = 8, 250


@dataclass
class Turn:
    """What both sides of a case do.

    Attributes
    ----------
    case, rival
        What is done, and by whom else.
    ours, theirs
        One run of each side; what they return is compared by `agreement`.
    goal
        Smallest ratio asked for.
    agreement
        Tells what the results have in common.
    again
        Whether a run may be repeated as often as its turn allows.
    """

    case: str
    rival: str
    ours: Callable[[], Any]
    theirs: Callable[[], Any]
    goal: float | None
    agreement: Callable[[Any, Any], dict[str, float]]
    again: bool = True


def measure(group: str, rows: int, rounds: int) -> dict[str, Any]:
    """Return a fact sheet for each case of a group, both sides measured in turn."""
    warnings.simplefilter("ignore")  # the rivals' own
    turns = {"forest": _forest, "tails": _tails, "windows": _windows, "join": _join}[group]
    with _one_thread():
        return {"cases": [_in_turn(turn, rounds) for turn in turns(rows)]}


@contextmanager
def _one_thread() -> Iterator[None]:
    """Hold every library to one thread, those imported while it lasts in `_in_turn`."""
    set_num_threads(1)
    with ThreadpoolController().limit(limits=1):
        yield


def _in_turn(turn: Turn, rounds: int) -> dict[str, Any]:
    with ThreadpoolController().limit(limits=1):
        # The first run compiles and fills caches: its results are compared, not its time.
        agreement = turn.agreement(turn.ours(), turn.theirs())
        least: dict[str, dict[str, float]] = {"ours": {}, "rival_times": {}}
        for _ in range(rounds):
            for side, run in (("ours", turn.ours), ("rival_times", turn.theirs)):
                _keep_least(least[side], run, turn.again)
    return {
        "case": turn.case,
        "rival": turn.rival,
        "goal": turn.goal,
        "agreement": agreement,
        **least,
    }


def _keep_least(least: dict[str, float], run: Callable[[], Any], again: bool) -> None:
    begun = time.perf_counter()
    peak = _Peak()
    while True:
        wall, cpu = time.perf_counter(), time.process_time()
        run()
        for name, spent in (
            ("cpu", time.process_time() - cpu),
            ("wall", time.perf_counter() - wall),
        ):
            least[name] = min(least.get(name, spent), spent)
        if not again or time.perf_counter() - begun > _SPELL:
            break
    least["peak_mb"] = max(least.get("peak_mb", 0.0), peak.mb())


class _Peak:
    """The highest memory of this process since it was made, where the system tells."""

    def __init__(self) -> None:
        try:
            Path("/proc/self/clear_refs").write_text("5")
        except OSError:
            return

    def mb(self) -> float:
        try:
            status = Path("/proc/self/status").read_text()
        except OSError:
            return 0.0
        line = next(row for row in status.splitlines() if row.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024


# ---------------------------------------------------------------- readings
def _readings(rows: int, sensors: int = 20) -> np.ndarray:
    """Return one machine's readings of single precision, row after row."""
    frame = asset_frame(1, Size(assets=1, rows=rows, sensors=sensors))
    return np.ascontiguousarray(frame.drop("asset", "time").to_numpy(), np.float32)


def _ranks_agree(ours: Any, theirs: Any) -> dict[str, float]:
    from scipy.stats import spearmanr

    return {"rank_correlation": float(spearmanr(ours, theirs)[0])}


def _values_agree(ours: Any, theirs: Any) -> dict[str, float]:
    gap = np.abs(np.asarray(ours, float) - np.asarray(theirs, float))
    return {"largest_difference": float(gap.max())}


def _grown(ours: Any, theirs: Any) -> dict[str, float]:
    return {"splits_a_tree": len(ours.features) / _TREES, "rival_splits_a_tree": theirs}


# ---------------------------------------------------------------- cases
def _forest(rows: int) -> list[Turn]:
    from pyod.models.iforest import IForest
    from sklearn.ensemble import IsolationForest

    from detectors.kernels.forest import compile_forest, fit_forest, score_forest

    X = _readings(rows)
    XT = np.ascontiguousarray(X.T)

    def both() -> Any:
        return score_forest(compile_forest(fit_forest(XT), len(XT)), XT)

    def plain() -> Any:
        made = IsolationForest(n_estimators=_TREES, max_samples=_SAMPLE, random_state=0)
        trees = made.fit(X).estimators_
        return float(np.mean([(tree.tree_.node_count - 1) / 2 for tree in trees]))

    def scored() -> Any:
        made = IForest(n_estimators=_TREES, max_samples=_SAMPLE, random_state=0)
        return made.fit(X).decision_scores_

    size = f"{rows} x {X.shape[1]}"
    return [
        Turn(
            f"forest fit, {size}", "scikit-learn", lambda: fit_forest(XT), plain, 90.0, _grown
        ),
        Turn(
            f"forest fit and training scores, {size}", "PyOD", both, scored, 80.0, _ranks_agree
        ),
        *_forest_scores(X),
    ]


def _forest_scores(X: np.ndarray) -> list[Turn]:
    from pyod.models.iforest import IForest

    from detectors.kernels.forest import compile_forest, fit_forest, score_forest

    many = np.tile(X, (10, 1))
    columns = np.ascontiguousarray(many.T)
    ours = compile_forest(fit_forest(np.ascontiguousarray(X.T)), X.shape[1])
    theirs = IForest(n_estimators=_TREES, max_samples=_SAMPLE, random_state=0).fit(X)

    def score() -> Any:
        return score_forest(ours, columns)

    rivals: dict[str, Callable[[], Any]] = {
        "PyOD": lambda: theirs.decision_function(many),
        "scikit-learn": lambda: -theirs.detector_.score_samples(many),
    }
    case = f"forest score, {len(many)} x {X.shape[1]}"
    return [
        Turn(case, name, score, rival, 20.0, _ranks_agree) for name, rival in rivals.items()
    ]


def _tails(rows: int) -> list[Turn]:
    from pyod.models.copod import COPOD
    from pyod.models.ecod import ECOD

    from detectors.kernels.tails import fit_copula, fit_tails

    X = _readings(rows)
    return [*_tails_of("ECOD", X, fit_tails, ECOD), *_tails_of("COPOD", X, fit_copula, COPOD)]


def _tails_of(
    name: str, X: Any, fit: Callable[[Any], Any], rival: Callable[[], Any]
) -> list[Turn]:
    from detectors.kernels.tails import score_tails

    XT, many = np.ascontiguousarray(X.T), np.tile(X, (10, 1))
    many_columns = np.ascontiguousarray(many.T)
    fitted, theirs = fit(XT), rival().fit(X)
    return [
        Turn(
            f"{name} fit and training scores, {len(X)} x {X.shape[1]}",
            "PyOD",
            lambda: score_tails(fit(XT), XT),
            lambda: rival().fit(X).decision_scores_,
            None,
            _ranks_agree,
        ),
        Turn(
            f"{name} score, {len(many)} x {X.shape[1]}",
            "PyOD",
            lambda: score_tails(fitted, many_columns),
            lambda: theirs.decision_function(many),
            20.0,
            _ranks_agree,
        ),
    ]


def _windows(rows: int) -> list[Turn]:
    from pyod.models.knn import KNN
    from pyod.models.pca import PCA

    from detectors.kernels.nearest_windows import nearest_windows
    from detectors.models.scaling import RobustScale
    from detectors.models.window_pca import WindowPCA

    X = _readings(rows).astype(np.float64)
    scaled = np.asarray(RobustScale.learn(X).apply(X), np.float32)
    cut, cut_scaled = _cut(X), _cut(scaled)
    ours, theirs = WindowPCA(window=_WINDOW).fit(X), PCA(random_state=0).fit(cut)
    references = _segments(scaled)
    known = np.concatenate([_cut(part) for part in references])
    neighbours = KNN(n_neighbors=_NEIGHBOURS, method="mean", n_jobs=1).fit(known)
    size = f"{len(cut)} windows of {_WINDOW} x {X.shape[1]}"
    return [
        Turn(
            f"PCA fit and training scores, {size}",
            "PyOD",
            lambda: WindowPCA(window=_WINDOW).fit(X).score(X)[_WINDOW - 1 :],
            lambda: PCA(random_state=0).fit(cut).decision_scores_,
            20.0,
            _ranks_agree,
        ),
        Turn(
            f"PCA score, {size}",
            "PyOD",
            lambda: ours.score(X)[_WINDOW - 1 :],
            lambda: theirs.decision_function(cut),
            20.0,
            _ranks_agree,
        ),
        Turn(
            f"kNN score, {size}, {len(known)} references",
            "PyOD",
            lambda: nearest_windows(references, scaled, _WINDOW, _NEIGHBOURS)[0].mean(axis=1),
            lambda: neighbours.decision_function(cut_scaled),
            12.0,
            _values_agree,
        ),
    ]


def _cut(rows: np.ndarray) -> np.ndarray:
    """Return copies of all windows, as PyOD wants them."""
    views = np.lib.stride_tricks.sliding_window_view(rows, _WINDOW, axis=0)
    copies: np.ndarray = np.ascontiguousarray(views.transpose(0, 2, 1))
    return copies.reshape(len(views), -1)


def _segments(rows: np.ndarray) -> np.ndarray:
    """Return stretches of rows, spread evenly, whose windows are the references."""
    length = min(_SEGMENT_WINDOWS + _WINDOW - 1, len(rows) // _SEGMENTS)
    starts = np.linspace(0, len(rows) - length, _SEGMENTS).astype(int)
    return np.stack([rows[start : start + length] for start in starts])


def _join(rows: int) -> list[Turn]:
    import stumpy

    from detectors.kernels.growing import GrowingJoin
    from detectors.kernels.join import ab_join

    random, window, come = np.random.default_rng(0), 100, 50
    a, b = (np.cumsum(random.normal(size=rows)) for _ in range(2))
    later = a[-1] + np.cumsum(random.normal(size=100_000))
    ours, theirs = GrowingJoin(window), stumpy.stumpi(a, window, egress=False)
    ours.push(a)
    at = {"ours": 0, "theirs": 0}

    def next_rows(whose: str) -> np.ndarray:
        begin = at[whose]
        at[whose] = begin + come
        part: np.ndarray = later[begin : begin + come]
        return part

    def push() -> Any:
        return np.concatenate([ours.push([row])[0] for row in next_rows("ours")])

    def update() -> Any:
        for row in next_rows("theirs"):
            theirs.update(row)
        return np.asarray(theirs.left_P_[-come:], float)

    return [
        Turn(
            f"matrix profile, AB join, {rows} and {rows} rows, windows of {window}",
            "stumpy",
            lambda: ab_join(a, b, window)[0],
            lambda: stumpy.stump(a, window, b, ignore_trivial=False)[:, 0],
            4.0,
            _values_agree,
        ),
        Turn(
            f"matrix profile, {come} rows after {rows}, one by one, windows of {window}",
            "stumpy",
            push,
            update,
            10.0,
            _values_agree,
            again=False,  # both series are to grow alike
        ),
    ]
