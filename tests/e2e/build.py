"""The programs of a Kubernetes, built from what ``go.mod`` in the folders here pins.

They are kept under ``~/.cache/kizashi-e2e`` (``KIZASHI_E2E_CACHE`` names another folder), by
version: what is there is built.  ``python -m tests.e2e.build`` builds all that are missing.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
_STRIPPED = "-s -w"
_VERSION_OF_KUBERNETES = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")


@dataclass(frozen=True)
class Program:
    """One program: its name, its package, and the folder whose ``go.mod`` pins it."""

    name: str
    package: str
    folder: str
    module: str

    def version(self) -> str:
        """Return the version that is pinned, such as ``v1.35.4``."""
        text = (HERE / self.folder / "go.mod").read_text("utf-8")
        found = re.search(rf"^\s*(?:require )?{re.escape(self.module)} (v\S+)", text, re.M)
        if found is None:
            raise LookupError(f"{self.folder}/go.mod pins no {self.module}")
        return found[1]

    def path(self) -> Path:
        """Return where it is, or would be, kept."""
        return cache() / f"{self.folder}-{self.version()}" / self.name


def _kubernetes(name: str) -> Program:
    return Program(name, f"k8s.io/kubernetes/cmd/{name}", "kubernetes", "k8s.io/kubernetes")


_ETCD = "go.etcd.io/etcd/server/v3"
PROGRAMS = {
    program.name: program
    for program in (
        Program("etcd", _ETCD, "etcd", _ETCD),
        Program("helm", "helm.sh/helm/v4/cmd/helm", "helm", "helm.sh/helm/v4"),
        _kubernetes("kubectl"),
        _kubernetes("kube-apiserver"),
        _kubernetes("kube-controller-manager"),
        _kubernetes("kube-scheduler"),
        _kubernetes("kubelet"),
        _kubernetes("kube-proxy"),
        Program("coredns", ".", "coredns", "github.com/coredns/coredns"),
    )
}


def cache() -> Path:
    """Return the folder where built programs are kept."""
    named = os.environ.get("KIZASHI_E2E_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "kizashi-e2e"


def built(name: str) -> Path:
    """Return the program's path, after building it if it is not there."""
    program = PROGRAMS[name]
    path = program.path()
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}-{os.getpid()}")
        flags = ["-trimpath", "-ldflags", _flags(program), "-o", str(fresh)]
        _go("build", *flags, program.package, folder=program.folder)
        fresh.rename(path)
    return path


def definitions(module: str) -> Path:
    """Return the folder of a module that ``definitions/go.mod`` pins."""
    told = _go("mod", "download", "-json", module, folder="definitions")
    return Path(json.loads(told)["Dir"])


def source(module: str, folder: str) -> Path:
    """Return the folder of a module's own files, as one of the folders here pins it."""
    return Path(_go("list", "-m", "-f", "{{.Dir}}", module, folder=folder).strip())


def _flags(program: Program) -> str:
    """Return what the linker is told: a Kubernetes that knows no version is one of v0.0.0."""
    if program.folder != "kubernetes":
        return _STRIPPED
    version = program.version()
    major, minor, _ = version.removeprefix("v").split(".", 2)
    told = {
        "gitVersion": version,
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "archive",
    }
    return " ".join(
        [_STRIPPED]
        + [
            f"-X {room}.{key}={value}"
            for room in _VERSION_OF_KUBERNETES
            for key, value in told.items()
        ]
    )


def _go(*arguments: str, folder: str) -> str:
    environment = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-p=2 -buildvcs=false"}
    ended = subprocess.run(
        ["nice", "-n", "15", "go", *arguments],
        cwd=HERE / folder,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return ended.stdout


def main() -> int:
    """Build what is missing, and say where each program is."""
    for name in PROGRAMS:
        sys.stdout.write(f"{name}: {built(name)}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
