"""Recipes as they are sent: a name, or everything that a file or a model says."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from appliance.core.errors import InvalidRequest

_FILES = (".toml", ".json")


def portable(recipe: Any) -> Any:
    """Return a recipe as a site can read it that does not have the file.

    Raises
    ------
    InvalidRequest
        The file cannot be read.
    """
    if isinstance(recipe, BaseModel):
        return recipe.model_dump(mode="json", exclude_unset=True)
    if not isinstance(recipe, Path) and not str(recipe).endswith(_FILES):
        return recipe
    path = Path(recipe)
    try:
        text = path.expanduser().read_text("utf-8")
        found = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise InvalidRequest(f"the recipe {path} cannot be read: {error}.") from error
    if not isinstance(found, dict):
        raise InvalidRequest(f"the recipe {path} holds no table of settings.")
    return {"name": path.stem, **found}
