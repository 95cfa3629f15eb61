"""What is left of a machine that wears, on its page; and why a version judges as it does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from playwright.sync_api import expect

from appliance.pipelines.lives import learn_lives
from appliance.pipelines.score import score
from appliance.pipelines.train import TrainOptions, train
from appliance.schemas.history import Health, RemainingLife
from tests.appliance.pipelines import failed
from tests.appliance.pipelines.sites import DAY, LEARNED, plant
from tests.ui.conftest import Browse
from tests.ui.homes import add_users, bring, open_home
from tests.ui.serving import serving
from ui.asset import past, wear

ZONE = ZoneInfo("Asia/Tokyo")
DAYS = 12
PUMPS = ("P-1", "P-2", "P-3")


# ---------------------------------------------------------------- words
def life(**known: object) -> wear.LifeWords | None:
    told = {
        "fleet": "pumps",
        "asset": "P-1",
        "trend": "falling",
        "wear": True,
        "limit": 0.0,
        "days": 34.5,
        "low": 27.0,
        "high": 46.0,
        "since": datetime(2026, 3, 1, tzinfo=UTC),
    }
    return wear.life_words(RemainingLife.model_validate(told | known), ZONE)


@pytest.mark.parametrize("wears", [False, None])
def test_without_wear_nothing_is_said(wears: bool | None):
    assert life(wear=wears, days=None, low=None, high=None, since=None) is None


def test_what_is_left_is_told_with_bounds_and_days():
    words = life()
    assert words is not None
    assert words.head == "About 34 days left until health 0"
    assert "27 days to 46 days in 90% of cases" in words.below
    assert "about 4 Apr 2026 (28 Mar 2026 to 16 Apr 2026)" in words.below
    assert words.below.endswith("Its health was carried on.")


def test_what_failures_taught_says_from_how_many():
    by = {"method": "lives", "lives": 12}
    words, least, wide = life(**by), life(**by, high=None), life(**by, low=0.0, high=None)
    assert words is not None
    assert words.head == "About 34 days left until it fails"
    assert "27 days to 46 days in 90% of cases, if it fails as others did" in words.below
    assert words.below.endswith("Learned from 12 lives that ended in a failure.")
    assert least is not None
    assert least.below.startswith("At least 27 days in 90% of cases")
    assert wide is not None
    assert wide.below.startswith("How far that may be off cannot be told yet.")
    due = life(**by, days=0.0, low=0.0, high=0.5)
    assert due is not None
    assert due.head == "At the end of its life, going by those that failed"


def test_where_failures_tell_of_no_wear_that_is_said():
    told = RemainingLife(
        fleet="pumps", asset="P-1", wear=False, method="lives", lives=12, limit=0.0
    )
    assert "12 lives that ended in a failure: no sign of wear" in wear.no_wear_words(told)
    assert wear.no_wear_words(told.model_copy(update={"method": "health"})) == ""


def test_a_change_is_told_with_what_the_calendar_has_of_that_day():
    plain = Health(fleet="pumps", asset="P-1")
    named = Health(fleet="pumps", asset="P-1", changed_after="bearing *replaced*")
    assert "Since 3 March it runs otherwise" in past.changed_words(plain, "3 March")
    told = past.changed_words(named, "3 March")
    assert told.startswith("Since 3 March it runs otherwise")
    assert "bearing" in told
    assert "*replaced*" not in told.replace("\\*", "")


def test_hours_and_cycles_are_told_where_they_are_what_counts():
    soon, engine = life(days=0.5, low=0.25, high=1.0), life(time_kind="cycle", days=2, low=1)
    assert soon is not None
    assert soon.head == "About 12 hours left until health 0"
    assert engine is not None
    assert engine.head == "About 48 cycles left until health 0"
    assert "24 cycles to 1,104 cycles" in engine.below


def test_what_lies_too_far_ahead_is_no_figure():
    far, open_end = life(days=None, low=None, high=None), life(high=None)
    assert far is not None
    assert far.head == "Wears, but lasts longer than can be told yet"
    assert open_end is not None
    assert open_end.below.startswith("At least 27 days in 95% of cases")
    least = life(days=None, high=None)
    assert least is not None
    assert least.below.startswith("At least 27 days")
    gone = life(days=0, low=0, high=0)
    assert gone is not None
    assert gone.head == "Health is at 0 now"


# ---------------------------------------------------------------- pages
@pytest.fixture(scope="module")
def worn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve pumps of which one, P-3, wears."""
    home = tmp_path_factory.mktemp("worn") / "home"
    site = open_home(home)
    add_users(site)
    bring(site, "pumps", plant(LEARNED, assets=PUMPS), "training")
    train(site, "pumps", TrainOptions(recipe="auto"))
    later = plant(DAYS * DAY, first=LEARNED, seed=3, assets=PUMPS)
    ramp = (pl.col("time").rank("dense") / (DAYS * DAY)) * later["s1"].std() * 1.2
    wears = pl.when(pl.col("asset") == "P-3").then(ramp).otherwise(0.0)
    bring(site, "pumps", later.with_columns(s1=pl.col("s1") + wears), "worn")
    score(site, "pumps")
    site.close()
    with serving(home) as url:
        yield url


