"""Sources: whether readings come by themselves, and what of them cannot be used."""

from __future__ import annotations

from appliance.telemetry.dashboards.panels import Dashboard, Panel, Query

_RATE = "$__rate_interval"

DASHBOARD = Dashboard(
    uid="kizashi-sources",
    title="Kizashi: sources",
    panels=(
        Panel(
            "Sources",
            "1 where one is fine; `kizashi source show` tells what is wrong.",
            (Query("max by (source) (kizashi_source_up)", "{{source}}"),),
            kind="bargauge",
        ),
        Panel(
            "Lag",
            "Age of the newest reading that a source brought.",
            (Query("max by (source) (kizashi_source_lag_seconds)", "{{source}}"),),
            unit="s",
        ),
        Panel(
            "Rows",
            "That came in a second.",
            (
                Query(
                    f"max by (source) (rate(kizashi_source_rows_total[{_RATE}]))", "{{source}}"
                ),
            ),
            unit="rowsps",
        ),
        Panel(
            "Refused",
            "In a second: messages or rows that could not be used.",
            (
                Query(
                    f"max by (source) (rate(kizashi_source_refused_total[{_RATE}]))",
                    "{{source}}",
                ),
            ),
            unit="rowsps",
        ),
        Panel(
            "Sources by kind",
            "That are fine, and all.",
            (
                Query(
                    "sum by (kind) (max by (kind, source) (kizashi_source_up))",
                    "{{kind}}: fine",
                ),
                Query(
                    "count by (kind) (max by (kind, source) (kizashi_source_up))", "{{kind}}"
                ),
            ),
        ),
        Panel(
            "Commits to the lake",
            "Over five minutes, by table.",
            (Query("max by (table) (increase(kizashi_lake_commits_total[5m]))", "{{table}}"),),
        ),
    ),
)
