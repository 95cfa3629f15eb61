"""What the API keeps of its own: answers to writes that may be sent again."""

from appliance.api.store.keys import Answer, KeyStore

__all__ = ["Answer", "KeyStore"]
