"""Which event another one repeats that nobody had answered when it began."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Add the column: what was found before repeats nothing."""
    op.add_column("events", sa.Column("repeats", sa.String(40), nullable=True))
    op.create_index("ix_events_repeats", "events", ["repeats"])
