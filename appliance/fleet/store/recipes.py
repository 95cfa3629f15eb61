"""Recipes that people saved: each project has its own."""

from __future__ import annotations

import builtins
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Integer, String, select, tuple_
from sqlalchemy.orm import Mapped, mapped_column

from appliance.access.store.audit import Change
from appliance.core.db import Base, Database, utc
from appliance.core.errors import NotFound, Outdated
from appliance.schemas.recipe import Recipe, SavedRecipe


class RecipeRow(Base):
    """One saved recipe."""

    __tablename__ = "recipes"
    project: Mapped[str] = mapped_column(String(63), primary_key=True)
    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    revision: Mapped[int] = mapped_column(Integer)
    recipe: Mapped[dict[str, Any]] = mapped_column(JSON)
    by: Mapped[str] = mapped_column(String(200))
    updated: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class RecipeStore:
    """The recipes of a site.

    Parameters
    ----------
    database
        Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(
        self,
        projects: Collection[str] | None,
        *,
        after: tuple[str, str] | None = None,
        limit: int | None = None,
    ) -> builtins.list[SavedRecipe]:
        """Return recipes by name and project.

        Parameters
        ----------
        projects
            Of these alone; of all if None.
        after
            Only those that come after this name and project: the next page.
        """
        query = select(RecipeRow).order_by(RecipeRow.name, RecipeRow.project).limit(limit)
        if projects is not None:
            query = query.where(RecipeRow.project.in_(list(projects)))
        if after is not None:
            query = query.where(tuple_(RecipeRow.name, RecipeRow.project) > after)
        with self._database.session() as session:
            return [_saved(row) for row in session.scalars(query)]

    def get(self, project: str, name: str) -> SavedRecipe:
        """Return one recipe; raises `NotFound` if there is none of that name."""
        with self._database.session() as session:
            row = session.get(RecipeRow, (project, name))
            if row is None:
                raise NotFound(f"project {project} has no recipe {name}.")
            return _saved(row)

    def put(
        self, change: Change, project: str, recipe: Recipe, *, revision: int | None = None
    ) -> SavedRecipe:
        """Save a recipe under its name, in the transaction of a change and with its entry.

        Parameters
        ----------
        revision
            The one that is to be replaced, 0 for none; whichever stands if not given.

        Raises
        ------
        Outdated
            Another revision stands.
        """
        key = (project, recipe.name)
        row = change.session.get(RecipeRow, key)
        stands = 0 if row is None else row.revision
        if revision is not None and revision != stands:
            raise Outdated(
                f"recipe {recipe.name} changed since revision {revision} "
                f"(it has {stands} now).",
                remedy="Look at it again, then decide.",
            )
        told = recipe.model_dump(mode="json", exclude_unset=True)
        before = None if row is None else row.recipe
        if row is None:
            row = RecipeRow(project=project, name=recipe.name)
            change.session.add(row)
        row.revision, row.recipe = stands + 1, told
        row.by, row.updated = change.by.name, change.at.astimezone(UTC)
        change.note("recipe.saved", f"recipe:{project}/{recipe.name}", before, told)
        return _saved(row)


def _saved(row: RecipeRow) -> SavedRecipe:
    return SavedRecipe(
        name=row.name,
        project=row.project,
        revision=row.revision,
        recipe=Recipe.model_validate(row.recipe),
        by=row.by,
        updated=utc(row.updated),
    )
