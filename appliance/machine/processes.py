"""The processes of a running appliance: one list, from which all supervision is made."""

from __future__ import annotations

import http.client
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.error import URLError
from urllib.request import HTTPSHandler, ProxyHandler, build_opener

import appliance
from appliance.core.db import Database
from appliance.core.errors import KizashiError
from appliance.core.settings import Settings
from appliance.engine import shared
from appliance.jobs.store.workers import WorkerStore
from appliance.machine.process import Process
from appliance.tls import listening

_ANSWER_SECONDS = 5.0
_OK = 200


def processes(settings: Settings) -> list[Process]:
    """Return the processes of a home, in the order in which they are started."""
    ray = RayReady(settings.home)
    return [
        replace(_of(settings, "ray", "appliance.engine.head", ray), word=ray.word),
        _of(settings, "web", "appliance.web", WebReady(settings)),
        _of(settings, "worker", "appliance.worker", WorkerReady(settings.database)),
    ]


def _of(settings: Settings, role: str, module: str, ready: Callable[[int], bool]) -> Process:
    root = Path(appliance.__file__).parents[1]
    if root.name == "site-packages":
        # Isolated: deaf to the variables by which another Python of the user would leak in.
        command, folder = [sys.executable, "-I"], settings.home
    else:
        command, folder = [sys.executable], root
    arguments = ("-m", module, "--home", str(settings.home))
    return Process(role, (*command, *arguments), folder, ready)


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

    database: str

    def __call__(self, process: int) -> bool:
        """Look it up."""
        database = Database(self.database)
        try:
            return WorkerStore(database).processes().get(process, 0) > 0
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
