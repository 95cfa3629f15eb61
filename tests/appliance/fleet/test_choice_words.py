"""Why a machine is judged as it is, in sentences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from appliance.core.errors import NotFound
from appliance.fleet import choice_words, fit
from appliance.fleet.choice_words import _TEXT
from appliance.schemas.choice import Choice
from appliance.schemas.manifest import AssetManifest, BudgetNote, FleetManifest, Stretch
from appliance.schemas.recipe import Recipe

DAY = datetime(2026, 1, 1, tzinfo=UTC)
SEVERAL = Choice(
    rows=4000,
    missing=0.0,
    sensors=("flow", "heat"),
    windows=(16, 32, 16),
    views=("raw", "joint"),
    left_out={"nearest_shapes": "several sensors"},
)
ONE = Choice(
    rows=4000,
    missing=0.0312,
    sensors=("flow",),
    switches=("on",),
    gappy=("a", "b", "c", "d", "e", "f", "g", "h"),
    period=48,
    windows=(48, 96, 48),
    views=("raw", "nearest_shapes"),
    left_out={"joint": "one sensor"},
)


def told(language="en", *, choice=SEVERAL, context=(), time_kind="time", recipe=None, **other):
    entry = AssetManifest(
        part=0,
        index=0,
        checksum="",
        sensors=choice.sensors if choice else ("flow",),
        detector={},
        interval_seconds=other.pop("interval", 60.0),
        reach=(0, 0),
        warm_rows=1,
        threshold=3.0,
        budget=BudgetNote(basis="observed", expected_per_month=1, months=1),
        rows=4000,
        data_start=DAY,
        data_end=DAY + timedelta(days=3),
        choice=choice,
        **other,
    )
    manifest = FleetManifest(
        code_version="1",
        recipe=recipe or Recipe(name="auto", detector="auto"),
        sensors=entry.sensors,
        context=context,
        time_kind=time_kind,
        parts=(),
        assets={"P": entry},
    )
    return choice_words(manifest, "P", language)


def test_several_sensors():
    assert told(modes=3, averages={"name": "moving_average"})[:3] == (
        "Learned from 4,000 rows of 60 s, 2.78 days in all.",
        "None of these readings is missing.",
        (
            "There are 2 sensors: each is looked at in windows of 16 and 32 rows "
            "(16 minutes and 32 minutes)."
        ),
    )
    whole = " ".join(told(modes=3, averages={"name": "moving_average"}))
    assert "with several sensors, all told no more" in whole
    assert "looked at together, in windows of 16 rows" in whole
    assert "It runs in 3 modes. Running averages watch" in whole


def test_one_sensor_with_a_period():
    whole = " ".join(told(choice=ONE, modes=1))
    assert "3.1% of the readings are missing" in whole
    assert "they hold only 0 and 1: on." in whole
    assert "too few windows: a, b, c, d, e, f and 2 more." in whole
    assert "it repeats itself every 48 rows (48 minutes)" in whole
    assert "There is no other sensor" in whole
    assert "It runs in one mode. No running averages" in whole


def test_without_a_period_by_the_recipe_and_in_cycles():
    still = ONE.model_copy(update={"period": None})
    assert "without a period that stands out" in " ".join(told(choice=still))
    given = Recipe(name="own", detector="auto", parameters={"window": 48}, sustained_hours=0)
    whole = " ".join(told(choice=ONE, recipe=given))
    assert "The recipe says how long windows are: 48 and 96 rows." in whole
    assert "averages" not in whole
    cycles = " ".join(told(choice=ONE, time_kind="cycle", interval=3600.0))
    assert "4,000 rows, one a cycle" in cycles
    assert "every 48 rows (48 cycles)" in cycles


def test_context_that_explains_and_context_that_does_not():
    assert told(context=("load",))[-2].startswith("load explains no sensor well enough")
    known = told(context=("load",), conditioned={"heat": 0.5, "flow": 0.91})
    assert known[-2].startswith(
        "Normal depends on load: what that explains of flow (91%), heat"
    )


def test_another_detector_says_only_what_is_known():
    pca = Recipe(name="pca", detector="pca")
    assert told(choice=None, recipe=pca) == (
        "Learned from 4,000 rows of 60 s, 2.78 days in all.",
    )


def test_a_past_too_long_to_learn_from_all_of_it():
    stretch = Stretch(start=DAY, end=DAY + timedelta(hours=1))
    facts = {"learned": (stretch,) * 16, "levelled_rows": 800_000}
    english, japanese = (told(language, **facts) for language in ("en", "ja"))
    assert english[1].startswith("They are 16 stretches spread over its past")
    assert english[2].startswith("Its alarm level was learned from 800,000 rows between them")
    assert "16 区間" in japanese[1]
    assert "800,000 行" in japanese[2]
    alone = told(learned=(stretch,) * 16)
    assert not any("alarm level" in one for one in alone)


@pytest.mark.parametrize("choice", [SEVERAL, ONE])
def test_both_languages_say_as_much(choice):
    english, japanese = (told(language, choice=choice, modes=2) for language in ("en", "ja"))
    assert len(english) == len(japanese)
    assert all(one.endswith(".") for one in english)
    assert all(one.endswith("。") for one in japanese)


@pytest.mark.parametrize("key", _TEXT)
def test_texts_hold_the_same_values(key):
    import string

    english, japanese = (
        {name for _, name, _, _ in string.Formatter().parse(text) if name}
        for text in _TEXT[key]
    )
    assert english == japanese


def test_a_fitted_model_tells_and_keeps_it(tmp_path):
    rng = np.random.default_rng(0)
    rows = 1200
    load = np.repeat(rng.integers(1, 4, rows // 100), 100) * 10.0
    frame = pl.DataFrame(
        {
            "asset": ["A"] * rows,
            "time": [DAY + timedelta(minutes=n) for n in range(rows)],
            "flow": load * 2 + rng.normal(size=rows),
            "heat": np.sin(np.arange(rows) / 30) + 0.1 * rng.normal(size=rows),
            "load": load,
        }
    )
    model = fit(frame, context=["load"])
    choice = model.manifest.assets["A"].choice
    assert choice is not None
    assert choice.sensors == ("flow", "heat")
    assert choice.windows == (16, 32, 16)
    assert model.describe("A") == fit(frame, context=["load"]).describe("A")
    assert "Normal depends on load" in model.describe("A")
    assert "正常は load によって変わります" in model.describe("A", language="ja")
    with pytest.raises(NotFound, match="no model of B"):
        model.describe("B")
    assert FleetManifest.model_validate_json(model.manifest.model_dump_json()) == model.manifest
