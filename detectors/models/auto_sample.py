"""Which of many training rows are judged live to calibrate, and which stand for the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.validation import FloatVector

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]
    Mask = NDArray[np.bool_]

_HIGHEST = 16
_FEWEST_BLOCKS = 32


class Sample(NamedTuple):
    """Rows to be judged.

    Attributes
    ----------
    rows
        Their numbers, ascending.
    drawn
        Which of them were drawn by chance and so are like all others.
    source
        For every row the place in `rows` of the one whose score it takes; its own, if it is
        judged itself.
    """

    rows: Rows
    drawn: Mask
    source: Rows


def sampled(
    count: int, part: int, length: int, strain: FloatVector, seed: tuple[int, ...]
) -> Sample:
    """Choose blocks of rows: one of `part`, and those in which events are to be expected.

    Rows of the blocks that remain, in which little happens, take the scores of such blocks as
    were drawn, so that events are counted over all rows: rare ones would be missed by chance.

    Parameters
    ----------
    count
        How many rows there are.
    part
        All rows are taken where it is 1, or where there are few blocks.
    length
        Rows of a block; what is left of a block at the end is taken.
    strain
        Of each whole block, how unusual its rows are by something else.
    """
    blocks = len(strain)
    if part == 1 or blocks < _FEWEST_BLOCKS:
        return Sample(np.arange(count), np.ones(count, bool), np.arange(count))
    random = np.random.default_rng(seed)
    groups = np.arange(0, blocks - part + 1, part)
    drawn, taken = np.zeros((2, blocks), bool)
    drawn[groups + random.integers(part, size=len(groups))] = True
    taken[np.argsort(-strain, kind="stable")[: blocks // _HIGHEST]] = True
    calm = np.flatnonzero(drawn & ~taken)
    taken |= drawn
    source = np.arange(blocks)
    source[~taken] = random.choice(calm, np.count_nonzero(~taken))
    judged, by_chance = np.ones(count, bool), np.zeros(count, bool)
    judged[: blocks * length] = np.repeat(taken, length)
    by_chance[: blocks * length] = np.repeat(drawn, length)
    at = np.arange(count)
    at[: blocks * length] = (source[:, None] * length + np.arange(length)).ravel()
    return Sample(np.flatnonzero(judged), by_chance[judged], (np.cumsum(judged) - 1)[at])
