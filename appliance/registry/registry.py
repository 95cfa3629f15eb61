"""Versions of fleet models and what may be done with them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from appliance.access.person import Person
from appliance.access.seen import Seen
from appliance.core.db import Database
from appliance.core.errors import NotFound, StorageError, TryAgain
from appliance.core.locks import alone
from appliance.core.log import get
from appliance.core.settings import Settings
from appliance.objects import Shelf, join, shelf
from appliance.registry.store import ModelStore
from appliance.schemas.model import (
    CHAMPION,
    Judged,
    Lineage,
    ModelVersion,
    Promotion,
    ScoreBatch,
)

_log = get(__name__)
_MODELS = "models"


class Registry:
    """The model versions of a site.

    Parameters
    ----------
    settings
        Where artifacts and MLflow's registry live.
    database
        The metadata database.
    """

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._store = ModelStore(database)

    # ------------------------------------------------------------------ versions
    def place(self, fleet: str, run: str) -> str:
        """Return the folder or address of a training run's artifact."""
        return join(self._settings.place(_MODELS), fleet, run)

    def register(self, fleet: str, folder: str, digest: str, lineage: Lineage) -> ModelVersion:
        """Give a finished training its version; the first one becomes champion.

        Registering the same training run again returns the version it has.
        """
        version = self._store.add(fleet, folder, digest, lineage)
        self._mirror_or_warn(fleet)
        return self._here(version)

    def versions(self, fleet: str) -> list[ModelVersion]:
        """Return all versions of a fleet, newest first."""
        return [self._here(version) for version in self._store.versions(fleet)]

    def page(self, fleet: str, *, before: int | None, limit: int) -> list[ModelVersion]:
        """Return so many versions of a fleet, newest first: those before a number."""
        return [self._here(version) for version in self._store.page(fleet, before, limit)]

    def get(self, fleet: str, version: int) -> ModelVersion:
        """Return one version; raises `NotFound` if there is none."""
        return self._here(self._store.get(fleet, version))

    def _here(self, version: ModelVersion) -> ModelVersion:
        """Say where the artifact is now: the home may have moved since it was registered."""
        own = self.place(version.fleet, version.lineage.run)
        if Path(version.path).parts[-2:] != Path(own).parts[-2:]:
            return version  # never was among a site's models
        return version.model_copy(update={"path": own})

    def champion(self, fleet: str) -> ModelVersion:
        """Return the version that alarms; raises `NotFound` if the fleet has no model."""
        for version in self.versions(fleet):
            if CHAMPION in version.aliases:
                return version
        raise NotFound(
            f"fleet {fleet} has no model yet.", remedy=f"Train one: `kizashi train {fleet}`."
        )

    def champions(self, fleets: Collection[str]) -> dict[str, int]:
        """Return the version that alarms in each of some fleets that has a model."""
        return self._store.champions(fleets)

    def fleets(self) -> list[str]:
        """Return the fleets that have a model."""
        return self._store.fleets()

    def clean(self, fleet: str) -> list[str]:
        """Remove artifacts that never became a version; call it under the fleet's lock.

        Returns
        -------
        list of str
            Names of the runs removed.
        """
        known, models = self._store.known_runs(fleet), self._models()
        left = [name for name in models.names(fleet) if name not in known]
        for name in left:
            models.clear(f"{fleet}/{name}")
        return left

    def _models(self) -> Shelf:
        return shelf(self._settings.place(_MODELS))

    def delete(self, by: Person, fleet: str, version: int) -> None:
        """Delete a version and its artifact; its number, lineage and promotions stay.

        `repair` shows MLflow.

        Raises
        ------
        NotFound
            There is no such version.
        Conflict
            It is the champion, or the one that a rollback goes back to.
        """
        gone = self._store.remove(by, fleet, version)
        try:
            self._models().clear(f"{fleet}/{gone.lineage.run}")
        except StorageError as error:  # it is deleted: its files go with the next `clean`
            _log.warning("%s", error)

    # ------------------------------------------------------------------ promotions
    def promote(
        self, fleet: str, version: int, by: Person | str, *, show: bool = True
    ) -> ModelVersion:
        """Make a version the champion; promoting the champion changes nothing.

        Parameters
        ----------
        show
            Also to MLflow, which takes seconds; `repair` does it later.
        """
        if self._store.promote(fleet, version, by) and show:
            self._mirror_or_warn(fleet)
        return self.get(fleet, version)

    def rollback(self, fleet: str, by: Person | str, *, show: bool = True) -> ModelVersion:
        """Go back to the champion before this one; repeated, to the one before that.

        Raises
        ------
        NotFound
            The fleet has no model.
        Conflict
            There was no champion before.
        """
        version = self._store.roll_back(fleet, by)
        if show:
            self._mirror_or_warn(fleet)
        return self.get(fleet, version)

    def promotions(self, fleet: str) -> list[Promotion]:
        """Return every change of champion, oldest first."""
        return self._store.promotions(fleet)

    def promoted_since(self, seen: Seen, moment: datetime, limit: int) -> list[Promotion]:
        """Return so many changes of champion after a moment, the latest first."""
        return self._store.promoted_since(seen, moment, limit)

    def mirror(self, fleet: str) -> None:
        """Bring MLflow's registry to what the database says.

        Raises
        ------
        StorageError
            MLflow's registry cannot be used.
        """
        from appliance.registry.mirror import mirror

        with self._alone_at_mirror(fleet):
            change = self._store.changes(fleet)
            versions = self.versions(fleet)
            if versions:
                mirror(self._settings.registry, fleet, versions)
                _log.info("mirrored %d versions of %s to MLflow", len(versions), fleet)
            self._store.shown(fleet, change)

    def repair(self) -> list[str]:
        """Show MLflow what a process that was killed did not come to show it.

        Returns
        -------
        list of str
            Fleets that it was shown.
        """
        fleets = self._store.unshown()
        for fleet in fleets:
            try:
                with self._alone_at_mirror(fleet, wait=False):
                    pass
            except TryAgain:
                continue  # whoever changed it is about to show it
            self._mirror_or_warn(fleet)
        return fleets

    @contextmanager
    def _alone_at_mirror(self, fleet: str, *, wait: bool = True) -> Iterator[None]:
        # Two processes at once would each add a version that neither found.
        with alone(self._database, self._settings.home, f"mirror-{fleet}", wait=wait):
            yield

    def _mirror_or_warn(self, fleet: str) -> None:
        # What was done is done and kept in the database: the copy for analysts must not
        # make it look as if it had failed.  The next change mirrors all versions anew.
        try:
            self.mirror(fleet)
        except StorageError as error:
            _log.warning("%s", error)

    # ------------------------------------------------------------------ score batches
    def covered(self, fleet: str, model_version: int) -> set[str]:
        """Return the ingested batches that a model version has judged."""
        return self._store.covered(fleet, model_version)

    def record_scores(self, batch: ScoreBatch) -> None:
        """Record a finished scoring run; recording it again changes nothing."""
        self._store.add_score_batch(batch)

    def score_batch(self, batch: str) -> ScoreBatch | None:
        """Return one scoring run; None if there is none."""
        return self._store.score_batch(batch)

    def judged(self, fleet: str, model_version: int) -> Judged:
        """Return what a version has judged so far."""
        return self._store.judged(fleet, model_version)

    def score_batches(self, fleet: str) -> list[ScoreBatch]:
        """Return the finished scoring runs of a fleet, oldest first."""
        return self._store.score_batches(fleet)
