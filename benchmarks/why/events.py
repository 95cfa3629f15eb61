"""Whether the events that the platform raises name the faulty sensors, and find their like.

Sets are scored as a fleet's machines are: one model a machine learns the normal part, and its
events name sensors and are compared with each other as on their pages.  A row of a public set
stands for 40 minutes, so that a promise of one false event a month is one in 1,080 rows: by a
month of their own rows they would hold too few events to count.  The demo plant keeps its own
time and promise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

import appliance as kizashi
from appliance.demo import plant
from appliance.demo.config import PlantConfig
from appliance.events.similar import likeness
from appliance.schemas.event import EventDraft
from benchmarks.quality import loaders
from benchmarks.why.contrast import beyond
from benchmarks.why.loaders import deviations, faults
from detectors import similar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from appliance.demo.faults import Fault
    from benchmarks.quality.loaders import Series
    from detectors.validation import FloatMatrix, FloatVector

    Flags = NDArray[np.bool_]
    Span = tuple[int, int]

_START = datetime(2020, 1, 1, tzinfo=UTC)
_STEP = timedelta(minutes=40)
_APART = 500
"""Rows between what is learned and what is judged: no window reaches over them."""
_FEWEST, _POINTS = 8, 200
"""Rows of a stretch that is looked for, and steps that a longer one is cut into at most: as
the platform does."""
_PLANT_SECONDS = 300
SEEDS, DAYS = (7, 8, 9), 45
"""Plants, and their days; two thirds are learned from."""


@dataclass(frozen=True, eq=False)
class Told:
    """An event that touches a fault.

    Attributes
    ----------
    draft
        As the platform has it.
    touched, kinds
        The faults that it touches, and of which kinds they are.
    causes
        A flag a sensor: those that one of them is about.
    shares, new, mean_z, largest_z
        For each sensor its share of the event, that share beyond what it had before
        (`benchmarks.why.contrast`), and the mean and largest distance from its training mean
        over the event, in deviations.
    """

    draft: EventDraft
    touched: frozenset[str]
    kinds: frozenset[str]
    causes: Flags
    shares: FloatVector
    new: FloatVector
    mean_z: FloatVector
    largest_z: FloatVector


@dataclass(frozen=True, eq=False)
class Machine:
    """Events of one machine.

    Attributes
    ----------
    raised
        How many there are.
    told
        Those that touch a fault.
    values
        Readings, rows × sensors; none where they are not compared.
    truth
        For each row and sensor whether it is a cause just then.
    spans
        For each of `told` its own rows (half-open), and those of the faults it touches.
    """

    raised: int
    told: list[Told]
    values: FloatMatrix
    truth: Flags
    spans: list[list[Span]]


@dataclass(frozen=True)
class Alike:
    """What an event has in common with the one most like it, and with any other: means.

    Attributes
    ----------
    compared
        How many events have others to be compared with: such as touch no fault of theirs.
    """

    near: float
    other: float
    compared: int


# ---------------------------------------------------------------- events
def of_servers(folder: Path, name: str, recipe: str) -> Iterator[Machine]:
    """Yield the machines of a public set whose faults have their sensors labelled."""
    for series in loaders.load(name, folder):
        yield _server(folder, name, series, recipe)


def _server(folder: Path, name: str, series: Series, recipe: str) -> Machine:
    first = _START + (len(series.train) + _APART) * _STEP
    known = loaders.timed(series.train, _START, _STEP)
    model = kizashi.fit(known, asset="asset", time="time", recipe=recipe, engine="local")
    scores = model.score(loaders.timed(series.test, first, _STEP))
    drafts = _drafts(model.events(scores), model.manifest.assets[loaders.ASSET].threshold)
    own = faults(folder, name, series.name, series.test.shape[1])
    truth, z = np.zeros(series.test.shape, bool), deviations(series.train, series.test)
    for fault in own:
        truth[fault.rows] |= fault.causes
    names = [f"s{place:02d}" for place in range(series.test.shape[1])]
    weighted = _weighted(scores, names)
    machine = Machine(len(drafts), [], series.test, truth, [])
    for draft in drafts:
        start, stop = (round((at - first) / _STEP) for at in (draft.start, draft.end + _STEP))
        hit = [
            (f"{series.name} {at}", fault)
            for at, fault in enumerate(own)
            if fault.rows.start < stop and start < fault.rows.stop
        ]
        if hit:
            causes = np.any([fault.causes for _, fault in hit], axis=0)
            machine.told.append(
                _told(
                    draft,
                    touched=[key for key, _ in hit],
                    causes=causes,
                    names=names,
                    new=beyond(weighted, start, stop),
                    z=z[start:stop],
                )
            )
            touched = [(fault.rows.start, fault.rows.stop) for _, fault in hit]
            machine.spans.append([(start, stop), *touched])
    return machine


def of_plant(
    fleet: str, recipe: str, seeds: Sequence[int] = SEEDS, days: int = DAYS
) -> Iterator[Machine]:
    """Yield the machines of the demo plant that have a fault after what is learned."""
    for seed in seeds:
        config = PlantConfig(seed=seed, days=days, interval_seconds=_PLANT_SECONDS)
        placed = [one for one in plant.faults(config) if one.fleet == fleet]
        for asset in sorted({one.asset for one in placed if not one.in_training}):
            own = [one for one in placed if one.asset == asset]
            yield _planted(config, fleet, asset, own, recipe)


def _planted(
    config: PlantConfig, fleet: str, asset: str, own: Sequence[Fault], recipe: str
) -> Machine:
    kind = plant.fleet_kind(fleet)
    names = [column.name for column in kind.sensors]
    frame = plant.generate_asset(config, fleet, asset)
    known = frame.filter(pl.col("time") < config.training_end)
    later = frame.filter(pl.col("time") >= config.training_end)
    contexts = [column.name for column in kind.context]
    model = kizashi.fit(known, time="time", context=contexts, recipe=recipe, engine="local")
    (entry,) = model.manifest.assets.values()
    scores = model.score(later)
    drafts, weighted = _drafts(model.events(scores), entry.threshold), _weighted(scores, names)
    z = deviations(*(part.select(names).to_numpy() for part in (known, later)))
    machine = Machine(len(drafts), [], np.zeros((0, 0)), np.zeros((0, 0), bool), [])
    for draft in drafts:
        hit = [one for one in own if one.start <= draft.end and draft.start < one.end]
        if hit:
            causes = np.isin(names, [sensor for one in hit for sensor in one.sensors])
            first, last = (later["time"].search_sorted(at) for at in (draft.start, draft.end))
            told = _told(
                draft,
                touched=[f"{config.seed} {asset} {one.kind}" for one in hit],
                causes=causes,
                names=names,
                new=beyond(weighted, first, last + 1),
                z=z[first : last + 1],
                kinds=[one.kind for one in hit],
            )
            machine.told.append(told)
    return machine


def _weighted(scores: pl.DataFrame, names: Sequence[str]) -> FloatMatrix:
    """Return shares times the surprise that they are shares of, rows × sensors."""
    columns = [pl.col(f"contribution:{name}").cast(pl.Float64).fill_null(0.0) for name in names]
    surprise = scores["surprise"].cast(pl.Float64).fill_null(0.0).to_numpy()
    shares = scores.select(columns).to_numpy()
    return np.asarray(np.nan_to_num(shares * surprise[:, None]))


def _drafts(events: pl.DataFrame, level: float) -> list[EventDraft]:
    """Return the anomalies among events, by their start."""
    found = events.filter(pl.col("kind") == "anomaly").sort("start")
    return [
        EventDraft.model_validate({**row, "peak_time": row["start"], "threshold": level})
        for row in found.iter_rows(named=True)
    ]


def _told(
    draft: EventDraft,
    *,
    touched: Collection[str],
    causes: Flags,
    names: Sequence[str],
    new: FloatVector,
    z: FloatMatrix,
    kinds: Collection[str] = (),
) -> Told:
    share = {one.name: one.share for one in draft.sensors}
    shares = np.array([share.get(name, 0.0) for name in names])
    known = np.nan_to_num(z)
    return Told(
        draft=draft,
        touched=frozenset(touched),
        kinds=frozenset(kinds),
        causes=causes,
        shares=shares,
        new=new,
        mean_z=known.mean(axis=0),
        largest_z=known.max(axis=0),
    )


# ---------------------------------------------------------------- their like
def jaccard(one: Flags, other: Flags) -> float:
    """Return the share of sensors that are causes of both among those that are of either."""
    return float((one & other).sum() / max(int((one | other).sum()), 1))


def same_sensors(one: Told, other: Told) -> float:
    """Return how far two events' faults are about the same sensors."""
    return jaccard(one.causes, other.causes)


