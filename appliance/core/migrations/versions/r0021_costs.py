"""What runs used and cost, what the machines cost by the hour, and budgets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    _runs()
    _hours()
    _storage()
    _budgets()


def _runs() -> None:
    op.create_table(
        "cost_runs",
        sa.Column("run", sa.String(length=40), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("pipeline", sa.String(length=40), nullable=False),
        sa.Column("fleet", sa.String(length=63), nullable=True),
        sa.Column("project", sa.String(length=63), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("started", _TIME, nullable=False),
        sa.Column("until", _TIME, nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("sensors", sa.Integer(), nullable=False),
        sa.Column("assets", sa.Integer(), nullable=False),
        sa.Column("wall_seconds", sa.Float(), nullable=False),
        sa.Column("cpu_seconds", sa.Float(), nullable=False),
        sa.Column("reserved_seconds", sa.Float(), nullable=False),
        sa.Column("core_seconds", sa.Float(), nullable=False),
        sa.Column("byte_seconds", sa.Float(), nullable=False),
        sa.Column("peak_bytes", sa.BigInteger(), nullable=False),
        sa.Column("tasks", sa.Integer(), nullable=False),
        sa.Column("amount", sa.Float(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("estimated_seconds", sa.Float(), nullable=True),
        sa.Column("estimated_amount", sa.Float(), nullable=True),
        sa.Column("estimated_by", sa.String(length=10), nullable=False),
        sa.PrimaryKeyConstraint("run", "attempt", name=op.f("pk_cost_runs")),
    )
    for name, columns in (
        ("ix_cost_runs_until", ["until"]),
        ("ix_cost_runs_project", ["project", "until"]),
        ("ix_cost_runs_pipeline", ["pipeline", "until"]),
    ):
        op.create_index(name, "cost_runs", columns, unique=False)


def _hours() -> None:
    op.create_table(
        "cost_hours",
        sa.Column("hour", _TIME, nullable=False),
        sa.Column("machine", sa.String(length=120), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("cpu_seconds", sa.Float(), nullable=False),
        sa.Column("joules", sa.Float(), nullable=False),
        sa.Column("measured_joules", sa.Float(), nullable=False),
        sa.Column("fixed_amount", sa.Float(), nullable=False),
        sa.Column("power_amount", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "machine", "currency", name=op.f("pk_cost_hours")),
    )


def _storage() -> None:
    op.create_table(
        "cost_storage",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("fleet", sa.String(length=63), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("project", sa.String(length=63), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("byte_seconds", sa.Float(), nullable=False),
        sa.Column("amount", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("day", "fleet", "currency", name=op.f("pk_cost_storage")),
    )


def _budgets() -> None:
    op.create_table(
        "budgets",
        sa.Column("project", sa.String(length=63), nullable=False),
        sa.Column("monthly", sa.Float(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("warn_ratio", sa.Float(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("updated", _TIME, nullable=False),
        sa.Column("updated_by", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("project", name=op.f("pk_budgets")),
    )
