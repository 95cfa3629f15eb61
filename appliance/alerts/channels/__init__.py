"""Ways to send a message, one file each."""

from __future__ import annotations

from collections.abc import Callable

from appliance.alerts.channels import mail, webhook
from appliance.alerts.message import Message
from appliance.schemas.alert import Email, Target

Send = Callable[[Target, Message], None]
"""Sends a message to a target; raises `DeliveryError` if it was not taken."""


def send(target: Target, told: Message) -> None:
    """Send a message the way its target says.

    Raises
    ------
    DeliveryError
        It was not taken; whether it arrived nobody knows.
    """
    if isinstance(target, Email):
        mail.send(target, told)
    else:
        webhook.send(target, told)
