"""The calendar: windows, their history, and what scores have been told of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "windows",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("fleet", sa.String(length=63), nullable=True),
        sa.Column("asset", sa.String(length=200), nullable=True),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_windows")),
    )
    op.create_index("ix_windows_fleet", "windows", ["fleet", "removed"], unique=False)
    op.create_table(
        "window_revisions",
        sa.Column("window", sa.String(length=40), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("change", sa.String(length=10), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["window"], ["windows.id"], name=op.f("fk_window_revisions_window_windows")
        ),
        sa.PrimaryKeyConstraint("window", "revision", name=op.f("pk_window_revisions")),
    )
    op.create_table(
        "calendar_marks",
        sa.Column("fleet", sa.String(length=63), nullable=False),
        sa.Column("model_version", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("applied", sa.JSON(), nullable=False),
        sa.Column("intended", sa.JSON(), nullable=False),
        sa.Column("pending", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("fleet", "model_version", name=op.f("pk_calendar_marks")),
    )
