"""What the API keeps of its own: answers to writes that may be sent again, and visits."""

from appliance.api.store.keys import Answer, KeyStore
from appliance.api.store.visits import VisitStore

__all__ = ["Answer", "KeyStore", "VisitStore"]
