"""Answers of many sites that are no lists, as one: figures are added up.  Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from appliance.gateway.lanes import lanes
from appliance.gateway.orders import moment

Told = Mapping[str, Mapping[str, Any]]
"""What each site answered, its identifiers rewritten already."""
_MOST_STOPPED = 20
_MOST_CHANGES = 50


def _added(found: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the sums of all whole figures."""
    sums: Counter[str] = Counter()
    for one in found:
        for name, value in one.items():
            if isinstance(value, int) and not isinstance(value, bool):
                sums[name] += value
    return dict(sums)


def _latest(moments: Iterable[str | None]) -> str | None:
    return max((one for one in moments if one), key=moment, default=None)


def _earliest(moments: Iterable[str | None]) -> str | None:
    return min((one for one in moments if one), key=moment, default=None)


def _counts(told: Told) -> dict[str, Any]:
    return _added(told.values())


def _overview(told: Told) -> dict[str, Any]:
    every = list(told.values())
    stopped = sorted(
        (one for each in every for one in each.get("stopped", ())),
        key=lambda one: moment(one.get("last")),
    )
    found = {"fleets": 0, "assets": 0, "watched": 0, "more_stopped": 0} | _added(every)
    found["waiting"] = _added(each.get("waiting", {}) for each in every)
    found["last"] = _latest(each.get("last") for each in every)
    found["stopped"] = stopped[:_MOST_STOPPED]
    found["more_stopped"] += len(stopped[_MOST_STOPPED:])
    found["sites"] = {
        site: {
            "fleets": each.get("fleets"),
            "assets": each.get("assets"),
            "waiting": each.get("waiting"),
            "last": each.get("last"),
        }
        for site, each in told.items()
    }
    return found


def _changes(told: Told) -> dict[str, Any]:
    every = list(told.values())
    found = _added(every)
    found["since"] = _earliest(each.get("since") for each in every)
    promotions = (one for each in every for one in each.get("promotions", ()))
    failed = (one for each in every for one in each.get("failed", ()))
    by_time = sorted(promotions, key=lambda one: moment(one.get("at")), reverse=True)
    by_id = sorted(failed, key=lambda one: str(one.get("id")), reverse=True)
    return found | {"promotions": by_time[:_MOST_CHANGES], "failed": by_id[:_MOST_CHANGES]}


# ---------------------------------------------------------------- costs
def _costs(told: Told) -> dict[str, Any]:
    """Add up the money of the currency that most sites pay in; the others stand beside it."""
    currencies = Counter(str(each.get("currency")) for each in told.values())
    currency = min(currencies, key=lambda one: (-currencies[one], one))
    mine = [each for each in told.values() if each.get("currency") == currency]
    others = [
        {
            "site": site,
            **{name: each.get(name) for name in ("currency", "allocated", "total", "forecast")},
        }
        for site, each in told.items()
        if each.get("currency") != currency
    ]
    lines = sorted(
        (one for each in mine for one in each.get("lines", ())),
        key=lambda one: (-float(one.get("amount") or 0.0), str(one.get("name"))),
    )
    found: dict[str, Any] = {
        "by": mine[0].get("by"),
        "start": _earliest(each.get("start") for each in mine),
        "end": _latest(each.get("end") for each in mine),
        "currency": currency,
        "lines": lines,
        "days": _days(mine),
        "units": _units(each.get("units", {}) for each in mine),
        "allocated": sum(float(each.get("allocated") or 0.0) for each in mine),
        "error_ratio": mine[0].get("error_ratio") if len(mine) == 1 else None,
        "left_out": sum(int(each.get("left_out") or 0) for each in mine),
        "elsewhere": others,
    }
    for name in ("total", "idle", "power", "kwh", "forecast"):
        found[name] = _sum_or_none(each.get(name) for each in mine)
    found["measured_ratio"] = _mean(mine, "measured_ratio", "kwh")
    return found


def _sum_or_none(values: Iterable[float | None]) -> float | None:
    """Return a sum; None where not all of it is known."""
    known = list(values)
    return None if any(one is None for one in known) else sum(one or 0.0 for one in known)


def _mean(every: Iterable[Mapping[str, Any]], name: str, weight: str) -> float | None:
    known = [one for one in every if one.get(name) is not None and one.get(weight)]
    total = sum(float(one[weight]) for one in known)
    return sum(one[name] * one[weight] for one in known) / total if total else None


