"""``python -m benchmarks.quality.selection``: choosing detectors without labels.

For each series `auto` at three widths, each of its groups of views alone and three other
detectors are candidates.  What can be known of them without labels: what they find of faults
that are put into training rows which they did not learn (`faults`); whether they say the same
when learned from the first or the second third of the training rows (`stability`); whether
they agree with the other candidates (`agreement`); the mean rank by these three (`all three`).
Stability and agreement are of the last third of the training rows, and once more of the judged
rows, without their labels (`… judged`).  At most the last 6,000 training rows are looked at.
Labels say then, by VUS-PR, what the choice was worth.  Sets are read from the data folder
(``KIZASHI_DATA``, or ``../shared/data``).
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from benchmarks.harness.sets import add_data, add_every, add_sets, known
from benchmarks.quality import loaders
from benchmarks.quality.candidates import (
    DEFAULT,
    GROUPS,
    OTHERS,
    WIDTHS,
    Candidates,
    weighed,
)
from benchmarks.quality.criteria import (
    borda,
    centrality,
    chosen,
    faulty_copies,
    rank_correlation,
    ranks,
    spread_of,
)
from benchmarks.quality.judging import from_zero, period_of
from detectors import metrics
from detectors.errors import DetectorError
from detectors.spans import span_scores

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.quality.candidates import Opinion
    from benchmarks.quality.criteria import Mask
    from benchmarks.quality.loaders import Series
    from detectors.validation import FloatVector

FIXED, ANY, HINDSIGHT = "default", "any at random", "hindsight"
FAULTS, STABILITY, AGREEMENT, THREE = "faults", "stability", "agreement", "all three"
JUDGED = ", judged"
WEIGHED, TOGETHER = "views weighed by faults", "mean rank of all"
MARGINS = (0.05, 0.1, 0.2)
"""Area that a candidate must find more of faults by, for ways that trust the default."""

ALL, OWN, WIDTH = "all", "own", "widths"
POOLS = {
    ALL: (DEFAULT, *WIDTHS, *GROUPS, *OTHERS),
    OWN: (DEFAULT, *WIDTHS, *GROUPS),
    WIDTH: (DEFAULT, *WIDTHS),
}
"""Candidates that are chosen from: all of them, those made of `auto`, its widths alone."""

_MOST_ROWS = 6_000
_MOST_JUDGED = 4_000


@dataclass(frozen=True)
class Evidence:
    """What is known of the candidates for one series without labels.

    Attributes
    ----------
    whole
        What those say of the judged rows that learned all training rows.
    usual
        Score of `auto` for a row that it does not judge.
    fading
        Rows in which scores are held.
    left_out
        What those say of the last third of the training rows that learned the others.
    faulty
        The same with faults put in, kind by kind, with their places.
    thirds, thirds_judged
        What those say of these rows, and of the first judged ones, that learned the first
        third, and the second.
    """

    whole: Opinion
    usual: float
    fading: float
    left_out: Opinion
    faulty: Sequence[tuple[Mask, Opinion]]
    thirds: Sequence[Opinion]
    thirds_judged: Sequence[Opinion]

    def names(self) -> list[str]:
        """Return the candidates of which everything is known, the default first."""
        every = [self.left_out, *self.thirds, *self.thirds_judged]
        every += [opinion for _, opinion in self.faulty]
        return [name for name in self.whole.scores if all(name in o.scores for o in every)]

    def criteria(self) -> dict[str, FloatVector]:
        """Return by name what candidates are chosen by; the higher the better."""
        names = self.names()
        found = {FAULTS: self.faults()}
        for told, pair, one in (
            ("", self.thirds, self.left_out),
            (JUDGED, self.thirds_judged, self.whole),
        ):
            first, second = (opinion.scores for opinion in pair)
            alike = [rank_correlation(first[name], second[name]) for name in names]
            found[STABILITY + told] = np.array(alike)
            found[AGREEMENT + told] = centrality([one.scores[name] for name in names])
        return found

    def faults(self) -> FloatVector:
        """Return the area under precision and recall, the mean over kinds of faults."""
        areas = [
            [metrics.auc_pr(labels, opinion.scores[name]) for name in self.names()]
            for labels, opinion in self.faulty
        ]
        return np.asarray(np.mean(areas, axis=0))


def gather(series: Series) -> Evidence:
    """Learn and ask all candidates; labels are not looked at.

    Raises
    ------
    DetectorError
        `auto` cannot learn the series, or a third of it.
    """
    whole = Candidates.learn(series.train)
    width = whole.auto.widths_[0]
    rows = series.train[-_MOST_ROWS:]
    third = len(rows) // 3
    early, late = rows[: 2 * third], rows[2 * third :]
    two = Candidates.learn(early, width)
    parts = [Candidates.learn(part, width) for part in (early[:third], early[third:])]
    return Evidence(
        whole.judge(series.test),
        whole.auto.usual_score_,
        whole.auto.fading_rows(),
        two.judge(late),
        [(one.labels, two.judge(one.rows)) for one in faulty_copies(late, spread_of(early))],
        [part.judge(late) for part in parts],
        [part.judge(series.test[:_MOST_JUDGED]) for part in parts],
    )


class Worth(NamedTuple):
    """What a way of choosing is worth for one series, by its labels.

    Attributes
    ----------
    volume
        VUS-PR of what is chosen.
    order
        How well candidates are ordered: rank correlation of what they are chosen by with their
        VUS-PR; None of ways that do not order them.
    """

    volume: float
    order: float | None = None


def judge(evidence: Evidence, labels: Mask, window: int) -> dict[tuple[str, str], Worth]:
    """Compare choices with labels.

    Parameters
    ----------
    evidence
        What choices are made by.
    labels
        A flag a judged row.
    window
        Rows that VUS-PR averages over.

    Returns
    -------
    dict
        By pool and way of choosing.
    """

    def volume(scores: FloatVector) -> float:
        held = span_scores(from_zero(scores), evidence.fading)
        return metrics.vus_pr(labels, held, window)

    names, criteria = evidence.names(), evidence.criteria()
    scores = [evidence.whole.scores[name] for name in names]
    volumes = np.array([volume(one) for one in scores])
    out = {}
    for pool, members in POOLS.items():
        place = [number for number, name in enumerate(names) if name in members]
        own = {way: merits[place] for way, merits in criteria.items()}
        for way, worth in _ways(own, volumes[place]).items():
            out[pool, way] = worth
    for name in WIDTHS:
        out[WIDTH, f"always {name}"] = Worth(float(volumes[names.index(name)]))
    out[ALL, TOGETHER] = Worth(volume(np.mean([ranks(one) for one in scores], axis=0)))
    for told, power in (("", 1), ("^4", 4)):
        weights = _weights(names, criteria[FAULTS] ** power)
        again = weighed(evidence.whole.parts, weights, evidence.usual)
        out[OWN, WEIGHED + told] = Worth(volume(again))
    return out


def _ways(criteria: Mapping[str, FloatVector], volumes: FloatVector) -> dict[str, Worth]:
    """Choose from candidates, of which the default is the first, in every way."""
    by = dict(criteria)
    for told in ("", JUDGED):
        by[THREE + told] = borda([by[FAULTS], by[STABILITY + told], by[AGREEMENT + told]])
    ways = {
        FIXED: Worth(float(volumes[0])),
        ANY: Worth(float(volumes.mean())),
        HINDSIGHT: Worth(float(volumes.max())),
    }
    for way, merits in by.items():
        order = rank_correlation(merits, volumes)
        ways[way] = Worth(float(volumes[chosen(merits)]), order)
    for margin in MARGINS:
        one = chosen(by[FAULTS], margin)
        ways[f"{FAULTS}, by {margin:g}"] = Worth(float(volumes[one]))
    return ways


def _weights(names: Sequence[str], merits: FloatVector) -> FloatVector:
    """Return a weight for each group of views; 0 for those that are no candidate."""
    by_name = dict(zip(names, merits, strict=True))
    return np.array([by_name.get(group, 0.0) for group in GROUPS])


def main(argv: Sequence[str]) -> int:
    """Print a line a set, pool of candidates and way of choosing."""
    options = _parser().parse_args(argv)
    if not known(options.sets, loaders.SETS):
        return 2
    for line in lines(options.sets, options.data, options.every):
        print(json.dumps(line) if options.json else _shown(line), flush=True)
    return 0


def lines(sets: Sequence[str], folder: Path, every: int = 1) -> Iterator[dict[str, Any]]:
    """Yield by set, pool and way the mean VUS-PR of what is chosen, and the mean order.

    Series of which the candidates cannot learn a third are left out, and counted.
    """
    for name in sets:
        found, refused = [], 0
        for series in loaders.load(name, folder, every):
            try:
                evidence = gather(series)
            except DetectorError:
                refused += 1
                continue
            window = period_of(series.test, series.train)
            found.append(judge(evidence, series.labels, window))
        yield from _means(name, found, refused)


def _means(
    name: str, found: Sequence[Mapping[tuple[str, str], Worth]], refused: int
) -> Iterator[dict[str, Any]]:
    for pool, way in found[0] if found else ():
        worths = [one[pool, way] for one in found]
        orders = [one.order for one in worths if one.order is not None]
        yield {
            "set": name,
            "pool": pool,
            "way": way,
            "series": len(found),
            "refused": refused,
            "vus_pr": round(float(np.mean([one.volume for one in worths])), 4),
            "order": round(float(np.mean(orders)), 4) if orders else None,
        }


def _shown(line: dict[str, Any]) -> str:
    order = "" if line["order"] is None else f"  orders candidates by {line['order']:+.2f}"
    return (
        f"{line['set']:<5} {line['pool']:<6} {line['way']:<26} {line['series']:>3} series  "
        f"VUS-PR {line['vus_pr']:.3f}{order}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality.selection", description=__doc__
    )
    add_data(parser)
    add_sets(parser, tuple(loaders.SETS))
    add_every(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
