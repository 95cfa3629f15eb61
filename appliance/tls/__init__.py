"""Encrypted connections: where the appliance listens, and with which certificate."""

from appliance.tls.authority import Authority
from appliance.tls.listening import Listening, certificate, listening
from appliance.tls.refreshing import Refreshing

__all__ = ["Authority", "Listening", "Refreshing", "certificate", "listening"]
