"""Steps with libraries of others: scikit-learn, PyTorch, stumpy.  Also read as examples."""

from __future__ import annotations

from typing import TypedDict

import polars as pl

import appliance as kizashi


class Match(TypedDict):
    """Where a pattern occurs again."""

    row: int
    distance: float


@kizashi.step(memory="2GB")
def outliers(table: pl.DataFrame, share: float = 0.01) -> list[int]:
    """Rows that lie furthest out, by scikit-learn."""
    import numpy as np
    from sklearn.covariance import EllipticEnvelope

    rows = table.select(pl.selectors.float()).to_numpy()
    model = EllipticEnvelope(contamination=share, random_state=0).fit(rows)
    return [int(row) for row in np.flatnonzero(model.predict(rows) == -1)]


@kizashi.step(memory="8GB", cpu=2)
def reconstruct(table: pl.DataFrame, epochs: int = 200, seed: int = 0) -> list[float]:
    """How badly a small autoencoder of PyTorch rebuilds each row."""
    import torch

    torch.manual_seed(seed)
    rows = torch.tensor(table.select(pl.selectors.float()).to_numpy(), dtype=torch.float32)
    wide = rows.shape[1]
    network = torch.nn.Sequential(
        torch.nn.Linear(wide, 2), torch.nn.Tanh(), torch.nn.Linear(2, wide)
    )
    steps = torch.optim.Adam(network.parameters(), lr=0.05)
    for _ in range(epochs):
        steps.zero_grad()
        loss = ((network(rows) - rows) ** 2).mean()
        loss.backward()
        steps.step()
    with torch.no_grad():
        found: list[float] = ((network(rows) - rows) ** 2).mean(dim=1).tolist()
    return found


@kizashi.step(memory="4GB", timeout=900)
def again(table: pl.DataFrame, sensor: str, start: int, window: int = 20) -> Match:
    """Where a stretch of one sensor occurs again, by stumpy."""
    import stumpy

    series = table[sensor].to_numpy()
    far = stumpy.mass(series[start : start + window], series)
    far[max(start - window, 0) : start + window] = float("inf")  # not itself
    row = int(far.argmin())
    return {"row": row, "distance": float(far[row])}
