"""Events are muted for a while."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0012"


def upgrade() -> None:
    """Add what is said when an event is muted, and when that ends."""
    op.add_column("events", sa.Column("mute", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("events", sa.Column("muted_until", sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_events_muted_until"), "events", ["muted_until"])
    op.add_column(
        "event_revisions", sa.Column("mute", sa.JSON(none_as_null=True), nullable=True)
    )
