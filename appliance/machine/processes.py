"""The processes of a running appliance: one list, from which all supervision is made."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.error import URLError
from urllib.request import HTTPSHandler, ProxyHandler, build_opener

from appliance.core.db import Database
from appliance.core.errors import KizashiError
from appliance.core.settings import Settings
from appliance.engine import shared
from appliance.jobs.store.workers import WorkerStore
from appliance.machine.process import Process, program
from appliance.tls import listening
from appliance.worker.naming import prefix

_ANSWER_SECONDS = 5.0
_OK = 200


def processes(settings: Settings) -> list[Process]:
    """Return the processes of a home, in the order in which they are started."""
    web = _of(settings, "web", "appliance.web", WebReady(settings))
    if settings.gateway:
        return [web]  # it has no work of its own
    ray = RayReady(settings.home)
    return [
        replace(_of(settings, "ray", "appliance.engine.head", ray), word=ray.word),
        web,
        _of(settings, "worker", "appliance.worker", WorkerReady(settings)),
    ]


def _of(settings: Settings, role: str, module: str, ready: Callable[[int], bool]) -> Process:
    command, folder = program(settings.home, module)
    return Process(role, command, folder, ready)


@dataclass(frozen=True)
class WebReady:
    """Whether the web process answers that it can serve."""

    settings: Settings

    def __call__(self, _process: int) -> bool:
        """Ask it."""
        where = listening(self.settings)
        context = where.context()
        secure = [HTTPSHandler(context=context)] if context else []
        opener = build_opener(ProxyHandler({}), *secure)
        url = f"{where.local_url}/readyz"
        try:
            with opener.open(url, timeout=_ANSWER_SECONDS) as answer:
                return bool(answer.status == _OK)
        except (URLError, OSError, http.client.HTTPException):
            return False


@dataclass(frozen=True)
class WorkerReady:
    """Whether the worker has noted in the database that it lives."""

    settings: Settings

    def __call__(self, process: int) -> bool:
        """Look it up."""
        database = Database(self.settings.database)
        try:
            found = WorkerStore(database).processes(prefix(self.settings))
            return found.get(process, 0) > 0
        except KizashiError:
            return False
        finally:
            database.close()


@dataclass(frozen=True)
class RayReady:
    """Whether Ray has told its address, or that it comes when it is wanted."""

    home: Path

    def __call__(self, _process: int) -> bool:
        """Look."""
        return bool(shared.state(self.home))

    def word(self) -> str:
        """Return which of these it is."""
        told = shared.state(self.home)
        return told if told in (shared.ASLEEP, shared.WAKING) else "ready"
