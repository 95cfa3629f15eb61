"""What a task on an engine gave, or why it gave nothing."""

from __future__ import annotations

from appliance.core.errors import EngineError
from appliance.engine.base import Outcome, Result


def value_of(outcome: Outcome[Result]) -> Result:
    """Return a task's result; a chunk that failed as a whole fails the job."""
    if outcome.cause is not None:
        raise outcome.cause
    if outcome.value is None:
        raise EngineError(
            f"a task failed: {outcome.error}.",
            remedy="Smaller chunks (setting chunk_cells) need less memory.",
        )
    return outcome.value
