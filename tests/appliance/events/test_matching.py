"""Which finding is which stored event, decided the same way every time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.events.matching import Stored, plan
from appliance.schemas.event import EventState
from tests.appliance.events.drafts import draft, fault, span

NEAR = timedelta(minutes=5)


def stored(name, first, last, state=EventState.OPEN, **more):
    facts = more.pop("facts", {})
    return Stored(name, state, draft(first, last, **facts), **more)


def told(made):
    return {
        "revised": [(event.id, facts.start, facts.end) for event, facts in made.revised],
        "opened": list(made.opened),
        "vanished": [event.id for event in made.vanished],
        "merged": [(event.id, keeper.id) for event, keeper in made.merged],
    }


def apply(events, made):
    """Return what the store would hold after a plan, to plan again on top of it."""
    held = {event.id: event for event in events}
    for event, facts in made.revised:
        back = event.state is EventState.WITHDRAWN
        state = EventState.OPEN if back else event.state
        held[event.id] = Stored(event.id, state, facts)
    for event, keeper in made.merged:
        held[event.id] = Stored(
            event.id, EventState.WITHDRAWN, event.facts, stands=False, merged_into=keeper.id
        )
    for event in made.vanished:
        state = EventState.WITHDRAWN if event.state is EventState.OPEN else event.state
        held[event.id] = Stored(event.id, state, event.facts, stands=False)
    for facts in made.opened:
        name = f"n{len(held)}"
        held[name] = Stored(name, EventState.OPEN, facts)
    return list(held.values())


def test_the_earliest_keeps_its_identity_when_two_are_bridged():
    events = [stored("b", 30, 40), stored("a", 0, 10)]
    made = told(plan(events, [draft(0, 40)], span(0, 60), NEAR))
    assert made["merged"] == [("b", "a")]
    assert [name for name, _, _ in made["revised"]] == ["a"]
    assert not made["opened"]
    assert not made["vanished"]


def test_the_earliest_part_keeps_the_identity_when_one_falls_apart():
    parts = [draft(30, 40), draft(0, 10)]
    made = told(plan([stored("a", 0, 40)], parts, span(0, 60), NEAR))
    assert [name for name, _, _ in made["revised"]] == ["a"]
    assert made["opened"] == [draft(30, 40)]


def test_near_is_the_same_and_far_is_another():
    events = [stored("a", 0, 10)]
    assert told(plan(events, [draft(14, 20)], span(11, 60), NEAR))["revised"]
    assert told(plan(events, [draft(16, 20)], span(11, 60), NEAR))["opened"]


def test_near_does_not_reach_across_another():
    events = [stored("a", 0, 1), stored("b", 2, 3)]
    made = told(plan(events, [draft(2, 3), draft(4, 5)], span(2, 60), NEAR))
    assert made["opened"] == [draft(4, 5)]
    assert not made["revised"]


def test_an_overlap_goes_before_a_nearer_one_that_only_touches():
    events = [stored("a", 0, 10), stored("b", 14, 20)]
    made = told(plan(events, [draft(12, 13), draft(15, 20)], span(11, 60), NEAR))
    assert [name for name, _, _ in made["revised"]] == ["a", "b"]


def test_what_reaches_out_of_the_new_scores_is_kept():
    before = stored("a", 0, 20, facts={"peak": 9.0})
    ((_, facts),) = plan([before], [draft(10, 30, 5.0)], span(10, 60), NEAR).revised
    assert (facts.start, facts.end, facts.peak) == (
        draft(0, 30).start,
        draft(0, 30).end,
        9.0,
    )
    made = plan([before], [], span(10, 60), NEAR)
    assert made == plan([], [], {}, NEAR)


def test_a_course_is_only_told_of_the_whole_event():
    before = stored("a", 0, 20, facts={"peak": 9.0, "course": (5.0, 9.0)})
    longer = draft(10, 30, 5.0, course=(4.0, 5.0))
    ((_, facts),) = plan([before], [longer], span(10, 60), NEAR).revised
    assert facts.course == ()
    inside = draft(10, 20, 5.0, course=(4.0, 5.0))
    assert plan([before], [inside], span(10, 20), NEAR).revised == ()


def test_an_event_has_ended_once_scores_go_on_without_it():
    events = [stored("a", 0, 10, facts={"ongoing": True})]
    assert not plan(events, [], span(11, 14), NEAR).revised
    ((event, facts),) = plan(events, [], span(11, 60), NEAR).revised
    assert event.id == "a"
    assert facts == draft(0, 10)


def test_other_assets_sensors_and_kinds_of_fault_are_other_events():
    events = [Stored("a", EventState.OPEN, fault(0, 10))]
    others = [
        draft(0, 10),
        fault(0, 10, sensor="heat"),
        fault(0, 10, note="missing"),
        draft(0, 10, asset="P-2"),
    ]
    made = plan(events, [*others, fault(0, 10)], span(0, 60) | span(0, 60, "P-2"), NEAR)
    assert len(made.opened) == 4
    assert not made.revised
    assert not made.vanished


def test_findings_and_events_outside_the_new_scores_are_left_alone():
    events = [stored("a", 0, 10)]
    made = plan(events, [draft(0, 5), draft(1, 2, asset="P-9")], span(30, 60), NEAR)
    assert made == plan([], [], {}, NEAR)


def test_a_withdrawn_event_comes_back_but_a_merged_one_does_not():
    gone = stored("a", 0, 10, EventState.WITHDRAWN, stands=False)
    assert told(plan([gone], [draft(0, 10)], span(0, 60), NEAR))["revised"]
    merged = stored("a", 0, 10, EventState.WITHDRAWN, stands=False, merged_into="b")
    assert told(plan([merged], [draft(0, 10)], span(0, 60), NEAR))["opened"]


@st.composite
def _stretches(draw):
    """Return stretches that do not touch, as detection gives them."""
    edges = sorted(draw(st.sets(st.integers(0, 100), min_size=0, max_size=12)))
    return list(zip(edges[::2], edges[1::2], strict=False))


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(
    before=_stretches(),
    after=_stretches(),
    low=st.integers(0, 50),
    long=st.integers(0, 60),
    states=st.lists(st.sampled_from(list(EventState)), min_size=6, max_size=6),
    ongoing=st.booleans(),
)
def test_planning_twice_changes_nothing_and_every_finding_is_somewhere(
    before, after, low, long, states, ongoing
):
    events = [
        stored(f"e{n}", *extent, states[n], stands=states[n] is not EventState.WITHDRAWN)
        for n, extent in enumerate(before)
    ]
    drafts = [draft(*extent, ongoing=ongoing) for extent in after]
    spans = span(low, low + long)
    held = apply(events, plan(events, drafts, spans, NEAR))
    assert plan(held, drafts, spans, NEAR) == plan([], [], {}, NEAR)
    for found in drafts:
        if found.start <= spans["P-1"][1] and found.end >= spans["P-1"][0]:
            assert any(
                e.state is not EventState.WITHDRAWN
                and e.facts.start <= found.start
                and e.facts.end >= found.end
                for e in held
            )
