"""Where a piece of work comes from: one request's identifier, through job, step and task.

Every line of the log carries the trail that it was written on.  Where somebody listens to
spans, each stretch of the trail is one, in the terms of W3C's trace context.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any

from appliance.core.clock import now
from appliance.core.ids import new_id

_REQUEST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_TRACE = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_NONE = re.compile(r"0+")
_SAMPLED = 1
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Trail:
    """Where work comes from.

    Attributes
    ----------
    request
        Identifier of the request; empty where nobody asked over REST.
    job, step, task
        Of which it is a part.
    trace
        The same as a ``traceparent``; empty where nobody traces.
    """

    request: str = ""
    job: str = ""
    step: str = ""
    task: int | None = None
    trace: str = ""

    def told(self) -> dict[str, str | int]:
        """Return what there is to tell, by name."""
        facts = {"request": self.request, "job": self.job, "step": self.step, "task": self.task}
        found: dict[str, str | int] = {
            name: value for name, value in facts.items() if value not in {"", None}
        }
        if trace := trace_of(self.trace):
            found["trace"] = trace[0]
        return found


_current: ContextVar[Trail] = ContextVar("trail", default=Trail())  # noqa: B039 - frozen


def current() -> Trail:
    """Return the trail that this thread is on."""
    return _current.get()


@contextmanager
def following(trail: Trail) -> Iterator[None]:
    """Be on a trail for a while."""
    before = _current.set(trail)
    try:
        yield
    finally:
        _current.reset(before)


@contextmanager
def within(**parts: Any) -> Iterator[None]:
    """Be on a part of the trail that this thread is on: a step, or a task."""
    with following(replace(current(), **parts)):
        yield


def from_headers(request: str, trace: str) -> Trail:
    """Return the trail of a request, by what its caller says of it.

    Parameters
    ----------
    request
        The header ``X-Request-ID``; one that is no plain word is not taken.
    trace
        The header ``traceparent``.
    """
    trace = trace.strip().lower()
    known = trace_of(trace)
    if _REQUEST.fullmatch(request):
        identifier = request
    else:
        identifier = known[0] if known else new_id("req")
    return Trail(request=identifier, trace=trace if known else "")


def trace_of(text: str) -> tuple[str, str, bool] | None:
    """Return trace, span and whether it is recorded, of a ``traceparent``; None for no such."""
    found = _TRACE.fullmatch(text)
    if found is None or text.startswith("ff") or any(map(_NONE.fullmatch, found.groups()[:2])):
        return None
    return found[1], found[2], bool(int(found[3], 16) & _SAMPLED)


# ---------------------------------------------------------------- spans
@dataclass(slots=True)
class Span:
    """One stretch of a trail, when it is over.

    Attributes
    ----------
    began, ended
        Nanoseconds since 1970.
    error
        Why it failed; empty if it did not.
    """

    name: str
    trace: str
    id: str
    parent: str
    began: int
    ended: int = 0
    error: str = ""
    server: bool = False
    facts: dict[str, str | int] = field(default_factory=dict)


Sink = Callable[[Span], None]
_sink: Sink | None = None


def listen(sink: Sink | None) -> Sink | None:
    """Let somebody have the spans of this process from now on; return who had them."""
    global _sink
    before, _sink = _sink, sink
    return before


def heard() -> bool:
    """Whether somebody has the spans of this process."""
    return _sink is not None


def tell(spans: Iterable[Span]) -> None:
    """Give spans of another process to whoever has this one's."""
    if _sink is not None:
        for one in spans:
            _sink(one)


@contextmanager
def span(name: str, *, server: bool = False, **facts: str | int) -> Iterator[Span | None]:
    """Be on a stretch of the trail; yields what tells of it, None where nobody listens."""
    sink, here = _sink, current()
    known = trace_of(here.trace)
    if sink is None or (known is not None and not known[2]):
        yield None
        return
    trace, parent = known[:2] if known else (secrets.token_hex(16), "")
    own = Span(name, trace, secrets.token_hex(8), parent, _nanoseconds(), server=server)
    own.facts = {**here.told(), **facts}
    with following(replace(here, trace=f"00-{trace}-{own.id}-01")):
        try:
            yield own
        except BaseException as error:
            own.error = own.error or f"{type(error).__name__}: {error}"[:_LONGEST]
            raise
        finally:
            own.ended = _nanoseconds()
            sink(own)


def _nanoseconds() -> int:
    at = now()
    return int(at.timestamp()) * 1_000_000_000 + at.microsecond * 1_000
