"""Lays a report out as one HTML page."""

from __future__ import annotations

from datetime import datetime
from html import escape
from importlib.resources import files

from appliance.events.words import cycle_of
from appliance.report.model import EventView, QualityRow, Report
from appliance.report.svg import heat_map, short_number, stacked
from appliance.report.text import keys, say
from appliance.schemas.base import Language
from appliance.schemas.event import Event, EventKind

MISSING_WARNING = 0.05
"""Share of missing readings above which the table says so in colour and weight."""
_ARROWS = {1: "↑", -1: "↓", 0: ""}


def render(report: Report, *, shown: int = 40) -> str:
    """Return the page.

    Parameters
    ----------
    report
        What to show.
    shown
        Events drawn at most; the page says how many more there are.
    """
    style = files("appliance.report").joinpath("style.css").read_text("utf-8")
    title = escape(say(report.language, "title", fleet=report.fleet))
    body = "".join(
        [
            f"<h1>{title}</h1>",
            f'<div class="muted">{escape(_span(report))}</div>',
            _figures(report),
            _heat(report),
            _events(report, "events", report.events, shown),
            _events(report, "faults", report.faults, shown),
            _failures(report),
            _quality(report),
            f"<footer>{escape(_made(report))}</footer>",
        ]
    )
    return (
        f'<!doctype html><html lang="{report.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{title}</title><style>{style}</style></head><body><main>{body}</main></body>"
        "</html>\n"
    )


def _local(report: Report, moment: datetime, *, day: bool = False) -> str:
    if report.clock is None:
        return say(report.language, "cycle", number=cycle_of(moment))
    return f"{moment.astimezone(report.clock):{'%Y-%m-%d' if day else '%Y-%m-%d %H:%M'}}"


def _span(report: Report) -> str:
    return say(
        report.language,
        "span" if report.clock else "span_cycles",
        start=_local(report, report.start),
        end=_local(report, report.end),
        zone=report.zone.key,
    )


def _made(report: Report) -> str:
    made = f"{report.made.astimezone(report.zone):%Y-%m-%d %H:%M}"
    return say(report.language, "made", made=made, zone=report.zone.key)


def _figures(report: Report) -> str:
    language = report.language
    trained = say(
        language,
        "trained",
        recipe=report.recipe,
        start=_local(report, report.trained_from, day=True),
        end=_local(report, report.trained_until, day=True),
    )
    judged = say(language, "judged_of", rows=f"{report.rows:,}")
    cells = (
        ("assets", f"{report.assets:,}", ""),
        ("events", f"{len(report.events):,}", ""),
        ("faults", f"{len(report.faults):,}", ""),
        ("judged", f"{report.judged_share:.1%}", judged),
        ("model", say(language, "model_value", version=report.model_version), trained),
    )
    return (
        '<div class="figures">'
        + "".join(
            f'<div class="figure"><span class="muted">{escape(say(language, key))}</span>'
            f'<b>{escape(value)}</b><span class="muted">{escape(note)}</span></div>'
            for key, value, note in cells
        )
        + "</div>"
    )


def _heat(report: Report) -> str:
    language = report.language
    alarmed = sum(row.events > 0 for row in report.heat)
    words = say(language, "heat_alternative", assets=len(report.heat), alarmed=alarmed)
    legend = "".join(
        f'<span><i style="background:var({colour})"></i>{escape(say(language, key))}</span>'
        for colour, key in (
            ("--none", "legend_none"),
            *((f"--l{n}", f"legend_{n}") for n in range(5)),
        )
    )
    return (
        f'<h2>{escape(say(language, "heat"))}</h2><div class="panel">'
        f"{heat_map(report.heat, report.bins, report.clock, words)}"
        f'<div class="legend">{legend}</div></div>'
    )


def _events(report: Report, key: str, views: tuple[EventView, ...], shown: int) -> str:
    language = report.language
    out = [f"<h2>{escape(say(language, key))}</h2>"]
    if not views:
        return out[0] + f'<p class="muted">{escape(say(language, f"no_{key}"))}</p>'
    out += [_event(report, view) for view in views[:shown]]
    if len(views) > shown:
        more = say(language, "more", count=len(views) - shown, fleet=report.fleet)
        out.append(f'<p class="muted">{escape(more)}</p>')
    return "".join(out)


