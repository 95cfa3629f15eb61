"""A recipe is a name, a file or data, and says what is wrong with it."""

from __future__ import annotations

import json

import pytest

from appliance.core.errors import InvalidRequest
from appliance.fleet.recipe import asset_seed, make_detector, resolve
from appliance.schemas.recipe import Recipe

TOML = """
detector = "forest"
minimum_rows = 100
[cleaning]
fill_rows = 2
limits = { pressure = { lower = 0.0, upper = 16.0 } }
run_state = { column = "speed", minimum = 100.0 }
[threshold]
false_alarms_per_month = 0.5
"""


def test_names_files_and_data_mean_the_same(tmp_path):
    path = tmp_path / "pumps.toml"
    path.write_text(TOML)
    recipe = resolve(str(path))
    assert recipe.name == "pumps"
    assert recipe.cleaning.limits["pressure"].upper == 16
    assert recipe.threshold.false_alarms_per_month == 0.5
    other = tmp_path / "pumps.json"
    other.write_text(recipe.model_dump_json())
    assert resolve(other) == recipe
    assert resolve(json.loads(recipe.model_dump_json())) == recipe
    assert resolve(recipe) is recipe
    assert resolve("forest").detector == "forest"


def test_what_the_caller_says_wins():
    recipe = resolve(Recipe(detector="forest", seed=3), seed=9, false_alarms_per_month=4)
    assert recipe.seed == 9
    assert recipe.threshold.false_alarms_per_month == 4
    assert recipe.threshold.merge_rows == Recipe().threshold.merge_rows


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ("forrest", "Did you mean forest"),
        ({"detektor": "forest"}, "detektor"),
        ({"detector": "forest", "cleaning": {"fill_rows": -1}}, "cleaning.fill_rows"),
        ({"detector": "forest", "parameters": {"no_such": 1}}, "forest"),
        ("missing.toml", "missing.toml"),
    ],
)
def test_wrong_recipes_are_named(recipe, words):
    with pytest.raises(InvalidRequest, match=words):
        resolve(recipe)


def test_broken_files_are_named(tmp_path):
    for name, text in (("a.toml", "= 3"), ("b.json", "{"), ("c.json", "[1]")):
        (tmp_path / name).write_text(text)
        with pytest.raises(InvalidRequest, match=name):
            resolve(tmp_path / name)


def test_seeds_differ_by_asset_and_stay():
    recipe = Recipe(detector="forest", seed=1)
    assert asset_seed(recipe, "P-1") == asset_seed(recipe, "P-1")
    assert asset_seed(recipe, "P-1") != asset_seed(recipe, "P-2")
    assert asset_seed(recipe, "P-1") != asset_seed(Recipe(seed=2), "P-1")
    assert 0 <= asset_seed(recipe, "温度") < 2**31
    detector = make_detector(recipe, "P-1")
    assert detector.get_params()["seed"] == asset_seed(recipe, "P-1")
    own = Recipe(detector="forest", parameters={"seed": 5})
    assert make_detector(own, "P-1").get_params()["seed"] == 5
