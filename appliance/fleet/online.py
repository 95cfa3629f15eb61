"""Readings as they come, one by one or some of many assets at once: surprise at once.

A reading is judged as `FleetModel.score` with ``live=True`` judges the last row of itself and
all that came before it.  How readings are gathered into calls changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import numpy as np

from appliance.calendar.masks import Masks
from appliance.core.errors import Conflict, InvalidRequest
from appliance.fleet.judgements import EXPLAINED_FROM, Judged
from appliance.fleet.judging import AssetModel
from appliance.fleet.scoring import Models
from appliance.fleet.series import micro, moment
from appliance.fleet.stream import AssetStream, Values
from appliance.fleet.streams import History, Streams
from appliance.schemas.score import Judgement

MOST_BYTES = 512 * 2**20
"""Memory for what is kept of a fleet, where nothing else is said."""
_LONGEST_NAME = 400
_YEARS = (1700, 2250)

Value = float | str | None
"""Of a sensor or a context: a number; the word of a context of words; None if missing."""


class Reading(NamedTuple):
    """What one asset measured at one moment.

    Attributes
    ----------
    values
        By sensor or context; those that are not named are missing.
    """

    asset: str
    time: datetime
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class OnlineScore:
    """What a reading was judged to be when it came.

    Attributes
    ----------
    surprise
        None where it is not judged.
    alarm
        Surprise reached `threshold`.
    threshold
        Of the asset; None without a model.
    state
        ``FINAL``; ``PROVISIONAL`` where later readings will refine it; or why it is not judged.
    coverage
        Share of the asset's sensors that were alive.
    contributions
        Shares of the sensors that add up to 1, where surprise is at least 1.
    """

    asset: str
    time: datetime
    surprise: float | None
    alarm: bool
    threshold: float | None
    state: Judgement
    coverage: float
    contributions: Mapping[str, float] = field(default_factory=dict)


class Online:
    """A fleet model at work on readings as they come.

    Not for several threads at once.

    Parameters
    ----------
    models
        The fleet model.
    history
        Where rows before an asset's first reading are asked for, and those in a gap; nothing
        is remembered without it.
    masks
        Stretches that the calendar takes out.
    most_bytes
        Memory for what is kept: the asset that sent nothing for longest is forgotten first.
    """

    def __init__(
        self,
        models: Models,
        history: History | None = None,
        *,
        masks: Masks | None = None,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._models = models
        self._streams = Streams(models, history, masks or Masks(), most_bytes)

    def swap(self, models: Models) -> None:
        """Let another model judge from now on; it goes on with the readings that came."""
        self._models, self._streams = models, self._streams.after(models)

    def mask(self, masks: Masks) -> None:
        """Take out other stretches from now on."""
        self._streams.masks = masks

    def __len__(self) -> int:
        """Assets of which something is kept."""
        return len(self._streams)

    @property
    def bytes(self) -> int:
        """Memory that is kept for assets."""
        return self._streams.bytes

    def knows(self, readings: Sequence[Reading]) -> bool:
        """Whether readings can be judged without asking the history or opening a model."""
        return all(self._streams.knows(one.asset, micro(one.time)) for one in readings)

    # ------------------------------------------------------------------ judging
    def push(self, asset: str, time: datetime, values: Mapping[str, Value]) -> OnlineScore:
        """Judge one reading; see `push_many`."""
        return self.push_many([Reading(asset, time, values)])[0]

    def push_many(
        self, readings: Sequence[Reading], *, explain: bool = True
    ) -> list[OnlineScore]:
        """Judge readings in the order in which they are given: all of them, or none.

        Parameters
        ----------
        readings
            Each later than the one before it of the same asset.
        explain
            Also give contributions.

        Raises
        ------
        InvalidRequest
            A value is no number, or a time or a name cannot be one.
        Conflict
            A reading is not later than the last one of its asset.
        StorageError, ArtifactError
            The readings before them, or the model, cannot be read.
        """
        rows = [self._row(reading) for reading in readings]
        first = self._in_order(readings, rows)
        self._streams.ready(first)
        if len(readings) == 1:
            out = [self._judge_one(readings[0], rows[0], explain=explain)]
        else:
            out = self._judge_all(readings, rows, explain=explain)
        self._streams.forget()
        return out

    def _judge_one(self, reading: Reading, row: Values, *, explain: bool) -> OnlineScore:
        score = self._judge(reading, row, explain=explain)
        if isinstance(score, OnlineScore):
            return score
        return _score(reading, score.model, score.judge(plain=True, explain=explain), 0)

    def _judge_all(
        self, readings: Sequence[Reading], rows: Sequence[Values], *, explain: bool
    ) -> list[OnlineScore]:
        """Judge readings, those together that one model judges and none of which waits."""
        out: dict[int, OnlineScore] = {}
        for turn in _turns(readings):
            together: dict[int, list[int]] = {}
            for number in turn:
                score = self._judge(readings[number], rows[number], explain=explain)
                if isinstance(score, OnlineScore):
                    out[number] = score
                else:
                    together.setdefault(id(score.model), []).append(number)
            for numbers in together.values():
                asked = [readings[number] for number in numbers]
                scores = self._judge_together(asked, explain=explain)
                out.update(zip(numbers, scores, strict=True))
        return [out[number] for number in range(len(rows))]

    def _judge(
        self, reading: Reading, row: Values, *, explain: bool
    ) -> OnlineScore | AssetStream:
        """Judge a reading; its asset's stream where it can be judged with those of others."""
        stream = self._streams.get(reading.asset)
        if stream is None:
            return _unjudged(reading, None, Judgement.NO_MODEL)
        if self._streams.may_halt:
            halted = Judgement(self._streams.halted(reading.asset, row[None])[0])
            if halted is not Judgement.FINAL:
                stream.skip(row[None], self._streams.stopped(row[None]))
                return _unjudged(reading, stream.model, halted)
        plain = stream.take(row)
        if plain and stream.alone:
            return stream
        return _score(reading, stream.model, stream.judge(plain=plain, explain=explain), 0)

    def _judge_together(
        self, readings: Sequence[Reading], *, explain: bool
    ) -> Iterator[OnlineScore]:
        """Judge readings of one model whose scores depend on no other row, in one call."""
        streams = [self._streams.get(reading.asset) for reading in readings]
        found = [stream for stream in streams if stream is not None]
        model, newest = found[0].model, [stream.newest() for stream in found]
        sensors, context = (
            part[0] if len(part) == 1 else np.concatenate(part, axis=1)
            for part in zip(*newest, strict=True)
        )
        judged = model.judge_plain(sensors, context, len(readings), explain=explain)
        for place, reading in enumerate(readings):
            yield _score(reading, model, judged, place)

    # ------------------------------------------------------------------ rows
    def _row(self, reading: Reading) -> Values:
        asset, time, values = reading
        if not 1 <= len(asset) <= _LONGEST_NAME:
            raise InvalidRequest(f"an asset's name must have 1 to {_LONGEST_NAME} characters.")
        if not _YEARS[0] <= time.year <= _YEARS[1]:
            raise InvalidRequest(
                f"the time {time.isoformat()} of {asset} lies outside of the years "
                f"{_YEARS[0]} to {_YEARS[1]}."
            )
        told = [values.get(name) for name in self._streams.names]
        levels = self._models.manifest.levels
        if levels:
            told = [
                _level(levels[name], value) if name in levels else value
                for name, value in zip(self._streams.names, told, strict=True)
            ]
        if str in map(type, told):
            raise InvalidRequest(f"a value of {asset} at {time.isoformat()} is a text.")
        try:
            return np.array([micro(time), *told], np.float64)
        except (TypeError, ValueError, OverflowError) as error:
            raise InvalidRequest(
                f"a value of {asset} at {time.isoformat()} is no number: {error}.",
                remedy="Send numbers, and none for what is missing.",
            ) from error

    def _in_order(self, readings: Sequence[Reading], rows: Sequence[Values]) -> dict[str, int]:
        """Return the first moment of each asset that has a model.

        Raises
        ------
        Conflict
            A reading does not come after the one before it.
        """
        first: dict[str, int] = {}
        last: dict[str, int | None] = {}
        for reading, row in zip(readings, rows, strict=True):
            asset, time = reading.asset, int(row[0])
            before = last[asset] if asset in last else self._streams.last(asset)
            if before is not None and time <= before:
                raise Conflict(
                    f"the reading of {asset} at {moment(time).isoformat()} is not later than "
                    f"the last one, at {moment(before).isoformat()}.",
                    remedy="Send an asset's readings once, in time order.",
                )
            last[asset] = time
            if asset not in first and self._models.manifest.of(asset) is not None:
                first[asset] = time
        return first


