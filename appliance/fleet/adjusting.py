"""Another version of a fleet model from the same arrays: other alarm levels, other limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from appliance.core.errors import InvalidRequest
from appliance.fleet.artifact import Artifact, Place, copy_part, draft_of, write_manifest
from appliance.fleet.levels import Levels
from appliance.schemas.manifest import AssetManifest, FleetManifest
from appliance.schemas.recipe import Limits, Recipe


@dataclass(frozen=True)
class Adjusted:
    """An adjusted artifact.

    Attributes
    ----------
    extrapolated
        Assets whose training data are too short to hold one false alarm of the budget.
    """

    digest: str
    recipe: Recipe
    extrapolated: int


def adjust_artifact(
    source: Place,
    target: Place,
    *,
    budget: float | None = None,
    limits: Mapping[str, Limits] | None = None,
) -> Adjusted:
    """Write an artifact that judges as another one but for what is given.

    Parameters
    ----------
    budget
        False alarms an asset and month.
    limits
        Physical limits of the sensors, instead of those that it has.

    Raises
    ------
    InvalidRequest
        The model keeps no alarm levels, or none for this budget.
    ArtifactError, StorageFull, StorageError
        The model was damaged, or the other one cannot be written.
    """
    artifact = Artifact(source)
    manifest = artifact.manifest
    recipe, assets = manifest.recipe, dict(manifest.assets)
    if budget is not None:
        assets = {name: _entry(artifact, name, budget) for name in assets}
        rule = recipe.threshold.model_copy(update={"false_alarms_per_month": budget})
        recipe = recipe.model_copy(update={"threshold": rule})
    if limits is not None:
        cleaning = recipe.cleaning.model_copy(update={"limits": dict(limits)})
        recipe = recipe.model_copy(update={"cleaning": cleaning})
    made: FleetManifest = manifest.model_copy(update={"recipe": recipe, "assets": assets})
    with draft_of(target) as draft:
        for part in manifest.parts:
            copy_part(artifact, part, draft)
        digest = write_manifest(draft, made)
    few = sum(entry.budget.basis == "extrapolated" for entry in assets.values())
    return Adjusted(digest, recipe, few)


def _entry(artifact: Artifact, asset: str, budget: float) -> AssetManifest:
    levels = Levels.of(artifact.arrays(asset))
    if levels is None:
        raise InvalidRequest(
            "this version keeps no alarm levels for other budgets.",
            remedy="Train once more: versions keep them from then on.",
        )
    low, high = levels.range
    if not low <= budget <= high:
        raise InvalidRequest(
            f"there is no alarm level for {budget:g} false alarms a month without training.",
            remedy=f"Ask for {low:g} to {high:g}, or train with that budget.",
        )
    return levels.entry(artifact.manifest.assets[asset], budget)
