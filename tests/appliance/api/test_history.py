"""Health, stretches alike and operating modes over REST."""

from __future__ import annotations

import pytest

from tests.appliance.api.fleets import bring, rows

AT = "/fleets/pumps/assets"
STRETCH = "from=2026-01-01T01:00:00Z&to=2026-01-01T02:00:00Z"


@pytest.fixture
def readings(site, tmp_path):
    bring(site, "pumps", rows(600, assets=("P-1", "P-2", "hall/P 3")), tmp_path / "in")


def test_a_machine_without_a_model_has_no_health(as_, readings):
    answer = as_("root").get(f"{AT}/P-1/health?days=30")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["asset"], told["now"], told["trend"]) == ("P-1", None, "unknown")


def test_without_a_sign_of_wear_no_life_is_told(as_, readings):
    answer = as_("viewer").get(f"{AT}/hall%2FP%203/rul?limit=20")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["asset"], told["limit"], told["trend"]) == ("hall/P 3", 20, "unknown")
    assert told["days"] is told["low"] is told["high"] is None
    assert as_("stranger").get(f"{AT}/P-1/rul").status_code == 404


@pytest.mark.slow
def test_names_with_slashes_are_machines_like_others(as_, readings):
    assert as_("root").get(f"{AT}/hall%2FP%203/health").json()["asset"] == "hall/P 3"
    told = as_("root").get(f"{AT}/hall%2FP%203/similar?{STRETCH}").json()
    assert told["asset"] == "hall/P 3"
    assert as_("root").get(f"{AT}/hall%2FP%203").json()["asset"] == "hall/P 3"


def test_stretches_alike_are_told(as_, readings):
    answer = as_("root").get(f"{AT}/P-1/similar?{STRETCH}&sisters=true&sensors=flow")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["sensors"] == ["flow"]
    assert told["searched"] == ["P-1", "P-2", "hall/P 3"]
    assert len(told["found"]) == 3
    assert {one["event"] for one in told["found"]} == {None}


def test_a_machine_without_a_model_has_no_modes(as_, readings):
    answer = as_("viewer").get(f"{AT}/hall%2FP%203/modes?from=2026-01-01T01:00:00Z&language=ja")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["asset"], told["version"], told["modes"]) == ("hall/P 3", None, [])
    assert as_("stranger").get(f"{AT}/P-1/modes").status_code == 404


def test_a_machine_without_a_model_has_no_normal(as_, readings):
    answer = as_("viewer").get(f"{AT}/hall%2FP%203/expected?{STRETCH}&sensors=flow")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["asset"], told["version"], told["sensors"]) == ("hall/P 3", None, {})
    assert as_("stranger").get(f"{AT}/P-1/expected?{STRETCH}").status_code == 404


ASKED = [
    ("P-9/modes", 404),
    ("P-1/modes?from=yesterday", 422),
    ("P-1/modes?language=fr", 422),
    ("P-9/health", 404),
    ("P-1/health?days=0", 422),
    ("P-9/rul", 404),
    ("P-1/rul?limit=101", 422),
    (f"P-9/similar?{STRETCH}", 404),
    (f"P-1/similar?{STRETCH}&sensors=s9", 422),
    ("P-1/similar?from=2026-01-01T01:00:00Z", 422),
    (f"P-9/expected?{STRETCH}", 404),
    (f"P-1/expected?{STRETCH}&sensors=s9", 422),
    (f"P-1/expected?{STRETCH}&version=7", 404),
    ("P-1/expected?from=2026-01-01T01:00:00Z", 422),
    ("P-1/similar?from=2026-01-01T01:00:00Z&to=2026-01-01T01:03:00Z", 422),
    ("P-1/similar?from=2026-01-01T00:00:00Z&to=2026-01-01T09:00:00Z", 422),
]


@pytest.mark.parametrize(("query", "status"), ASKED)
def test_what_is_asked_is_checked(as_, readings, query, status):
    answer = as_("root").get(f"{AT}/{query}")
    assert answer.status_code == status, answer.text
