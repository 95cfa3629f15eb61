"""``ui``: what an analyst waits for in a real browser, against the plain way.

The plain way is a page of Streamlit that hands Plotly all the data.  Times are from the click
on a link, or from letting go of the mouse, until what was asked for is painted; every repeat
asks for something else, so that no answer is given again.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from statistics import median
from typing import Any
from urllib.parse import urlencode

from playwright.async_api import Browser, Page

from benchmarks.harness.lines import Line, Printer
from benchmarks.harness.plant import Size, scratch
from benchmarks.harness.servers import Server, free_port, ours, serving
from benchmarks.sides import pages as site
from benchmarks.ui import browser, sessions
from benchmarks.ui.sessions import Visit

CHART, ZOOM, OVERVIEW, CROWD = 0.6, 0.25, 1.0, 0.5
"""Seconds within which each is to be done."""
_TRACES = ".traces[data-painted]"
_LANE = ".traces .lane:not(.first) .u-over"
_CELLS = ".lanes [role=gridcell]"
_ROWS = ".inbox tbody tr, .table tbody tr"
_RANGES = ("7", "90", "all", "30")
_PLOTLY = ".js-plotly-plot .main-svg .infolayer .g-gtitle, .js-plotly-plot .xtick"
_DAY = 1_440
_HURRY = 1.0
"""Seconds between what is shown and the next click of the analyst whose clicks count."""


@dataclass(frozen=True)
class _Sides:
    """Both servers, the browser, and what is shown."""

    browser: Browser
    pages: site.Pages
    own: Server
    plain: Server
    given: argparse.Namespace

    async def visit(self, number: int = 0) -> Page:
        """Open a page of ours as one of the analysts."""
        secret = self.pages.secrets[number % len(self.pages.secrets)]
        return await browser.visit(self.browser, f"http://127.0.0.1:{self.own.port}", secret)

    async def visit_plain(self) -> Page:
        """Open a page of the plain way."""
        return await browser.visit(self.browser, f"http://127.0.0.1:{self.plain.port}")


def main(argv: list[str]) -> int:
    """Measure and print."""
    given = _parser().parse_args(argv)
    if given.quick:
        given.rows, given.machines, given.analysts = 5_000, 20, 2
        given.repeat, given.seconds, given.days = 2, 3.0, 4
    printer = Printer(as_json=given.json)
    asyncio.run(_show(given, printer))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks ui", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--rows", type=int, default=1_000_000, help="readings of the chart")
    parser.add_argument("--sensors", type=int, default=10, help="of the chart")
    parser.add_argument("--machines", type=int, default=1_000, help="of the overview")
    parser.add_argument("--days", type=int, default=30, help="of the overview")
    parser.add_argument("--analysts", type=int, default=20, help="at work at once")
    parser.add_argument("--pause", type=float, default=5.0, help="mean, of an analyst, s")
    parser.add_argument("--seconds", type=float, default=60.0, help="that analysts work")
    parser.add_argument("--repeat", type=int, default=5, help="times each is measured")
    parser.add_argument("--patience", type=float, default=60.0, help="with the plain way, s")
    parser.add_argument("--quick", action="store_true", help="tiny sizes")
    parser.add_argument("--scratch", help="folder for data; the system's temporary folder")
    return parser


async def _show(given: argparse.Namespace, printer: Printer) -> None:
    with scratch(given.scratch) as folder:
        machine = Size(1, given.rows, given.sensors)
        park = Size(given.machines, given.days * _DAY // 10, site.PARK_SENSORS)
        made = site.make(folder, machine, park, given.analysts)
        with _served(made, given) as (own, plain):
            async with browser.chromium() as chromium:
                sides = _Sides(chromium, made, own, plain, given)
                async for line in _lines(sides):
                    printer.show(line)


@contextmanager
def _served(made: site.Pages, given: argparse.Namespace) -> Iterator[tuple[Server, Server]]:
    module, port, environment = ours(made.home)
    with serving(*module, port=port, environment=environment) as own:
        port = free_port()
        script = site.__file__.replace("pages.py", "plain.py")
        command = ("streamlit", "run", script, "--server.port", str(port))
        options = ("--server.headless", "true")
        told = ("--", str(made.readings), str(given.machines), str(given.days))
        with serving(*command, *options, *told, port=port, environment={}) as plain:
            yield own, plain


# ---------------------------------------------------------------- cases
async def _lines(sides: _Sides) -> AsyncIterator[Line]:
    given, own = sides.given, await sides.visit()
    plain = await sides.visit_plain()
    await own.goto("/events")
    await own.get_by_role("heading").first.wait_for()
    await plain.goto("/nothing")
    await plain.get_by_role("heading").first.wait_for()
    overview = await _times(given.repeat, lambda n: _overview(own, n))
    rival = await _plain(plain, "/overview", given)
    case = f"overview of {given.machines:,} machines x {given.days} days"
    yield _line(sides, case, OVERVIEW, overview, rival)
    charts, zooms, frames = await _charts(sides, own)
    # What is too large for one message of Streamlit is never painted.
    rival = await _plain(plain, "/chart", given)
    case = f"chart of {given.sensors} sensors x {given.rows:,} rows"
    yield _line(sides, case, CHART, charts, rival)
    yield _line(sides, f"zoom into the {case}", ZOOM, zooms, rival, reruns=frames)
    await own.context.close()
    await plain.context.close()
    yield await _crowd(sides)


async def _times(count: int, act: Callable[[int], Any]) -> list[float]:
    return [await act(number) for number in range(count)]


async def _overview(page: Page, number: int) -> float:
    """Go from the events to the overview, each time over another stretch of time."""
    query = {"fleet": site.PARK, "days": _RANGES[number % len(_RANGES)]}
    spent = await _gone(page, f"/?{urlencode(query)}", _CELLS)
    await _gone(page, "/events", _ROWS)
    return spent


async def _charts(sides: _Sides, page: Page) -> tuple[list[float], list[float], int]:
    """Open the chart and zoom into it; return times of both, and what zooming sent anew."""
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda one: sent.extend([one])))
    await page.reload()
    await page.get_by_role("heading").first.wait_for()
    charts, zooms, frames = [], [], 0
    for number in range(sides.given.repeat):
        charts.append(await _gone(page, chart_of(sides.pages, number), _TRACES))
        before = len(sent)
        for step in range(2):
            shift = 0.02 * number + 0.1 * step
            zooms.append(await browser.zoom(page, ".traces", "data-painted", _LANE, shift))
        frames += len(sent) - before
        await _gone(page, "/events", _ROWS)
    return charts, zooms, frames


def chart_of(pages: site.Pages, number: int) -> str:
    """Return the address of the machine over nearly all of its time."""
    query = {
        "fleet": site.LINE,
        "asset": pages.machine,
        "from": pages.start + 60 * number,
        "to": pages.end - 60 * number,
    }
    return f"/asset?{urlencode(query)}"


async def _gone(page: Page, address: str, selector: str) -> float:
    spent = await browser.go(page, address, selector)
    if spent is None:
        raise SystemExit(f"{address} was never painted")
    return spent


async def _plain(page: Page, address: str, given: argparse.Namespace) -> list[float]:
    """Return what the plain way takes; nothing if it does not paint in time."""
    times = []
    for _ in range(given.repeat):
        spent = await browser.go(page, address, _PLOTLY, given.patience)
        if spent is None:
            print(f"the plain way did not paint in {given.patience:g} s", file=sys.stderr)
            return []
        times.append(spent)
        await browser.go(page, "/nothing", "h1")
        await page.get_by_role("heading", name="Nothing").wait_for()
    return times


async def _crowd(sides: _Sides) -> Line:
    """Let one analyst work in the browser while the others, elsewhere, ask the server too."""
    given, pages = sides.given, sides.pages
    page, others = await sides.visit(), pages.secrets[1:]
    overview = Visit(f"/?fleet={site.PARK}&days=30")
    seen = [overview, Visit("/events"), *map(_event, pages.events[:5])]
    own, served = await asyncio.gather(
        _at_work(page, _round(pages), given.seconds),
        sessions.at_work(sides.own.port, others, seen, given.seconds, given.pause),
    )
    await page.context.close()
    page = await sides.visit_plain()
    steps, visits = [("/overview", _PLOTLY), ("/nothing", "h1")], [Visit("/overview")]
    nobody = [""] * len(others)
    rival, rival_served = await asyncio.gather(
        _at_work(page, steps, given.seconds),
        sessions.at_work(sides.plain.port, nobody, visits, given.seconds, given.pause),
    )
    await page.context.close()
    case = f"{given.analysts} analysts at once, a click in {given.pause:g} s each, p95"
    more = {
        "served_p95": _quantile(served, 0.95),
        "served_count": len(served),
        "rival_served_p95": _quantile(rival_served, 0.95),
    }
    return _line(sides, case, CROWD, own, rival, share=0.95, **more)


async def _at_work(page: Page, steps: Sequence[tuple[str, str]], seconds: float) -> list[float]:
    """Go from page to page; return how long each click took until its page was painted."""
    spent: list[float] = []
    until = time.monotonic() + seconds
    await page.goto(steps[-1][0])
    await page.get_by_role("heading").first.wait_for()
    for address, selector in cycle(steps):
        if time.monotonic() > until and spent:
            break
        await asyncio.sleep(_HURRY)
        spent.append(await _gone(page, address, selector))
    return spent


def _event(event: str) -> Visit:
    """Return an event's page, with what its chart asks."""
    fleet = f"/api/v1/fleets/{site.PARK}"
    machine = "asset=pump-00000&width=968"
    charts = (f"{fleet}/readings?{machine}", f"{fleet}/scores?{machine}&top=6")
    return Visit(f"/event?id={event}", charts)