def _days(every: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    amounts: dict[str, Counter[str]] = defaultdict(Counter)
    idle: dict[str, list[float | None]] = defaultdict(list)
    for each in every:
        for day in each.get("days", ()):
            amounts[day["day"]].update(day.get("amounts", {}))
            idle[day["day"]].append(day.get("idle"))
    return [
        {"day": day, "amounts": dict(found), "idle": _sum_or_none(idle[day])}
        for day, found in sorted(amounts.items())
    ]


def _units(every: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    known = list(every)
    counts = {
        name: sum(int(one.get(name) or 0) for one in known)
        for name in ("models", "readings", "true_events")
    }
    return {
        "model": _mean(known, "model", "models"),
        "million_readings": _mean(known, "million_readings", "readings"),
        "true_event": _mean(known, "true_event", "true_events"),
        **counts,
    }


def by_name(value: dict[str, Any], by: str, site: str) -> dict[str, Any]:
    """Return a site's costs with the site behind whatever they are told by."""
    if by == "pipeline":
        return value
    for line in value.get("lines", ()):
        line["name"] = f"{line['name']}@{site}"
    for day in value.get("days", ()):
        day["amounts"] = {f"{name}@{site}": one for name, one in day["amounts"].items()}
    return value


def _budgets(told: Told) -> dict[str, Any]:
    every = [{**one, "site": site} for site, each in told.items() for one in each["budgets"]]
    return {"budgets": every}


# ---------------------------------------------------------------- the platform
def _platform(told: Told) -> dict[str, Any]:
    every = list(told.values())
    queues = [each.get("queue", {}) for each in every]
    troubles = [
        {**one, "site": site} for site, each in told.items() for one in each.get("troubles", ())
    ]
    graves = ("broken", "warning", "note")
    troubles.sort(key=lambda one: graves.index(one.get("severity", "note")))
    queue = {"queued": 0, "running": 0, "workers": 0, "failed": 0} | _added(queues)
    queue["oldest"] = _earliest(one.get("oldest") for one in queues)
    queue["at_once"] = max((int(one.get("at_once") or 0) for one in queues), default=0)
    return {
        "version": " ".join(sorted({str(each.get("version")) for each in every})),
        "at": _earliest(each.get("at") for each in every),
        "troubles": troubles,
        "queue": queue,
        "workers": [
            {**one, "name": f"{one.get('name', '')}@{site}"}
            for site, each in told.items()
            for one in each.get("workers") or ()
        ],
    }


def _job_days(told: Told) -> dict[str, Any]:
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for each in told.values():
        for one in each.get("days", ()):
            found[one["day"], one["pipeline"]].append(one)
    days = [
        {
            "day": day,
            "pipeline": pipeline,
            **_added(every),
            "seconds": _mean(every, "seconds", "succeeded"),
            "longest_seconds": max(
                (one["longest_seconds"] for one in every if one.get("longest_seconds")),
                default=None,
            ),
            "waited_seconds": _mean(every, "waited_seconds", "succeeded"),
        }
        for (day, pipeline), every in sorted(found.items())
    ]
    return {"days": days}


def _found(told: Told) -> dict[str, Any]:
    """Take turns: the best of each site first, then the second of each."""
    every = [list(each.get("hits", ())) for each in told.values()]
    depth = max((len(one) for one in every), default=0)
    hits = [hits[place] for place in range(depth) for hits in every if place < len(hits)]
    return {"hits": hits, "more": any(each.get("more") for each in told.values())}


SUMS: Mapping[str, Callable[[Told], dict[str, Any]]] = {
    "/events/counts": _counts,
    "/overview": _overview,
    "/overview/lane": lanes,
    "/overview/changes": _changes,
    "/costs": _costs,
    "/budgets": _budgets,
    "/platform": _platform,
    "/platform/jobs": _job_days,
    "/search": _found,
}
"""What is made of the answers to a question that is put to all sites."""


def union(told: Mapping[str, Iterable[Mapping[str, Any]]]) -> list[Mapping[str, Any]]:
    """Return what any site offers, once, by name."""
    known: dict[str, Mapping[str, Any]] = {}
    for items in told.values():
        for one in items:
            known.setdefault(str(one.get("name")), one)
    return [known[name] for name in sorted(known)]
