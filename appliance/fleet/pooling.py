"""One network for a whole fleet, learned by several workers from a part of it each.

What tells machines apart (levels, sizes, what context explains) is taken out before: each is
brought to its own scale.  After that each machine's usual errors and alarm level are learned by
the network alone, as any sub-model is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from appliance.calendar.masks import Masks
from appliance.core.errors import InvalidRequest
from appliance.core.log import get
from appliance.engine.base import Engine
from appliance.engine.joint import Board, Member, Told
from appliance.fleet.chunks import AssetRows, Chunk, Columns
from appliance.fleet.guide import Guide
from appliance.fleet.past import MOST_CELLS as HELD_AT_ONCE
from appliance.fleet.past import learnable, past_of
from appliance.fleet.preparing import Unfit, prepare, taken
from appliance.fleet.recipe import make_detector, pooled
from appliance.schemas.manifest import PooledNetwork
from appliance.schemas.progress import Progress, Silent
from appliance.schemas.recipe import Recipe
from detectors.errors import DetectorError
from detectors.pools import Autoencoder, Network, learn_network

_log = get(__name__)

POOL = "*"
"""Name that randomness of the whole fleet's network is drawn from."""
MOST_CELLS = 200_000_000
"""Readings times sensors that one worker holds: 0.8 GB.  Of more, a part of each machine's."""
_BLOCK = 1_500
"""Rows in a row that are kept then, so that windows are whole."""


@dataclass(frozen=True)
class Lesson:
    """What a fleet's network is learned from: where the readings are, and which count.

    Attributes
    ----------
    masks, guide
        Stretches that are not learned from.
    most_cells
        Readings × columns of one machine up to which all are learned from.
    """

    chunks: Sequence[Chunk]
    columns: Columns
    recipe: Recipe
    masks: Masks | None = None
    guide: Guide = field(default_factory=Guide)
    most_cells: int = HELD_AT_ONCE


@dataclass(frozen=True)
class Pooled:
    """A fleet's network, and how it came about."""

    network: Network
    facts: PooledNetwork


def learn_pool(
    lesson: Lesson,
    place: str,
    engine: Engine,
    workers: int,
    progress: Progress | None = None,
) -> Pooled:
    """Learn one network from all machines.

    Parameters
    ----------
    place
        Address of a folder that all workers reach, where every epoch is kept.  It is empty
        again at the end; where the work is cut off it stays, and the next attempt goes on.
    workers
        That learn together; there may be fewer.

    Raises
    ------
    InvalidRequest
        The recipe's detector learns each machine alone, PyTorch is missing, or no machine has
        readings enough.
    EngineError
        Workers were lost again and again.
    Cancelled
        Somebody asked for it.
    """
    detector = pooled(make_detector(lesson.recipe, POOL), lesson.recipe)
    try:
        detector.plan(len(lesson.columns.sensors))
    except DetectorError as error:
        raise InvalidRequest(f"{error}.") from error
    progress = progress or Silent()
    progress.step("Learning the network", total=detector.epochs)
    before, joined = 0, (0, 0)

    def told(news: Told) -> None:
        nonlocal before, joined
        if joined != (news.size, news.went_on):
            joined = news.size, news.went_on
            progress.note(_joined(news.size, workers, news.went_on))
        progress.advance(max(news.step - before, 0))
        before = max(news.step, before)
        progress.note(f"epoch {news.step} of {detector.epochs}: {news.note}")

    result = engine.together(learn_part, lesson, place, workers=workers, told=told)
    Board(place).discard()
    arrays = load(result)
    facts = json.loads(arrays.pop("facts").tobytes())
    sizes = detector.sizes(len(lesson.columns.sensors))
    return Pooled(Network.restore(arrays, sizes), PooledNetwork(**facts))


def _joined(size: int, wanted: int, went_on: int) -> str:
    text = f"{size} worker{'' if size == 1 else 's'} learn{'s' if size == 1 else ''} together"
    if size < wanted:
        text += f" (of {wanted} asked for: there is no room for more)"
    return f"{text}, going on after epoch {went_on}" if went_on else text


def learn_part(lesson: Lesson, member: Member) -> bytes:
    """Learn from this member's machines beside the others; runs where the engine says."""
    detector = pooled(make_detector(lesson.recipe, POOL), lesson.recipe)
    watch = _Watch(member)
    state = None
    kept = member.kept()
    if kept is not None:
        try:
            state = load(kept[1])
        except SafetensorError:
            _log.warning("what was kept cannot be read: the network is begun anew")
    try:
        plan = detector.plan(len(lesson.columns.sensors))
        network = learn_network(_own_rows(lesson, detector, member), plan, watch, state)
    except DetectorError as error:
        raise InvalidRequest(f"the fleet's network cannot be learned: {error}.") from error
    facts = watch.facts(state).model_dump_json().encode()
    made: bytes = save({**network.state(), "facts": np.frombuffer(facts, np.uint8)})
    return made


