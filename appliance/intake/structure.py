"""What names, tags and columns have in common."""

from __future__ import annotations

import polars as pl

from appliance.intake.sources.files.dialect import is_unit


def are_units(values: pl.Series) -> bool:
    """Whether a column holds units of measurement rather than names."""
    known = values.cast(pl.String).unique().head(50).to_list()
    return all(map(is_unit, known)) and any(len(unit) > 1 for unit in known)


def share(mask: pl.Series) -> float:
    """Return the share of true cells."""
    return int(mask.sum()) / len(mask) if len(mask) else 0.0


def tag_separator(tags: list[str]) -> str:
    """Return the sign that parts asset and sensor in tags; empty if there is none."""
    for sign in (".", "/", "|", ":"):
        if tags and all(0 < tag.rfind(sign) < len(tag) - 1 for tag in tags):
            sensors = {tag.rsplit(sign, 1)[1] for tag in tags}
            if len(sensors) > 1 or len(tags) == 1:
                return sign
    return ""


def column_separator(columns: list[str]) -> str:
    """Return the same for a wide table's columns: several assets must share sensors."""
    for sign in (".", "/", "|", ":"):
        if not all(0 < name.rfind(sign) < len(name) - 1 for name in columns):
            continue
        groups: dict[str, set[str]] = {}
        for name in columns:
            asset, sensor = name.rsplit(sign, 1)
            groups.setdefault(asset, set()).add(sensor)
        shared = set.intersection(*groups.values())
        widest = max(map(len, groups.values()))
        if len(groups) > 1 and widest > 1 and len(shared) > 0.6 * widest:
            return sign
    return ""
