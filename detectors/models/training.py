"""Learning a network with PyTorch: one worker's part of it, alone or beside others.

Several workers learn one network together: each takes batches of its own windows, and the
gradients are averaged at every step (data-parallel training).  Who starts the workers, joins
them and keeps what an epoch gave is no matter of this module: `torch.distributed` tells
whether there are others, and a `Watch` is told of every epoch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from detectors.errors import TooLittleData
from detectors.models.network import Network

if TYPE_CHECKING:
    from numpy.typing import NDArray

Arrays = dict[str, "NDArray[Any]"]

_MOST_STEPS = 1_000
"""Steps of an epoch: neighbouring windows are much alike, so of very many some are enough."""
_RATE = 5.0e-3
_NOISE = 0.4
"""Deviations of noise on what goes in and must not come out: nothing is learned by heart."""


@dataclass(frozen=True)
class Plan:
    """How a network is learned.

    Attributes
    ----------
    sizes
        Of the network: see `Network`.
    window
        Rows taken together.
    epochs
        Times that all windows are gone through, or so many of them as an epoch takes.
    batch
        Windows a step, of all workers together.
    least_steps
        Steps in all that few windows are learned with: they are gone through again and again.
    seed
        Everything random derives from it and the worker's number.
    """

    sizes: tuple[int, ...]
    window: int
    epochs: int
    batch: int
    least_steps: int
    seed: int


@dataclass(frozen=True)
class Epoch:
    """What an epoch has given.

    Attributes
    ----------
    number
        From 1 on.
    loss
        Mean squared error of a reading, in deviations, over this epoch's windows.
    stretches
        That all workers have together.
    """

    number: int
    loss: float
    stretches: int


class Watch(Protocol):
    """Is told how training goes on, and may end it by raising."""

    def epoch(self, told: Epoch, state: Mapping[str, NDArray[Any]]) -> None:
        """Take an epoch's end, with all that is needed to go on after it."""


