"""A preview says what the next scoring run then does, and writes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.core.errors import BadFile, InvalidRequest, NotFound
from appliance.pipelines.calendar import add_window, import_file, preview
from appliance.pipelines.score import score
from appliance.schemas.calendar import CalendarPreview, WindowDraft
from appliance.schemas.event import EventKind, EventState
from tests.appliance.pipelines.sites import (
    DAY,
    FLEET,
    LEARNED,
    facts,
    moment,
    next_day,
)

FAULT = LEARNED + 40, LEARNED + 80


def window(first: int, last: int, **more) -> WindowDraft:
    return WindowDraft(**{"fleet": FLEET, "start": moment(first), "end": moment(last)} | more)


@pytest.fixture
def faulty(grown):
    """Open a site whose P-2 has an anomaly, and all of whose assets lack a sensor."""
    return grown(day=next_day().drop("s4"))


def state(site):
    version = site.lake.scores(FLEET).version()
    return version, site.events.list(FLEET, states=list(EventState)), site.calendar.list()


def told(draft) -> dict:
    plain = facts(draft)
    return {**plain, "sensors": [(n, round(s, 4), d, w) for n, s, d, w in plain["sensors"]]}


def _place(plain: dict) -> tuple:
    return plain["asset"], plain["start"], plain["sensors"]


def holds(site, ahead: CalendarPreview, before) -> None:
    """Assert that what was said has come about, and nothing else."""
    after = {e.id: e for e in site.events.list(FLEET, states=list(EventState))}
    known = {e.id: e for e in before}
    gone = {e.id for e in (*ahead.vanish, *ahead.merge)}
    assert all(after[name].state is EventState.WITHDRAWN for name in gone)
    changed = {name for name, e in after.items() if name not in known or e != known[name]}
    returned = {
        name
        for name in changed - gone
        if name not in known or known[name].state is EventState.WITHDRAWN
    }
    new = sorted((told(after[name]) for name in returned), key=_place)
    assert new == sorted(map(told, ahead.appear), key=_place)
    merely = {one.event.id: one.after for one in ahead.change}
    assert set(merely) == changed - gone - returned
    for name, facts_after in merely.items():
        assert told(after[name]) == told(facts_after)


@pytest.mark.slow
def test_an_event_would_vanish_and_come_back(faulty):
    before = state(faulty)
    draft = window(FAULT[0] - 5, FAULT[1] + 5, asset="P-2")
    ahead = preview(faulty, FLEET, adding=[draft])
    assert state(faulty) == before
    [gone] = ahead.vanish
    assert (gone.asset, gone.kind, ahead.appear) == ("P-2", EventKind.ANOMALY, ())
    assert (ahead.assets, ahead.silenced, ahead.judged) == (("P-2",), 50, 0)
    assert (ahead.unlearned, ahead.learned, ahead.versions) == (50, 0, ())
    made = add_window(faulty, draft, "mori")
    nothing = {"unlearned": 0}
    assert preview(faulty, FLEET) == ahead.model_copy(update=nothing)
    score(faulty, FLEET)
    holds(faulty, ahead, before[1])
    assert preview(faulty, FLEET) == CalendarPreview(fleet=FLEET)

    before = state(faulty)
    back = preview(faulty, FLEET, removing=[made.id])
    assert state(faulty) == before
    assert [(d.asset, d.start) for d in back.appear] == [("P-2", gone.start)]
    assert (back.silenced, back.judged) == (0, 50)
    assert (back.unlearned, back.learned) == (0, 50)
    faulty.calendar.remove(made.id, "mori")
    score(faulty, FLEET)
    holds(faulty, back, before[1])


@pytest.mark.slow
def test_which_versions_learned_there_and_what_the_next_leaves_out(faulty):
    ahead = preview(faulty, FLEET, adding=[window(10, 30), window(20, 40, asset="P-2")])
    assets = len(faulty.lake.readings(FLEET).assets())
    assert (ahead.unlearned, ahead.versions) == (20 * assets + 10, (1,))
    failure = window(10, 30, asset="P-2", kind="failure")
    ahead = preview(faulty, FLEET, adding=[failure])
    assert (ahead.unlearned, ahead.silenced, ahead.versions) == (20, 0, (1,))


@pytest.mark.slow
@settings(
    max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
@given(
    st.integers(LEARNED - 10, LEARNED + DAY - 1),
    st.integers(1, 80),
    st.sampled_from(["P-2", "P-3", None]),
)
def test_whatever_the_window_the_next_run_does_what_was_said(faulty, first, length, asset):
    before = state(faulty)
    draft = window(first, first + length, asset=asset)
    ahead = preview(faulty, FLEET, adding=[draft])
    assert state(faulty) == before
    made = faulty.calendar.add(draft, "mori")
    score(faulty, FLEET)
    holds(faulty, ahead, before[1])
    before = state(faulty)
    ahead = preview(faulty, FLEET, removing=[made.id])
    faulty.calendar.remove(made.id, "mori")
    score(faulty, FLEET)
    holds(faulty, ahead, before[1])


def test_what_cannot_be_previewed_or_added_is_said(faulty):
    made = faulty.calendar.add(window(1, 2), "mori")
    faulty.calendar.remove(made.id, "mori")
    with pytest.raises(NotFound, match="removed already"):
        preview(faulty, FLEET, removing=[made.id])
    with pytest.raises(NotFound, match="no window"):
        preview(faulty, FLEET, removing=["win_none"])
    with pytest.raises(InvalidRequest, match="FREQ=WEEKLY"):
        preview(faulty, FLEET, adding=[window(1, 2, rule="often")])
    with pytest.raises(NotFound, match=r"no asset P-9.*P-1, P-2"):
        add_window(faulty, window(1, 2, asset="P-9"), "mori")
    with pytest.raises(NotFound, match="no fleet fans"):
        add_window(faulty, window(1, 2, fleet="fans"), "mori")


# ---------------------------------------------------------------- files
ENTRY = """BEGIN:VEVENT
UID:1
SUMMARY:Seals
DTSTART:{start:%Y%m%dT%H%M%SZ}
DTEND:{end:%Y%m%dT%H%M%SZ}
END:VEVENT
"""


def calendar_file(folder: Path, *times: tuple[int, int]) -> Path:
    entries = [ENTRY.format(start=moment(a), end=moment(b)) for a, b in times]
    path = folder / "plant.ics"
    path.write_text(f"BEGIN:VCALENDAR\nVERSION:2.0\n{''.join(entries)}END:VCALENDAR\n")
    return path


@pytest.mark.slow
def test_a_calendar_file_holds_as_windows_do(faulty, tmp_path):
    path = calendar_file(tmp_path, FAULT)
    assert import_file(faulty, path, "mori", fleet=FLEET, asset="P-2").added == 1
    assert score(faulty, FLEET).masked == 40
    assert import_file(faulty, path, "mori", fleet=FLEET, asset="P-2").unchanged == 1
    assert score(faulty, FLEET).rows == 0
    moved = calendar_file(tmp_path, (FAULT[0] - 20, FAULT[0] - 10))
    assert import_file(faulty, moved, "mori", fleet=FLEET, asset="P-2").changed == 1
    score(faulty, FLEET)
    assert len(faulty.events.list(FLEET, assets=["P-2"], kind=EventKind.ANOMALY)) == 1


def test_a_file_that_cannot_be_read_is_named(faulty, tmp_path):
    path = tmp_path / "no.ics"
    with pytest.raises(NotFound, match=r"no\.ics"):
        import_file(faulty, path, "mori", fleet=FLEET)
    path.write_text("no calendar")
    with pytest.raises(BadFile, match=r"no\.ics: it is no calendar"):
        import_file(faulty, path, "mori", fleet=FLEET)
    assert faulty.calendar.list() == []