def same_kind(one: Told, other: Told) -> float:
    """Return whether two events touch faults of the same kind."""
    return float(bool(one.kinds & other.kinds))


def nearest(told: Sequence[Told], common: Callable[[Told, Told], float]) -> Alike:
    """Compare each event with the one most like it among those of other faults."""
    near, other = [], []
    for one in told:
        others = [that for that in told if not that.touched & one.touched]
        if others:
            best = max(others, key=lambda that, one=one: likeness(one.draft, that.draft))
            near.append(common(one, best))
            other.append(float(np.mean([common(one, that) for that in others])))
    return Alike(_mean(near), _mean(other), len(near))


def nearest_stretches(machines: Sequence[Machine]) -> Alike:
    """Compare each event's causes with those of the stretch of readings most like its own.

    It is sought in all other rows of the machine, faulty or not; *other* are all of these.
    """
    near, other = [], []
    for machine in machines:
        for spans, one in zip(machine.spans, machine.told, strict=True):
            pair = _stretch(machine, spans, one.causes)
            if pair is not None:
                near.append(pair[0])
                other.append(pair[1])
    return Alike(_mean(near), _mean(other), len(near))


def _stretch(machine: Machine, spans: list[Span], causes: Flags) -> tuple[float, float] | None:
    """Return what the stretch most like a machine's event, and all others, have in common."""
    start, stop = spans[0]
    step = -(-(stop - start) // _POINTS)
    offset = start % step
    values, truth = machine.values[offset:], machine.truth[offset:]
    whole = len(values) // step * step
    means = values[:whole].reshape(-1, step, values.shape[1]).mean(axis=1)
    faulty = truth[:whole].reshape(-1, step, values.shape[1]).any(axis=1)
    width = max((stop - start) // step, _FEWEST)
    first = min((start - offset) // step, len(means) - width)
    found = similar.likeness(means, means[first : first + width])
    taken = [((a - offset) // step, -(-(b - offset) // step)) for a, b in spans]
    best = similar.alike(found, width, 1, [*taken, (first, first + width)])
    if not best:
        return None
    free = np.ones(len(found), bool)
    for a, b in [*taken, (first, first + width)]:
        free[max(a - width + 1, 0) : max(b, 0)] = False
    reached = np.lib.stride_tricks.sliding_window_view(faulty, width, axis=0).any(axis=2)
    others = [jaccard(causes, reached[at]) for at in np.flatnonzero(free)]
    return jaccard(causes, reached[best[0]]), _mean(others)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
