"""Scores out over REST: surprise beside its threshold, contributions, peaks kept."""

from __future__ import annotations

import io
import shutil

import polars as pl
import pytest

from tests.appliance.people import cheap_access
from tests.appliance.pipelines.sites import FLEET, open_site, scores_of

AT = f"/fleets/{FLEET}/scores"


@pytest.fixture
def site(learned_home, tmp_path):
    shutil.copytree(learned_home, tmp_path / "home")
    made = open_site(tmp_path / "home")
    made.access = cheap_access(made)
    from tests.appliance.people import ME, PASSWORD

    made.access.users.add(ME, "root", PASSWORD, admin=True)
    yield made
    made.close()


def of(answer, asset="P-2"):
    assert answer.status_code == 200, answer.text
    return next(one for one in answer.json()["series"] if one["asset"] == asset)


def test_the_peak_is_shown_with_what_made_it(as_, site):
    answer = as_("root").get(f"{AT}?asset=P-2&width=40&top=2")
    told, whole = of(answer), answer.json()
    assert (whole["version"], whole["champion"], whole["sensors"][0]) == (1, True, "s1")
    assert len(told["times"]) <= 80
    known = scores_of(site).filter(pl.col("asset") == "P-2")
    peak = max(value for value in told["surprise"] if value is not None)
    assert peak == pytest.approx(known["surprise"].max(), abs=1e-3)
    at = told["surprise"].index(peak)
    assert told["alarm"][at] is True
    assert peak >= told["threshold"]
    assert told["contributions"]["s1"][at] > 0.5
    assert set(told["standing"]) <= {"final", "provisional", "too_young", "gap"}


def test_all_scores_come_without_a_width(as_, site):
    answer = as_("root").get(f"{AT}?format=arrow&top=0")
    read = pl.read_ipc_stream(io.BytesIO(answer.content))
    known = scores_of(site)
    assert read.height == known.height
    assert read.columns == ["asset", "time", "surprise", "alarm", "standing", "threshold"]
    judged = known.filter(pl.col("state") < 10)
    assert read["surprise"].null_count() == known.height - judged.height
    assert read["alarm"].sum() == known["alarm"].sum()


def test_what_was_not_judged_has_no_surprise_but_a_reason(as_, site):
    told = of(as_("root").get(f"{AT}?asset=P-2"))
    for surprise, standing in zip(told["surprise"], told["standing"], strict=True):
        assert (surprise is None) == (standing not in ("final", "provisional"))


def test_an_asset_tells_its_surprise_now(as_, site):
    known = {
        one["asset"]: one for one in as_("root").get(f"/fleets/{FLEET}/assets").json()["items"]
    }
    last = scores_of(site).filter(pl.col("asset") == "P-2").tail(1)
    assert known["P-2"]["judged"] == last["time"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")[0]
    assert known["P-2"]["threshold"] > 0
    assert known["P-2"]["open_events"] == 1
    assert as_("root").get(f"/fleets/{FLEET}").json()["champion"] == 1


ASKED = [("version=9", 404), ("version=0", 422), ("asset=P-9", 404), ("top=99", 422)]


def test_what_is_asked_is_checked(as_, site):
    for query, status in ASKED:
        assert as_("root").get(f"{AT}?{query}").status_code == status


def test_a_fleet_without_a_model_has_no_scores(as_, site, tmp_path):
    from tests.appliance.api.fleets import bring as take
    from tests.appliance.api.fleets import rows

    take(site, "fans", rows(5), tmp_path / "in")
    answer = as_("root").get("/fleets/fans/scores")
    assert answer.status_code == 404
    assert "no model" in answer.json()["detail"]
