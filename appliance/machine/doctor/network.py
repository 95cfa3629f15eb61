"""Ports, certificates, and every socket that the appliance listens on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_address

import psutil  # type: ignore[import-untyped]

from appliance.core.clock import now
from appliance.core.errors import OperatorError
from appliance.machine import serving
from appliance.machine.doctor.finding import Finding, Patient, broken, fine, note, warning
from appliance.tls import listening
from appliance.tls.authority import expiry

_SOON = timedelta(days=30)


def ports(patient: Patient) -> Iterator[Finding]:
    """The appliance listens on its port, or can."""
    where = listening(patient.settings)
    state = patient.supervisor.states().get("web")
    if state is not None and where.port in {at.port for _, at in _listened(patient)}:
        yield fine("ports", f"{where.url} is listened on")
        return
    try:
        where.require_free()
    except OperatorError as error:
        yield broken(
            "ports", f"{error.message.rstrip('.')}{_holder(where.port)}.", error.remedy
        )
        return
    yield fine("ports", f"port {where.port} is free")


def _holder(port: int) -> str:
    """Return who listens on a port, as far as this user may know."""
    try:
        for one in psutil.net_connections("tcp"):
            if one.status == psutil.CONN_LISTEN and one.laddr.port == port and one.pid:
                return f": {psutil.Process(one.pid).name()}, process {one.pid}"
    except psutil.Error:
        return ""  # other users' processes are not this one's to see
    return ""


def tls(patient: Patient) -> Iterator[Finding]:
    """The certificate lasts for a while."""
    where = listening(patient.settings)
    if where.certfile is None:
        yield fine("tls", "only this machine is listened to; nothing has to be encrypted")
        return
    own = patient.settings.tls_certificate is None
    path = where.certfile.with_name("ca.pem") if own else where.certfile
    for one in dict.fromkeys((where.certfile, path)):
        until = expiry(one)
        text = f"the certificate {one} is good until {until:%Y-%m-%d}"
        if until - now() > _SOON:
            yield fine("tls", text)
        elif one == where.certfile and own:
            yield warning("tls", text, "It is renewed by a restart: kizashi down, kizashi up")
        else:
            yield warning("tls", text, "Put a new one in its place in time.")


def sockets(patient: Patient) -> Iterator[Finding]:
    """Nothing but the web port is open to other machines."""
    where = listening(patient.settings)
    outside = 0
    found = _listened(patient)
    for process, at in found:
        address = ip_address(at.ip.removeprefix("::ffff:").partition("%")[0])
        if address.is_loopback or at.port == where.port:
            continue
        outside += 1
        yield warning(
            "sockets",
            f"{process.name()} (process {process.pid}) listens on {at.ip}:{at.port}, which "
            "other machines may reach.",
            f"Close the port to others: nft add rule inet filter input iif != lo tcp dport "
            f"{at.port} drop",
        )
    if found and not outside:
        yield fine("sockets", f"{len(found)} sockets, none open to others but the web's")
    if not ip_address(where.host).is_loopback:
        yield note("sockets", f"the web port {where.port} is open to others, as set, over TLS")


def _listened(patient: Patient) -> list[tuple[psutil.Process, psutil._common.addr]]:
    """Return every socket that processes of the appliance listen on."""
    found = []
    for process in serving.marked(str(patient.supervisor.home)):
        try:
            connections = process.net_connections("tcp")
        except psutil.Error:
            continue  # it has just ended
        found += [(process, c.laddr) for c in connections if c.status == psutil.CONN_LISTEN]
    return found
