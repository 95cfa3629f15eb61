"""Intake: files in, batches out; what is refused is kept with its reason."""

from appliance.intake.ingest import Intake
from appliance.intake.ledger import Fresh
from appliance.intake.options import IngestOptions
from appliance.intake.store.sources import SourceStore

__all__ = ["Fresh", "IngestOptions", "Intake", "SourceStore"]
