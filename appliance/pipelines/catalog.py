"""The pipelines that can be asked for as jobs, by name: their terms, and how they run."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from appliance.jobs.offered import offered
from appliance.pipelines import entries
from appliance.pipelines.spec import Run, Spec


@cache
def catalog() -> Mapping[str, Spec]:
    """Return every pipeline that can be asked for; see `appliance.jobs.offered`."""
    modules = (
        importlib.import_module(f"{entries.__name__}.{found.name}")
        for found in pkgutil.iter_modules(entries.__path__)
    )
    runs: dict[str, Run] = {}
    for module in modules:
        runs |= module.RUNS
    return MappingProxyType(
        {name: Spec(terms, runs[name]) for name, terms in offered().items()}
    )
