"""Batches say who brought them in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0014"


def upgrade() -> None:
    """Add the column."""
    by = sa.Column("by", sa.String(length=200), nullable=False, server_default="")
    op.add_column("batches", by)
