"""One archive for a support case: how the site is, and nothing that is secret.

Each part stands by itself: one that cannot be had says why, for a site that is broken is what
support is asked about.
"""

from __future__ import annotations

import io
import json
import os
import platform as machine
import re
import shutil
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel

from appliance import __version__
from appliance.core.clock import now
from appliance.core.errors import Conflict, StorageError
from appliance.core.log import get
from appliance.core.migrations import HEAD
from appliance.core.redact import redacted, redacted_facts, without
from appliance.core.sealing import parted
from appliance.core.settings import Settings
from appliance.jobs.store.figures import JobFigures
from appliance.machine import logs
from appliance.machine.doctor import Patient, examine
from appliance.machine.supervisor import Supervisor
from appliance.pipelines.site import Site
from appliance.schemas.alert import Webhook
from appliance.schemas.job import Job
from appliance.schemas.platform import Metric
from appliance.telemetry import History, by_day, platform

_log = get(__name__)
MOST_BYTES = 4 * 2**20
"""Of one part, before it is packed."""
_LINES = 5_000
_JOBS, _JOBS_COUNTED = 200, 100_000
_DAYS = timedelta(days=30)
_STEPS = 96
_LEAST_SECRET = 8
_LIBRARIES = (
    "alembic", "cryptography", "dbos", "deltalake", "fastapi", "mlflow-skinny", "numba",
    "numpy", "polars", "psycopg", "pydantic", "ray", "sqlalchemy", "streamlit", "uvicorn",
)  # fmt: skip
LEFT_OUT = (
    "readings, scores, models and events",
    "passwords, tokens, keys and whatever is kept in the folder secrets",
    "channels and sources, but for the names of those that fail",
    "users, and the audit log",
    "arguments and results of jobs",
)
"""What is never in it."""


@dataclass(frozen=True)
class Part:
    """One file of the archive.

    Attributes
    ----------
    problem
        Why it could not be had; empty if it could.
    """

    name: str
    what: str
    size: int
    problem: str = ""


@dataclass(frozen=True)
class Bundle:
    """The archive that was made."""

    path: Path
    size: int
    parts: tuple[Part, ...]


def bundle(settings: Settings, supervisor: Supervisor, out: Path | None = None) -> Bundle:
    """Make the archive.

    Parameters
    ----------
    out
        Its file, which must not exist; one in the present folder if not given.

    Raises
    ------
    Conflict
        There is such a file.
    StorageError
        It cannot be written.
    """
    out = out or Path(f"kizashi-support-{now():%Y%m%d-%H%M%S}.tar.gz")
    made: list[tuple[Part, bytes]] = []
    with _Opened(settings) as site:
        hide = known_secrets(settings, site)
        for name, what, tell in _parts(settings, supervisor, site):
            made.append(_part(name, what, tell, hide))
    readme = without(_readme([part for part, _ in made]), hide).encode()
    made.insert(0, (Part("README.txt", "this list", len(readme)), readme))
    _write(out, made)
    return Bundle(out, out.stat().st_size, tuple(part for part, _ in made))


def known_secrets(settings: Settings, site: _Opened) -> list[str]:
    """Return the secrets of a home that can be known, the longest first."""
    found = _kept_secrets(site)
    own = [*settings.otlp_headers.values(), settings.prometheus_token]
    for header in filter(None, own):
        found |= {header.get_secret_value(), *header.get_secret_value().split()}
    for url in (settings.database_url, settings.registry_url):
        try:
            password = urlsplit(url).password or ""
        except ValueError:
            continue  # it is no address; as a text it is searched all the same
        found |= {password, unquote(password)}
    folder = settings.home / "secrets"
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        try:
            held = path.read_bytes() if path.is_file() else b""
        except OSError:
            continue  # who cannot read it cannot give it away
        found |= {held.hex(), *re.findall(r"[^\s]{16,}", held.decode("utf-8", "ignore"))}
    return sorted((one for one in found if len(one) >= _LEAST_SECRET), key=len, reverse=True)


def _kept_secrets(site: _Opened) -> set[str]:
    """Return what channels and sources are sealed with; they are hidden, never packed."""
    found: set[str] = set()
    try:
        channels, sources = site().channels, site().sources
        kept: list[BaseModel] = [channels.target(one.name) for one in channels.list()]
        kept += [sources.completed(one) for one in sources.list()]
    except Exception as error:  # noqa: BLE001 - a broken database must not keep the rest back
        _log.debug("secrets of channels and sources are not known: %s", error)
        return found
    for one in kept:
        for secret in parted(one)[1].values():
            found |= {secret, *secret.split()}
        if isinstance(one, Webhook):  # the path of a chat's address is as good as a password
            path = urlsplit(one.url).path.strip("/")
            found |= {path, path.partition("/")[2]}
    return found


# ---------------------------------------------------------------- parts
_Tell = Callable[[], Any]


