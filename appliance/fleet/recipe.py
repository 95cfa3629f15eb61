"""From what a user calls a recipe to the recipe."""

from __future__ import annotations

import difflib
import hashlib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from appliance.core.errors import InvalidRequest
from appliance.schemas.recipe import Recipe
from detectors import catalog
from detectors.base import Detector
from detectors.errors import DetectorError
from detectors.pools import Autoencoder, Network

_SUSTAINED_HOURS = 4.0
_FEWEST_AVERAGED = 32
"""Fewer rows are what windows look at."""
_OFTEN = 40
"""Times that the training rows must hold the average's."""


def resolve(
    recipe: str | Path | Mapping[str, Any] | Recipe = "auto",
    *,
    seed: int | None = None,
    false_alarms_per_month: float | None = None,
) -> Recipe:
    """Return the recipe that a name, a file or data stands for.

    Parameters
    ----------
    recipe
        ``auto``, the name of a detector, the path of a TOML or JSON file, a mapping, or a
        recipe.
    seed, false_alarms_per_month
        Win over what the recipe says, if given.

    Raises
    ------
    InvalidRequest
        Nothing has this name, the file cannot be read, or a value cannot be used.
    """
    found = _found(recipe)
    if seed is not None:
        found = found.model_copy(update={"seed": seed})
    if false_alarms_per_month is not None:
        data = found.model_dump()
        data["threshold"]["false_alarms_per_month"] = false_alarms_per_month
        found = _validated(data, "the budget")
    make_detector(found, "")
    return found


def _found(recipe: str | Path | Mapping[str, Any] | Recipe) -> Recipe:
    if isinstance(recipe, Recipe):
        return recipe
    if isinstance(recipe, Mapping):
        return _validated(recipe, "the recipe")
    path = Path(recipe)
    if isinstance(recipe, Path) or path.suffix in (".toml", ".json"):
        return _validated({"name": path.stem, **_read(path)}, str(path))
    return Recipe(name=recipe, detector=recipe)


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8")
        data = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise InvalidRequest(f"the recipe {path} cannot be read: {error}.") from error
    if not isinstance(data, dict):
        raise InvalidRequest(f"the recipe {path} holds no table of settings.")
    return data


def _validated(data: Mapping[str, Any], name: str) -> Recipe:
    try:
        return Recipe.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidRequest(f"{name}: {where} cannot be used: {first['msg']}.") from error


def asset_seed(recipe: Recipe, asset: str) -> int:
    """Return the seed of one asset: the same on every machine, whatever runs beside it."""
    digest = hashlib.sha256(f"{recipe.seed}\0{asset}".encode()).digest()
    return int.from_bytes(digest[:4], "little") >> 1


def make_averages(recipe: Recipe, interval_seconds: float, rows: int) -> Detector | None:
    """Return the recipe's detector of shifts that last, unfitted.

    Parameters
    ----------
    interval_seconds
        Of the asset's rows.
    rows
        Training rows.

    Returns
    -------
    Detector or None
        None where the recipe wants none, or the rows are too few to know what is usual.
    """
    hours = recipe.sustained_hours
    if hours is None:
        hours = _SUSTAINED_HOURS if recipe.detector == "auto" else 0.0
    window = min(max(round(hours * 3600 / interval_seconds), _FEWEST_AVERAGED), rows // _OFTEN)
    if hours == 0 or window < _FEWEST_AVERAGED:
        return None
    return catalog.make("moving_average", window=window)


def make_detector(recipe: Recipe, asset: str, network: Network | None = None) -> Detector:
    """Return the recipe's detector, unfitted, seeded for one asset.

    Parameters
    ----------
    network
        That it judges by, learned already from the whole fleet.

    Raises
    ------
    InvalidRequest
        No such detector, its parameters cannot be used, or it takes no network.
    """
    try:
        detector: Detector = catalog.make(recipe.detector, **recipe.parameters)
    except LookupError as error:
        near = difflib.get_close_matches(recipe.detector, catalog.names(), 1)
        hint = (
            f"Did you mean {near[0]}?" if near else f"There are: {', '.join(catalog.names())}."
        )
        raise InvalidRequest(
            f"there is no recipe or detector {recipe.detector!r}.", remedy=hint
        ) from error
    except (DetectorError, TypeError) as error:
        raise InvalidRequest(f"detector {recipe.detector}: {error}") from error
    own = detector.get_params()
    for name in ("seed", "random_state"):
        if name in own and name not in recipe.parameters:
            detector.set_params(**{name: asset_seed(recipe, asset)})
    return detector if network is None else pooled(detector, recipe).with_network(network)


def pooled(detector: Detector, recipe: Recipe) -> Autoencoder:
    """Return a recipe's detector if a whole fleet can teach one network of it.

    Raises
    ------
    InvalidRequest
        It learns each machine alone.
    """
    if isinstance(detector, Autoencoder):
        return detector
    raise InvalidRequest(
        f"detector {recipe.detector} learns each machine alone: there is no model of the whole "
        "fleet for several workers.",
        remedy="Train with --recipe autoencoder, or without --workers.",
    )
