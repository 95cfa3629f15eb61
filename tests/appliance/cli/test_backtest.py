"""The shell asks models about the past, retrains, answers, and keeps the lake small."""

from __future__ import annotations

import json

import pytest

from appliance.pipelines.site import Site
from tests.appliance.pipelines.sites import DAY, FLEET, LEARNED, bring, moment, open_site, plant


def anomaly(kizashi) -> dict:
    [found] = json.loads(kizashi("events", FLEET, "--anomalies", "--json").out)
    return found


def later(full) -> None:
    """Bring two quiet days in."""
    site: Site = open_site(full)
    bring(site, plant(2 * DAY, first=LEARNED + DAY, seed=7), "later")
    site.close()


@pytest.mark.slow
def test_a_backtest_of_a_recipe_beside_the_champion(full, kizashi):
    day = f"{moment(LEARNED):%Y-%m-%d}"
    told = kizashi("backtest", FLEET, "--recipe", "pca", "--from", day)
    assert told.status == 0, told.err
    assert "recipe pca" in told.out
    assert "version 1" in told.out
    made = json.loads(kizashi("backtest", FLEET, "--version", 1, "--from", day, "--json").out)
    assert (made["candidate"]["model_version"], made["candidate"]["seen"]) == (1, 0.0)
    assert made["by"].startswith("shell:")
    assert [event["facts"]["asset"] for event in made["events"]] == ["P-2"]

    listed = json.loads(kizashi("backtests", FLEET, "--json").out)
    assert [one["candidate"]["recipe"] for one in listed] == ["mahalanobis", "pca"]
    assert made["id"] in kizashi("backtests", FLEET).out
    assert json.loads(kizashi("backtests", FLEET, made["id"], "--json").out) == made
    assert "or with" in kizashi("backtests", FLEET, made["id"]).out


@pytest.mark.slow
def test_retraining_asks_and_is_answered(full, kizashi):
    later(full)
    told = kizashi("retrain", FLEET, "--recent", 1, "--promote", "ask")
    assert told.status == 0, told.err
    assert "holds  unseen time" in told.out
    [waits] = json.loads(kizashi("approvals", FLEET, "--json").out)
    assert waits["id"] in told.out
    assert waits["id"] in kizashi("approvals").out
    assert kizashi("refuse", waits["id"], "--note", "not now").out.startswith(
        f"{FLEET}: version 1 stays champion"
    )
    assert kizashi("approvals").out == "Nothing waits for an answer.\n"
    assert kizashi("approve", waits["id"]).status == 1
    assert "refused" in kizashi("approvals", "--all").out

    asked = json.loads(
        kizashi("retrain", FLEET, "--recent", 1, "--promote", "ask", "--json").out
    )
    said = json.loads(kizashi("approve", asked["approval"], "--json").out)
    assert said["state"] == "approved"
    [champion] = [
        one["version"]
        for one in json.loads(kizashi("models", FLEET, "--json").out)
        if "champion" in one["aliases"]
    ]
    assert champion == asked["version"]
    wrong = kizashi("retrain", FLEET, "--promote", "always")
    assert (wrong.status, "when better, ask or never" in wrong.err) == (2, True)


@pytest.mark.slow
def test_another_budget_without_learning(full, kizashi):
    made = json.loads(kizashi("adjust", FLEET, "--false-alarms", 2, "--json").out)
    assert made["lineage"]["derived_from"] == 1
    assert "version 3, from version 1" in kizashi("adjust", FLEET, "--limits").out
    assert kizashi("adjust", FLEET).status == 2


@pytest.mark.slow
def test_a_verdict_is_looked_ahead_at(full, kizashi):
    event = anomaly(kizashi)
    told = kizashi("verdicts", "preview", event["id"])
    assert told.status == 0, told.err
    assert "more readings would be learned from" in told.out
    ahead = json.loads(
        kizashi("verdicts", "preview", event["id"], "--verdict", "true", "--json").out
    )
    assert (ahead["verdict"], ahead["rows"]) == ("true", 0)
    assert kizashi("verdicts", "preview", event["id"], "--verdict", "maybe").status == 2


@pytest.mark.slow
def test_the_lake_is_kept_small(full, kizashi):
    assert kizashi("retention").out == f"{FLEET}: everything is kept.\n"
    told = kizashi("retention", FLEET, "--days", 1, "--dry-run")
    assert "kept: the champion" in told.out
    [done] = json.loads(kizashi("retention", FLEET, "--days", 3, "--even-needed", "--json").out)
    assert done["readings"] == 4 * (LEARNED + DAY - 3 * DAY - 1)
    assert FLEET in kizashi("compact").out
    [compacted] = json.loads(kizashi("compact", FLEET, "--json").out)
    assert compacted["files_after"] <= compacted["files_before"]
    assert kizashi("compact", "--keep-hours", 1).status == 2


@pytest.mark.slow
def test_training_tells_what_events_took_out(full, kizashi):
    told = kizashi("train", FLEET, "--recipe", "mahalanobis")
    assert "left out, an open event: " in told.out
    kizashi("close", anomaly(kizashi)["id"], "--verdict", "true")
    told = kizashi("train", FLEET, "--recipe", "mahalanobis", "--from", moment(LEARNED + 30))
    assert "left out, called true: " in told.out
