"""Which place an address is."""

from __future__ import annotations

from pathlib import Path

from appliance.core.errors import InvalidRequest
from appliance.lake.bucket import Bucket
from appliance.lake.folder import Folder
from appliance.lake.place import Place
from appliance.objects import is_remote


def place(url: str | Path) -> Place:
    """Return a place by its folder or address.

    Raises
    ------
    InvalidRequest
        It is neither a folder nor ``s3://BUCKET/PREFIX``.
    """
    address = str(url)
    if is_remote(address):
        return Bucket(address.rstrip("/"))
    if "://" in address or address.startswith("s3:"):  # as a path an address loses a slash
        raise InvalidRequest(
            f"the lake {address} is neither a folder nor in S3.",
            remedy="Name a folder, or s3://BUCKET/PREFIX.",
        )
    return Folder(Path(address))
