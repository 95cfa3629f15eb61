"""Messages by HTTP, signed so that whoever gets them can tell where they come from."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime

import httpx2

from appliance.alerts.message import Message
from appliance.core.clock import now
from appliance.core.errors import DeliveryError
from appliance.schemas.alert import Webhook

SIGNATURE = "X-Kizashi-Signature"
_SECONDS = 15.0


def send(target: Webhook, told: Message) -> None:
    """Post a message to the address.

    Raises
    ------
    DeliveryError
        The address cannot be reached, or does not take it.
    """
    told_as = {"text": f"{told.subject}\n{told.text}"} if target.form == "text" else told.facts
    body = json.dumps(told_as, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": told.key}
    if target.authorization is not None:
        headers["Authorization"] = target.authorization.get_secret_value()
    if target.secret is not None:
        headers[SIGNATURE] = signature(target.secret.get_secret_value(), body, now())
    try:
        # Nobody is led elsewhere, and what is answered is not read.
        with (
            httpx2.Client(timeout=_SECONDS, follow_redirects=False) as client,
            client.stream("POST", target.url, content=body, headers=headers) as answer,
        ):
            status = answer.status_code
    except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
        reason = str(error)[:300] or type(error).__name__
        raise DeliveryError(f"the address did not answer: {reason}.") from error
    if not 200 <= status < 300:
        raise DeliveryError(f"the address answered {status}.")


def signature(secret: str, body: bytes, at: datetime) -> str:
    """Return what a body is signed with.

    Returns
    -------
    str
        ``t=<seconds since 1970>,v1=<HMAC-SHA-256 of "<seconds>.<body>" in hex>``.
    """
    seconds = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256)
    return f"t={seconds},v1={digest.hexdigest()}"
