"""Networks of their own on one machine: a gateway in the middle, a site at each end."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

_NEWNET = 0x40000000
_RELAY = """
import asyncio, sys
LISTEN, PORT, TARGET = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
DELAY = float(sys.argv[4])

async def carry(reader, writer):
    queue = asyncio.Queue()
    async def later():
        while True:
            at, data = await queue.get()
            await asyncio.sleep(max(at - loop.time(), 0))
            if not data:
                break
            writer.write(data)
            await writer.drain()
        writer.close()
    task = asyncio.ensure_future(later())
    try:
        while data := await reader.read(65536):
            queue.put_nowait((loop.time() + DELAY, data))
    except OSError:
        pass
    queue.put_nowait((loop.time(), b""))
    await asyncio.gather(task, return_exceptions=True)

async def came(reader, writer):
    there = await asyncio.open_connection("127.0.0.1", TARGET)
    await asyncio.gather(carry(reader, there[1]), carry(there[0], writer))

async def main():
    global loop
    loop = asyncio.get_running_loop()
    server = await asyncio.start_server(came, LISTEN, PORT)
    await server.serve_forever()

asyncio.run(main())
"""


def why_not() -> str:
    """Return why there can be no such networks here; empty if there can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "network namespaces need root on Linux"
    for program in ("ip", "iptables"):
        if shutil.which(program) is None:
            return f"the program {program} is not here"
    tried = subprocess.run(
        ["unshare", "--net", "sh", "-c", "ip link add vetha type veth peer name vethb"],
        capture_output=True,
        check=False,
    )
    return "" if tried.returncode == 0 else f"no namespaces: {tried.stderr.decode().strip()}"


class Networks:
    """A namespace for the gateway and one for each site, and a line between.

    The gateway is 10.77.N.1 on the line to the N-th site, and the site 10.77.N.2.
    """

    def __init__(self, folder: Path, sites: Sequence[str]) -> None:
        self._folder = folder
        self._prefix = f"kz{os.getpid()}"
        self._sites = list(sites)
        self._processes: list[subprocess.Popen[bytes]] = []
        self._made: list[str] = []

    def make(self) -> None:
        """Make all of them; nothing may call a site."""
        for name in ("gateway", *self._sites):
            _run("ip", "netns", "add", self.named(name))
            self._made.append(name)
            self.inside(name, "ip", "link", "set", "lo", "up")
        for number, site in enumerate(self._sites, 1):
            hub, end = self.named("gateway"), self.named(site)
            peer = ("peer", "name", "out", "netns", end)
            link = f"to{number}"
            _run("ip", "link", "add", link, "netns", hub, "type", "veth", *peer)
            self.inside("gateway", "ip", "addr", "add", f"10.77.{number}.1/30", "dev", link)
            self.inside("gateway", "ip", "link", "set", link, "up")
            self.inside(site, "ip", "addr", "add", f"10.77.{number}.2/30", "dev", "out")
            self.inside(site, "ip", "link", "set", "out", "up")
            closed = ("-i", "out", "-p", "tcp", "--syn", "-j", "REJECT")
            reset = ("--reject-with", "tcp-reset")
            self.inside(site, "iptables", "-A", "INPUT", *closed, *reset)

    def named(self, name: str) -> str:
        """Return what a namespace is called on this machine."""
        return f"{self._prefix}{name}"

    def inside(self, name: str, *command: str) -> None:
        """Run a program in a namespace."""
        _run("ip", "netns", "exec", self.named(name), *command)

    def start(self, name: str, *command: str, **environment: str) -> None:
        """Start a program in a namespace; it is ended with all the others."""
        log = (self._folder / f"{name}.log").open("ab")
        made = subprocess.Popen(
            ["ip", "netns", "exec", self.named(name), *command],
            stdout=log,
            stderr=log,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        log.close()
        self._processes.append(made)

    def relay(self, number: int, target: int, seconds: float) -> str:
        """Delay all that the N-th site and the gateway say; return where the site calls."""
        address, port = f"10.77.{number}.1", 8444
        facts = (address, str(port), str(target), str(seconds))
        self.start("gateway", sys.executable, "-c", _RELAY, *facts)
        return f"https://{address}:{port}"

    def cut(self, number: int) -> None:
        """Cut the line of the N-th site: nobody is told."""
        self.inside("gateway", "ip", "link", "set", f"to{number}", "down")

    def mend(self, number: int) -> None:
        """Mend the line of the N-th site."""
        self.inside("gateway", "ip", "link", "set", f"to{number}", "up")

    def within(self, name: str, work: Callable[[], Any]) -> Any:
        """Do something in a thread whose sockets are those of a namespace."""
        found: list[Any] = []

        def done() -> None:
            try:
                _enter(Path("/var/run/netns") / self.named(name))
                found.append(work())
            except Exception as error:  # noqa: BLE001 - raised where it was asked for
                found.append(error)

        thread = threading.Thread(target=done)
        thread.start()
        thread.join()
        if isinstance(found[0], Exception):
            raise found[0]
        return found[0]

    def close(self) -> None:
        """End every process and take every namespace away."""
        for one in self._processes:
            _signal(one, signal.SIGTERM)
        until = time.monotonic() + 15
        for one in self._processes:
            try:
                one.wait(max(until - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                _signal(one, signal.SIGKILL)
                one.wait()
        for name in self._made:
            _run("ip", "netns", "del", self.named(name))


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def _enter(path: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    handle = os.open(path, os.O_RDONLY)
    try:
        if libc.setns(handle, _NEWNET):
            raise OSError(ctypes.get_errno(), f"{path} cannot be entered")
    finally:
        os.close(handle)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.decode()}"
