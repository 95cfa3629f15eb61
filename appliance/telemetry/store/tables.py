"""Tables of what runs and machines cost, and of budgets."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, DateTime, Float, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from appliance.core.db import Base

_WHEN = DateTime(timezone=True)
_NAME = String(63)


class CostRunRow(Base):
    """What one attempt of a run used, and what that cost at the prices of then.

    A run is a job, or work that somebody did at the machine itself.  The row is written while
    it goes on: of one that is killed, what was written last stays.
    """

    __tablename__ = "cost_runs"
    __table_args__ = (
        Index("ix_cost_runs_until", "until"),
        Index("ix_cost_runs_project", "project", "until"),
        Index("ix_cost_runs_pipeline", "pipeline", "until"),
    )
    run: Mapped[str] = mapped_column(String(40), primary_key=True)
    attempt: Mapped[int] = mapped_column(Integer, primary_key=True)
    pipeline: Mapped[str] = mapped_column(String(40))
    fleet: Mapped[str | None] = mapped_column(_NAME)
    project: Mapped[str] = mapped_column(_NAME)
    by: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(12))
    started: Mapped[datetime] = mapped_column(_WHEN)
    until: Mapped[datetime] = mapped_column(_WHEN)
    rows: Mapped[int] = mapped_column(BigInteger)
    sensors: Mapped[int] = mapped_column(Integer)
    assets: Mapped[int] = mapped_column(Integer)
    wall_seconds: Mapped[float] = mapped_column(Float)
    cpu_seconds: Mapped[float] = mapped_column(Float)
    reserved_seconds: Mapped[float] = mapped_column(Float)
    core_seconds: Mapped[float] = mapped_column(Float)
    byte_seconds: Mapped[float] = mapped_column(Float)
    peak_bytes: Mapped[int] = mapped_column(BigInteger)
    tasks: Mapped[int] = mapped_column(Integer)
    amount: Mapped[float] = mapped_column(Float)
    currency: Mapped[str] = mapped_column(String(3))
    estimated_seconds: Mapped[float | None] = mapped_column(Float)
    estimated_amount: Mapped[float | None] = mapped_column(Float)
    estimated_by: Mapped[str] = mapped_column(String(10))


class CostHourRow(Base):
    """What one machine cost in one hour, as long as it was looked at."""

    __tablename__ = "cost_hours"
    hour: Mapped[datetime] = mapped_column(_WHEN, primary_key=True)
    machine: Mapped[str] = mapped_column(String(120), primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    seconds: Mapped[float] = mapped_column(Float)
    cpu_seconds: Mapped[float] = mapped_column(Float)
    joules: Mapped[float] = mapped_column(Float)
    measured_joules: Mapped[float] = mapped_column(Float)
    fixed_amount: Mapped[float] = mapped_column(Float)
    power_amount: Mapped[float] = mapped_column(Float)


class CostStorageRow(Base):
    """What a fleet's readings, scores and models took on one day."""

    __tablename__ = "cost_storage"
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    fleet: Mapped[str] = mapped_column(_NAME, primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    project: Mapped[str] = mapped_column(_NAME)
    bytes: Mapped[int] = mapped_column(BigInteger)
    byte_seconds: Mapped[float] = mapped_column(Float)
    amount: Mapped[float] = mapped_column(Float)


class BudgetRow(Base):
    """What a project may cost in a month; the site where the name is empty."""

    __tablename__ = "budgets"
    project: Mapped[str] = mapped_column(_NAME, primary_key=True)
    monthly: Mapped[float] = mapped_column(Float)
    currency: Mapped[str] = mapped_column(String(3))
    warn_ratio: Mapped[float] = mapped_column(Float)
    revision: Mapped[int] = mapped_column(Integer)
    updated: Mapped[datetime] = mapped_column(_WHEN)
    updated_by: Mapped[str] = mapped_column(String(200))
