"""Events are found over all fleets, in order of urgency or time, by indexes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_STATES = ("open", "acknowledged", "closed", "withdrawn")
_KINDS = ("anomaly", "sensor_fault")
_SEVERITIES = ("act", "plan", "watch")
_INDEXES = {
    "ix_events_urgent": ("rank", "calm", "start", "id", "fleet"),
    "ix_events_latest": ("start", "id", "fleet"),
    "ix_events_rank_latest": ("rank", "start", "id", "fleet"),
    "ix_events_fleet_urgent": ("fleet", "rank", "calm", "start", "id"),
    "ix_events_fleet_latest": ("fleet", "start", "id"),
    "ix_events_fleet_rank_latest": ("fleet", "rank", "start", "id"),
    "ix_events_asset": ("asset", "start", "id"),
    "ix_events_owner": ("owner", "start", "id"),
    "ix_events_verdict": ("verdict", "start", "id"),
    "ix_events_seconds": ("seconds",),
}
_EVENTS = sa.table(
    "events",
    sa.column("id", sa.String),
    sa.column("asset", sa.String),
    sa.column("kind", sa.String),
    sa.column("state", sa.String),
    sa.column("start", sa.DateTime(timezone=True)),
    sa.column("end", sa.DateTime(timezone=True)),
    sa.column("facts", sa.JSON),
    sa.column("rank", sa.Integer),
    sa.column("calm", sa.Float),
    sa.column("seconds", sa.Float),
    sa.column("words", sa.Text),
)
_AT_ONCE = 1_000


def upgrade() -> None:
    """Add what events are ordered and found by, and tell it of those there are."""
    none: dict[str, Any] = {"nullable": False, "server_default": "0"}
    op.add_column("events", sa.Column("rank", sa.Integer(), **none))
    op.add_column("events", sa.Column("calm", sa.Float(), **none))
    op.add_column("events", sa.Column("seconds", sa.Float(), **none))
    op.add_column("events", sa.Column("words", sa.Text(), nullable=False, server_default=""))
    _fill()
    for name, columns in _INDEXES.items():
        op.create_index(name, "events", list(columns), unique=False)


def _fill() -> None:
    connection = op.get_bind()
    table, last = _EVENTS.c, ""
    change = (
        sa.update(_EVENTS)
        .where(table.id == sa.bindparam("event"))
        .values(
            {name: sa.bindparam(f"new_{name}") for name in ("rank", "calm", "seconds", "words")}
        )
    )
    while True:
        some = sa.select(_EVENTS).where(table.id > last).order_by(table.id).limit(_AT_ONCE)
        rows = connection.execute(some).mappings().all()
        if not rows:
            return
        connection.execute(change, [_told(dict(row)) for row in rows])
        last = rows[-1]["id"]


def _told(row: dict[str, Any]) -> dict[str, Any]:
    facts = row["facts"]
    place = _STATES.index(row["state"]) * len(_KINDS) + _KINDS.index(row["kind"])
    severity = _SEVERITIES.index(facts.get("severity", "watch"))
    start, end = _time(row["start"]), _time(row["end"])
    names = (row["asset"], *(sensor["name"] for sensor in facts.get("sensors", ())))
    return {
        "event": row["id"],
        "new_rank": place * len(_SEVERITIES) + severity,
        "new_calm": -facts.get("peak", 0.0) / max(facts.get("threshold", 0.0), 1e-9),
        "new_seconds": (end - start).total_seconds(),
        "new_words": "\n".join(names).casefold(),
    }


def _time(value: datetime) -> datetime:
    return value.replace(tzinfo=None)
