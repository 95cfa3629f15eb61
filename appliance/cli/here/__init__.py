"""The verbs of `appliance.client`, done here: on the home's own files, in this process.

A command says what it wants of a plant and prints what comes back; whether the plant runs
somewhere (`appliance.client.Plant`) or is a home on this machine (`Here`) makes no difference
to it.  Both have the same nouns, verbs and results, which the type checker holds them to.
"""

from __future__ import annotations

from appliance.cli.here.plant import Here

__all__ = ["Here"]
