"""What was learned of a fleet's lives: one file a fleet, in the site's place of lives."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path

from appliance.access import Person
from appliance.access.person import known
from appliance.core.errors import NotFound
from appliance.core.scratch import scratch
from appliance.fleet.lives import LifeModel, load_life
from appliance.objects import Shelf, shared_cache, shelf
from appliance.pipelines.site import Site
from appliance.schemas.base import fleet_name
from appliance.schemas.life import LivesLearned


def has_life_model(site: Site, fleet: str) -> bool:
    """Whether something was learned of a fleet's lives."""
    return next(_shelf(site).entries(_key(fleet)), None) is not None


def life_model(site: Site, fleet: str) -> LifeModel | None:
    """Return what was learned of a fleet's lives; None where nothing was.

    Raises
    ------
    ArtifactCorrupt, ArtifactVersion
        It was damaged, or written by a later version.
    """
    place, key = _shelf(site), _key(fleet)
    entry = next(place.entries(key), None)
    if entry is None:
        return None
    path = place.local(key)
    if path is None:
        copy = f"lives/{fleet}-{entry.modified:%Y%m%dT%H%M%S%f}-{entry.size}"
        path = shared_cache().file(copy, entry.size, partial(place.fetch, key))
    return _opened(path, entry.modified, entry.size)


@lru_cache(maxsize=8)
def _opened(path: Path, modified: datetime, size: int) -> LifeModel:  # noqa: ARG001
    """Open a model once for as long as its file stays the same."""
    return load_life(path)


def learned_from(model: LifeModel) -> LivesLearned:
    """Return what a kept model was learned from."""
    return LivesLearned.model_validate(model.about)


def keep_life_model(site: Site, model: LifeModel, facts: LivesLearned) -> None:
    """Keep what was learned, in place of what was: whole or not at all.

    Raises
    ------
    StorageFull, StorageError
        It cannot be written; what was is as it was.
    """
    model.about = facts.model_dump(mode="json")
    with scratch("kizashi-lives") as folder:
        _shelf(site).put_file(_key(facts.fleet), model.save(folder / "model.life"))


def forget_lives(site: Site, fleet: str, by: Person | str) -> None:
    """Let go what was learned of a fleet's lives: health is carried on again.

    Raises
    ------
    NotFound
        Nothing was learned.
    """
    model = life_model(site, fleet_name(fleet))
    if model is None:
        raise NotFound(f"nothing was learned of the lives of fleet {fleet}.")
    _shelf(site).delete([_key(fleet)])
    facts = learned_from(model)
    gone = {"lives": facts.lives, "learned": facts.learned.astimezone(UTC).isoformat()}
    site.access.audit.note(known(by), "lives.forgotten", f"fleet:{fleet}", gone, None)


def _shelf(site: Site) -> Shelf:
    return shelf(site.settings.place("lives"))


def _key(fleet: str) -> str:
    return f"{fleet}.life"
