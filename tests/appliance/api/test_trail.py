"""A request's identifier: its caller's or ours, in the answer, with the job, and as a span."""

from __future__ import annotations

import pytest

from appliance.core.trail import listen

SCORE = {"pipeline": "score", "fleet": "pumps"}
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"X-Request-ID": "plant-42-request"}, "plant-42-request"),
        ({"traceparent": TRACE}, TRACE[3:35]),
        ({"X-Request-ID": "no word", "traceparent": "00-x"}, None),
    ],
)
def test_it_is_told_in_the_answer_and_kept_with_the_job(as_, site, given, told):
    answer = as_("analyst").post("/jobs", json=SCORE, headers=given)
    name = answer.headers["X-Request-ID"]
    assert name == told if told else name.startswith("req_")
    assert answer.json()["request"] == name
    assert site.jobs.get(answer.json()["id"]).request == name
    wrong = as_("analyst").get("/jobs/none", headers=given)
    assert wrong.json()["instance"] == wrong.headers["X-Request-ID"]


def test_a_request_is_a_span_by_its_route_and_its_job_is_its_child(as_):
    kept = []
    before = listen(kept.append)
    try:
        headers = {"traceparent": TRACE}
        job = as_("analyst").post("/jobs", json=SCORE, headers=headers).json()
        as_("analyst").get("/jobs/none")
    finally:
        listen(before)
    asked, missed = (one for one in kept if "/jobs" in one.name)
    assert (asked.name, asked.parent, asked.server) == ("POST /jobs", TRACE[36:52], True)
    assert asked.facts["http.response.status_code"] == 202
    assert job["trace"] == f"00-{TRACE[3:35]}-{asked.id}-01"
    assert (missed.facts["http.response.status_code"], missed.error) == (404, "")
    assert missed.trace != asked.trace
    assert "none" not in missed.name


def test_nothing_is_traced_where_nobody_listens(as_):
    headers = {"traceparent": TRACE}
    job = as_("analyst").post("/jobs", json=SCORE, headers=headers).json()
    assert job["trace"] == TRACE
