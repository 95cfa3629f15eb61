"""Simulated machines that wear until they fail."""

from __future__ import annotations

import numpy as np

SHORT = (60, 120)
"""Rows of machines that are learned quickly."""


def lives(count, seed=0, rows=(90, 220), sensors=5, noise=0.15):
    """Return machines whose wear quickens; the last sensor shows nothing."""
    random = np.random.default_rng(seed)
    gains = np.linspace(1.0, -1.5, sensors - 1)
    found = []
    for _ in range(count):
        length = int(random.integers(*rows))
        begun = random.uniform(0.0, 0.15)
        course = begun + (1 - begun) * np.linspace(0, 1, length) ** random.uniform(2, 4)
        shown = np.column_stack([np.outer(course, gains), np.zeros(length)])
        found.append(shown + noise * random.normal(size=shown.shape))
    return found


def cut(machines, seed=0):
    """Return machines cut at random moments of their last part, and what was left."""
    random = np.random.default_rng(seed)
    left = [int(random.integers(1, min(len(one) - 30, 100))) for one in machines]
    return [one[:-rest] for one, rest in zip(machines, left, strict=True)], np.array(left)
