"""The only module that imports MLflow: brings its registry to what the database says."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from sqlite3 import connect
from typing import TYPE_CHECKING, Any

from appliance.core.errors import StorageError
from appliance.schemas.model import CHALLENGER, CHAMPION, ModelVersion

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

# MLflow reports its use to its makers unless told not to; it reads this at import.
_QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
_SQLITE = "sqlite:///"


@contextmanager
def _mlflow(url: str) -> Iterator[None]:
    """Import MLflow silently, and turn whatever goes wrong in it into one of our errors."""
    os.environ.update(_QUIET)  # MLflow has no other switch
    try:
        import mlflow  # noqa: F401 - its import sets levels of its own

        logging.getLogger("mlflow").setLevel(logging.ERROR)
        logging.getLogger("alembic").setLevel(logging.ERROR)
        yield
    except Exception as error:
        raise StorageError(
            f"MLflow's registry at {url} cannot be used: {error}.",
            remedy="The platform's own record is unharmed; the next change mirrors it whole.",
        ) from error


@contextmanager
def _client(url: str) -> Iterator[MlflowClient]:
    with _mlflow(url):
        _create(url)
        from mlflow.tracking import MlflowClient

        yield MlflowClient(url, url)


def prepare(url: str) -> None:
    """Make MLflow's tables, or bring those of an older MLflow to the installed one's.

    It is for the time of installing, when nobody else uses them; `mirror` needs it not, but
    is seconds faster after it.

    Parameters
    ----------
    url
        MLflow's backend.

    Raises
    ------
    StorageError
        The tables cannot be made; those that stood there are unharmed if it is SQLite.
    """
    with _mlflow(url):
        file = _file(url)
        if file is None:
            _migrate(url)
            return
        _sweep(file, "*")  # of those who were killed
        if not file.exists():
            _create(url)
            return
        with _draft(file) as draft:
            with closing(connect(file)) as old, closing(connect(draft)) as copy:
                old.backup(copy)
            before = draft.read_bytes()
            _migrate(f"{_SQLITE}{draft}")
            if draft.read_bytes() != before:  # tables that are up to date stay untouched
                draft.replace(file)


def _create(url: str) -> None:
    """Make a SQLite backend whole: MLflow cannot go on with one whose making was killed."""
    file = _file(url)
    if file is None or file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with _draft(file) as draft:
        _migrate(f"{_SQLITE}{draft}")
        with suppress(FileExistsError):  # another process was first: its tables are the same
            file.hardlink_to(draft)


@contextmanager
def _draft(file: Path) -> Iterator[Path]:
    token = secrets.token_hex(8)
    try:
        draft = file.with_name(f".{file.name}.{token}.draft")
        draft.touch(mode=0o600)  # its owner's alone, also under its own name
        yield draft
    finally:
        _sweep(file, token)


def _sweep(file: Path, token: str) -> None:
    """Remove drafts, and the journals beside those that were not finished."""
    for left in file.parent.glob(f".{file.name}.{token}.draft*"):
        left.unlink(missing_ok=True)


def _migrate(url: str) -> None:
    from mlflow.db import upgrade

    upgrade.callback(url)


def _file(url: str) -> Path | None:
    return Path(url.removeprefix(_SQLITE)) if url.startswith(_SQLITE) else None


def mirror(url: str, fleet: str, versions: Sequence[ModelVersion]) -> None:
    """Make MLflow's registry show these versions of a fleet, their lineage and aliases.

    Running it again, or after it was killed half-way, ends with the same registry.

    Parameters
    ----------
    url
        MLflow's backend.
    fleet
        Becomes the name of the registered model.
    versions
        All versions of the fleet, in any order.
    """
    with _client(url) as client:
        _ensure_model(client, fleet)
        shown = _versions_by_run(client, fleet)
        numbers: dict[int, str] = {}
        for version in sorted(versions, key=lambda v: v.version):
            entry = shown.get(version.lineage.run)
            if entry is None:
                entry = client.create_model_version(
                    fleet,
                    source=version.path,
                    tags=_tags(version),
                    description=f"Kizashi fleet model, version {version.version}",
                )
            numbers[version.version] = str(entry.version)
        kept = {version.lineage.run for version in versions}
        for run, entry in shown.items():
            if run not in kept:
                client.delete_model_version(fleet, str(entry.version))
        _set_aliases(client, fleet, versions, numbers)


def read(url: str, fleet: str) -> dict[str, dict[str, Any]]:
    """Return what MLflow shows of a fleet: per version its tags and aliases."""
    with _client(url) as client:
        found: dict[str, dict[str, Any]] = {}
        for run, entry in _versions_by_run(client, fleet).items():
            whole = client.get_model_version(fleet, entry.version)
            found[run] = {"tags": dict(whole.tags), "aliases": sorted(whole.aliases)}
        return found


def _ensure_model(client: MlflowClient, fleet: str) -> None:
    if not client.search_registered_models(f"name='{fleet}'"):
        client.create_registered_model(fleet, description="Made by Kizashi")


def _versions_by_run(client: MlflowClient, fleet: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    token: str | None = None
    while True:
        page = client.search_model_versions(f"name='{fleet}'", page_token=token)
        found |= {entry.tags["kizashi.run"]: entry for entry in page}
        token = page.token
        if not token:
            return found


def _set_aliases(
    client: MlflowClient, fleet: str, versions: Sequence[ModelVersion], numbers: dict[int, str]
) -> None:
    present = client.get_registered_model(fleet).aliases
    for alias in (CHAMPION, CHALLENGER):
        wanted = next((numbers[v.version] for v in versions if alias in v.aliases), None)
        if wanted is not None and str(present.get(alias)) != wanted:
            client.set_registered_model_alias(fleet, alias, wanted)
        elif wanted is None and alias in present:
            client.delete_registered_model_alias(fleet, alias)


def _tags(version: ModelVersion) -> dict[str, str]:
    lineage = version.lineage
    return {
        "kizashi.run": lineage.run,
        "kizashi.version": str(version.version),
        "kizashi.digest": version.digest,
        "kizashi.recipe": lineage.recipe.model_dump_json(),
        "kizashi.data_start": lineage.data_start.isoformat(),
        "kizashi.data_end": lineage.data_end.isoformat(),
        "kizashi.rows": str(lineage.rows),
        "kizashi.assets": str(lineage.assets),
        "kizashi.failures": str(len(lineage.failures)),
        "kizashi.readings_version": str(lineage.readings_version),
        "kizashi.batches": str(len(lineage.batches)),
        "kizashi.code_version": lineage.code_version,
        "kizashi.seed": str(lineage.seed),
    }
