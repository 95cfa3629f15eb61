"""Jobs with their steps and log lines, schedules, and which workers are alive."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_AT_WORK = sa.text("state IN ('running', 'cancelling')")


def upgrade() -> None:
    """Make the tables."""
    _jobs()
    _steps()
    _workers()
    _schedules()


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("pipeline", sa.String(length=40), nullable=False),
        sa.Column("fleet", sa.String(length=63), nullable=True),
        sa.Column("project", sa.String(length=63), nullable=False),
        sa.Column("lane", sa.String(length=120), nullable=True),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=True),
        sa.Column("schedule", sa.String(length=63), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("deaths", sa.Integer(), nullable=False),
        sa.Column("rewind", sa.Integer(), nullable=True),
        sa.Column("worker", sa.String(length=120), nullable=True),
        sa.Column("result", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("by", "key", name=op.f("uq_jobs_by")),
    )
    for name, columns in (
        ("ix_jobs_state", ["state", "id"]),
        ("ix_jobs_project", ["project", "id"]),
        ("ix_jobs_project_state", ["project", "state", "id"]),
        ("ix_jobs_fleet", ["fleet", "id"]),
        ("ix_jobs_claimed", ["project", "claimed"]),
    ):
        op.create_index(name, "jobs", columns, unique=False)
    op.create_index(
        "ix_jobs_lane",
        "jobs",
        ["lane"],
        unique=True,
        sqlite_where=_AT_WORK,
        postgresql_where=_AT_WORK,
    )


def _steps() -> None:
    op.create_table(
        "job_steps",
        sa.Column("job", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("output", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name=op.f("fk_job_steps_job_jobs")),
        sa.PrimaryKeyConstraint("job", "number", name=op.f("pk_job_steps")),
    )
    op.create_table(
        "job_lines",
        sa.Column("job", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name=op.f("fk_job_lines_job_jobs")),
        sa.PrimaryKeyConstraint("job", "number", name=op.f("pk_job_lines")),
    )


def _workers() -> None:
    op.create_table(
        "workers",
        sa.Column("id", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("process", sa.Integer(), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("beats", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )
    op.create_index(op.f("ix_workers_name"), "workers", ["name"], unique=False)


def _schedules() -> None:
    op.create_table(
        "schedules",
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("cron", sa.String(length=200), nullable=False),
        sa.Column("zone", sa.String(length=60), nullable=False),
        sa.Column("catch_up", sa.String(length=10), nullable=False),
        sa.Column("pipeline", sa.String(length=40), nullable=False),
        sa.Column("fleet", sa.String(length=63), nullable=True),
        sa.Column("project", sa.String(length=63), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=200), nullable=False),
        sa.Column("following", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_job", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_schedules")),
    )
    for column in ("project", "following"):
        op.create_index(op.f(f"ix_schedules_{column}"), "schedules", [column], unique=False)
