"""Costs and budgets by the shell; a training tells what it will take, and what it took."""

from __future__ import annotations

import json
import sys
from datetime import timedelta

import pytest

from appliance.core.clock import now
from appliance.core.settings import Settings
from appliance.pipelines.site import Site
from tests.appliance.cli.test_commands import data, ok
from tests.appliance.telemetry.runs import run


@pytest.fixture
def paid(full):
    """Return a home in which runs were paid for."""
    site, at = Site(Settings(home=full)), now()
    soon = {"started": at - timedelta(minutes=1), "until": at}
    site.costs.keep(run("job_a", **soon))
    site.costs.keep(run("job_b", **(soon | {"by": "yuki", "pipeline": "score"})))
    site.close()
    return full


def test_what_was_paid_is_told_by_what_one_chooses(kizashi, paid):
    told = data(kizashi("cost", "--by", "user", "--json"))
    assert {one["name"]: one["amount"] for one in told["lines"]} == {"erika": 6, "yuki": 6}
    assert told["allocated"] == 12
    out = ok(kizashi("cost", "--by", "asset"))
    assert "pumps/" in out
    assert "used: ¥12" in out
    old = data(kizashi("cost", "--month", "2026-01", "--json"))
    assert (old["lines"], old["allocated"]) == ([], 0)


@pytest.mark.parametrize(
    "arguments",
    [("cost", "--by", "colour"), ("cost", "--month", "May"), ("budget", "set", "5")],
)
def test_what_makes_no_sense_is_said(kizashi, full, arguments):
    told = kizashi(*arguments)
    assert told.status == 2
    assert "\n" not in told.err.strip()


def test_an_estimate_says_what_it_rests_on(kizashi, paid):
    assert "By 1 runs of its kind" in ok(kizashi("cost", "estimate", "train", "pumps"))
    told = data(kizashi("cost", "estimate", "report", "pumps", "--json"))
    assert (told["basis"], told["runs"]) == ("prior", 0)


def test_judging_is_estimated_by_what_has_come_since(kizashi, full):
    before = data(kizashi("cost", "estimate", "score", "pumps", "--json"))
    ok(kizashi("score", "pumps"))
    after = data(kizashi("cost", "estimate", "score", "pumps", "--json"))
    assert (before["basis"], after["basis"], after["runs"]) == ("prior", "past", 1)
    assert after["seconds"] < before["seconds"]


def test_prices_are_told_and_hostile_ones_refused(kizashi, full):
    assert "electricity" in ok(kizashi("cost", "prices"))
    (full / "prices.toml").write_text("[power]\nper_kwh = 20.0\n")
    assert data(kizashi("cost", "prices", "--json"))["book"]["power"]["per_kwh"] == 20
    (full / "prices.toml").write_text("[power]\nper_kwh = -20.0\n")
    told = kizashi("cost", "prices")
    assert told.status == 2
    assert "prices.toml: power.per_kwh" in told.err


@pytest.mark.slow
def test_a_training_tells_its_estimate_on_a_terminal_before_it_begins(
    kizashi, full, monkeypatch
):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    told = kizashi("train", "pumps", "--recipe", "mahalanobis")
    assert "This will take about" in told.err
    assert "This will take" not in told.out
    assert "This will take" not in kizashi("train", "fans").err


@pytest.mark.slow
def test_a_training_tells_its_cost_until_the_budget_is_spent(kizashi, paid):
    out = ok(kizashi("train", "pumps", "--recipe", "mahalanobis"))
    assert "and cost ¥" in out
    assert "expected were" in out
    told = data(kizashi("cost", "--by", "pipeline", "--json"))
    assert {one["name"] for one in told["lines"]} == {"train", "score"}
    assert told["units"]["models"] == 2
    made = data(kizashi("budget", "set", "1", "--project", "default", "--json"))
    assert made["state"] == "spent"
    refused = kizashi("train", "pumps")
    assert refused.status == 1
    assert "the budget of project default for this month is spent" in refused.err
    assert "operate" in refused.err
    assert kizashi("jobs", "ask", "train", "pumps").status != 0
    beyond = data(kizashi("jobs", "ask", "train", "pumps", "--over-budget", "--json"))
    assert beyond["state"] == "queued"
    assert "spent" in ok(kizashi("budget", "show"))
    ok(kizashi("budget", "remove", "--project", "default"))
    assert json.loads(ok(kizashi("budget", "show", "--json"))) == []
