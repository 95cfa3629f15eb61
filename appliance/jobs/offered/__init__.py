"""What can be asked for as a job: the terms of each pipeline, a few a file.

To offer another pipeline as a job nothing that stands has to change:

1. its arguments' model, in `appliance.schemas`;
2. a file here, with a tuple ``TERMS`` of `appliance.jobs.terms.Terms`;
3. a file in `appliance.pipelines.entries`, with a mapping ``RUNS`` from the pipeline's name to
   the function that runs it.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from appliance.jobs.terms import Terms


@cache
def offered() -> Mapping[str, Terms]:
    """Return the terms of every pipeline that can be asked for, by name."""
    modules = (
        importlib.import_module(f"{__name__}.{found.name}")
        for found in pkgutil.iter_modules(__path__)
    )
    terms: list[Terms] = [one for module in modules for one in module.TERMS]
    return MappingProxyType({one.name: one for one in terms})
