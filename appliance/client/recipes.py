"""Recipes: as they are sent, and those that a site keeps by name."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from appliance.client.line import parsed
from appliance.client.pages import Listing, listing
from appliance.client.resource import Resource, at, edit, plain
from appliance.client.verbs import Awaiting, Blocking, verb
from appliance.core.errors import InvalidRequest
from appliance.schemas.recipe import Recipe, SavedRecipe

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


class _Recipes(Resource):
    """The recipes of a site, and those that projects saved."""

    @listing
    def list(self) -> Listing[SavedRecipe]:
        """Return the site's recipes and those of the projects that may be seen."""
        return Listing(self._line, "/recipes", SavedRecipe)

    @verb
    async def get(self, name: str, project: str = "default") -> SavedRecipe:
        """Return the recipe that a name stands for in a project."""
        told = await self._line.get(at("recipes", name), project=project)
        return parsed(SavedRecipe, told)

    @verb
    async def check(self, recipe: Any) -> Recipe:
        """Return a recipe with all that it does not say; refused if it cannot be used."""
        return parsed(Recipe, await self._line.post("/recipes/check", plain(recipe)))

    @verb
    async def put(
        self, name: str, recipe: Any, project: str = "default", revision: int | None = None
    ) -> SavedRecipe:
        """Save a recipe for a project's fleets; trainings find it by its name.

        Parameters
        ----------
        revision
            That was seen, 0 for none: it is refused if somebody saved another one since.
        """
        request = edit("PUT", at("recipes", name), plain(recipe), revision)
        request = replace(request, query={"project": project})
        return parsed(SavedRecipe, await self._line.data(request))


class Recipes(Blocking, _Recipes):
    """Recipes, for those who wait."""


class AsyncRecipes(Awaiting, _Recipes):
    """Recipes, for those who await."""