def _level(levels: Mapping[str, int], value: Value) -> Value:
    """Return the number of a word; one never seen keeps a number of its own, as in frames."""
    return float(levels.get(value, len(levels))) if isinstance(value, str) else value


def _turns(readings: Sequence[Reading]) -> Iterator[list[int]]:
    """Yield numbers of readings, an asset's first ones, then its second ones, and so on."""
    seen: dict[str, int] = {}
    turns: list[list[int]] = []
    for number, reading in enumerate(readings):
        turn = seen.get(reading.asset, 0)
        seen[reading.asset] = turn + 1
        if turn == len(turns):
            turns.append([])
        turns[turn].append(number)
    yield from turns


def _unjudged(reading: Reading, model: AssetModel | None, why: Judgement) -> OnlineScore:
    return OnlineScore(
        reading.asset,
        reading.time,
        surprise=None,
        alarm=False,
        threshold=None if model is None else model.entry.threshold,
        state=why,
        coverage=0.0 if model is None else 1.0,
    )


def _score(reading: Reading, model: AssetModel, judged: Judged, place: int) -> OnlineScore:
    surprise = float(judged.surprise[place])
    shares: dict[str, float] = {}
    if judged.shares is not None and surprise >= EXPLAINED_FROM:
        values = judged.shares[:, place].tolist()
        shares = dict(zip(model.entry.sensors, values, strict=True))
    return OnlineScore(
        reading.asset,
        reading.time,
        None if surprise != surprise else surprise,
        bool(judged.alarm[place]),
        model.entry.threshold,
        Judgement(judged.state[place]),
        float(judged.coverage[place]),
        shares,
    )
