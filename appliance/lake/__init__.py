"""The lake: Delta tables of readings and scores; the only room that imports deltalake."""

from appliance.lake.chunks import ReadingsChunk
from appliance.lake.lake import Lake
from appliance.lake.quarantine import Quarantine
from appliance.lake.readings import Readings, WriteResult
from appliance.lake.scores import Scores
from appliance.lake.staged import StagedFiles

__all__ = [
    "Lake",
    "Quarantine",
    "Readings",
    "ReadingsChunk",
    "Scores",
    "StagedFiles",
    "WriteResult",
]
