"""What the gate shows a notebook server with each request."""

from __future__ import annotations

SECRET_HEADER = "X-Kizashi-Gate"  # noqa: S105 - the name of a header
USER_HEADER = "X-Kizashi-User"
USE_HEADER = "X-Kizashi-Use"
"""Stands there where somebody does something; an open page asks without anybody."""
