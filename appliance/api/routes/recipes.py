"""Recipes: those that come with the site, and those that projects saved."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Query, Response

from appliance.access.person import Person
from appliance.api.etags import IfMatch, expected, tag
from appliance.api.guard import Caller, TheSite
from appliance.api.needs import Over, needs
from appliance.api.paging import Cursor, Limit, Page, key_of, page
from appliance.api.problems import responses
from appliance.api.router import make_router
from appliance.core.errors import NotFound
from appliance.pipelines import recipes
from appliance.pipelines.site import Site
from appliance.schemas.access import Right
from appliance.schemas.recipe import Recipe, SavedRecipe

router = make_router("recipes")
RecipeName = Annotated[
    str, Path(pattern=r"^[a-z0-9_]{1,60}$", description="Name of the recipe.")
]
InProject = Annotated[
    str, Query(max_length=63, description="The project whose recipes are meant.")
]
_CHANGED: dict[str, Any] = {"responses": responses(409, 412)}


@router.get("/recipes", summary="List recipes", **needs(Right.READ, Over.VISIBLE))
def list_recipes(
    site: TheSite, person: Caller, limit: Limit = 100, cursor: Cursor = None
) -> Page[SavedRecipe]:
    """Return the site's recipes and those of the projects that whoever asks may see."""
    projects = [project.name for project in site.access.projects.list(person)]
    after = key_of(cursor, str, str)
    found = recipes.recipes(site, projects, after=after, limit=limit + 1)
    return page(found, limit, lambda one: (one.name, one.project or ""))


@router.get("/recipes/{name}", summary="A recipe", **needs(Right.READ, Over.VISIBLE))
def get_recipe(
    name: RecipeName,
    response: Response,
    site: TheSite,
    person: Caller,
    project: InProject = "default",
) -> SavedRecipe:
    """Return the recipe that a name stands for in a project; its ETag goes with an edit."""
    _require(site, person, Right.READ, project)
    found = recipes.recipe(site, project, name)
    tag(response, found.revision)
    return found


@router.put(
    "/recipes/{name}", summary="Save a recipe", **_CHANGED, **needs(Right.TRAIN, Over.BODY)
)
def save_recipe(
    name: RecipeName,
    recipe: Recipe,
    response: Response,
    site: TheSite,
    person: Caller,
    project: InProject = "default",
    if_match: IfMatch = None,
) -> SavedRecipe:
    """Save a recipe for a project's fleets; trainings find it by its name."""
    _require(site, person, Right.TRAIN, project)
    wanted = expected(if_match)
    made = recipes.save_recipe(site, person, project, name, recipe, revision=wanted)
    tag(response, made.revision)
    return made


@router.post("/recipes/check", summary="Check a recipe", **needs(Right.READ, Over.VISIBLE))
def check_recipe(recipe: Recipe) -> Recipe:
    """Return a recipe with everything that it does not say; a problem if it cannot be used."""
    return recipes.check_recipe(recipe)


def _require(site: Site, person: Person, right: Right, project: str) -> None:
    known = {one.name for one in site.access.projects.list(person)}
    if project not in known:
        raise NotFound(f"there is no project {project}.")
    person.require(right, project)
