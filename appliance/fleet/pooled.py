"""A fleet's network in its artifact: once for all machines, in a file of its own."""

from __future__ import annotations

from safetensors import SafetensorError
from safetensors.numpy import load

from appliance.core.errors import ArtifactCorrupt
from appliance.fleet.artifact import Place, part_name, write_part
from appliance.fleet.learning import Fitted
from appliance.fleet.recipe import make_detector, pooled
from appliance.objects import shelf
from appliance.schemas.recipe import Recipe
from detectors.pools import Network

_PREFIX = "detector/"
_OF_FILE = f"0/{_PREFIX}"


def write_network(folder: Place, number: int, network: Network) -> str:
    """Write a network as a file of an artifact; return the checksum of its arrays."""
    arrays = {f"{_PREFIX}{name}": array for name, array in network.state().items()}
    [checksum] = write_part(folder, number, [arrays])
    return checksum


def network_of(
    folder: Place, number: int | None, recipe: Recipe, n_columns: int
) -> Network | None:
    """Return the network of that file; None where there is none.

    Raises
    ------
    ArtifactCorrupt
        The file cannot be read.
    """
    if number is None:
        return None
    sizes = pooled(make_detector(recipe, ""), recipe).sizes(n_columns)
    try:
        found = load(shelf(folder).read(part_name(number)))
    except SafetensorError as error:
        raise ArtifactCorrupt(f"the network of {folder} cannot be read: {error}.") from error
    return Network.restore({n.removeprefix(_OF_FILE): a for n, a in found.items()}, sizes)


def without_network(fitted: Fitted) -> Fitted:
    """Return a sub-model without the arrays that stand once for the whole fleet."""
    own = {
        name: array
        for name, array in fitted.arrays.items()
        if not name.startswith(f"{_PREFIX}network_")
    }
    return Fitted(own, fitted.entry.model_copy(update={"pooled": True}))