def _event(report: Report, view: EventView) -> str:
    language, event = report.language, view.event
    ongoing = f" · {say(language, 'ongoing')}" if event.ongoing else ""
    header = (
        f'<header><span class="badge {event.severity}">'
        f"{escape(say(language, event.severity.value))}</span><h3>{escape(event.asset)}</h3>"
        f'<span class="muted">{_local(report, event.start)} – {_local(report, event.end)} · '
        f"{escape(say(language, event.state.value) + ongoing)}</span></header>"
    )
    plot = stacked(
        view.traces,
        (view.start, view.end),
        (event.start, event.end),
        report.clock,
        view.sentence,
    )
    fault = event.kind is EventKind.SENSOR_FAULT
    why = _faulty(language, event) if fault else _drivers(language, event)
    return (
        f"<article>{header}<p>{escape(view.sentence)}</p>"
        f'<div class="columns"><div>{plot}</div><div>{why}</div></div></article>'
    )


def _drivers(language: Language, event: Event) -> str:
    peak = say(language, "peak", peak=event.peak, threshold=event.threshold)
    bars = "".join(
        f'<span class="label" title="{escape(s.name, quote=True)}">{escape(s.name)}</span>'
        f'<span class="bar"><i style="width:{s.share:.0%}"></i></span>'
        f'<span class="number">{s.share:.0%}</span><span>{_ARROWS[s.direction]}</span>'
        for s in event.sensors[:8]
    )
    return (
        f'<div class="muted">{escape(peak)}</div><h4>{escape(say(language, "drivers"))}</h4>'
        f'<div class="bars">{bars}</div>'
    )


def _faulty(language: Language, event: Event) -> str:
    out = []
    for sensor in event.sensors:
        key = f"note_{sensor.note}"
        words = say(language, key) if key in keys() else sensor.note
        out.append(f"<h4>{escape(sensor.name)}</h4>")
        out.append(f'<div class="muted">{escape(words)}</div>')
    return "".join(out)


def _failures(report: Report) -> str:
    if not report.failures:
        return ""
    rows = "".join(
        f"<tr><td>{escape(asset)}</td><td>{escape(reason)}</td></tr>"
        for asset, reason in sorted(report.failures.items())
    )
    heading = escape(say(report.language, "failures"))
    return f'<h2>{heading}</h2><div class="panel"><table class="words">{rows}</table></div>'


def _quality(report: Report) -> str:
    language = report.language
    names = ("sensor", "role", "missing", "stuck", "outside", "minimum", "median", "maximum")
    head = "".join(f"<th>{escape(say(language, name))}</th>" for name in names)
    rows = "".join(_quality_row(report, row) for row in report.quality)
    note = ""
    if report.quarantined:
        words = say(language, "quarantined", count=f"{report.quarantined:,}")
        note = f'<p class="muted">{escape(words)}</p>'
    return (
        f"<h2>{escape(say(language, 'quality'))}</h2>{note}"
        f'<div class="panel"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        "</div>"
    )


def _quality_row(report: Report, row: QualityRow) -> str:
    name = f"{row.sensor} [{row.unit}]" if row.unit else row.sensor
    numbers = (
        "" if value is None else short_number(value)
        for value in (row.minimum, row.median, row.maximum)
    )
    warn = ' class="warn"' if row.missing_share > MISSING_WARNING else ""
    cells = (
        f'<td title="{escape(name, quote=True)}">{escape(name)}</td>',
        f"<td>{escape(say(report.language, f'role_{row.role}'))}</td>",
        f"<td{warn}>{row.missing_share:.1%}</td>",
        f"<td>{row.longest_stuck:,}</td>",
        f"<td>{row.out_of_limits:,}</td>",
        *(f"<td>{number}</td>" for number in numbers),
    )
    return f"<tr>{''.join(cells)}</tr>"