@pytest.mark.slow
@pytest.mark.xdist_group("ui")
@pytest.mark.parametrize(
    ("language", "left", "well"),
    [
        ("en", r"days left until health 0", "No sign of wear."),
        ("ja", r"健全度 0 まで約", "劣化の兆候はありません。"),
    ],
)
def test_the_page_of_a_machine_tells_its_remaining_life_only_if_it_wears(
    browse: Browse, worn: str, language: str, left: str, well: str
):
    page = browse("viewer", url=worn, language=language)
    page.goto("/asset?fleet=pumps&asset=P-3")
    told = page.get_by_text(re.compile(left))
    expect(told).to_be_visible()
    page.goto("/asset?fleet=pumps&asset=P-1")
    expect(page.get_by_text(well).last).to_be_visible()
    expect(told).to_have_count(0)


@pytest.mark.slow
@pytest.mark.xdist_group("ui")
def test_a_version_says_why_each_machine_is_judged_so(browse: Browse, worn: str):
    page = browse("viewer", url=worn)
    page.goto("/model?fleet=pumps&version=1&part=machines")
    expect(page.get_by_text("Why it is judged so")).to_be_visible()
    expect(
        page.get_by_text(re.compile(r"There are \d+ sensors: each is looked"))
    ).to_be_visible()
    page.get_by_role("combobox", name=re.compile("Machine whose reasons")).click()
    page.get_by_role("option", name="P-2").click()
    page.wait_for_url(re.compile("machine=P-2"))
    expect(page.get_by_text(re.compile(r"^Learned from \d"))).to_be_visible()
    page = browse("viewer", url=worn, language="ja")
    page.goto("/model?fleet=pumps&version=1&part=machines")
    expect(page.get_by_text(re.compile("個あります。それぞれを"))).to_be_visible()


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve pumps that failed, were repaired and run again, learned from and never trained."""
    home = tmp_path_factory.mktemp("taught") / "home"
    site = open_home(home)
    add_users(site)
    failed.fill(site)
    learn_lives(site, "pumps")
    site.close()
    with serving(home) as url:
        yield url


@pytest.mark.slow
@pytest.mark.xdist_group("ui")
@pytest.mark.parametrize(
    ("language", "left", "learned"),
    [
        ("en", r"hours left until it fails", "Learned from 12 lives that ended in a failure"),
        ("ja", r"故障まで約", "故障で終わった12件の寿命から学習した値です"),
    ],
)
def test_the_page_of_a_machine_tells_how_long_it_lasts_by_those_that_failed(
    browse: Browse, taught: str, language: str, left: str, learned: str
):
    page = browse("viewer", url=taught, language=language)
    page.goto("/asset?fleet=pumps&asset=P-1")
    expect(page.get_by_text(re.compile(left))).to_be_visible()
    expect(page.get_by_text(learned)).to_be_visible()
    page.goto(f"/asset?fleet=pumps&asset={failed.OLD}")
    expect(page.get_by_text(re.compile(left))).to_have_count(0)
