"""Early calls in a stream, by NAB's score: on NAB, on SKAB's change points and on `onsets`.

A recipe learns the probation alone; the other rows are judged one after the other by what came
before them.  NAB's leaderboard chooses one threshold for all files by their labels, which no
plant can: besides there is what events of the live scores are worth that the product raises
under its default promise, and, to compare like with like, with one alarm level for all files
that is chosen as NAB chooses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benchmarks.quality import alarms, figures, loaders, onsets
from benchmarks.quality.judging import from_zero
from benchmarks.quality.loaders import Stream
from detectors import catalog, metrics
from detectors.errors import InvalidInput
from detectors.learning import LearningDetector
from detectors.metrics import NabSeries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


BESIDE = "onset"
"""The detector for early calls, whose figures stand beside those of another."""
_CHANGE_ROWS = 60


class Called(NamedTuple):
    """What was said of one file.

    Attributes
    ----------
    scores
        Live.
    events
        1 where an event begins by the product's own level.
    begun
        The highest level at which an event begins in a row.
    """

    scores: NabSeries
    events: NabSeries
    begun: NabSeries


def nab(folder: Path) -> Iterator[Stream]:
    """Yield all files of NAB; its probation is learned from."""
    for _, values, windows in loaders.nab_files(folder):
        yield Stream(values, metrics.probation_rows(len(values)), windows)


def skab_changes(folder: Path) -> Iterator[Stream]:
    """Yield the pump loop's runs; a window is the 60 s from a change on, as its authors say.

    Changes within the first 400 rows, which are learned from, do not count.
    """
    for _, frame, values in loaders.skab_runs(folder):
        changes = np.flatnonzero(frame["changepoint"].to_numpy() > 0)
        judged = changes[changes >= loaders.SKAB_TRAIN_ROWS].tolist()
        ends = [*(after - 1 for after in judged[1:]), len(values) - 1]
        windows = [
            (first, min(first + _CHANGE_ROWS, end))
            for first, end in zip(judged, ends, strict=True)
        ]
        yield Stream(values, loaders.SKAB_TRAIN_ROWS, windows)


SETS: dict[str, Callable[[Path], Iterator[Stream]]] = {
    "nab-stream": nab,
    "skab-changes": skab_changes,
    **onsets.SETS,
}


def figures_of(
    recipe: str, name: str, folder: Path, every: int = 1
) -> tuple[int, dict[str, float]]:
    """Return how many files there are, and the figures by the name they are printed with.

    Parameters
    ----------
    recipe
        Name in the catalog.
    name
        Of `SETS`.
    folder
        Where the data sets are.
    every
        Take only every so-many-th file.
    """
    seconds = alarms.seconds_a_row(name.split("-")[0])
    streams = [one for i, one in enumerate(SETS[name](folder)) if i % every == 0]
    found = [called(recipe, one, seconds) for one in streams]
    scores, events, begun = (list(part) for part in zip(*found, strict=True))
    out = {}
    for profile, costs in metrics.NAB_PROFILES.items():
        out[f"{figures.NAB} {profile}"] = metrics.nab_best(scores, costs).score
        out[f"{figures.NAB_EVENTS} {profile}"] = metrics.nab_score(events, costs, 1.0)
        out[f"{figures.NAB_BEGUN} {profile}"] = metrics.nab_best(begun, costs).score
    return len(found), out


def called(recipe: str, stream: Stream, seconds: float) -> Called:
    """Judge a file row by row; one that a recipe refuses is one in which nothing is said.

    A recipe without a live form is judged by its scores, whatever these look at.
    """
    known, rest = np.split(stream.values, [stream.learned])
    said = np.zeros((len(Called._fields), len(stream.values)))
    detector = catalog.make(recipe)
    try:
        detector.fit(known)
    except InvalidInput:
        return Called(*(NabSeries(row, stream.windows) for row in said))
    left_out, kind = detector.live_calibration_scores(known), detector.tags.logarithmic
    live = alarms.Judged(left_out, detector.score_live(rest), kind)
    said[0, stream.learned :] = from_zero(live.scores)
    rule = alarms.ONCE if isinstance(detector, LearningDetector) else alarms.RULE
    within = alarms.told(live, seconds, rule).astype(np.int8)
    said[1, stream.learned :] = np.diff(within, prepend=0) > 0
    said[2, stream.learned :] = alarms.begun(live, rule)
    return Called(*(NabSeries(row, stream.windows) for row in said))
