"""The registry's tables (`tables`), and what is read from and done to them (`models`)."""

from appliance.registry.store.models import ModelStore

__all__ = ["ModelStore"]