def _parts(
    settings: Settings, supervisor: Supervisor, site: _Opened
) -> Iterator[tuple[str, str, _Tell]]:
    yield "versions.json", "versions of the appliance, Python and its libraries", _versions
    yield "settings.json", "the settings", lambda: settings.model_dump(mode="json")
    yield (
        "doctor.json",
        "what kizashi doctor finds",
        lambda: [one.model_dump() for one in examine(Patient(settings, supervisor))],
    )
    yield (
        "troubles.json",
        "what needs care, and what did for 30 days",
        lambda: _troubles(site()),
    )
    yield "platform.json", "machine, processes and queue now", lambda: _now(site())
    yield "history.json", "figures of 24 hours", lambda: _history(settings)
    yield "jobs.json", "jobs by day for 30 days, and the latest 200", lambda: _jobs(site())
    yield "database.json", "kind and revision of the tables", lambda: _database(site())
    yield "disk.json", "space on the disk, and what the home takes", lambda: _disk(settings)
    for role in [*(one.role for one in supervisor.processes), "supervisord"]:
        path = supervisor.log(role)
        yield (
            f"logs/{role}.log",
            f"last {_LINES} lines of the log of {role}",
            partial(_tail, path),
        )


def _tail(path: Path) -> str:
    return "\n".join(logs.tail(path, _LINES)) + "\n"


def _versions() -> dict[str, Any]:
    found: dict[str, str | None] = {}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return {
        "kizashi": __version__,
        "python": machine.python_version(),
        "system": machine.platform(),
        "libraries": found,
    }


def _troubles(site: Site) -> list[dict[str, Any]]:
    return [
        {
            **one.trouble.model_dump(mode="json"),
            "began": one.began.isoformat(),
            "ended": one.ended.isoformat() if one.ended else None,
        }
        for one in site.troubles.since(now() - _DAYS)
    ]


def _now(site: Site) -> Any:
    told = platform(site.settings, site.database, version=__version__, whole=True)
    return told.model_dump(mode="json")


def _history(settings: Settings) -> Any:
    at = now()
    history = History(settings.home)
    found = history.read(list(Metric), at - timedelta(days=1), at, width=_STEPS, now=at)
    return found.model_dump(mode="json")


def _jobs(site: Site) -> dict[str, Any]:
    at = now()
    ended = JobFigures(site.database).ended(None, at - _DAYS, at, _JOBS_COUNTED)
    return {
        "days": [one.model_dump(mode="json") for one in by_day(ended, site.settings.zone)],
        "latest": [_job(one) for one in site.jobs.list(limit=_JOBS)],
    }


def _job(job: Job) -> dict[str, Any]:
    told = {"steps", "arguments", "result", "by", "trace"}
    return job.model_dump(mode="json", exclude=told)


def _database(site: Site) -> dict[str, Any]:
    database = site.database
    return {
        "kind": database.engine.dialect.name,
        "revision": database.revision(),
        "current": HEAD,
    }


def _disk(settings: Settings) -> dict[str, Any]:
    found = shutil.disk_usage(settings.home)
    sizes = {}
    for entry in os.scandir(settings.home):
        path = Path(entry.path)
        files = path.rglob("*") if entry.is_dir(follow_symlinks=False) else (path,)
        sizes[entry.name] = sum(one.lstat().st_size for one in files)
    return {"total": found.total, "free": found.free, "home": sizes}


# ---------------------------------------------------------------- packing
class _Opened:
    """The site, opened when a part first asks for it, and closed in the end."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._site: Site | None = None

    def __call__(self) -> Site:
        if self._site is None:
            self._site = Site(self._settings)
        return self._site

    def __enter__(self) -> _Opened:
        return self

    def __exit__(self, *_: object) -> None:
        if self._site is not None:
            self._site.close()


def _part(name: str, what: str, tell: _Tell, hide: list[str]) -> tuple[Part, bytes]:
    try:
        told = tell()
    except Exception as error:  # noqa: BLE001 - what is broken is what the archive is for
        problem = without(redacted(f"{type(error).__name__}: {error}"), hide)
        return Part(name, what, 0, problem), b""
    if isinstance(told, str):
        text = without(redacted(told), hide)
    else:
        text = json.dumps(redacted_facts(told, secrets=hide), ensure_ascii=False, indent=1)
    body = text.encode()
    if len(body) > MOST_BYTES:  # of a log the end counts, of all else the beginning
        body = body[-MOST_BYTES:] if name.startswith("logs/") else body[:MOST_BYTES]
    return Part(name, what, len(body)), body


def _readme(parts: list[Part]) -> str:
    lines = [f"Kizashi {__version__}, made {now():%Y-%m-%d %H:%M} UTC for a support case.", ""]
    lines += [f"{one.name}: {one.problem or one.what}" for one in parts]
    lines += ["", "Left out:", *(f"- {what}" for what in LEFT_OUT)]
    lines += ["", "What looks like a secret is hidden: look through it all the same."]
    return "\n".join(lines) + "\n"


def _write(out: Path, made: list[tuple[Part, bytes]]) -> None:
    try:
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Conflict(
            f"there is a file {out} already.", remedy="Name another: --out"
        ) from error
    except OSError as error:
        raise StorageError(f"{out} cannot be written: {error.strerror}.") from error
    try:
        with (
            os.fdopen(handle, "wb") as file,
            tarfile.open(fileobj=file, mode="w:gz") as archive,
        ):
            for part, body in made:
                if part.problem:
                    continue
                member = tarfile.TarInfo(f"kizashi-support/{part.name}")
                member.size, member.mode, member.mtime = (
                    len(body),
                    0o600,
                    int(now().timestamp()),
                )
                archive.addfile(member, io.BytesIO(body))
    except OSError as error:
        out.unlink(missing_ok=True)
        raise StorageError(f"{out} cannot be written: {error.strerror}.") from error
