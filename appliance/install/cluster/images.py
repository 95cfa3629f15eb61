"""The image of the platform: on a node of kind, or in a registry."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

from appliance.core.errors import InvalidRequest, NotFound, OperatorError
from appliance.install.cluster.calling import call, must
from appliance.install.cluster.chart import split
from appliance.install.cluster.kind import node_of
from appliance.install.cluster.plan import Show

_LOAD_SECONDS = 900.0
_PLATFORM_API = (1, 48)
"""Version of Docker's API from which on an image of many platforms is saved as one of them."""
_ECR = re.compile(r"(\d{12}\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?)/(.+)")


def require_here(image: str) -> str:
    """Return the identifier of an image that Docker has.

    Raises
    ------
    NotFound
        It has none of this name.
    """
    found = call(["docker", "image", "inspect", "--format", "{{.Id}}", image])
    if found.status != 0:
        raise NotFound(
            f"Docker has no image {image}.",
            remedy="Make it (make image), load it (docker load --input FILE, --bundle FILE), "
            "or name another by --image.",
        )
    return found.text


def fetched(image: str, show: Show) -> str:
    """Return the identifier of an image that Docker has, or can fetch from its registry.

    Raises
    ------
    NotFound
        It neither has it nor can fetch it.
    """
    try:
        return require_here(image)
    except NotFound:
        show(f"fetching {image}")
        if call(["docker", "pull", "--quiet", image], seconds=_LOAD_SECONDS).status != 0:
            raise
        return require_here(image)


def load_into_kind(name: str, image: str, show: Show) -> str:
    """Bring an image onto the node of a kind cluster, unless it is there.

    Raises
    ------
    NotFound, OperatorError
        Docker does not have it, or it cannot be loaded.
    """
    wanted = fetched(image, show)
    listed = call(["docker", "exec", node_of(name), "crictl", "images", "--output", "json"])
    if listed.status == 0 and wanted in identifiers(listed.out, image):
        return ""
    show("loading it into the node")
    saving = subprocess.Popen(  # noqa: S603 - the name was looked at by Docker itself
        save_command(image, _api(), _platform(image)),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        loaded = call(
            ["kind", "load", "image-archive", "-", "--name", name],
            source=saving.stdout,
            seconds=_LOAD_SECONDS,
        )
    finally:
        if saving.stdout is not None:
            saving.stdout.close()
        saving.kill()
        saving.wait()
    must(loaded, f"the image {image} cannot be loaded into kind", "Check the free disk space.")
    return f"loaded {image}"


def identifiers(told: bytes, image: str) -> set[str]:
    """Return the identifiers that a node has under an image's name."""
    try:
        listed: list[dict[str, Any]] = json.loads(told).get("images", [])
    except ValueError:
        return set()
    names = {image, f"docker.io/library/{image}", f"docker.io/{image}", f"localhost/{image}"}
    return {one["id"] for one in listed if names & set(one.get("repoTags") or ())}


def save_command(image: str, api: tuple[int, ...], platform: str) -> list[str]:
    """Return what writes an image to standard output.

    With the newer store of images, one that was pulled is an index of many platforms of which
    one alone is here: saved whole it cannot be loaded, so that the platform is named.
    """
    named = ["--platform", platform] if api >= _PLATFORM_API and platform else []
    return ["docker", "image", "save", *named, image]


def of_version(kept: str, own: str) -> str:
    """Return an image that a site runs, in this version."""
    return f"{split(kept)[0]}:{split(own)[1]}"


def _api() -> tuple[int, ...]:
    told = call(["docker", "version", "--format", "{{.Server.APIVersion}}"]).text
    return tuple(int(part) for part in told.split(".") if part.isdigit())


def _platform(image: str) -> str:
    return call(
        ["docker", "image", "inspect", "--format", "{{.Os}}/{{.Architecture}}", image]
    ).text


# ---------------------------------------------------------------- registries
def push(image: str, registry: str, show: Show) -> str:
    """Push an image to a registry; return what it is called there.

    Parameters
    ----------
    registry
        The repository: ``HOST/NAME``.

    Raises
    ------
    InvalidRequest, NotFound, OperatorError
        It is none, Docker does not have the image, or the registry refuses it.
    """
    there = f"{repository(registry)}:{split(image)[1] or 'latest'}"
    require_here(image)
    show(f"pushing {there}")
    must(call(["docker", "tag", image, there]), f"{image} cannot be called {there}")
    found = _ECR.fullmatch(repository(registry))
    if found is not None:
        _log_in(found[1], found[2], found[3])
    pushed = call(["docker", "push", "--quiet", there], seconds=_LOAD_SECONDS)
    must(pushed, f"{there} cannot be pushed", "Log in: docker login, with rights to push.")
    return there


def repository(registry: str) -> str:
    """Return the repository that somebody means.

    Raises
    ------
    InvalidRequest
        It has no host or no name.
    """
    found = registry.removeprefix("https://").rstrip("/")
    host, _, name = found.partition("/")
    if not name and re.search(r"[.:]", host):
        return f"{found}/kizashi"
    if not re.fullmatch(r"[\w.-]+(:\d+)?(/[a-z0-9._-]+)+", found):
        raise InvalidRequest(
            f"--registry {registry}: it is no repository.", remedy="Write it as HOST/NAME."
        )
    return found


def _log_in(host: str, region: str, name: str) -> None:
    """Log Docker in to a registry of ECR, whose passwords hold for half a day."""
    given = call(["aws", "ecr", "get-login-password", "--region", region])
    must(given, "AWS gives no password for the registry", "Log in to AWS.")
    logged = call(
        ["docker", "login", "--username", "AWS", "--password-stdin", host], given=given.out
    )
    must(
        logged, f"Docker cannot log in to {host}", "Check the rights ecr:GetAuthorizationToken."
    )
    known = call(
        ["aws", "ecr", "describe-repositories", "--region", region, "--repository-names", name]
    )
    if known.status != 0:
        raise OperatorError(
            f"the registry {host} has no repository {name}.",
            remedy=f"Make it: aws ecr create-repository --region {region} "
            f"--repository-name {name}",
        )
