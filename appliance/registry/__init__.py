"""Versions of fleet models: which one alarms, where each came from, what it has scored.

The metadata database is the truth that the platform acts on, because it changes in one
transaction with the history of promotions and is read in milliseconds.  MLflow's registry
mirrors it, so that analysts find versions, lineage and aliases in the tool they know.
"""

from appliance.registry.registry import Registry

__all__ = ["Registry"]
