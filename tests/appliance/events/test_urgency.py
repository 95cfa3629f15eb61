"""What to look at first comes first."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import product

from appliance.core.db import open_database
from appliance.events.store import EventStore
from appliance.events.urgency import by_urgency, class_of, rank_of
from appliance.schemas.event import EventKind, EventState, Severity
from tests.appliance.databases import new_database
from tests.appliance.events.drafts import DAY, draft, fault


def test_open_before_acknowledged_grave_before_slight_faults_last(tmp_path):
    database = open_database(new_database(tmp_path / "kizashi.db"))
    store = EventStore(database)
    drafts = [
        draft(0, 5, 9.0, severity=Severity.ACT),
        draft(100, 105, 6.0, severity=Severity.ACT),
        draft(200, 205, 9.0, severity=Severity.WATCH),
        fault(300, 305),
        draft(400, 405, 9.9, severity=Severity.ACT),
    ]
    made = store.revise("pumps", drafts, DAY, model_version=1, score_batch="b1")
    store.acknowledge(next(e.id for e in made if e.start == drafts[4].start), "aki")
    found = store.list("pumps")
    random.Random(0).shuffle(found)
    minutes = [(e.start - drafts[0].start) // timedelta(minutes=1) for e in by_urgency(found)]
    assert minutes == [0, 100, 200, 300, 400]
    database.close()


def test_a_rank_tells_its_class():
    for one in product(EventState, EventKind, Severity):
        assert class_of(rank_of(*one)) == one