def _round(pages: site.Pages) -> Sequence[tuple[str, str]]:
    """Return what an analyst goes through, and what is painted there."""
    overview = (f"/?fleet={site.PARK}", _CELLS)
    events = ("/events", _ROWS)
    return [
        step
        for event in pages.events[:5]
        for step in (overview, events, (f"/event?id={event}", _TRACES))
    ]


# ---------------------------------------------------------------- lines
def _quantile(times: Sequence[float], share: float) -> float:
    return sorted(times)[math.ceil(len(times) * share) - 1]


def _line(
    sides: _Sides,
    case: str,
    limit: float,
    own: Sequence[float],
    rival: Sequence[float],
    share: float = 0.5,
    **more: Any,
) -> Line:
    """Return a line; a rival that never painted counts with the time it was given."""
    mine = _quantile(own, share)
    theirs = _quantile(rival, share) if rival else sides.given.patience
    return Line(
        name="ui",
        case=case,
        ours=mine,
        rival=theirs,
        unit="s",
        ratio=theirs / mine,
        goal=None,
        peak_mb=sides.own.memory_mb(),
        rival_peak_mb=sides.plain.memory_mb(),
        more={
            "limit": limit,
            "kept": mine <= limit,
            "median": median(own),
            "longest": max(own),
            "shortest": min(own),
            "count": len(own),
            "rival_painted": bool(rival),
            "rival_count": len(rival),
            **more,
        },
    )
