"""Models and scoring runs, counted by fleet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from appliance.core.db import Database, utc
from appliance.registry.store.tables import PromotionRow, ScoreBatchRow, VersionRow


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """A fleet's models.

    Attributes
    ----------
    champion, trained
        The version that alarms, and when it was trained.
    """

    versions: int
    champion: int
    trained: datetime


class RegistryFigures:
    """What there is to count of a site's models."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def models(self) -> dict[str, ModelFigures]:
        """Return the fleets that have a champion."""
        latest = select(func.max(PromotionRow.id)).group_by(PromotionRow.fleet)
        kept = (
            select(VersionRow.fleet, func.count().label("versions"))
            .where(VersionRow.deleted.is_(None))
            .group_by(VersionRow.fleet)
            .subquery()
        )
        query = (
            select(
                PromotionRow.fleet, kept.c.versions, PromotionRow.version, VersionRow.created
            )
            .join(
                VersionRow,
                (VersionRow.fleet == PromotionRow.fleet)
                & (VersionRow.version == PromotionRow.version),
            )
            .join(kept, kept.c.fleet == PromotionRow.fleet)
            .where(PromotionRow.id.in_(latest))
        )
        with self._database.session() as session:
            return {
                fleet: ModelFigures(versions, champion, utc(trained))
                for fleet, versions, champion, trained in session.execute(query)
            }

    def scored(self) -> dict[str, tuple[int, int]]:
        """Return by fleet the readings that scoring runs looked at, and those with an alarm."""
        query = select(
            ScoreBatchRow.fleet, func.sum(ScoreBatchRow.rows), func.sum(ScoreBatchRow.alarms)
        ).group_by(ScoreBatchRow.fleet)
        with self._database.session() as session:
            return {
                fleet: (int(rows), int(alarms))
                for fleet, rows, alarms in session.execute(query)
            }
