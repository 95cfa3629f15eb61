"""Champions at work on readings as they come, one by one or a few at once.

Nothing is written: readings come to stay by ingest, and scores by a scoring run.  What is kept
of assets is in the memory of this process, and asked for from the lake when it is not there.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

import polars as pl

from appliance.calendar.expand import expand
from appliance.calendar.masks import Masks
from appliance.core.clock import monotonic, now
from appliance.core.errors import InvalidRequest, KizashiError
from appliance.core.log import get
from appliance.fleet.online import MOST_BYTES, Online, OnlineScore, Reading
from appliance.fleet.scoring import opened
from appliance.fleet.streams import History
from appliance.lake.readings import Readings
from appliance.pipelines.site import Site
from appliance.schemas.online import OnlineAnswer, OnlineJudged, OnlineRequest
from appliance.schemas.score import Judgement

_log = get(__name__)

_LOOK_EVERY = 1.0
"""Seconds after which another champion or calendar is looked for."""
_AHEAD = timedelta(days=1)
_BEFORE = timedelta(days=400)
_FEW = 8
"""So many readings are judged without leaving the thread that asks."""
_STATES = {state: state.name.lower() for state in Judgement}


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
    clock
        Seconds that never jump.
    """

    is_here = True

    def __init__(
        self,
        site: Site,
        *,
        most_bytes: int = MOST_BYTES,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._site = site
        self._most_bytes = most_bytes
        self._clock = clock
        self._lock = threading.Lock()
        self._posts: OrderedDict[str, _Post] = OrderedDict()

    def answer(self, fleet: str, asked: OnlineRequest) -> OnlineAnswer:
        """Judge readings by the champion; see `Online.push_many`, also for what is refused.

        A new champion is looked for once a second: it takes over between two calls, and goes
        on with what is known of the assets.

        Raises
        ------
        NotFound
            The fleet has no model.
        """
        readings = _readings(asked)
        post = self._post(fleet, readings)
        with post.lock:
            scores = post.online.push_many(readings, explain=asked.contributions)
            version = post.version
        self._make_room(fleet)
        return _told(fleet, version, scores)

    def answer_all(
        self, asked: Sequence[tuple[str, OnlineRequest]]
    ) -> list[OnlineAnswer | KizashiError]:
        """Judge several requests, those of a fleet in one call.

        Where one of them is refused nothing of the call is taken, and each is judged by itself.

        Returns
        -------
        list
            Of each request the answer, or the error that `answer` would raise.
        """
        out: dict[int, OnlineAnswer | KizashiError] = {}
        for numbers in _alike(asked):
            together = [asked[number] for number in numbers]
            try:
                answers = self._answered_together(together)
            except KizashiError:
                answers = [self._answer_or_error(*one) for one in together]
            out.update(zip(numbers, answers, strict=True))
        return [out[number] for number in range(len(asked))]

    def _answered_together(
        self, asked: Sequence[tuple[str, OnlineRequest]]
    ) -> list[OnlineAnswer | KizashiError]:
        fleet, first = asked[0]
        readings = tuple(reading for _, one in asked for reading in one.readings)
        whole = self.answer(fleet, first.model_copy(update={"readings": readings}))
        scores = iter(whole.scores)
        return [
            whole.model_copy(update={"scores": tuple(islice(scores, len(one.readings)))})
            for _, one in asked
        ]

    def _answer_or_error(self, fleet: str, asked: OnlineRequest) -> OnlineAnswer | KizashiError:
        try:
            return self.answer(fleet, asked)
        except KizashiError as error:
            return error

    def answer_at_once(self, fleet: str, asked: OnlineRequest) -> OnlineAnswer | None:
        """Judge a few readings if that needs neither the lake nor a wait.

        It goes on with the champion that is known, while another one is looked for.

        Returns
        -------
        OnlineAnswer or None
            None where `answer` is to be called instead, by a thread that may wait.
        """
        post = self._posts.get(fleet)
        if post is None or len(asked.readings) > _FEW:
            return None
        readings = _readings(asked)
        try:
            return self._judged(fleet, post, readings, asked)
        finally:
            # Begun before, the look could hold what is judged by.
            if post.due <= self._clock():
                post.due = self._clock() + _LOOK_EVERY
                threading.Thread(target=self._look, args=(fleet, readings), daemon=True).start()

    def awaited(self, fleet: str, asked: OnlineRequest) -> Awaitable[OnlineAnswer] | None:  # noqa: ARG002
        """Return None: this process judges."""
        return None

    @staticmethod
    def _judged(
        fleet: str, post: _Post, readings: Sequence[Reading], asked: OnlineRequest
    ) -> OnlineAnswer | None:
        """Judge by what is open already, unless somebody else does."""
        if not post.covers(readings) or not post.lock.acquire(blocking=False):
            return None
        try:
            if not post.online.knows(readings):
                return None
            scores = post.online.push_many(readings, explain=asked.contributions)
            return _told(fleet, post.version, scores)
        finally:
            post.lock.release()

    # ------------------------------------------------------------------ champions
    def _post(self, fleet: str, readings: Sequence[Reading]) -> _Post:
        """Return a fleet's post, with the champion and the calendar of this second."""
        post = self._posts.get(fleet)
        if post is not None and post.due > self._clock() and post.covers(readings):
            return post
        return self._looked(fleet, readings)

    def _look(self, fleet: str, readings: Sequence[Reading]) -> None:
        """Look for another champion or calendar, beside those who ask."""
        try:
            self._looked(fleet, readings)
        except KizashiError:
            _log.warning("%s: readings are judged by the champion known so far", fleet)
            _log.debug("looking for another one failed", exc_info=True)

    def _looked(self, fleet: str, readings: Sequence[Reading]) -> _Post:
        post, due = self._posts.get(fleet), self._clock() + _LOOK_EVERY
        if post is not None:
            post.due = due  # others go on with what is known, while this one looks
        champion = self._site.registry.champion(fleet)
        if post is None or post.version != champion.version:
            opened(champion.path, champion.digest)  # it takes a while: before anything is held
        times = [reading.time for reading in readings]
        horizon = min(times) - _BEFORE, max(*times, now()) + _AHEAD
        masks = self._masks(fleet, horizon)
        with self._lock:
            post = self._posts.get(fleet, post)
            if post is None:
                models = opened(champion.path, champion.digest)
                history = _history_of(self._site.lake.readings(fleet))
                online = Online(models, history, masks=masks, most_bytes=self._most_bytes)
                post = _Post(online, champion.version, horizon, due)
            self._posts[fleet] = post
        with post.lock:
            if post.version != champion.version:
                post.online.swap(opened(champion.path, champion.digest))
                post.version = champion.version
            post.online.mask(masks)
            post.horizon = horizon
        return post

    def _masks(self, fleet: str, horizon: tuple[datetime, datetime]) -> Masks:
        windows = self._site.calendar.list(fleet)
        return expand(windows, fleet, horizon).clipped(horizon) if windows else Masks()

    def _make_room(self, fleet: str) -> None:
        """Let go of the fleets that were not asked for longest, until the rest fits."""
        with self._lock:
            if fleet in self._posts:
                self._posts.move_to_end(fleet)
            held = {name: post.online.bytes for name, post in self._posts.items()}
            for name in list(held)[:-1]:
                if sum(held.values()) <= self._most_bytes:
                    return
                del self._posts[name], held[name]


def _alike(asked: Sequence[tuple[str, OnlineRequest]]) -> list[list[int]]:
    """Return the numbers of requests that can be judged in one call, in their order."""
    found: dict[tuple[str, bool], list[int]] = {}
    for number, (fleet, one) in enumerate(asked):
        found.setdefault((fleet, one.contributions), []).append(number)
    return [*found.values()]


def _readings(asked: OnlineRequest) -> list[Reading]:
    latest = now() + _AHEAD
    for one in asked.readings:
        if one.time > latest:
            raise InvalidRequest(
                f"the reading of {one.asset} at {one.time.isoformat()} lies more than a day "
                "ahead of the site's clock.",
                remedy="Set the clock of whoever sends it.",
            )
    return [Reading(one.asset, one.time, one.values) for one in asked.readings]


def _told(fleet: str, version: int, scores: Sequence[OnlineScore]) -> OnlineAnswer:
    told = [
        OnlineJudged(
            asset=score.asset,
            time=score.time,
            surprise=score.surprise,
            alarm=score.alarm,
            threshold=score.threshold,
            state=_STATES[score.state],
            coverage=score.coverage,
            contributions=dict(score.contributions),
        )
        for score in scores
    ]
    return OnlineAnswer(fleet=fleet, version=version, scores=tuple(told))


def _history_of(readings: Readings) -> History:
    def history(
        assets: Sequence[str], start: datetime, end: datetime, columns: Sequence[str]
    ) -> pl.DataFrame:
        return readings.read(assets, start, end, columns)

    return history
