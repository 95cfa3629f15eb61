"""Earlier events that looked alike: by the sensors that moved, and the way they went."""

from __future__ import annotations

import pytest

from appliance.events.similar import ALIKE, MOST_SIMILAR, alike, likeness
from appliance.schemas.event import Event, SensorShare
from tests.appliance.events.drafts import draft, fault, minute


def moved(*shares: tuple[str, float, int]):
    return tuple(SensorShare(name=n, share=s, direction=d) for n, s, d in shares)


def event(name: str, first: float, *, of=draft, length: float = 10, peak: float = 6.0, **facts):
    made = (
        of(first, first + length, peak, **facts) if of is draft else of(first, first + length)
    )
    source = {"model_version": 1, "score_batch": "b1"}
    times = {"created": minute(first), "updated": minute(first)}
    return Event(**dict(made), id=name, fleet="pumps", **source, **times)


HOT = moved(("heat", 0.8, 1), ("flow", 0.2, -1))


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (HOT, 1.0),
        (moved(("heat", 0.8, 0), ("flow", 0.2, 0)), 1.0),
        (moved(("heat", 0.8, -1), ("flow", 0.2, 1)), 0.0),
        (moved(("power", 1.0, 1)), 0.0),
        (moved(("heat", 1.0, 1)), 0.8 / 0.68**0.5),
        ((), 0.0),
    ],
)
def test_likeness_is_the_cosine_of_what_moved_which_way(other, expected):
    one, two = draft(0, 1, sensors=HOT), draft(5, 6, sensors=other)
    assert likeness(one, two) == pytest.approx(expected)
    assert likeness(two, one) == pytest.approx(expected)


def test_sensor_faults_are_alike_if_the_same_sensor_has_the_same_fault():
    assert likeness(fault(0, 1), fault(5, 6)) == 1.0
    assert likeness(fault(0, 1), fault(5, 6, note="missing")) == 0.0
    assert likeness(fault(0, 1), draft(5, 6)) == 0.0


def test_those_of_the_same_asset_come_first_then_the_most_alike():
    mine = event("mine", 100, sensors=HOT)
    heat_alone = moved(("heat", 1.0, 1))
    others = [
        event("elsewhere", 0, asset="P-2", sensors=HOT),
        event("less", 20, sensors=heat_alone),
        event("same", 10, sensors=HOT),
        event("unlike", 30, sensors=moved(("power", 1.0, 1))),
        event("later", 200, sensors=HOT),
        mine,
    ]
    found = alike(mine, others, 10)
    assert [one.id for one, _ in found] == ["same", "less", "elsewhere"]
    assert all(how >= ALIKE for _, how in found)


def test_of_equals_the_one_of_the_same_size_comes_first_and_no_more_than_asked_for():
    mine = event("mine", 1000, length=60, peak=8.0)
    others = [
        event("short", 0, length=2, peak=8.0),
        event("alike", 10, length=50, peak=7.5),
        event("high", 100, length=60, peak=30.0),
    ]
    assert [one.id for one, _ in alike(mine, others, 2)] == ["alike", "high"]
    many = [event(f"e{n}", n) for n in range(100)]
    assert len(alike(mine, many, 1000)) == MOST_SIMILAR
    assert alike(mine, reversed(many), 5) == alike(mine, many, 5)


def test_an_event_of_no_length_and_no_level_is_compared_too():
    mine, other = event("mine", 10, length=0, peak=0.0), event("other", 0, length=0, peak=0.0)
    assert [one.id for one, _ in alike(mine, [other], 5)] == ["other"]
