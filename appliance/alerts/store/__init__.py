"""Channels with their secrets sealed (`channels`), and what is on its way (`deliveries`)."""

from appliance.alerts.store.channels import ChannelStore
from appliance.alerts.store.deliveries import Claimed, DeliveryStore

__all__ = ["ChannelStore", "Claimed", "DeliveryStore"]
