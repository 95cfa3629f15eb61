"""What is asked for: work, at once on a home and by a job elsewhere; and secrets."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from appliance.cli.here import Here
    from appliance.client import Plant

_T = TypeVar("_T")


def asked(
    plant: Plant | Here, pipeline: str, fleet: str | None, kind: type[_T], **arguments: Any
) -> _T:
    """Run a pipeline, with bars on a terminal; return what it gives as a wire model.

    Parameters
    ----------
    arguments
        Those of the pipeline; one that is None keeps its default.
    """
    from appliance.client import Plant
    from appliance.client.line import parsed

    if isinstance(plant, Plant):
        return parsed(kind, plant.jobs.ask(pipeline, fleet, **arguments).wait())
    return parsed(kind, plant.run(pipeline, fleet, **arguments).wait())


def told_recipe(recipe: str | None) -> Any:
    """Return a recipe as jobs take it: a plain name, or what a file or an odd name says."""
    from appliance.client.recipes import portable

    found = portable(recipe)
    if isinstance(found, str) and not found.replace("_", "").isalnum():
        return {"name": found, "detector": found}
    return found


def secret(prompt: str, *, from_stdin: bool) -> str | None:
    """Return a secret that never stood in the command's words; None for none."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n") or None
    return getpass.getpass(prompt) or None if sys.stdin.isatty() else None
