"""Word of events to those who are not looking: by mail and by HTTP, each once, none lost.

`rules` says what a channel tells of and when, `message` in which words, `channels` sends, and
`store` keeps channels, alerts and deliveries.  An alert names the event that it is about, a
delivery the alert.
"""

from appliance.alerts.channels import Send, send
from appliance.alerts.message import Message, Told, message
from appliance.alerts.rules import Known, due, tells
from appliance.alerts.store import ChannelStore, Claimed, DeliveryStore

__all__ = [
    "ChannelStore",
    "Claimed",
    "DeliveryStore",
    "Known",
    "Message",
    "Send",
    "Told",
    "due",
    "message",
    "send",
    "tells",
]
