"""The file that holds a server's token, read by its owner alone."""

from __future__ import annotations

from pathlib import Path

from appliance.core.secrets import keep

TOKEN = "token"  # noqa: S105 - a file's name


def write(path: Path, secret: str) -> None:
    """Put a token into its file.

    The folder is open to the server: what it put there is replaced, not followed.
    """
    keep(path, secret.encode("ascii"))
