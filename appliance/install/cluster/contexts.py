"""Which cluster is meant: the contexts that kubectl knows."""

from __future__ import annotations

from appliance.core.errors import InvalidRequest, NotFound
from appliance.install.cluster import kind
from appliance.install.cluster.calling import call, must
from appliance.install.cluster.plan import Target


def choose(name: str, given: str | None, target: Target | None) -> str:
    """Return the context of a site.

    Parameters
    ----------
    name
        Of the site, and of the kind cluster that would be made for it.
    given
        The context that was named, if one was.
    target
        What kind of cluster is meant; None where that does not matter.

    Raises
    ------
    NotFound
        There is none, or none of the name.
    InvalidRequest
        A context was named for a kind cluster, which has its own.
    """
    own = kind.context(name)
    if target is Target.KIND:
        if given not in (None, own):
            raise InvalidRequest(
                f"--context {given}: kind's own is {own}.",
                remedy="Leave it out, or take --target context.",
            )
        return own
    known = _known()
    if given is not None:
        if given not in known:
            raise NotFound(f"kubectl knows no context {given}.", remedy=_told(known))
        return given
    if target is None and own in known:
        return own
    current = call(["kubectl", "config", "current-context"])
    if current.status != 0:
        raise NotFound("kubectl has no current context.", remedy=_told(known))
    return current.text


def _known() -> list[str]:
    told = call(["kubectl", "config", "get-contexts", "--output", "name"])
    return must(told, "kubectl does not tell its contexts", "Check KUBECONFIG.").text.split()


def _told(known: list[str]) -> str:
    if known:
        return f"It knows: {', '.join(known)}."
    return "Make one: kizashi cluster up --target kind, or aws eks update-kubeconfig."
