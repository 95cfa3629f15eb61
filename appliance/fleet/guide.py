"""What people's words on events mean for training, and sub-models that stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from appliance.calendar.masks import Masks, union
from appliance.core.errors import ArtifactError, NotFound
from appliance.core.log import get
from appliance.fleet.artifact import Artifact, Place, write_part
from appliance.fleet.frames import Layout
from appliance.fleet.series import micro
from appliance.schemas.manifest import AssetManifest, FleetManifest
from appliance.schemas.recipe import Cleaning, Recipe

_log = get(__name__)

OPEN: Literal["open"] = "open"
"""Reason of what nobody answered."""


@dataclass(frozen=True)
class Guide:
    """What a training is told beside the readings and the calendar.

    Attributes
    ----------
    held
        Why readings are not learned from, and which: the first reason that holds counts.
    vouched
        Stretches that a person called normal: learned from, however unusual they are.
    former
        Artifact whose sub-models stay where too little is left to learn from.
    untouched
        Assets that are not to be learned anew: they keep the sub-model that they had.
    """

    held: tuple[tuple[str, Masks], ...] = ()
    vouched: Masks = field(default_factory=Masks)
    former: Place | None = None
    untouched: frozenset[str] = frozenset()

    def masks(self, calendar: Masks | None) -> Masks:
        """Return all that is not learned from."""
        whole = calendar or Masks()
        for _, own in self.held:
            whole = union(whole, own)
        return whole

    def counted(
        self, asset: str, times: NDArray[np.int64], calendar: Masks | None
    ) -> tuple[int, dict[str, int]]:
        """Return how many readings the calendar takes out, and each reason beside it."""
        out = np.zeros(len(times), bool) if not calendar else calendar.inside(asset, times)
        masked = int(out.sum())
        found: dict[str, int] = {}
        for reason, own in self.held:
            inside = own.inside(asset, times) & ~out
            if inside.any():
                found[reason] = int(inside.sum())
                out |= inside
        return masked, found

    def unanswered(self, asset: str, times: NDArray[np.int64]) -> int:
        """Return how many stretches that nobody answered hold one of an asset's readings."""
        spans = [
            (micro(start), micro(end))
            for reason, own in self.held
            if reason == OPEN
            for start, end in own.of(asset)
        ]
        return sum(
            bool(np.searchsorted(times, start) < np.searchsorted(times, end))
            for start, end in spans
        )

    def in_normal_running(
        self, asset: str, times: NDArray[np.int64]
    ) -> NDArray[np.bool_] | None:
        """Tell which readings a person called normal; None if there are none."""
        inside = self.vouched.inside(asset, times) if self.vouched else None
        return inside if inside is not None and inside.any() else None

    def holds_back(self, asset: str) -> bool:
        """Whether some of an asset's readings, or all of them, may be left out."""
        return asset in self.untouched or any(own.of(asset) for _, own in self.held)


def keep_former(
    guide: Guide,
    failures: Mapping[str, str],
    recipe: Recipe,
    layout: Layout,
    draft: Place,
    number: int,
) -> dict[str, AssetManifest]:
    """Write the former sub-models of assets that too little was left to learn from.

    Parameters
    ----------
    failures
        Why assets could not be learned.
    draft, number
        Folder and number of the file that they are written to.

    Returns
    -------
    dict
        Entries that lack only their number of the file; empty if nothing was written.
    """
    wanted = [asset for asset in failures if guide.holds_back(asset)]
    if guide.former is None or not wanted:
        return {}
    try:
        artifact = Artifact(guide.former)
        manifest = artifact.manifest
        kept = [
            asset
            for asset in wanted
            if fits(
                manifest,
                manifest.assets.get(asset),
                recipe,
                sensors=layout.sensors,
                context=layout.context,
            )
        ]
        arrays = [artifact.arrays(asset) for asset in kept]
    except (ArtifactError, NotFound) as error:
        _log.warning("no sub-model is kept: %s", error)
        return {}
    if not kept:
        return {}
    sums = write_part(draft, number, arrays)
    return {
        asset: artifact.manifest.assets[asset].model_copy(
            update={"index": index, "checksum": sums[index], "pooled": False}
        )
        for index, asset in enumerate(kept)
    }


def keep_shared(
    guide: Guide, recipe: Recipe, layout: Layout, draft: Place, number: int
) -> AssetManifest | None:
    """Write the former shared sub-model, if there is one that still fits; see `keep_former`."""
    if guide.former is None:
        return None
    try:
        artifact = Artifact(guide.former)
        shared = artifact.manifest.shared
        if shared is None or not fits(
            artifact.manifest,
            shared,
            recipe,
            sensors=layout.sensors,
            context=layout.context,
        ):
            return None
        arrays = artifact.shared()
    except (ArtifactError, NotFound) as error:
        _log.warning("no shared sub-model is kept: %s", error)
        return None
    [checksum] = write_part(draft, number, [arrays])
    return shared.model_copy(update={"index": 0, "checksum": checksum, "pooled": False})


def fits(
    former: FleetManifest,
    entry: AssetManifest | None,
    recipe: Recipe,
    *,
    sensors: Sequence[str],
    context: Sequence[str],
) -> bool:
    """Whether a former sub-model can judge as part of a new one with these columns."""
    return (
        entry is not None
        and former.context == tuple(context)
        and set(entry.sensors) <= set(sensors)
        and _judged_alike(former.recipe.cleaning) == _judged_alike(recipe.cleaning)
    )


def _judged_alike(cleaning: Cleaning) -> Cleaning:
    return cleaning.model_copy(update={"limits": {}, "interval_seconds": None})
