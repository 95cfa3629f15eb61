"""What a wire does, and what both wires share: the only knowledge of httpx2 in the client."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from appliance.client.request import PREFIX, Answer, Request, words
from appliance.core.errors import InvalidRequest, Unreachable

if TYPE_CHECKING:
    import httpx2

_CONNECT_SECONDS = 10.0


@dataclass(frozen=True)
class Place:
    """Where a site is, and how it is reached.

    Attributes
    ----------
    url
        Without a path at its end.
    ca
        File of the authority that signed the site's certificate; None: those of the system.
    timeout
        Seconds without a byte after which an answer is given up.
    """

    url: str
    ca: Path | None = None
    timeout: float = 60.0

    def options(self) -> dict[str, Any]:
        """Return the arguments of an httpx2 client.

        Raises
        ------
        InvalidRequest
            `ca` is no file of certificates.
        """
        import httpx2

        return {
            "base_url": self.url + PREFIX,
            "timeout": httpx2.Timeout(self.timeout, connect=_CONNECT_SECONDS),
            "verify": self._trusted(),
            "headers": {"User-Agent": "kizashi-client"},
        }

    def _trusted(self) -> ssl.SSLContext | bool:
        if self.ca is None:
            return True
        try:
            return ssl.create_default_context(cafile=str(self.ca))
        except (OSError, ssl.SSLError) as error:
            raise InvalidRequest(f"{self.ca} is no file of certificates: {error}.") from error


class Stream(Protocol):
    """An answer that is read while it comes."""

    async def next(self) -> bytes | None:
        """Return the next bytes; None at the end.

        Raises
        ------
        Unreachable
            The line is broken.
        """

    async def close(self) -> None:
        """Hang up."""


class Wire(Protocol):
    """Sends requests, once each."""

    place: Place

    async def send(self, request: Request) -> Answer:
        """Send a request and return its whole answer, whatever it says.

        Raises
        ------
        Unreachable
            There is none.
        """

    async def open(self, request: Request) -> Stream | Answer:
        """Send a request and return its answer's stream; one that refuses, whole.

        Raises
        ------
        Unreachable
            There is none.
        """

    async def sleep(self, seconds: float) -> None:
        """Wait."""

    async def close(self) -> None:
        """Hang up for good."""


def arguments(request: Request) -> dict[str, Any]:
    """Return a request as httpx2's arguments, but for its body."""
    headers = {"Accept": request.accept, **request.headers}
    if request.body is not None:
        headers["Content-Type"] = request.body.media
        headers["Content-Length"] = str(request.body.size())
    found: dict[str, Any] = {
        "method": request.method,
        "url": request.path,
        "params": words(request.query),
        "headers": headers,
    }
    if request.json is not None:
        found["json"] = request.json
    if request.timeout is not None:
        found["timeout"] = request.timeout
    return found


def answered(response: httpx2.Response) -> Answer:
    """Return what httpx2 has read as an answer."""
    return Answer(response.status_code, dict(response.headers), response.content)


@contextmanager
def translated(place: Place) -> Iterator[None]:
    """Turn what httpx2 says of a broken line into our words.

    Raises
    ------
    Unreachable
        The line is broken.
    """
    import httpx2

    try:
        yield
    except httpx2.ConnectError as error:
        raise _unconnected(place, error) from error
    except (httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
        raise Unreachable(f"{place.url} does not answer: no connection in time.") from error
    except httpx2.TimeoutException as error:
        raise Unreachable(
            f"{place.url} does not answer: nothing came for {place.timeout:g} s."
        ) from error
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
        raise InvalidRequest(f"{place.url} is no address of a site: {error}.") from error
    except httpx2.TransportError as error:
        said = str(error) or type(error).__name__
        raise Unreachable(f"the line to {place.url} broke: {said}.") from error
    except httpx2.DecodingError as error:
        raise Unreachable(f"the answer of {place.url} came damaged: {error}.") from error


def _unconnected(place: Place, error: Exception) -> Unreachable:
    """Return why no connection came about; the certificate's fault hides among the causes."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _for_good(
                f"the certificate of {place.url} is not trusted: {cause.verify_message}.",
                "Name the authority that signed it: ca=FILE, or --ca FILE.",
            )
        if isinstance(cause, ssl.SSLError):
            return _for_good(
                f"{place.url} does not speak TLS as expected: {cause.reason}.",
                "Is it http:// instead of https://, or another port?",
            )
        cause = cause.__cause__ or cause.__context__
    return Unreachable(
        f"{place.url} cannot be reached: {error}.",
        remedy="Does the appliance run (`kizashi status`), and is the address right?",
    )


def _for_good(message: str, remedy: str) -> Unreachable:
    error = Unreachable(message, remedy=remedy)
    error.retryable = False
    return error
