"""What a process counts of its own doings; nothing where nothing is kept.

Requests come by thousands: they are only noted while somebody waits for the answer, and written
down together, within a second or when somebody reads the figures.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from itertools import product

from appliance.metrics.book import SETTLED, book
from appliance.metrics.catalog import BY_NAME
from appliance.schemas.event import EventKind, Severity

_BY_PIPELINE = (
    "kizashi_job_duration_seconds",
    "kizashi_job_queue_wait_seconds",
    "kizashi_job_step_duration_seconds",
)
_DURATION = "kizashi_http_request_duration_seconds"
_IN_FLIGHT = "kizashi_http_requests_in_flight"
_MOST_PENDING = 500
_asked: dict[int, None] = {}
_answered: deque[tuple[tuple[str, str, str], float]] = deque()


def serving() -> None:
    """Let what a web process has not met yet be told as 0."""
    own = book()
    if own is not None:
        own.cell("kizashi_http_connections")
        own.cell(_IN_FLIGHT)


def connected(by: float) -> None:
    """Count a connection of a page that was opened (1), or closed (-1)."""
    own = book()
    if own is not None:
        own.cell("kizashi_http_connections").add(by)


def asked(request: int) -> None:
    """Count a request that is being answered, by a number that no other has meanwhile."""
    if book() is not None:
        _asked[request] = None


def answered(request: int, route: str, method: str, status: str, seconds: float) -> None:
    """Count a request that was answered, and is none that is being answered any more."""
    if book() is not None:
        _asked.pop(request, None)
        _answered.append(((route, method, status), seconds))
        if len(_answered) >= _MOST_PENDING:
            _settle()


def _settle() -> None:
    """Write down the requests that were answered since the last time."""
    own = book()
    if own is None:
        return
    if _asked or _answered or own.holds(_IN_FLIGHT):  # who serves nobody tells nothing of it
        own.cell(_IN_FLIGHT).set(float(len(_asked)))
    found: defaultdict[tuple[str, str, str], list[float]] = defaultdict(list)
    while _answered:
        try:
            labels, seconds = _answered.popleft()
        except IndexError:
            break  # another thread was faster
        found[labels].append(seconds)
    bounds = BY_NAME[_DURATION].buckets
    for (route, method, status), times in found.items():
        own.cell("kizashi_http_requests_total", route, method, status).add(len(times))
        times.sort()
        below = [*(bisect_right(times, bound) for bound in bounds), len(times)]
        counts = [upto - before for upto, before in zip(below, [0, *below], strict=False)]
        own.buckets(_DURATION, route, method).add(counts, sum(times))


SETTLED.append(_settle)


def job_began(pipeline: str, waited: float) -> None:
    """Count a job that began for the first time, and how many seconds it had waited."""
    own = book()
    if own is not None:
        own.buckets("kizashi_job_queue_wait_seconds", pipeline).observe(max(waited, 0.0))


def job_ended(pipeline: str, outcome: str, took: float) -> None:
    """Count a job that ended, and the seconds since it began."""
    own = book()
    if own is not None:
        own.cell("kizashi_jobs_ended_total", pipeline, outcome).add(1.0)
        own.buckets("kizashi_job_duration_seconds", pipeline).observe(max(took, 0.0))


def step_ended(pipeline: str, outcome: str, took: float) -> None:
    """Count a step that ended, and the seconds since it began."""
    own = book()
    if own is not None:
        own.cell("kizashi_job_steps_ended_total", pipeline, outcome).add(1.0)
        own.buckets("kizashi_job_step_duration_seconds", pipeline).observe(max(took, 0.0))


def retried(pipeline: str) -> None:
    """Count a try that is made again."""
    own = book()
    if own is not None:
        own.cell("kizashi_job_retries_total", pipeline).add(1.0)


def task_ended(outcome: str) -> None:
    """Count a task that came back from Ray."""
    own = book()
    if own is not None:
        own.cell("kizashi_engine_tasks_total", outcome).add(1.0)


def scored(counts: Sequence[int], total: float) -> None:
    """Count judged readings by their surprise: `SURPRISE`, and what is beyond; and its sum."""
    own = book()
    if own is not None and counts:
        own.buckets("kizashi_surprise").add(counts, total)


def raised(kind: str, severity: str) -> None:
    """Count an event that was opened."""
    own = book()
    if own is not None:
        own.cell("kizashi_events_raised_total", kind, severity).add(1.0)


def delivered(kind: str, outcome: str, count: int) -> None:
    """Count deliveries of alerts by a kind of channel."""
    own = book()
    if own is not None:
        own.cell("kizashi_alert_deliveries_total", kind, outcome).add(count)


def expect(pipelines: Iterable[str], outcomes: Iterable[str]) -> None:
    """Let what has never happened yet be told as 0: what begins at 1 has no increase.

    Parameters
    ----------
    outcomes
        Of jobs.
    """
    own = book()
    if own is None:
        return
    ended = tuple(outcomes)
    for pipeline in pipelines:
        own.cell("kizashi_job_retries_total", pipeline)
        for name in _BY_PIPELINE:
            own.buckets(name, pipeline)
        for outcome in ended:
            own.cell("kizashi_jobs_ended_total", pipeline, outcome)
            own.cell("kizashi_job_steps_ended_total", pipeline, outcome)
    own.buckets("kizashi_surprise")
    for outcome in ("done", "lost"):
        own.cell("kizashi_engine_tasks_total", outcome)
    for kind, severity in product(EventKind, Severity):
        own.cell("kizashi_events_raised_total", kind.value, severity.value)
