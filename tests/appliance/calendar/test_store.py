"""Windows are kept with who made what of them; both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from appliance.access.person import shell
from appliance.access.store.audit import AuditLog
from appliance.calendar.masks import Masks
from appliance.calendar.store import MarkStore, WindowStore
from appliance.core.db import Database, open_database
from appliance.core.errors import Conflict, InvalidRequest, NotFound
from appliance.schemas.calendar import CalendarFile, Occurrence, WindowChange, WindowDraft

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def windows(database: Database) -> WindowStore:
    return WindowStore(database)


@pytest.fixture
def marks(database: Database) -> MarkStore:
    return MarkStore(database)


def draft(hours: int = 0, **more) -> WindowDraft:
    start = START + hours * HOUR
    given = {"fleet": "pumps", "start": start, "end": start + HOUR, "title": "seals"}
    return WindowDraft(**given | more)


def masks(*hours: int, **own: int) -> Masks:
    def spans(given):
        return tuple((START + h * HOUR, START + (h + 1) * HOUR) for h in given)

    return Masks(spans(hours), {asset: spans([*hours, hour]) for asset, hour in own.items()})


# ---------------------------------------------------------------- windows
def test_a_window_is_kept_as_it_was_given(windows):
    given = draft(
        asset="P-1",
        zone="Asia/Tokyo",
        rule="FREQ=DAILY;COUNT=3",
        excluded=(START + 24 * HOUR,),
        added=(Occurrence(start=START + 5 * HOUR, end=START + 6 * HOUR),),
    )
    made = windows.add(given, "mori")
    assert (
        WindowDraft.model_validate(made.model_dump(include=set(WindowDraft.model_fields)))
        == given
    )
    assert (made.revision, made.created_by, made.updated_by) == (1, "mori", "mori")
    assert windows.get(made.id) == made
    assert windows.list("pumps") == [made]


def test_a_fleet_has_its_own_windows_and_the_site_s_in_order(windows):
    late = windows.add(draft(5), "mori")
    site = windows.add(draft(1, fleet=None), "mori")
    other = windows.add(draft(3, fleet="fans"), "mori")
    assert windows.list("pumps") == [site, late]
    assert windows.list() == [site, other, late]


def test_who_changed_what_and_when_is_kept(windows):
    made = windows.add(draft(), "mori")
    edited = windows.edit(made.id, draft(title="pump"), "sato", revision=1)
    assert (edited.title, edited.revision, edited.updated_by) == ("pump", 2, "sato")
    assert edited.created_by == "mori"
    windows.remove(made.id, "abe")
    told = [(h.revision, h.change, h.by, h.facts.title) for h in windows.history(made.id)]
    assert told == [
        (1, WindowChange.ADDED, "mori", "seals"),
        (2, WindowChange.EDITED, "sato", "pump"),
        (3, WindowChange.REMOVED, "abe", "pump"),
    ]
    assert windows.list() == []
    assert windows.get(made.id).revision == 3


def test_what_cannot_be_is_refused(windows):
    made = windows.add(draft(), "mori")
    with pytest.raises(Conflict, match="since revision 7"):
        windows.edit(made.id, draft(1), "mori", revision=7)
    with pytest.raises(InvalidRequest, match="before it begins"):
        windows.edit(made.id, draft(end=START), "mori")
    with pytest.raises(InvalidRequest, match="FREQ=WEEKLY"):
        windows.add(draft(rule="often"), "mori")
    windows.remove(made.id, "mori")
    for act in (
        lambda: windows.remove(made.id, "mori"),
        lambda: windows.edit(made.id, draft(), "mori"),
        lambda: windows.get("win_none"),
        lambda: windows.history("win_none"),
    ):
        with pytest.raises(NotFound, match="no window"):
            act()


# ---------------------------------------------------------------- files
def test_the_same_file_twice_adds_nothing_and_another_renews(windows):
    first = CalendarFile(
        drafts=(draft(source="a"), draft(1, source="b"), draft(2, source="a 20260101T000000Z")),
        series=("a", "b"),
    )
    assert windows.bring("pumps", None, first, "mori").added == 3
    again = windows.bring("pumps", None, first, "mori")
    assert (again.added, again.changed, again.unchanged, again.removed) == (0, 0, 3, 0)
    mine = windows.add(draft(9), "mori")
    elsewhere = windows.bring("fans", None, first, "mori")
    assert elsewhere.added == 3

    second = CalendarFile(drafts=(draft(4, source="a"),), series=("a",))
    done = windows.bring("pumps", None, second, "sato")
    assert (done.added, done.changed, done.unchanged, done.removed) == (0, 1, 0, 1)
    assert [w.source for w in windows.list("pumps")] == ["b", "a", ""]
    cancelled = CalendarFile(drafts=(), series=("a", "b"))
    assert windows.bring("pumps", None, cancelled, "sato").removed == 2
    assert windows.list("pumps") == [mine]
    assert len(windows.list("fans")) == 3


def test_one_time_that_is_cancelled_later_is_taken_out_of_the_rule(windows):
    series = CalendarFile(drafts=(draft(source="a", rule="FREQ=DAILY"),), series=("a",))
    windows.bring("pumps", None, series, "mori")
    at = START + 24 * HOUR
    message = CalendarFile(drafts=(), exceptions={"a": (at,)})
    assert windows.bring("pumps", None, message, "mori").changed == 1
    assert windows.list("pumps")[0].excluded == (at,)
    assert windows.bring("pumps", None, message, "mori").changed == 0


def test_a_file_with_one_bad_window_brings_none(windows):
    bad = CalendarFile(drafts=(draft(source="a"), draft(source="b", rule="never")))
    with pytest.raises(InvalidRequest):
        windows.bring("pumps", None, bad, "mori")
    assert windows.list() == []


# ---------------------------------------------------------------- what scores know
def test_scores_are_outdated_where_the_calendar_changed(marks):
    assert marks.outdated("pumps", 1, masks(1)) == masks(1)
    marks.intend("pumps", 1, masks(1))
    marks.settle("pumps", 1)
    assert not marks.outdated("pumps", 1, masks(1))
    assert marks.outdated("pumps", 1, masks(1, 5)).common == masks(5).common
    assert marks.outdated("pumps", 1, masks(1, P=3)).of("P") == masks(3).common
    assert marks.outdated("pumps", 2, masks(1)) == masks(1)


def test_what_a_run_that_was_cut_off_may_have_touched_stays_outdated(marks):
    number = marks.intend("pumps", 1, masks(1))
    assert marks.intend("pumps", 1, masks(1)) == number
    assert marks.outdated("pumps", 1, masks()).common == masks(1).common
    other = marks.intend("pumps", 1, masks(5))
    assert other > number
    assert marks.outdated("pumps", 1, masks(5)).common == masks(1, 5).common
    back = marks.intend("pumps", 1, masks(1))
    assert back > other
    marks.settle("pumps", 1)
    assert not marks.outdated("pumps", 1, masks(1))


# ---------------------------------------------------------------- several at once
@pytest.mark.slow
def test_two_first_imports_at_once_add_each_window_once(database_url):
    """Both find nothing when they begin; the second must find what the first has added."""
    drafts = tuple(draft(hours, fleet=None, source=f"entry {hours}") for hours in range(20))
    found = CalendarFile(drafts=drafts, series=tuple(one.source for one in drafts))
    open_database(database_url).close()
    ready = threading.Barrier(4)

    def bring(name: str) -> int:
        opened = open_database(database_url)
        ready.wait()
        report = WindowStore(opened).bring("pumps", None, found, name)
        opened.close()
        return report.added

    with ThreadPoolExecutor(4) as pool:
        added = list(pool.map(bring, ("mori", "sato", "ken", "aki")))
    assert sorted(added) == [0, 0, 0, 20]


def test_changes_are_told_in_the_audit_log(windows, database):
    me = shell("mori")
    made = windows.add(draft(), me)
    windows.edit(made.id, draft(title="pump"), me)
    windows.remove(made.id, me)
    log = AuditLog(database)
    told = [
        (e.action, (e.before or {}).get("title"), (e.after or {}).get("title"))
        for e in reversed(log.list(me, what=f"window:{made.id}"))
    ]
    assert told == [
        ("window.added", None, "seals"),
        ("window.edited", "seals", "pump"),
        ("window.removed", "pump", None),
    ]
    assert log.verify().whole
