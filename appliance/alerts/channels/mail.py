"""Messages by electronic mail."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate

from appliance.alerts.message import Message
from appliance.core.errors import DeliveryError
from appliance.schemas.alert import Email

_SECONDS = 15.0


def send(target: Email, told: Message) -> None:
    """Hand a message to the mail server.

    Raises
    ------
    DeliveryError
        The server cannot be reached, or does not take it.
    """
    try:
        with _connected(target) as server:
            refused = server.send_message(_written(target, told))
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        raise DeliveryError(
            f"the mail server {target.host}:{target.port} did not take it: {_reason(error)}."
        ) from error
    if refused:
        raise DeliveryError(f"the mail server refused {', '.join(sorted(refused))}.")


def _connected(target: Email) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if target.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            target.host, target.port, timeout=_SECONDS, context=context
        )
    else:
        server = smtplib.SMTP(target.host, target.port, timeout=_SECONDS)
    try:
        if target.security == "starttls":
            server.starttls(context=context)
        if target.security != "none" and target.user and target.password is not None:
            server.login(target.user, target.password.get_secret_value())
    except BaseException:
        server.close()
        raise
    return server


def _written(target: Email, told: Message) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = target.sender
    mail["To"] = ", ".join(target.to)
    # A header is one line, whatever a machine is called.
    mail["Subject"] = " ".join(told.subject.split())
    mail["Date"] = formatdate()
    mail["Message-ID"] = f"<{told.key}@{target.sender.partition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(told.text)
    return mail


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        return f"{error.smtp_code} {text}"[:300]
    told = getattr(error, "strerror", None) or error
    return str(told)[:300] or type(error).__name__
