"""What an object store means by its answers, whichever library passes them on."""

from __future__ import annotations

import re

from appliance.core.errors import StorageError

_CHECK = "Check KIZASHI_STORAGE_URL and the AWS_* environment of this process"
_CAUSES = (
    (
        re.compile(r"NoSuchBucket|bucket does not exist", re.IGNORECASE),
        "there is no such bucket",
        f"Make the bucket. {_CHECK}.",
    ),
    (
        re.compile(
            r"InvalidAccessKeyId|SignatureDoesNotMatch|AccessDenied|ExpiredToken"
            r"|InvalidToken|necessary privileges|not authenticated|40[13] |Missing \w*Key"
            r"|169\.254\.\d+\.\d+|credential",
            re.IGNORECASE,
        ),
        "the object store does not accept the credentials",
        f"{_CHECK}: they need to list, read, write and delete under this address.",
    ),
    (
        re.compile(r"PermanentRedirect|AuthorizationHeaderMalformed|301 Moved", re.IGNORECASE),
        "the bucket is in another region",
        "Set AWS_REGION to the bucket's.",
    ),
    (
        re.compile(r"URL scheme is not allowed|BadScheme", re.IGNORECASE),
        "its address is not encrypted",
        "Use https, or set AWS_ALLOW_HTTP=true for a server in a network of its own.",
    ),
    (
        re.compile(
            r"Connect|error sending request|timed out|timeout|dns error|reset by peer"
            r"|50[0234] |SlowDown|retries",
            re.IGNORECASE,
        ),
        "the object store does not answer",
        "See that its server runs and is reached from here (AWS_ENDPOINT_URL), then repeat it.",
    ),
)
"""What an object store's answer means, the first that fits, and what to do about it."""


def away(where: str, error: BaseException) -> StorageError | None:
    """Return what is wrong with the object store itself; None if it is the file or a disk."""
    if not where.startswith("s3://"):
        return None
    said = str(error)
    for pattern, cause, remedy in _CAUSES:
        if pattern.search(said):
            return StorageError(f"{where} cannot be read or written: {cause}.", remedy=remedy)
    return None
