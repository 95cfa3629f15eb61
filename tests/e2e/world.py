"""A small world for a cluster: namespaces of its own, which end with one process.

Mounts, processes and the network of everything that is started here are apart from the
machine's.  The only way in is a pair of virtual interfaces; none leads out, so nothing can be
pulled or called.  Ending the first process ends all, with its rules, bridges and mounts.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

SERVICES, PODS, NAME_SERVER = "10.96.0.0/16", "10.244.0.0/16", "10.96.0.10"
_WORLDS = 64
"""That may be at once on a machine."""
_CGROUPS = Path("/sys/fs/cgroup")

# The kernel's settings that a kubelet would change for the whole machine: it is shown a file
# that has them already.
_TUNED = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}

# The first process: it only collects those that ended.
_FIRST = """
import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
while True:
    signal.sigwait({signal.SIGCHLD})
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
"""


class World:
    """Namespaces, a folder, and the processes in them.

    Attributes
    ----------
    address
        By which it is reached from the machine.
    cgroup
        Name of the group of processes under which all its pods are.
    """

    def __init__(self) -> None:
        self.address = ""
        self.cgroup = f"kizashi-e2e-{os.getpid()}"
        self._link = ""
        self.folder = Path(tempfile.mkdtemp(prefix="kz-e2e-", dir="/var/tmp"))
        self.logs = self.folder / "logs"
        self._started: dict[str, subprocess.Popen[bytes]] = {}
        self._first = subprocess.Popen(
            [
                *("setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--net", "--pid"),
                *("--fork", "--kill-child", "--mount-proc", sys.executable, "-c", _FIRST),
            ]
        )
        try:
            self._enter = ["nsenter", "-t", str(self._pid()), "-m", "-n", "-p", "--"]
            self._furnish()
        except BaseException:
            self.close()
            raise

    def run(self, *command: str | Path, stdin: bytes | None = None) -> str:
        """Run a command in the world, and return what it printed."""
        ended = subprocess.run(
            [*self._enter, *map(str, command)], input=stdin, capture_output=True, check=False
        )
        if ended.returncode != 0:
            told = ended.stderr.decode("utf-8", "replace")
            raise RuntimeError(f"{Path(command[0]).name} failed: {told}")
        return ended.stdout.decode("utf-8")

    def start(self, name: str, command: Sequence[str | Path]) -> None:
        """Start a process in the world; what it prints goes to ``logs/NAME.log``."""
        with (self.logs / f"{name}.log").open("ab") as log:
            self._started[name] = subprocess.Popen(
                [*self._enter, *map(str, command)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def check(self) -> None:
        """Raise where a process that was started has ended by itself."""
        for name, process in self._started.items():
            if process.poll() is not None:
                raise RuntimeError(f"{name} has ended:\n{self.tail(name)}")

    def tail(self, name: str, lines: int = 30) -> str:
        """Return the end of what a process printed."""
        text = (self.logs / f"{name}.log").read_text("utf-8", "replace")
        return "\n".join(text.splitlines()[-lines:])

    def close(self) -> None:
        """End the first process, thereby all, and remove what they left."""
        with contextlib.suppress(ProcessLookupError):
            self._first.send_signal(signal.SIGKILL)
        self._first.wait()
        for process in self._started.values():
            process.wait(60)
        self._wait_until_empty()
        if self._link:
            subprocess.run(
                ["ip", "link", "delete", self._link], capture_output=True, check=False
            )
        for controller in _CGROUPS.iterdir():
            _remove_cgroup(controller / self.cgroup)
        keep = os.environ.get("KIZASHI_E2E_LOGS")
        if keep:
            shutil.copytree(self.logs, keep, dirs_exist_ok=True)
        shutil.rmtree(self.folder)

    def _wait_until_empty(self) -> None:
        """Wait until the kernel has ended the processes of all pods, which it was told to."""
        groups = [controller / self.cgroup for controller in _CGROUPS.iterdir()]
        for _ in range(600):
            if not any(
                list_of.read_text("ascii").strip()
                for group in groups
                for list_of in group.rglob("cgroup.procs")
            ):
                return
            time.sleep(0.1)
        raise TimeoutError("the pods' processes do not end")

    def _pid(self) -> int:
        """Return the first process' number, once it runs."""
        children = Path(f"/proc/{self._first.pid}/task/{self._first.pid}/children")
        for _ in range(200):
            if self._first.poll() is not None:
                raise RuntimeError("no namespaces to be had: this needs root on Linux")
            found = children.read_text("ascii").split()
            if found and Path(f"/proc/{found[0]}/comm").read_text("ascii").startswith("python"):
                return int(found[0])
            time.sleep(0.05)
        raise TimeoutError("the first process does not start")

    def _furnish(self) -> None:
        """Give the world folders, a network, and the kernel's settings that are wanted."""
        for name in ("logs", "log", "kubelet", "tuned"):
            (self.folder / name).mkdir(mode=0o755)
        Path("/var/lib/kubelet").mkdir(exist_ok=True)
        self.run("mount", "--make-rshared", "/")
        self.run("mount", "-t", "tmpfs", "tmpfs", "/run")
        self.run("mount", "--bind", self.folder / "log", "/var/log")
        self.run("mount", "--bind", self.folder / "kubelet", "/var/lib/kubelet")
        for name, value in _TUNED.items():
            file = self.folder / "tuned" / name.replace("/", "-")
            file.write_text(f"{value}\n", "ascii")
            self.run("mount", "--bind", file, f"/proc/sys/{name}")
        self.run("ip", "link", "set", "lo", "up")
        self._connect()
        # A service's address is rewritten on the way out: there must be a way.
        self.run("ip", "route", "add", SERVICES, "dev", "eth0")
        for setting in ("ipv4.ip_forward", "bridge.bridge-nf-call-iptables"):
            self.run("sysctl", "-qw", f"net.{setting}=1")

    def _connect(self) -> None:
        """Lay a pair of virtual interfaces into the world, beside those of other worlds."""
        for number in range(_WORLDS):
            link, net = f"kz-e2e-{number}", f"10.99.{number}"
            peer = ("type", "veth", "peer", "name", "eth0", "netns", self._enter[2])
            if not _ip("link", "add", link, *peer):
                continue
            self._link, self.address = link, f"{net}.2"
            _ip("address", "add", f"{net}.1/30", "dev", link)
            _ip("link", "set", link, "up")
            self.run("ip", "address", "add", f"{self.address}/30", "dev", "eth0")
            self.run("ip", "link", "set", "eth0", "up")
            return
        raise RuntimeError("no virtual interface can be made")


def _ip(*arguments: str) -> bool:
    return subprocess.run(["ip", *arguments], capture_output=True, check=False).returncode == 0


def _remove_cgroup(folder: Path) -> None:
    """Remove a group of processes and those in it, which are empty by now."""
    if not folder.is_dir():
        return
    for inner in folder.iterdir():
        if inner.is_dir():
            _remove_cgroup(inner)
    # A process that has just ended may hold it for a moment.
    for _ in range(100):
        with contextlib.suppress(OSError):
            folder.rmdir()
            return
        time.sleep(0.1)
    raise OSError(f"{folder} cannot be removed")
