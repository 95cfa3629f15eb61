"""Scores by machine and day, and when somebody last looked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "heat",
        sa.Column("fleet", sa.String(length=63), nullable=False),
        sa.Column("model_version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("asset", sa.String(length=200), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("judged", sa.Integer(), nullable=False),
        sa.Column("alarms", sa.Integer(), nullable=False),
        sa.Column("masked", sa.Integer(), nullable=False),
        sa.Column("peak", sa.Float(), nullable=True),
        sa.Column("quarters", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("fleet", "model_version", "day", "asset", name=op.f("pk_heat")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "heat_marks",
        sa.Column("fleet", sa.String(length=63), nullable=False),
        sa.Column("model_version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("fleet", "model_version", name=op.f("pk_heat_marks")),
    )
    op.create_table(
        "visits",
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("latest", sa.DateTime(timezone=True), nullable=False),
        sa.Column("before", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_visits")),
    )
