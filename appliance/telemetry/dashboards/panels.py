"""What a dashboard is made of, and how Grafana reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

_WIDTH = 24
_HEIGHT = 8
_SCHEMA = 39
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
Unit = Literal[
    "short", "s", "bytes", "Bps", "reqps", "percentunit", "ops", "currencyJPY", "rowsps"
]


@dataclass(frozen=True)
class Query:
    """One question to Prometheus, and what its lines are called."""

    expr: str
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """One picture.

    Attributes
    ----------
    told
        What it shows and what to do about it, in a sentence.
    kind
        ``timeseries``, ``stat`` or ``bargauge``.
    width
        Of the 24 columns.
    """

    title: str
    told: str
    queries: tuple[Query, ...]
    unit: Unit = "short"
    kind: Literal["timeseries", "stat", "bargauge"] = "timeseries"
    width: int = 12
    stacked: bool = False


@dataclass(frozen=True)
class Dashboard:
    """Some panels.

    Attributes
    ----------
    uid
        Identifier, and name of its file.
    by_fleet
        Whether fleets can be chosen.
    """

    uid: str
    title: str
    panels: tuple[Panel, ...]
    by_fleet: bool = False

    def written(self) -> str:
        """Return the JSON that Grafana imports."""
        variables = [_datasource(), *([_fleets()] if self.by_fleet else [])]
        told = {
            "uid": self.uid,
            "title": self.title,
            "tags": ["kizashi"],
            "schemaVersion": _SCHEMA,
            "editable": True,
            "timezone": "browser",
            "refresh": "30s",
            "time": {"from": "now-6h", "to": "now"},
            "templating": {"list": variables},
            "panels": list(self._panels()),
        }
        return json.dumps(told, indent=2, ensure_ascii=False) + "\n"

    def _panels(self) -> Iterator[dict[str, Any]]:
        x = y = 0
        for number, panel in enumerate(self.panels, 1):
            if x + panel.width > _WIDTH:
                x, y = 0, y + _HEIGHT
            place = {"x": x, "y": y, "w": panel.width, "h": _HEIGHT}
            yield _panel(number, panel, place)
            x += panel.width


def _panel(number: int, panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    custom: dict[str, Any] = {"showPoints": "never"}
    if panel.stacked:
        custom |= {"stacking": {"mode": "normal"}, "fillOpacity": 30}
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.told,
        "gridPos": place,
        "datasource": _SOURCE,
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                **({"custom": custom} if panel.kind == "timeseries" else {}),
            },
            "overrides": [],
        },
        "targets": [
            {
                "refId": chr(ord("A") + place_),
                "datasource": _SOURCE,
                "expr": query.expr,
                "legendFormat": query.legend or panel.title,
            }
            for place_, query in enumerate(panel.queries)
        ],
    }


def _datasource() -> dict[str, Any]:
    return {"name": "datasource", "type": "datasource", "query": "prometheus", "hide": 0}


def _fleets() -> dict[str, Any]:
    return {
        "name": "fleet",
        "label": "fleet",
        "type": "query",
        "datasource": _SOURCE,
        "query": "label_values(kizashi_fleet_assets, fleet)",
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }
