"""Checks of parameters that several detectors share."""

from __future__ import annotations

from detectors.errors import InvalidInput


def require_int(name: str, value: object, low: int, high: int | None = None) -> None:
    """Raise `InvalidInput` unless `value` is a whole number in [low, high]."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise InvalidInput(f"{name} must be a whole number, got {value!r}")
    number = value.__index__()
    if number < low or (high is not None and number > high):
        span = f"at least {low}" if high is None else f"between {low} and {high}"
        raise InvalidInput(f"{name} must be {span}, got {value!r}")


def require_number(
    name: str, value: object, low: float, high: float, *, with_low: bool = False
) -> None:
    """Raise `InvalidInput` unless `value` is a number in (low, high), or [low, high)."""
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if number is not None and (low < number < high or (with_low and number == low)):
        return
    opening = "[" if with_low else "("
    raise InvalidInput(f"{name} must be a number in {opening}{low}, {high}), got {value!r}")


def require_one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
    """Raise `InvalidInput` unless `value` is one of the words allowed."""
    if value not in allowed:
        raise InvalidInput(f"{name} must be one of {', '.join(allowed)}, got {value!r}")
