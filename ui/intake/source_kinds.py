"""What is asked for each kind of source."""

from __future__ import annotations

from typing import Any

import streamlit as st

from appliance.schemas.source import Folder, Mqtt, Sql
from ui.text import t

_SECRET = 1_000
_DIALECTS = {
    "postgresql": "PostgreSQL",
    "mysql": "MySQL, MariaDB",
    "mssql": "SQL Server",
    "oracle": "Oracle",
}


def folder(before: Folder | None) -> dict[str, Any]:
    """Ask for a folder."""
    left, right = st.columns(2)
    path = left.text_input(
        t("sources.path"),
        before.path if before else "",
        max_chars=1_000,
        placeholder="line2/export",
        help=t("sources.path_help"),
        key="source_path",
    )
    pattern = right.text_input(
        t("sources.pattern"),
        before.pattern if before else "*",
        max_chars=200,
        help=t("sources.pattern_help"),
        key="source_pattern",
    )
    gone = st.checkbox(
        t("sources.removes"),
        before.after == "remove" if before else False,
        help=t("sources.removes_help"),
        key="source_removes",
    )
    told: dict[str, Any] = {"settled": before.settled} if before else {}
    told |= {"kind": "folder", "path": path.strip() or ".", "pattern": pattern.strip() or "*"}
    return told | {"after": "remove" if gone else "keep"}


def sql(before: Sql | None, held: tuple[str, ...]) -> dict[str, Any]:
    """Ask for a table or query of a database."""
    dialect = st.selectbox(
        t("sources.dialect"),
        list(_DIALECTS),
        list(_DIALECTS).index(before.dialect) if before else 0,
        format_func=_DIALECTS.__getitem__,
        help=t("sources.dialect_help"),
        key="source_dialect",
    )
    told = _host(before, "historian.plant.example", None)
    left, right = st.columns(2)
    database = left.text_input(
        t("sources.database"), before.database if before else "", key="source_database"
    )
    time = right.text_input(
        t("sources.time"),
        before.time if before else "time",
        help=t("sources.time_help"),
        key="source_time",
    )
    told |= _login(before, held)
    table = st.text_input(
        t("sources.table"),
        before.table if before else "",
        placeholder="line2.readings",
        help=t("sources.table_help"),
        key="source_table",
    )
    query = st.text_area(
        t("sources.query"),
        before.query if before else "",
        height=80,
        help=t("sources.query_help"),
        key="source_query",
    )
    kept = {"late": before.late, "rows": before.rows} if before else {}
    told |= {"kind": "sql", "dialect": dialect, "database": database.strip()}
    return kept | told | {"time": time.strip(), "table": table.strip(), "query": query.strip()}


def mqtt(before: Mqtt | None, held: tuple[str, ...]) -> dict[str, Any]:
    """Ask for topics of a broker."""
    told = _host(before, "broker.plant.example", 1883)
    told["tls"] = st.checkbox(
        t("sources.tls"),
        before.tls if before else False,
        help=t("sources.tls_help"),
        key="source_tls",
    )
    told |= _login(before, held)
    topic = st.text_input(
        t("sources.topic"),
        before.topic if before else "",
        max_chars=1_000,
        placeholder="plant/line2/{asset}/{sensor}",
        help=t("sources.topic_help"),
        key="source_topic",
    )
    payload = st.segmented_control(
        t("sources.payload"),
        ("number", "json"),
        default=before.payload if before else "number",
        format_func=lambda word: t(f"sources.payload_{word}"),
        required=True,
        key="source_payload",
    )
    told |= {"kind": "mqtt", "topic": topic.strip(), "payload": payload, "time": ""}
    if payload == "json":
        time = st.text_input(
            t("sources.field"),
            before.time if before else "",
            max_chars=200,
            help=t("sources.field_help"),
            key="source_field",
        )
        told |= {"time": time.strip(), "asset": before.asset if before else ""}
    return ({"step": before.step} if before else {}) | told


# ---------------------------------------------------------------- what they share
def _host(before: Sql | Mqtt | None, example: str, usual: int | None) -> dict[str, Any]:
    left, right = st.columns([3, 1])
    host = left.text_input(
        t("sources.host"),
        before.host if before else "",
        max_chars=253,
        placeholder=example,
        help=t("sources.host_help"),
        key="source_host",
    )
    port = right.number_input(
        t("sources.port"),
        1,
        65535,
        before.port if before else usual,
        placeholder=t("sources.usual"),
        key="source_port",
    )
    return {"host": host.strip(), "port": None if port is None else int(port)}


def _login(before: Sql | Mqtt | None, held: tuple[str, ...]) -> dict[str, Any]:
    left, right = st.columns(2)
    user = left.text_input(
        t("sources.user"),
        before.user if before else "",
        max_chars=200,
        help=t("sources.user_help"),
        autocomplete="off",
        key="source_user",
    )
    password = right.text_input(
        t("sources.password"),
        type="password",
        max_chars=_SECRET,
        autocomplete="new-password",
        placeholder=t("channels.keep" if "password" in held else "channels.no_secret"),
        help=t("sources.password_help"),
        key="source_password",
    )
    return {"user": user.strip(), "password": password or None}
