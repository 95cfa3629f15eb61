"""Recipes by name: those that come with the site, and those that a project saved."""

from __future__ import annotations

from collections.abc import Collection

from appliance.access.person import Person
from appliance.core.errors import Conflict, InvalidRequest, NotFound
from appliance.fleet import resolve
from appliance.fleet.store import RecipeStore
from appliance.pipelines.site import Site
from appliance.schemas.recipe import Recipe, SavedRecipe
from detectors import catalog


def built_in() -> list[SavedRecipe]:
    """Return the recipes that come with the site, by name: one for each detector."""
    return [_of_detector(name) for name in sorted(catalog.names())]


def _of_detector(name: str) -> SavedRecipe:
    # A name alone is a recipe: to import the algorithm for it would take seconds.
    recipe = Recipe(name=name, detector=name)
    return SavedRecipe(name=name, project=None, revision=0, recipe=recipe)


def recipes(
    site: Site, projects: Collection[str] | None, *, after: tuple[str, str] | None, limit: int
) -> list[SavedRecipe]:
    """Return recipes by name and project, those of the site before all projects'.

    Parameters
    ----------
    projects
        Whose recipes to tell; everybody's if None.
    after
        Only those that come after this name and project: the next page.
    """
    own = [one for one in built_in() if after is None or _key(one) > after]
    saved = RecipeStore(site.database).list(projects, after=after, limit=limit)
    return sorted((*own, *saved), key=_key)[:limit]


def recipe(site: Site, project: str, name: str) -> SavedRecipe:
    """Return the recipe that a name stands for in a project.

    Raises
    ------
    NotFound
        Neither the project nor the site has one of that name.
    """
    if name in catalog.names():
        return _of_detector(name)
    return RecipeStore(site.database).get(project, name)


def saved_recipe(site: Site, fleet: str, name: str) -> Recipe | None:
    """Return the recipe that a fleet's project saved under a name; None if it did not."""
    (project,) = site.access.projects.of([fleet]).values()
    try:
        return RecipeStore(site.database).get(project, name).recipe
    except NotFound:
        return None


def save_recipe(
    site: Site,
    by: Person,
    project: str,
    name: str,
    wanted: Recipe,
    *,
    revision: int | None = None,
) -> SavedRecipe:
    """Save a recipe for the fleets of a project; trainings find it by its name.

    Parameters
    ----------
    revision
        The one to be replaced, 0 for none; whichever stands if not given.

    Raises
    ------
    Conflict
        A recipe of the site has this name.
    InvalidRequest
        The recipe cannot be used.
    Outdated
        Another revision stands.
    """
    if name in catalog.names():
        raise Conflict(
            f"{name} is a recipe of the site.", remedy="Save it under a name of its own."
        )
    found = check_recipe(wanted).model_copy(update={"name": name})
    with site.access.audit.change(by) as change:
        return RecipeStore(site.database).put(change, project, found, revision=revision)


def check_recipe(wanted: Recipe) -> Recipe:
    """Return a recipe that can be used, as it will be.

    Raises
    ------
    InvalidRequest
        There is no such detector, or a parameter cannot be used.
    """
    try:
        return resolve(wanted)
    except (ValueError, TypeError, ArithmeticError) as error:
        # Detectors that others wrote refuse parameters in ways of their own.
        raise InvalidRequest(f"detector {wanted.detector}: {error}.") from error


def _key(one: SavedRecipe) -> tuple[str, str]:
    return one.name, one.project or ""
