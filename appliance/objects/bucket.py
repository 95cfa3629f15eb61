"""Shared files in a bucket of S3, or of a server that speaks as it does."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore import exceptions
from obstore.store import S3Store

from appliance.core.disk import is_full
from appliance.core.errors import InvalidRequest, StorageError, StorageFull, Taken
from appliance.objects.away import away
from appliance.objects.folder import drafted
from appliance.objects.shelf import Entry, checked, missing

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

_BLOCK = 8 * 2**20
_PATIENCE: RetryConfig = {"max_retries": 6, "retry_timeout": timedelta(seconds=60)}
"""A restarted server is back within a minute; whoever waits longer is told."""
_REMEDY = (
    "See to the bucket, its rights and the AWS_* environment (keys, region, AWS_ENDPOINT_URL)."
)


class Bucket:
    """A prefix of a bucket; S3 shows a file once it is whole, and keeps what it has taken."""

    def __init__(self, url: str) -> None:
        name, _, self._prefix = url.removeprefix("s3://").rstrip("/").partition("/")
        self._url = f"s3://{name}/{self._prefix}".rstrip("/")
        if not name or any(part in ("", ".", "..") for part in self._prefix.split("/")[1:]):
            raise InvalidRequest(f"{url} names no bucket.", remedy="Name s3://BUCKET/PREFIX.")
        plain = os.environ.get("AWS_ALLOW_HTTP", "").lower() in ("1", "true", "yes")
        client: ClientConfig = {
            "allow_http": plain,
            "timeout": timedelta(minutes=5),
            "connect_timeout": timedelta(seconds=5),
        }
        self._store = S3Store(
            name,
            prefix=self._prefix or None,
            conditional_put="etag",
            client_options=client,
            retry_config=_PATIENCE,
        )

    @property
    def url(self) -> str:
        """The address, ``s3://BUCKET/PREFIX``."""
        return self._url

    def put_file(self, key: str, path: Path) -> None:
        """Put a file's content there, in place of what was; durable on return."""
        with self._told(key):
            obstore.put(self._store, checked(key), path, chunk_size=_BLOCK, max_concurrency=4)

    def put(self, key: str, content: bytes, *, new: bool = False) -> None:
        """Put bytes there; durable on return."""
        with self._told(key):
            mode: obstore.PutMode = "create" if new else "overwrite"
            obstore.put(self._store, checked(key), content, mode=mode)

    def read(self, key: str) -> bytes:
        """Return a file's content."""
        with self._told(key):
            return bytes(obstore.get(self._store, checked(key)).bytes())

    def fetch(self, key: str, into: Path) -> None:
        """Write a file's content to a path of this machine, whole or not at all."""
        with self._told(key):
            found = obstore.get(self._store, checked(key))
            with drafted(into) as handle:
                for block in found.stream(min_chunk_size=_BLOCK):
                    handle.write(block)

    def entries(self, prefix: str = "", *, after: str = "") -> Iterator[Entry]:
        """Yield the files whose keys begin with a prefix, sorted by key."""
        wanted = checked(prefix) if prefix else ""
        with self._told(prefix):
            found = obstore.list(self._store, wanted or None, offset=after or None).collect()
            if wanted > after:
                found = [*found, *self._alone(wanted)]
        for one in sorted(found, key=lambda one: one["path"]):
            yield Entry(one["path"], one["size"], one["last_modified"])

    def folders(self, prefix: str = "") -> list[str]:
        """Return the names of the parts directly below a prefix that hold files, sorted."""
        wanted = checked(prefix) if prefix else None
        with self._told(prefix):
            found = obstore.list_with_delimiter(self._store, wanted)["common_prefixes"]
        return sorted(path.rpartition("/")[2] for path in found)

    def names(self, prefix: str = "") -> list[str]:
        """Return what lies directly below a prefix."""
        wanted = checked(prefix) if prefix else None
        with self._told(prefix):
            found = obstore.list_with_delimiter(self._store, wanted)
            paths = [*found["common_prefixes"], *(one["path"] for one in found["objects"])]
        return sorted(path.rstrip("/").rpartition("/")[2] for path in paths)

    def clear(self, prefix: str) -> None:
        """Let everything below a prefix go."""
        self.delete([entry.key for entry in self.entries(checked(prefix))])

    def delete(self, keys: Iterable[str]) -> None:
        """Let files go; one that is not there is no error."""
        wanted = [checked(key) for key in keys]
        if wanted:
            with self._told(wanted[0]):
                obstore.delete(self._store, wanted)

    def move(self, key: str, target: str) -> None:
        """Give a file another name, in place of what has it."""
        with self._told(key):
            obstore.rename(self._store, checked(key), checked(target))

    def local(self, key: str) -> Path | None:
        """Return None: nothing here has a path."""
        checked(key)
        return None

    def _alone(self, key: str) -> list[obstore.ObjectMeta]:
        """Return the file whose key is the prefix itself, which a listing leaves out."""
        try:
            return [obstore.head(self._store, key)]
        except FileNotFoundError:
            return []

    @contextmanager
    def _told(self, key: str) -> Iterator[None]:
        """Say what the library says in the words of the appliance."""
        try:
            yield
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error):
                raise StorageError(
                    f"{self.url}: there is no such bucket.", remedy=_REMEDY
                ) from error
            raise missing(self.url, key) from error
        except exceptions.AlreadyExistsError as error:
            raise Taken(f"{self.url} has a file {key!r} already.") from error
        except (exceptions.BaseError, OSError) as error:
            if is_full(error):
                raise StorageFull(f"no space left for {self.url}/{key}.") from error
            where = f"{self.url}/{key}".rstrip("/")
            raise away(where, error) or StorageError(
                f"{where} cannot be read or written: {_first(error)}", remedy=_REMEDY
            ) from error


def _first(error: Exception) -> str:
    """Return the sentence of an error, without what the library adds for its authors."""
    return str(error).split("\n", 1)[0].rstrip(".") + "."
