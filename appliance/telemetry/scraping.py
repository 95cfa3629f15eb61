"""What Prometheus is told to scrape of a home."""

from __future__ import annotations

import json
import socket
from ipaddress import ip_address

from appliance.core.settings import Settings
from appliance.metrics.endpoint import ports, token_file
from appliance.tls import Authority

INTERVAL = 15
"""Seconds between two scrapes."""


def scrape_config(settings: Settings, rules: str | None = None) -> str:
    """Return a configuration of Prometheus that scrapes every role of a home.

    The token is named by its file: no secret stands in it.

    Parameters
    ----------
    rules
        File of recording and alert rules, if any.

    Raises
    ------
    StorageError
        The token cannot be made.
    """
    address = ip_address(settings.metrics_host)
    host = socket.getfqdn() if address.is_unspecified else settings.metrics_host
    shown = f"[{host}]" if ":" in host else host
    lines = [
        "global:",
        f"  scrape_interval: {INTERVAL}s",
        f"  evaluation_interval: {INTERVAL}s",
        *(["rule_files:", f"  - {json.dumps(rules)}"] if rules else []),
        "scrape_configs:",
        "  - job_name: kizashi",
        "    authorization:",
        f"      credentials_file: {json.dumps(str(token_file(settings.home)))}",
    ]
    if not address.is_loopback:
        lines.append("    scheme: https")
        if settings.tls_certificate is None:
            ca = Authority(settings.home / "secrets").certificate
            lines += ["    tls_config:", f"      ca_file: {json.dumps(str(ca))}"]
    lines.append("    static_configs:")
    for role, port in ports(settings).items():
        target = json.dumps(f"{shown}:{port}")
        lines += [f"      - targets: [{target}]", f"        labels: {{role: {role}}}"]
    return "\n".join(lines) + "\n"
