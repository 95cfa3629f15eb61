"""Which shelf an address is, and what the tables' libraries need to reach it."""

from __future__ import annotations

import os
from pathlib import Path

from appliance.core.errors import InvalidRequest
from appliance.objects.folder import Folder
from appliance.objects.shelf import Shelf

_S3 = "s3://"
_TOLD = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ALLOW_HTTP", "AWS_REGION")


def shelf(url: str | Path) -> Shelf:
    """Open a place of files; nothing is asked of it yet.

    Parameters
    ----------
    url
        A folder, made with the first file, or ``s3://BUCKET/PREFIX``. Keys and address of S3
        come from the standard environment (``AWS_ACCESS_KEY_ID``, ``AWS_ENDPOINT_URL``, …; the
        web identity and container credentials of EKS).

    Raises
    ------
    InvalidRequest
        The address is of another kind.
    """
    address = str(url)
    if is_remote(address):
        # Only sites on S3 pay for the library.
        from appliance.objects.bucket import Bucket

        return Bucket(address)
    if "://" in address:
        raise InvalidRequest(
            f"{address} is no place of files.", remedy="Name a folder or s3://BUCKET/PREFIX."
        )
    return Folder(Path(address).expanduser())


def join(url: str | Path, *names: str) -> str:
    """Return the address of a place below another."""
    if not is_remote(url):
        return str(Path(url, *names))
    return "/".join((str(url).rstrip("/"), *names))


def is_remote(url: str | Path) -> bool:
    """Whether a place is not a folder of this machine."""
    return str(url).startswith(_S3)


def storage_options(url: str | Path) -> dict[str, str]:
    """Return what deltalake and polars are told to reach a place.

    Secrets are not among them: both libraries read those from the environment, where they are
    renewed and are not written to a job's arguments.

    Returns
    -------
    dict
        Empty for a folder.
    """
    if not is_remote(url):
        return {}
    told = {name: os.environ[name] for name in _TOLD if os.environ.get(name)}
    # Polars would ask the internet for a region that nobody names.
    told.setdefault("AWS_REGION", os.environ.get("AWS_DEFAULT_REGION") or "us-east-1")
    return {**told, "aws_conditional_put": "etag"}
