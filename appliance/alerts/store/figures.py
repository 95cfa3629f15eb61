"""Deliveries, counted."""

from __future__ import annotations

from sqlalchemy import func, select

from appliance.alerts.store.tables import DeliveryRow
from appliance.core.db import Database
from appliance.schemas.alert import DeliveryState


def waiting(database: Database) -> int:
    """Return how many deliveries are still to be made."""
    state = DeliveryRow.state == DeliveryState.WAITING.value
    with database.session() as session:
        return session.scalar(select(func.count()).where(state)) or 0