class _Watch:
    """Keeps every epoch."""

    def __init__(self, member: Member) -> None:
        self._member = member
        self._last: tuple[int, float, int] | None = None

    def epoch(self, told: Any, state: Mapping[str, NDArray[Any]]) -> None:
        """Keep what an epoch gave; ends the training where somebody asked for it."""
        self._last = told.number, told.loss, told.stretches
        extra = {"loss": np.array(told.loss), "stretches": np.array(told.stretches)}
        note = f"error {told.loss:.4f}"
        self._member.keep(told.number, note, save({**state, **extra}))

    def facts(self, state: Mapping[str, NDArray[Any]] | None) -> PooledNetwork:
        """Return what came out; of what was kept, where no epoch was left to be done."""
        if self._last is not None:
            epochs, error, stretches = self._last
        elif state is not None:
            epochs, error = int(state["epoch"]), float(state["loss"])
            stretches = int(state["stretches"])
        else:
            raise InvalidRequest("the fleet's network was given no epoch to learn in.")
        return PooledNetwork(
            stretches=stretches,
            epochs=epochs,
            error=round(error, 6),
            workers=self._member.size,
        )


# ---------------------------------------------------------------- a member's own rows
def _own_rows(
    lesson: Lesson, detector: Autoencoder, member: Member
) -> list[NDArray[np.float32]]:
    """Return scaled stretches of the machines that are this member's."""
    found: list[NDArray[np.float32]] = []
    rows = max(sum(chunk.rows for chunk in lesson.chunks), 1)
    share = min(MOST_CELLS * member.size / (rows * len(lesson.columns.sensors)), 1.0)
    for one in _own_machines(lesson, member):
        try:
            found += stretches_of(one, lesson, detector, share)
        except (Unfit, DetectorError, ArithmeticError) as reason:
            _log.info("the network learns nothing of asset %s: %s", one.asset, reason)
    return found


def _own_machines(lesson: Lesson, member: Member) -> Iterator[AssetRows]:
    """Yield this member's machines: those of its own chunks, or its part of the only ones'."""
    masks = lesson.guide.masks(lesson.masks)

    def machines(chunk: Chunk) -> Iterator[AssetRows]:
        past = past_of(chunk, lesson.columns, lesson.most_cells)
        return learnable(chunk, lesson.columns, masks, past)

    if len(lesson.chunks) >= member.size:
        for number in own_chunks([one.rows for one in lesson.chunks], member.rank, member.size):
            yield from machines(lesson.chunks[number])
        return
    for chunk in lesson.chunks:
        yield from islice(machines(chunk), member.rank, None, member.size)


def own_chunks(rows: Sequence[int], rank: int, size: int) -> list[int]:
    """Return which chunks are one member's: all members have about as many rows."""
    loads = [0] * size
    own = []
    for number in sorted(range(len(rows)), key=lambda one: (-rows[one], one)):
        member = loads.index(min(loads))
        loads[member] += max(rows[number], 1)
        if member == rank:
            own.append(number)
    return own


def stretches_of(
    found: AssetRows, lesson: Lesson, detector: Autoencoder, share: float = 1.0
) -> list[NDArray[np.float32]]:
    """Return a machine's rows as the network sees them; of very many, blocks.

    Raises
    ------
    Unfit
        There is too little to learn from, or not every sensor of the fleet.
    """
    sensors = lesson.columns.sensors
    own = taken(found.rows, sensors, lesson.recipe)
    if own.left_out:
        raise Unfit(f"{next(iter(own.left_out))} has too few values")
    ready = prepare(own.series, own.values, own.alive, lesson.recipe, detector.tags)
    scaled = detector.scaled(np.ascontiguousarray(ready.training.T, np.float64))
    pieces = np.split(scaled, ready.borders)
    return pieces if share >= 1 else [block for one in pieces for block in _some(one, share)]


def _some(rows: NDArray[np.float32], share: float) -> Iterator[NDArray[np.float32]]:
    count = max(int(len(rows) * share) // _BLOCK, 1)
    length = min(max(int(len(rows) * share) // count, 1), len(rows))
    for start in np.linspace(0, len(rows) - length, count).astype(int):
        yield rows[start : start + length].copy()
