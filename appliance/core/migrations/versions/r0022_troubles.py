"""Troubles that stand, and by which request jobs were asked for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
_TIME = sa.DateTime(timezone=True)
_STANDING = sa.text("ended IS NULL")


def upgrade() -> None:
    """Make the table, and add the columns."""
    op.create_table(
        "troubles",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=400), nullable=False),
        sa.Column("severity", sa.String(length=20), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.Column("began", _TIME, nullable=False),
        sa.Column("gone", _TIME, nullable=True),
        sa.Column("ended", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_troubles")),
    )
    op.create_index(
        "ix_troubles_standing",
        "troubles",
        ["code", "subject"],
        unique=True,
        sqlite_where=_STANDING,
        postgresql_where=_STANDING,
    )
    op.create_index("ix_troubles_ended", "troubles", ["ended"])
    request = sa.Column("request", sa.String(length=80), nullable=False, server_default="")
    trace = sa.Column("trace", sa.String(length=60), nullable=False, server_default="")
    op.add_column("jobs", request)
    op.add_column("jobs", trace)
