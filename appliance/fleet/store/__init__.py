"""Recipes that people saved, by project."""

from appliance.fleet.store.recipes import RecipeStore

__all__ = ["RecipeStore"]
