"""Tables of channels, alerts and deliveries, and their rows as wire models."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from appliance.core.db import Base, utc
from appliance.schemas.alert import Delivery, DeliveryState
from appliance.schemas.event import Severity


class ChannelRow(Base):
    """One channel; `facts` holds the draft without its secrets, `sealed` these, encrypted."""

    __tablename__ = "channels"
    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    secrets: Mapped[list[str]] = mapped_column(JSON)
    revision: Mapped[int] = mapped_column(Integer)
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(String(200))
    updated: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_by: Mapped[str] = mapped_column(String(200))


class AlertRow(Base):
    """One event that is to be told, at one severity."""

    __tablename__ = "alerts"
    __table_args__ = (UniqueConstraint("event", "severity"),)
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    event: Mapped[str] = mapped_column(String(40))
    fleet: Mapped[str] = mapped_column(String(63))
    severity: Mapped[str] = mapped_column(String(20))
    raised: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class DeliveryRow(Base):
    """Word of one alert by one channel; `claimed` while a process sends it."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("alert", "channel"),
        Index("ix_deliveries_waiting", "state", "due"),
        Index("ix_deliveries_channel", "channel", "id"),
    )
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    alert: Mapped[str] = mapped_column(String(40), ForeignKey("alerts.id"))
    row: Mapped[AlertRow] = relationship()
    channel: Mapped[str] = mapped_column(String(63))
    state: Mapped[str] = mapped_column(String(20))
    due: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    claimed: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    tries: Mapped[int] = mapped_column(Integer)
    ended: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    error: Mapped[str] = mapped_column(Text)


def delivery_of(row: DeliveryRow) -> Delivery:
    """Return a delivery as it is now."""
    alert = row.row
    return Delivery(
        id=row.id,
        alert=alert.id,
        event=alert.event,
        fleet=alert.fleet,
        severity=Severity(alert.severity),
        channel=row.channel,
        state=DeliveryState(row.state),
        raised=utc(alert.raised),
        due=utc(row.due),
        tries=row.tries,
        ended=utc(row.ended) if row.ended else None,
        error=row.error,
    )