class Unwatched:
    """Nobody looks."""

    def epoch(self, told: Epoch, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on."""


def learn(
    stretches: Sequence[NDArray[np.float32]],
    plan: Plan,
    watch: Watch | None = None,
    state: Mapping[str, NDArray[Any]] | None = None,
) -> Network:
    """Learn a network that gives windows back, from this worker's rows.

    Where `torch.distributed` is set up, every worker of it calls this with the same plan and
    state, and all get the same network.

    Parameters
    ----------
    stretches
        Scaled rows, each of shape (n_rows, n_columns), float32; no window reaches from one
        into the next.  May be empty for a worker beside others.
    state
        What `Watch.epoch` was given, to go on after that epoch.

    Raises
    ------
    TooLittleData
        No worker has a window.
    """
    torch.set_num_threads(1)  # workers fill the cores, and sums are the same everywhere
    windows = _Windows(stretches, plan.window)
    team = _Team()
    counts = team.gather(windows.count)
    if not any(counts):
        raise TooLittleData(f"no stretch of {plan.window} rows to learn from")
    n_stretches = sum(team.gather(len(stretches)))
    run = _Run(plan, team)
    done = 0 if state is None else run.go_on(state)
    own = _share(plan.batch, team.size, team.rank)
    steps = -(-sum(counts) // plan.batch)
    steps = min(max(steps, -(-plan.least_steps // plan.epochs)), _MOST_STEPS)
    watch = watch or Unwatched()
    for epoch in range(done + 1, plan.epochs + 1):
        rng = np.random.default_rng([plan.seed, team.rank, epoch])
        order = windows.order(rng, steps * own)
        noise = torch.Generator().manual_seed(int(rng.integers(2**31)))
        total = 0.0
        for step in range(steps):
            run.rate((epoch - 1 + step / steps) / plan.epochs)
            total += run.step(windows.take(order[step * own : (step + 1) * own]), own, noise)
        loss = team.mean(total / steps)
        watch.epoch(Epoch(epoch, loss, n_stretches), run.state(epoch))
    return run.network()


def _share(batch: int, size: int, rank: int) -> int:
    """Return how many windows of a step are one worker's."""
    return max(batch // size + (rank < batch % size), 1)


class _Team:
    """The workers that learn together; this one alone if nobody joined them."""

    def __init__(self) -> None:
        self._joined = distributed.is_available() and distributed.is_initialized()
        self.size = distributed.get_world_size() if self._joined else 1
        self.rank = distributed.get_rank() if self._joined else 0

    def gather(self, number: int) -> list[int]:
        if self.size == 1:
            return [number]
        own = torch.tensor([number], dtype=torch.int64)
        found = [torch.zeros_like(own) for _ in range(self.size)]
        distributed.all_gather(found, own)
        return [int(one) for one in found]

    def mean(self, value: float) -> float:
        if self.size == 1:
            return value
        own = torch.tensor([value], dtype=torch.float64)
        distributed.all_reduce(own)
        return float(own) / self.size

    def together(self, module: torch.nn.Module) -> torch.nn.Module:
        return DistributedDataParallel(module) if self.size > 1 else module


class _Windows:
    """All windows of one worker's rows, found by their numbers; they are copied when taken."""

    def __init__(self, stretches: Sequence[NDArray[np.float32]], window: int) -> None:
        self._views = [
            sliding_window_view(rows, window, axis=0)
            for rows in stretches
            if len(rows) >= window
        ]
        self._ends = np.cumsum([len(views) for views in self._views], dtype=np.int64)
        self.count = int(self._ends[-1]) if self._views else 0

    def order(self, rng: np.random.Generator, length: int) -> NDArray[np.int64]:
        """Return numbers of windows: all, mixed, and again until there are enough."""
        if not self.count:
            return np.zeros(0, np.int64)
        rounds = -(-length // self.count)
        return np.concatenate([rng.permutation(self.count) for _ in range(rounds)])[:length]

    def take(self, numbers: NDArray[np.int64]) -> torch.Tensor | None:
        """Return windows, shape (n, window * n_columns); None where there are none."""
        if not self.count:
            return None
        stretch = np.searchsorted(self._ends, numbers, side="right")
        begin = np.concatenate([[0], self._ends])[stretch]
        parts = [
            self._views[place][numbers[stretch == place] - begin[stretch == place]]
            for place in np.unique(stretch)
        ]
        taken = np.concatenate(parts).transpose(0, 2, 1)
        return torch.from_numpy(np.ascontiguousarray(taken).reshape(len(taken), -1))


class _Run:
    """The network in the making, and what its optimiser remembers."""

    def __init__(self, plan: Plan, team: _Team) -> None:
        self._plan, self._team = plan, team
        begun = Network.begin(plan.sizes, np.random.default_rng([plan.seed]))
        self._module = _module(begun)
        self._joint = team.together(self._module)
        self._optimiser = torch.optim.Adam(self._module.parameters(), lr=_RATE, fused=True)

    def rate(self, done: float) -> None:
        """Set the step's length by the share of the training that is done."""
        for group in self._optimiser.param_groups:
            group["lr"] = _RATE * 0.5 * (1.0 + np.cos(np.pi * done))

    def step(self, taken: torch.Tensor | None, own: int, noise: torch.Generator) -> float:
        """Make a step; return the loss of what was taken."""
        self._optimiser.zero_grad()
        if taken is None:  # others have windows: what is averaged must come from here too
            given = torch.zeros((own, self._plan.sizes[0]))
            loss = 0.0 * self._joint(given).sum()
        else:
            added = torch.randn(taken.shape, generator=noise)
            loss = torch.nn.functional.mse_loss(self._joint(taken + _NOISE * added), taken)
        loss.backward()
        self._optimiser.step()
        return float(loss.detach())

    def network(self) -> Network:
        """Return what was learned."""
        linear = [one for one in self._module if isinstance(one, torch.nn.Linear)]
        return Network(
            tuple(np.ascontiguousarray(one.weight.detach().numpy().T) for one in linear),
            tuple(one.bias.detach().numpy().copy() for one in linear),
        )

    def state(self, epoch: int) -> Arrays:
        """Return all that is needed to go on after an epoch."""
        kept: Arrays = {"epoch": np.array(epoch, np.int64), **self.network().state()}
        for number, memory in self._optimiser.state_dict()["state"].items():
            kept |= {f"adam_{number}_{k}": v.numpy().copy() for k, v in memory.items()}
        return kept

    def go_on(self, state: Mapping[str, NDArray[Any]]) -> int:
        """Take what was kept; return the epoch it was kept after."""
        network = Network.restore(state, self._plan.sizes)
        linear = [one for one in self._module if isinstance(one, torch.nn.Linear)]
        with torch.no_grad():
            for one, weight, bias in zip(linear, network.weights, network.biases, strict=True):
                one.weight.copy_(torch.from_numpy(weight.T.copy()))
                one.bias.copy_(torch.from_numpy(bias.copy()))
        whole = self._optimiser.state_dict()
        for number in range(2 * len(linear)):
            whole["state"][number] = {
                key: torch.from_numpy(np.array(state[f"adam_{number}_{key}"]))
                for key in ("step", "exp_avg", "exp_avg_sq")
            }
        self._optimiser.load_state_dict(whole)
        return int(state["epoch"])


def _module(begun: Network) -> torch.nn.Sequential:
    layers: list[torch.nn.Module] = []
    for number, (weight, bias) in enumerate(zip(begun.weights, begun.biases, strict=True)):
        if number:
            layers.append(torch.nn.ReLU())
        layer = torch.nn.Linear(*weight.shape)
        layer.weight = torch.nn.Parameter(torch.from_numpy(weight.T.copy()))
        layer.bias = torch.nn.Parameter(torch.from_numpy(bias.copy()))
        layers.append(layer)
    return torch.nn.Sequential(*layers)
