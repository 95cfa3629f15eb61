"""Analysts at work at once: each goes from page to page, and reads a while in between."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence

from playwright.async_api import Page

from benchmarks.ui.browser import go

_LEAST, _MOST = 0.4, 1.6
"""Between which parts of the mean a pause lies."""


async def at_work(
    pages: Sequence[Page], steps: Sequence[tuple[str, str]], seconds: float, pause: float
) -> list[float]:
    """Return how long each click took until its page was painted.

    Parameters
    ----------
    pages
        One for each analyst.
    steps
        Addresses, and what is painted there; each analyst begins at another.
    pause
        Between a page and the next click, on average.
    """
    for number, page in enumerate(pages):
        await page.goto(_step(steps, number - 1)[0])
    until = time.monotonic() + seconds
    spent = await asyncio.gather(
        *(_work(page, steps, number, until, pause) for number, page in enumerate(pages))
    )
    return [each for one in spent for each in one]


async def _work(
    page: Page, steps: Sequence[tuple[str, str]], number: int, until: float, pause: float
) -> list[float]:
    chance, spent = random.Random(number), []  # noqa: S311 - pauses, not secrets
    place = number
    while time.monotonic() < until:
        await asyncio.sleep(pause * chance.uniform(_LEAST, _MOST))
        address, selector = _step(steps, place)
        found = await go(page, address, selector)
        if found is None:
            raise SystemExit(f"{address} was never painted")
        spent.append(found)
        place += 1
    return spent


def _step(steps: Sequence[tuple[str, str]], number: int) -> tuple[str, str]:
    return steps[number % len(steps)]
