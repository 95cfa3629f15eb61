"""What is kept of the assets of a fleet whose readings come one by one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from appliance.calendar.masks import Masks
from appliance.fleet.frames import TIME
from appliance.fleet.judging import AssetModel
from appliance.fleet.scoring import Models
from appliance.fleet.series import MICRO, Mask, moment
from appliance.fleet.stream import AssetStream, Places, Values
from appliance.schemas.score import Judgement

_MODEL_SHARE = 2
"""A model in use takes about twice what its arrays do."""
_SIDE_BY_SIDE = 2
"""Ranges are read together that are at most so many times as long as one of them."""


class History(Protocol):
    """What is remembered of assets: the lake."""

    def __call__(
        self, assets: Sequence[str], start: datetime, end: datetime, columns: Sequence[str]
    ) -> pl.DataFrame:
        """Return readings of assets within a half-open range, as the lake gives them."""


class Streams:
    """The streams of a fleet's assets, the least recently used of them no longer.

    Parameters
    ----------
    models
        The fleet model.
    history
        Where rows before an asset's first reading here, and those in a gap, are asked for.
    most_bytes
        Memory for all of them, their models included.
    before
        Streams of the model that this one follows: what they keep is taken over.
    """

    def __init__(
        self,
        models: Models,
        history: History | None,
        masks: Masks,
        most_bytes: int,
        before: Streams | None = None,
    ) -> None:
        self.masks = masks
        self.names = tuple(models.columns.names)
        self._models = models
        self._history = history
        self._most_bytes = most_bytes
        self._before = before
        self._streams: OrderedDict[str, AssetStream] = OrderedDict()
        self._shared: tuple[AssetModel, int] | None = None
        self._kind: np.dtype[np.floating] = np.dtype(np.float64)
        if before is not None:
            self._kind = before._kind
        self._held: dict[str, int] = {}
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._streams)

    def after(self, models: Models) -> Streams:
        """Return the streams of the model that takes over; these are used no more."""
        self._before = None
        return Streams(models, self._history, self.masks, self._most_bytes, self)

    def get(self, asset: str) -> AssetStream | None:
        """Return an asset's stream, if there is one."""
        stream = self._streams.get(asset)
        if stream is not None:
            self._streams.move_to_end(asset)
        return stream

    def last(self, asset: str) -> int | None:
        """Return the time of an asset's newest reading, also of one that was taken over."""
        for streams in (self, self._before):
            if streams is not None and (found := streams._streams.get(asset)) is not None:
                return found.last
        return None

    @property
    def may_halt(self) -> bool:
        """Whether there are moments at all that are no part of a series."""
        return bool(self.masks) or self._models.columns.run_state is not None

    def halted(self, asset: str, rows: Values) -> NDArray[np.int8]:
        """Return why moments are no part of an asset's series; `FINAL` where they are."""
        state = np.full(len(rows), Judgement.FINAL, np.int8)
        state[self.stopped(rows)] = Judgement.NOT_RUNNING
        if self.masks:
            state[self.masks.inside(asset, rows[:, 0].astype(np.int64))] = Judgement.MAINTENANCE
        return state

    def stopped(self, rows: Values) -> Mask:
        """Return in which rows a machine stands still, by its run state."""
        rule = self._models.columns.run_state
        if rule is None:
            return np.zeros(len(rows), bool)
        values = rows[:, self.names.index(rule.column) + 1]
        running = np.isin(values, rule.values)
        if rule.minimum is not None:
            running |= values >= rule.minimum
        return np.asarray(~running)

    def knows(self, asset: str, time: int) -> bool:
        """Whether a reading can be judged without asking the lake or opening a model."""
        stream = self._streams.get(asset)
        if stream is None:
            return self._models.manifest.of(asset) is None
        return stream.follows(time, self._models.manifest.recipe.cleaning.fill_rows)

    # ------------------------------------------------------------------ remembering
    def ready(self, first: Mapping[str, int]) -> None:
        """Make streams that go on at some moments, in microseconds, of assets with a model.

        Raises
        ------
        StorageError, ArtifactError
            The lake or a model cannot be read; nothing has changed then.
        """
        asked: dict[str, tuple[int, int]] = {}
        for asset, time in first.items():
            if self.knows(asset, time):
                continue
            stream, entry = self._streams.get(asset), self._models.entry(asset)
            start = time - round((entry.warm_rows + 1) * entry.interval_seconds * MICRO)
            if stream is not None and stream.last is not None:
                start = max(start, stream.last + 1)
            asked[asset] = (start, time)
        if not asked:
            return
        found = self._read(
            {a: span for a, span in asked.items() if not self._inherits(a, span)}
        )
        made = {a: self._made(a) for a in asked if a not in self._streams}
        for asset, (stream, held) in made.items():
            self._streams[asset] = stream
            self._held[asset] = held
            self.bytes += held
        if self._before is not None and not len(self._before):
            self._before = None
        for asset, (start, stop) in asked.items():
            rows = [] if asset not in found else [found[asset]]
            if asset in made and self._before is not None:
                rows = self._before._handed_over(asset, self.names, rows)
            for block in rows:
                inside = block[(block[:, 0] >= start) & (block[:, 0] < stop)]
                running = self.halted(asset, inside) == Judgement.FINAL
                self._streams[asset].fill(inside[running])
                halted = inside[~running]
                self._streams[asset].skip(halted, self.stopped(halted))

    def _inherits(self, asset: str, span: tuple[int, int]) -> bool:
        """Whether the model before has kept all that this one needs of an asset."""
        stream = None if self._before is None else self._before._streams.get(asset)
        if stream is None or asset in self._streams:
            return False
        entry, cleaning = self._models.entry(asset), self._models.manifest.recipe.cleaning
        enough = stream.running_rows >= entry.warm_rows
        return enough and stream.follows(span[1], cleaning.fill_rows)

    def _handed_over(
        self, asset: str, names: Sequence[str], known: Sequence[Values]
    ) -> list[Values]:
        """Return what is kept of an asset between what is known from before it and after it."""
        stream = self._streams.pop(asset, None)
        self.bytes -= self._held.pop(asset, 0)
        if stream is None or not len(stream.kept()):
            return list(known)
        kept = stream.kept()
        out = np.full((len(kept), len(names) + 1), np.nan)
        out[:, 0] = kept[:, 0]
        for place, name in enumerate(names, 1):
            if name in self.names:
                out[:, place] = kept[:, self.names.index(name) + 1]
        rows = list(known)
        earlier = [block[block[:, 0] < kept[0, 0]] for block in rows]
        later = [block[block[:, 0] > kept[-1, 0]] for block in rows]
        return [*earlier, out, *later]

    def _made(self, asset: str) -> tuple[AssetStream, int]:
        """Return a new stream, and the memory that it and its model take."""
        models = self._models
        own = asset in models.manifest.assets
        if own or self._shared is None:
            arrays = models.artifact.arrays(asset)
            size = _MODEL_SHARE * sum(array.nbytes for array in arrays.values())
            built = AssetModel(models.entry(asset), arrays, models.manifest.recipe), size
            if not own:
                self._shared = built
        else:
            built = self._shared
        model, size = built
        places = Places.of(model, models.columns, self._kind)
        stream = AssetStream(model, places, len(self.names) + 1)
        return stream, stream.bytes + (size if own else 0)

    def _read(self, asked: Mapping[str, tuple[int, int]]) -> dict[str, Values]:
        found: dict[str, Values] = {}
        if self._history is None:
            return found
        for assets, start, stop in _side_by_side(asked):
            frame = self._history(assets, moment(start), moment(stop), self.names)
            kinds = {frame.schema[name] for name in self._models.columns.sensors}
            single = kinds == {pl.Float32()}
            self._kind = np.dtype(np.float32 if single else np.float64)
            times = frame["time"].cast(TIME).to_physical().to_numpy().astype(np.float64)
            numbers = frame.select(
                pl.col(*self.names).cast(pl.Float64, strict=False)
            ).to_numpy()
            rows = np.column_stack([times, numbers])
            first = 0
            for length, asset in frame["asset"].rle().struct.unnest().iter_rows():
                found[str(asset)] = rows[first : first + length]
                first += length
        return found

    def forget(self) -> None:
        """Let go of assets that sent nothing for longest, until the rest fits."""
        while self.bytes > self._most_bytes and len(self._streams) > 1:
            asset, _ = self._streams.popitem(last=False)
            self.bytes -= self._held.pop(asset)


def _side_by_side(
    asked: Mapping[str, tuple[int, int]],
) -> Iterator[tuple[list[str], int, int]]:
    """Yield assets to be read together, and the range that holds all of theirs."""
    assets: list[str] = []
    low = high = longest = 0
    for asset, (start, stop) in sorted(asked.items(), key=lambda item: item[1]):
        own = max(longest, stop - start)
        if assets and max(high, stop) - low > _SIDE_BY_SIDE * own:
            yield assets, low, high
            assets, high, longest = [], 0, 0
        if not assets:
            low = start
        assets.append(asset)
        high, longest = max(high, stop), max(longest, stop - start)
    if assets:
        yield assets, low, high
