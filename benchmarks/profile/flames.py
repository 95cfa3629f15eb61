"""A flame graph as one SVG file: samples of stacks in, a box for each call out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape

_WIDTH, _TOP, _ROW, _LETTER = 1200.0, 30, 17, 6.1
_LEAST = 0.005
"""Share of the whole below which a call is left out."""
_LINE = re.compile(r":\d+\)$")
_COLOURS = {
    "kernels": "#f2c79b",
    "models": "#f2c79b",
    "thresholds": "#c9e4c5",
    "modes": "#b9d7ea",
    "fleet": "#e6e6e6",
    "lake": "#d9c9ea",
    "api": "#d9c9ea",
    "web": "#d9c9ea",
    "pipelines": "#d9c9ea",
}
_OTHERS = "#f4f0e4"


@dataclass
class Call:
    """A function at one place of the stacks, and what it called from there.

    Attributes
    ----------
    samples
        In it and below.
    """

    samples: int = 0
    below: dict[str, Call] = field(default_factory=dict)


class NoSamples(Exception):
    """No stack holds the function that was asked for; the text is its name."""


def calls(stacks: Iterable[str], root: str) -> Call:
    """Add up stacks from a function on; what lies around it is left out.

    Parameters
    ----------
    stacks
        Lines of py-spy's raw output: functions from the outermost on, separated by semicolons,
        and a number of samples.
    root
        Name of the function.

    Raises
    ------
    NoSamples
        It is in none of them.
    """
    top = Call()
    for stack in stacks:
        frames, _, samples = stack.strip().rpartition(" ")
        names = [_name(frame) for frame in frames.split(";")]
        first = next((i for i, name in enumerate(names) if name.startswith(f"{root} (")), None)
        if first is None:
            continue
        at, number = top, int(samples)
        top.samples += number
        for name in names[first:]:
            at = at.below.setdefault(name, Call())
            at.samples += number
    if not top.samples:
        raise NoSamples(root)
    return top


def _name(frame: str) -> str:
    """Return a function, with its file and the folder of that, without the line."""
    function, _, path = _LINE.sub(")", frame).rpartition(" (")
    return f"{function} ({'/'.join(path.removesuffix(')').split('/')[-2:])})"


def svg(top: Call, title: str) -> str:
    """Draw calls, the outermost on top, each as wide as its share of the samples."""
    boxes = list(_boxes(top, top.samples, 0.0, 0))
    height = _TOP + _ROW * (1 + max(depth for *_, depth in boxes)) + 10
    told = escape(title)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:.0f} {height}" '
        f'font-family="sans-serif" font-size="11"><title>{told}</title>'
        f'<rect width="{_WIDTH:.0f}" height="{height}" fill="#fff"/>'
        f'<text x="8" y="16" font-size="13">{told}</text>'
    )
    return "\n".join([head, *(_drawn(*box, top.samples) for box in boxes), "</svg>\n"])


def _boxes(
    call: Call, whole: int, left: float, depth: int
) -> Iterator[tuple[str, int, float, int]]:
    """Yield name, samples, left edge as a share, and depth."""
    for name, below in sorted(call.below.items(), key=lambda one: -one[1].samples):
        if below.samples >= _LEAST * whole:
            yield name, below.samples, left, depth
            yield from _boxes(below, whole, left, depth + 1)
        left += below.samples / whole


def _drawn(name: str, samples: int, left: float, depth: int, whole: int) -> str:
    x, y = _WIDTH * left, _TOP + _ROW * depth
    width = max(_WIDTH * samples / whole - 0.6, 0.4)
    letters = int((width - 4) / _LETTER)
    shown = name if letters >= len(name) else f"{name[: letters - 1]}…" if letters > 4 else ""
    text = f'<text x="{x + 2:.1f}" y="{y + 12}">{escape(shown)}</text>' if shown else ""
    return (
        f"<g><title>{escape(name)}: {samples / whole:.1%}</title>"
        f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{_ROW - 1}" '
        f'fill="{_colour(name)}"/>{text}</g>'
    )


def _colour(name: str) -> str:
    path = name.rpartition("(")[2].removesuffix(")")
    room, _, file = path.rpartition("/")
    return _COLOURS.get(file.removesuffix(".py"), _COLOURS.get(room, _OTHERS))
