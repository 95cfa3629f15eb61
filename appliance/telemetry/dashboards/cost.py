"""Cost: what was paid for runs and storage, by whom, and what was idle."""

from __future__ import annotations

from appliance.telemetry.dashboards.panels import Dashboard, Panel, Query

_RUNS = 'kizashi_cost_yen_total{pipeline!="storage"}'
_MACHINES = "max(increase(kizashi_cost_machines_yen_total[$__range]))"

DASHBOARD = Dashboard(
    uid="kizashi-cost",
    title="Kizashi: cost",
    panels=(
        Panel(
            "Machines",
            "What they cost over the time shown.",
            (Query(_MACHINES, "machines"),),
            unit="currencyJPY",
            kind="stat",
            width=8,
        ),
        Panel(
            "Runs and storage",
            "What was paid for over the time shown.",
            (
                Query(
                    "sum(max by (project, pipeline) "
                    "(increase(kizashi_cost_yen_total[$__range])))",
                    "paid",
                ),
            ),
            unit="currencyJPY",
            kind="stat",
            width=8,
        ),
        Panel(
            "Idle",
            "What machines cost over the time shown beyond what runs paid.",
            (
                Query(
                    f"clamp_min({_MACHINES} - "
                    f"sum(max by (project, pipeline) (increase({_RUNS}[$__range]))), 0)",
                    "idle",
                ),
            ),
            unit="currencyJPY",
            kind="stat",
            width=8,
        ),
        Panel(
            "By project",
            "An hour's cost; the site's own work has no project.",
            (
                Query(
                    "sum by (project) (max by (project, pipeline) "
                    "(increase(kizashi_cost_yen_total[1h])))",
                    "{{project}}",
                ),
            ),
            unit="currencyJPY",
            stacked=True,
        ),
        Panel(
            "By pipeline",
            "An hour's cost.",
            (
                Query(
                    "sum by (pipeline) (max by (project, pipeline) "
                    "(increase(kizashi_cost_yen_total[1h])))",
                    "{{pipeline}}",
                ),
            ),
            unit="currencyJPY",
            stacked=True,
        ),
        Panel(
            "Of a million readings scored",
            "What scoring cost, divided by what it scored, over the time shown.",
            (
                Query(
                    "1e6 * sum(max by (project) "
                    '(increase(kizashi_cost_yen_total{pipeline="score"}[$__range]))) '
                    "/ sum(max by (fleet) (increase(kizashi_readings_scored_total[$__range])))",
                    "a million",
                ),
            ),
            unit="currencyJPY",
        ),
        Panel(
            "Ever paid",
            "By project.",
            (
                Query(
                    "sum by (project) (max by (project, pipeline) (kizashi_cost_yen_total))",
                    "{{project}}",
                ),
            ),
            unit="currencyJPY",
        ),
    ),
)
