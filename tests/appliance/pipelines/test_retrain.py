"""Retraining compares before it promotes; what it asks stands until somebody answers."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from appliance.access import shell
from appliance.backtests.rule import checks, is_better
from appliance.core.errors import Conflict, InvalidRequest, NotFound
from appliance.fleet import Artifact
from appliance.pipelines.promote import promote
from appliance.pipelines.retrain import RetrainOptions, answer, retrain
from appliance.pipelines.train import TrainOptions, train
from appliance.schemas.approval import ApprovalState
from appliance.schemas.event import EventKind
from tests.appliance.pipelines.sites import DAY, FLEET, LEARNED, bring, moment, plant
from tests.appliance.pipelines.test_backtest import Recorder

RECENT = timedelta(days=2)
OPTIONS = RetrainOptions(recent=RECENT)


@pytest.fixture
def later(grown):
    """Open a site with six more days after training; P-2 has a fault in the last two."""
    faults = {"P-2": (1, 40, 80)}
    return grown(
        quiet=plant(4 * DAY, first=LEARNED, seed=5),
        recent=plant(2 * DAY, first=LEARNED + 4 * DAY, seed=6, faults=faults),
    )


def champion(site) -> int:
    return site.registry.champion(FLEET).version


@pytest.mark.slow
def test_an_equal_challenger_with_later_readings_is_promoted(later):
    done = retrain(later, FLEET, OPTIONS, by="schedule:weekly")
    assert (done.version, done.champion, done.outcome, done.better) == (2, 1, "promoted", True)
    assert champion(later) == 2
    assert later.registry.promotions(FLEET)[-1].by == "schedule:weekly"
    made = later.registry.get(FLEET, 2).lineage
    assert made.data_end == moment(LEARNED + 4 * DAY - 1)
    compared = later.backtests.get(done.backtest)
    assert (compared.end - compared.start, compared.candidate.seen) == (RECENT, 0.0)
    assert all(check.passed for check in done.checks)


@pytest.mark.slow
def test_nothing_newer_is_no_reason_to_promote(later):
    retrain(later, FLEET, OPTIONS)
    again = retrain(later, FLEET, OPTIONS)
    assert (again.version, again.champion, again.outcome) == (3, 2, "kept")
    assert [check.name for check in again.checks if not check.passed] == ["worth it"]
    assert champion(later) == 2


@pytest.mark.slow
def test_a_challenger_that_misses_what_people_confirmed_is_not_promoted(later):
    [event] = later.events.list(FLEET, kind=EventKind.ANOMALY, assets=["P-2"])
    later.events.close(event.id, "mori", "true")
    blind = {
        "name": "blind",
        "detector": "mahalanobis",
        "threshold": {"false_alarms_per_month": 1.0, "minimum_rows": 400},
    }
    done = retrain(later, FLEET, RetrainOptions(recipe=blind, recent=RECENT))
    assert (done.outcome, done.better, champion(later)) == ("kept", False, 1)
    [failed] = [check for check in done.checks if not check.passed]
    assert (failed.name, event.id in failed.text) == ("confirmed events", True)


@pytest.mark.slow
def test_never_and_ask_leave_the_champion(later):
    kept = retrain(later, FLEET, RetrainOptions(recent=RECENT, promote="never"))
    assert (kept.outcome, kept.better, champion(later)) == ("kept", True, 1)
    asked = retrain(later, FLEET, RetrainOptions(recent=RECENT, promote="ask"), by="kimura")
    assert (asked.outcome, champion(later)) == ("waits", 1)
    [waits] = later.approvals.list(FLEET)
    assert (waits.id, waits.version, waits.backtest) == (asked.approval, 3, asked.backtest)
    assert waits.checks == asked.checks

    newer = retrain(later, FLEET, RetrainOptions(recent=RECENT, promote="ask"))
    assert later.approvals.get(waits.id).state is ApprovalState.SUPERSEDED
    with pytest.raises(Conflict, match="superseded"):
        answer(later, waits.id, "mori", approve=True)
    said = answer(later, newer.approval, "mori", approve=True, note="looks right")
    assert (said.state, said.answered_by, said.note) == (
        ApprovalState.APPROVED,
        "mori",
        "looks right",
    )
    assert champion(later) == newer.version
    [entry] = later.access.audit.list(shell("mori"), what=f"approval:{newer.approval}")
    assert (entry.action, entry.by) == ("approval.answered", "mori")
    # The same answer again, after the champion changed once more, promotes nothing.
    promote(later, FLEET, 1, "mori")
    assert answer(later, newer.approval, "mori", approve=True) == said
    assert champion(later) == 1
    with pytest.raises(Conflict, match="approved by mori"):
        answer(later, newer.approval, "kimura", approve=False)
    assert later.approvals.list() == []
    with pytest.raises(NotFound):
        answer(later, "apr_none", "mori", approve=True)


@pytest.mark.slow
def test_a_refused_challenger_stays_one(later):
    asked = retrain(later, FLEET, RetrainOptions(recent=RECENT, promote="ask"))
    answer(later, asked.approval, "mori", approve=False, note="after the overhaul")
    assert champion(later) == 1
    [told] = later.approvals.list(FLEET, states=[ApprovalState.REFUSED])
    assert told.note == "after the overhaul"


@pytest.mark.slow
def test_the_first_model_needs_no_comparison(site):
    bring(site, plant(), "training")
    done = retrain(site, FLEET, RetrainOptions(recipe="mahalanobis"))
    assert (done.version, done.champion, done.outcome) == (1, None, "promoted")
    assert champion(site) == 1


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 3, 4, 6, 8])
def test_killed_in_any_step_it_goes_on_there(later, after):
    steps = Recorder(after)
    with pytest.raises(KeyboardInterrupt):
        retrain(later, FLEET, OPTIONS, steps=steps)
    done = retrain(later, FLEET, OPTIONS, steps=steps.resumed())
    assert (done.version, done.outcome, champion(later)) == (2, "promoted", 2)
    assert len(later.registry.versions(FLEET)) == 2
    assert len(later.backtests.list(FLEET)) == 1


@pytest.mark.slow
def test_significance_decides_on_false_alarms(later):
    done = retrain(later, FLEET, RetrainOptions(recent=RECENT, promote="never"))
    compared = later.backtests.get(done.backtest)

    def with_unknown(ours: int, theirs: int):
        sides = {}
        for name, count in (("candidate", ours), ("champion", theirs)):
            side = getattr(compared, name)
            figures = side.figures.model_copy(
                update={"unknown": count, "asset_months": 10.0, "budget": 5.0}
            )
            sides[name] = side.model_copy(update={"figures": figures})
        return compared.model_copy(update=sides)

    def fails(ours: int, theirs: int) -> list[str]:
        found = checks(with_unknown(ours, theirs))
        assert is_better(found) is all(one.passed for one in found)
        return [one.name for one in found if not one.passed]

    assert fails(5, 3) == []
    assert fails(12, 3) == ["false alarms"]
    assert fails(0, 0) == []
    assert checks(compared.model_copy(update={"champion": None})) == ()


@pytest.mark.slow
def test_only_some_machines_are_learned_anew(later):
    before = Artifact(Path(later.registry.champion(FLEET).path)).manifest
    options = TrainOptions(recipe="mahalanobis", assets=("P-1", "P-3"), budget=5.0)
    made = train(later, FLEET, options, by="kimura")
    assert (made.lineage.assets, made.lineage.by) == (4, "kimura")
    assert sorted(made.lineage.kept) == ["P-2", "P-4"]
    assert made.lineage.failures == {}
    learned = Artifact(Path(made.path)).manifest.assets
    same = {a: one.checksum == before.assets[a].checksum for a, one in learned.items()}
    assert same == {"P-1": False, "P-2": True, "P-3": False, "P-4": True}
    with pytest.raises(InvalidRequest, match="no asset P-9"):
        train(later, FLEET, TrainOptions(assets=("P-9",)))
