"""Champions at work on readings as they come, one by one or a few at once.

Nothing is written: readings come to stay by ingest, and scores by a scoring run.  What is kept
of assets is in the memory of this process, and asked for from the lake when it is not there.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import polars as pl

from appliance.calendar.expand import expand
from appliance.calendar.masks import Masks
from appliance.core.clock import monotonic, now
from appliance.core.errors import InvalidRequest
from appliance.fleet.artifact import Artifact
from appliance.fleet.online import MOST_BYTES, Online, OnlineScore, Reading
from appliance.fleet.scoring import Models
from appliance.fleet.streams import History
from appliance.lake.readings import Readings
from appliance.pipelines.site import Site

_LOOK_EVERY = 1.0
"""Seconds after which another champion or calendar is looked for."""
_AHEAD = timedelta(days=1)
_BEFORE = timedelta(days=400)
_FEW = 8
"""So many readings are judged without leaving the thread that asks."""


class Answer(NamedTuple):
    """Scores, and the version of the model that they are by."""

    version: int
    scores: list[OnlineScore]


@dataclass
class _Post:
    """A fleet's champion at work.

    Attributes
    ----------
    horizon
        Times that the calendar was looked up for.
    due
        Moment of the clock at which to look again.
    """

    online: Online
    version: int
    horizon: tuple[datetime, datetime]
    due: float
    lock: threading.Lock = field(default_factory=threading.Lock)

    def covers(self, readings: Sequence[Reading]) -> bool:
        """Whether the calendar is known at the times of readings."""
        start, end = self.horizon
        return all(start <= reading.time < end for reading in readings)


class OnlineFleets:
    """The fleets of a site whose readings are judged as they come.

    Parameters
    ----------
    site
        Its registry tells the champions, its lake what came before.
    most_bytes
        Memory for what is kept of assets; fleets that were not asked for longest go first.
    """

    def __init__(self, site: Site, *, most_bytes: int = MOST_BYTES) -> None:
        self._site = site
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._posts: OrderedDict[str, _Post] = OrderedDict()

    def judge(self, fleet: str, readings: Sequence[Reading], *, explain: bool = True) -> Answer:
        """Judge readings by the champion; see `Online.push_many`, also for what is refused.

        A new champion is looked for once a second: it takes over between two calls, and goes
        on with what is known of the assets.

        Raises
        ------
        NotFound
            The fleet has no model.
        """
        self._refuse_future(readings)
        post = self._post(fleet, readings)
        with post.lock:
            answer = Answer(post.version, post.online.push_many(readings, explain=explain))
        self._make_room(fleet)
        return answer

    def judge_at_once(
        self, fleet: str, readings: Sequence[Reading], *, explain: bool = True
    ) -> Answer | None:
        """Judge a few readings if that needs neither the lake nor the database nor a wait.

        Returns
        -------
        Answer or None
            None where `judge` is to be called instead, by a thread that may wait.
        """
        self._refuse_future(readings)
        post = self._posts.get(fleet)
        if post is None or len(readings) > _FEW or post.due <= monotonic():
            return None
        if not post.covers(readings) or not post.lock.acquire(blocking=False):
            return None
        try:
            if not post.online.knows(readings):
                return None
            return Answer(post.version, post.online.push_many(readings, explain=explain))
        finally:
            post.lock.release()

    @staticmethod
    def _refuse_future(readings: Sequence[Reading]) -> None:
        latest = now() + _AHEAD
        for reading in readings:
            if reading.time > latest:
                raise InvalidRequest(
                    f"the reading of {reading.asset} at {reading.time.isoformat()} lies more "
                    "than a day ahead of the site's clock.",
                    remedy="Set the clock of whoever sends it.",
                )

    # ------------------------------------------------------------------ champions
    def _post(self, fleet: str, readings: Sequence[Reading]) -> _Post:
        """Return a fleet's post, with the champion and the calendar of this second."""
        post = self._posts.get(fleet)
        if post is not None and post.due > monotonic() and post.covers(readings):
            return post
        due = monotonic() + _LOOK_EVERY
        if post is not None:
            post.due = due  # others go on with what is known, while this one looks
        version = self._site.registry.champions([fleet]).get(fleet)
        models = None
        if post is None or version is None or version != post.version:
            champion = self._site.registry.champion(fleet)
            version, models = champion.version, Models(Artifact(Path(champion.path)))
        times = [reading.time for reading in readings]
        horizon = min(times) - _BEFORE, max(*times, now()) + _AHEAD
        masks = self._masks(fleet, horizon)
        with self._lock:
            if models is not None and fleet not in self._posts:
                history = _history_of(self._site.lake.readings(fleet))
                online = Online(models, history, masks=masks, most_bytes=self._most_bytes)
                self._posts[fleet] = _Post(online, version, horizon, due)
            post = self._posts[fleet]
        with post.lock:
            if models is not None and post.version != version:
                post.online.swap(models)
                post.version = version
            post.online.mask(masks)
            post.horizon = horizon
        return post

    def _masks(self, fleet: str, horizon: tuple[datetime, datetime]) -> Masks:
        windows = self._site.calendar.list(fleet)
        return expand(windows, fleet, horizon).clipped(horizon) if windows else Masks()

    def _make_room(self, fleet: str) -> None:
        """Let go of the fleets that were not asked for longest, until the rest fits."""
        with self._lock:
            self._posts.move_to_end(fleet)
            held = {name: post.online.bytes for name, post in self._posts.items()}
            for name in list(held)[:-1]:
                if sum(held.values()) <= self._most_bytes:
                    return
                del self._posts[name], held[name]


def _history_of(readings: Readings) -> History:
    def history(
        assets: Sequence[str], start: datetime, end: datetime, columns: Sequence[str]
    ) -> pl.DataFrame:
        return readings.read(assets, start, end, columns)

    return history
