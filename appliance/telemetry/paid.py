"""What was ever paid, for counters: by project and pipeline, and idle.

``kizashi_cost_yen_total{project,pipeline}`` and ``kizashi_cost_idle_yen_total`` show it; where
prices are in another currency, that is a label.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import fsum

from appliance.core.db import Database
from appliance.core.settings import Settings
from appliance.telemetry.cost.book import price_book
from appliance.telemetry.store.costs import CostStore

STORAGE = "storage"
"""The pipeline that storage is told as."""


@dataclass(frozen=True)
class Paid:
    """All that was ever paid in one currency.

    Attributes
    ----------
    amounts
        By project, empty for the whole site, and pipeline; storage is the pipeline
        ``storage``.
    idle
        What machines cost that no run paid for.
    """

    currency: str
    amounts: Mapping[tuple[str, str], float] = field(default_factory=dict)
    idle: float = 0.0


def cumulative(settings: Settings, database: Database) -> Paid:
    """Return all that was ever paid in the currency of the prices.

    `idle` may go back by a little, when a run is counted a moment before the machine is:
    whoever shows it as a counter keeps the highest.

    Raises
    ------
    InvalidRequest
        The prices cannot be read.
    StorageError
        The database cannot be.
    """
    currency, store = price_book(settings).currency, CostStore(database)
    amounts = store.cumulative(currency)
    runs = fsum(amount for (_, pipeline), amount in amounts.items() if pipeline != STORAGE)
    idle = max(store.machines(currency) - runs, 0.0)
    return Paid(currency, amounts, idle)
