"""Readings judged as they come by several processes, on a cluster's Ray Serve."""

from __future__ import annotations

import asyncio
import threading
import zlib
from collections.abc import Awaitable
from functools import partial
from pathlib import Path
from typing import Protocol

from appliance import __version__
from appliance.core.errors import InvalidRequest
from appliance.core.settings import load_settings
from appliance.engine import serve
from appliance.pipelines.online import OnlineFleets
from appliance.pipelines.site import Site
from appliance.schemas.online import OnlineAnswer, OnlineRequest

_SHARDS = 64
"""What assets are gathered in; each has its place on one replica."""
_Asked = tuple[str, OnlineRequest]
_Replicas = serve.Replicas[_Asked, OnlineAnswer]


class FleetsOnline(Protocol):
    """Judges readings as they come, in this process or elsewhere."""

    @property
    def is_here(self) -> bool:
        """Whether this process judges."""

    def answer(self, fleet: str, asked: OnlineRequest) -> OnlineAnswer:
        """Judge readings by the champion."""

    def answer_at_once(self, fleet: str, asked: OnlineRequest) -> OnlineAnswer | None:
        """Judge readings if that needs no wait; None where it does."""

    def awaited(self, fleet: str, asked: OnlineRequest) -> Awaitable[OnlineAnswer] | None:
        """Have others judge readings; None where a thread is to call `answer`."""


def fleets_online(site: Site) -> FleetsOnline:
    """Return what judges a site's readings: this process, or Ray Serve where that is said.

    It is not taken unasked: its replicas need the site's database, which not every cluster is
    to be given, and a process that asks it ends with its node of Ray.

    Raises
    ------
    InvalidRequest
        Ray Serve is asked for, and no cluster is named or it is not installed.
    """
    if site.settings.online == "web":
        return OnlineFleets(site)
    if not (site.settings.ray_address and serve.available()):
        raise InvalidRequest(
            "readings are to be judged by Ray Serve, which is not to be had.",
            remedy="Set ray_address and install kizashi[serve], or set online to web.",
        )
    return ServedFleets(site)


class ServedFleets:
    """Judges readings on Ray Serve: each asset's always in the same replica.

    Its replicas look for champions as `OnlineFleets` does.  A request that is refused may have
    been taken in part where it holds readings of several assets.

    Parameters
    ----------
    site
        Whose settings every machine of the cluster has too, its lake and database in reach.
    """

    is_here = False

    def __init__(self, site: Site) -> None:
        self._site = site
        self._lock = threading.Lock()
        self._made: _Replicas | None = None

    def answer(self, fleet: str, asked: OnlineRequest) -> OnlineAnswer:
        """Judge readings by the champion; see `OnlineFleets.answer`.

        Raises
        ------
        EngineError, TryAgain
            Ray Serve does not answer, or too much waits there.
        """
        return asyncio.run(self._answered(self._ready(), fleet, asked))

    def answer_at_once(self, fleet: str, asked: OnlineRequest) -> OnlineAnswer | None:  # noqa: ARG002
        """Return None: other processes judge, and one waits for them."""
        return None

    def awaited(self, fleet: str, asked: OnlineRequest) -> Awaitable[OnlineAnswer] | None:
        """Have replicas judge readings; None before there are any, which takes a while."""
        replicas = self._made
        return None if replicas is None else self._answered(replicas, fleet, asked)

    async def _answered(
        self, replicas: _Replicas, fleet: str, asked: OnlineRequest
    ) -> OnlineAnswer:
        shards: dict[int, list[int]] = {}
        for number, reading in enumerate(asked.readings):
            shards.setdefault(zlib.crc32(reading.asset.encode()) % _SHARDS, []).append(number)
        parts = [
            (f"{fleet}/{shard}", (fleet, _part(asked, numbers)))
            for shard, numbers in shards.items()
        ]
        answers = await replicas.asked(parts)
        scores = {
            number: score
            for numbers, answer in zip(shards.values(), answers, strict=True)
            for number, score in zip(numbers, answer.scores, strict=True)
        }
        return OnlineAnswer(
            fleet=fleet,
            # Within the second in which another one takes over, the one that some still had.
            version=min(answer.version for answer in answers),
            scores=tuple(scores[number] for number in range(len(asked.readings))),
        )

    def _ready(self) -> _Replicas:
        with self._lock:
            if self._made is None:
                settings = self._site.settings
                name = f"kizashi-online-{settings.name}-{__version__}"
                make = partial(_judge_of, str(settings.home))
                most = settings.worker_count
                self._made = serve.Replicas(settings, name, make, most=most, weigh=_weight)
            return self._made


def _weight(asked: _Asked) -> int:
    return len(asked[1].readings)


def _part(asked: OnlineRequest, numbers: list[int]) -> OnlineRequest:
    return asked.model_copy(update={"readings": tuple(asked.readings[n] for n in numbers)})


def _judge_of(home: str) -> serve.Work[_Asked, OnlineAnswer]:
    """Open a site in a replica; return what judges there."""
    return OnlineFleets(Site(load_settings(Path(home)))).answer_all
