"""When people last looked: a visit goes on while they look, and what was before it is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from appliance.api.store import VisitStore
from appliance.core.db import open_database

MORNING = datetime(2026, 3, 1, 7, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_a_visit_goes_on_while_somebody_looks_and_the_next_begins_where_it_ended(database_url):
    database = open_database(database_url)
    clock = MORNING
    visits = VisitStore(database, lambda: clock)
    assert visits.look("erika") is None
    clock = MORNING + 10 * MINUTE
    assert visits.look("erika") is None
    clock = MORNING + 100 * MINUTE
    assert visits.look("erika") == MORNING + 10 * MINUTE
    for _ in range(5):
        clock += 20 * MINUTE
        assert visits.look("erika") == MORNING + 10 * MINUTE
    clock += 40 * MINUTE
    assert visits.look("erika") == MORNING + 200 * MINUTE
    assert visits.look("yuki") is None
    database.close()
