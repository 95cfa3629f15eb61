"""Fleets and models: what came and was judged, what models alarm, how old they are."""

from __future__ import annotations

from appliance.telemetry.dashboards.panels import Dashboard, Panel, Query

_RATE = "$__rate_interval"
_OF = '{fleet=~"$fleet"}'


def _rate(name: str) -> tuple[Query, ...]:
    return (Query(f"max by (fleet) (rate({name}{_OF}[{_RATE}]))", "{{fleet}}"),)


DASHBOARD = Dashboard(
    uid="kizashi-fleets",
    title="Kizashi: fleets and models",
    by_fleet=True,
    panels=(
        Panel(
            "Machines",
            "That have readings.",
            (Query(f"max by (fleet) (kizashi_fleet_assets{_OF})", "{{fleet}}"),),
            kind="bargauge",
            width=8,
        ),
        Panel(
            "Age of the newest reading",
            "Where times are by the clock.",
            (Query(f"max by (fleet) (kizashi_readings_age_seconds{_OF})", "{{fleet}}"),),
            unit="s",
            kind="bargauge",
            width=8,
        ),
        Panel(
            "Age of the champion",
            "Train anew where machines have changed: `kizashi retrain`.",
            (Query(f"max by (fleet) (kizashi_model_champion_age_seconds{_OF})", "{{fleet}}"),),
            unit="s",
            kind="bargauge",
            width=8,
        ),
        Panel(
            "Readings added",
            "In a second.",
            _rate("kizashi_readings_ingested_total"),
            unit="rowsps",
        ),
        Panel(
            "Readings scored",
            "In a second, by runs that are finished.",
            _rate("kizashi_readings_scored_total"),
            unit="rowsps",
        ),
        Panel(
            "Rows refused",
            "In a second; `kizashi quarantine` tells why.",
            _rate("kizashi_readings_quarantined_total"),
            unit="rowsps",
        ),
        Panel(
            "Readings with an alarm",
            "In a second, as they are scored.",
            _rate("kizashi_readings_alarmed_total"),
            unit="rowsps",
        ),
        Panel(
            "Share of alarms",
            "Of the judged readings of each fleet's latest 7 days.",
            (Query(f"max by (fleet) (kizashi_model_alarm_ratio{_OF})", "{{fleet}}"),),
            unit="percentunit",
        ),
        Panel(
            "Machines that alarm much",
            "In over a twentieth of their latest 7 days: has their normal changed?",
            (Query(f"max by (fleet) (kizashi_model_assets_alarming{_OF})", "{{fleet}}"),),
        ),
        Panel(
            "Surprise",
            "Share of the readings judged that reach 2, 3 and 4: in normal running one of 100, "
            "1000 and 10000.",
            tuple(
                Query(
                    f'1 - sum(rate(kizashi_surprise_bucket{{le="{le}"}}[{_RATE}])) '
                    f"/ sum(rate(kizashi_surprise_count[{_RATE}]))",
                    f"at least {le}",
                )
                for le in ("2.0", "3.0", "4.0")
            ),
            unit="percentunit",
        ),
        Panel(
            "Versions of models",
            "That are kept.",
            (Query(f"max by (fleet) (kizashi_model_versions{_OF})", "{{fleet}}"),),
        ),
        Panel(
            "Events that wait",
            "For somebody to close or mute them.",
            (
                Query(
                    "max by (kind, severity) (kizashi_events_waiting)", "{{kind}} {{severity}}"
                ),
            ),
            stacked=True,
        ),
        Panel(
            "Events raised",
            "By scoring jobs.",
            (
                Query(
                    f"sum by (severity) (increase(kizashi_events_raised_total[{_RATE}]))",
                    "{{severity}}",
                ),
            ),
            stacked=True,
        ),
        Panel(
            "Alerts",
            "Deliveries by outcome; failed ones are tried again for a day.",
            (
                Query(
                    "sum by (kind, outcome) "
                    f"(increase(kizashi_alert_deliveries_total[{_RATE}]))",
                    "{{kind}} {{outcome}}",
                ),
            ),
        ),
        Panel(
            "Alerts that wait",
            "Deliveries that are still to be made.",
            (Query("max(kizashi_alerts_waiting)", "waiting"),),
        ),
    ),
)
