"""The only module that imports MLflow: brings its registry to what the database says."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from appliance.core.errors import StorageError
from appliance.schemas.model import CHALLENGER, CHAMPION, ModelVersion

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

# MLflow reports its use to its makers unless told not to; it reads this at import.
_QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}


@contextmanager
def _client(url: str) -> Iterator[MlflowClient]:
    os.environ.update(_QUIET)  # MLflow has no other switch
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient

    # After the import, which sets levels of its own.
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.ERROR)
    try:
        yield MlflowClient(url, url)
    except MlflowException as error:
        raise StorageError(
            f"MLflow's registry at {url} cannot be used: {error}.",
            remedy="The platform's own record is unharmed; repeat the command to mirror it.",
        ) from error


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
