"""A failed job says of which class its error was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the column."""
    column = sa.Column("error_kind", sa.String(length=60), server_default="", nullable=False)
    op.add_column("jobs", column)
