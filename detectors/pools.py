"""Detectors of which many machines can teach one network, for those who train fleets.

A network is learned from `Autoencoder.scaled` rows by `learn_network`, in one process or in
several that `torch.distributed` joins; `Autoencoder.with_network` makes a detector of it, whose
`fit` learns one machine's scale and usual errors.

Importing this module imports no PyTorch.
"""

from __future__ import annotations

from detectors.models.autoencoder import Autoencoder, learn_network
from detectors.models.network import Network

__all__ = ["Autoencoder", "Network", "learn_network"]
