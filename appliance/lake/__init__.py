"""The lake: Delta tables of readings and scores; the only room that imports deltalake."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
_FILES = {
    "Lake": "lake",
    "Quarantine": "quarantine",
    "Readings": "readings",
    "ReadingsChunk": "chunks",
    "Scores": "scores",
    "StagedFiles": "staged",
    "WriteResult": "readings",
}


def __getattr__(name: str) -> Any:
    # Models of frames need no tables: their library is imported where it is used.
    if name in _FILES:
        return getattr(import_module(f"appliance.lake.{_FILES[name]}"), name)
    raise AttributeError(f"module 'appliance.lake' has no attribute {name!r}")
