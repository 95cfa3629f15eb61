"""Pipelines of the site's own people."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from appliance.pipelines.spec import Call, Run


def _run(call: Call) -> object:
    from appliance.pipelines.own import run

    # The catalogue finds this module as it is found here: by its name.
    return run(call, importlib.import_module("appliance.pipelines.catalog").catalog())


RUNS: Mapping[str, Run] = {"run": _run}
