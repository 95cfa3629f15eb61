"""A covariance that a minority of faulty rows does not move."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors.validation import FloatMatrix, FloatVector

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CONDITION = 1.0e4
_MOST_ROWS = 20_000
_MOST_STEPS = 30
_CUT = 0.975
_MAD = 1.4826
_TINY = 1.0e-300
_LEAST_VARIANCE = 1.0e-4


def concentrated_covariance(Z: FloatMatrix, support: float) -> tuple[FloatVector, FloatMatrix]:
    """Return location and covariance of the rows that lie closest together.

    The deterministic minimum covariance determinant: from each of three robust starts, the
    `support` share of rows with the smallest distances gives a new location and covariance
    until the determinant stops shrinking; the best is then re-estimated from all rows within
    its 97.5 % ellipsoid.  As in the regularised form, the covariance is shrunk towards the
    identity no more than its condition needs, so that collinear and constant columns, and
    more columns than rows, are no obstacle.

    Parameters
    ----------
    Z
        Robustly scaled rows, shape (n_rows, n_columns).
    support
        Share of rows taken as certainly normal, in [0.5, 1).

    Returns
    -------
    location
        Shape (n_columns,).
    covariance
        Shape (n_columns, n_columns), positive definite.

    References
    ----------
    Hubert, Rousseeuw, Verdonck (2012), doi:10.1080/10618600.2012.672100; Boudt, Rousseeuw,
    Vanduffel, Verdonck (2020), doi:10.1007/s11222-019-09869-x.
    """
    rows = Z[:: -(-len(Z) // _MOST_ROWS)]
    count = max(int(np.ceil(support * len(rows))), 2)
    best: tuple[float, FloatVector, FloatMatrix] | None = None
    for start in (np.tanh(rows), _spatial_signs(rows), np.clip(rows, -2.0, 2.0)):
        found = _concentrate(rows, *_from_directions(rows, start), count)
        if best is None or found[0] < best[0]:
            best = found
    assert best is not None  # noqa: S101 - there are three starts
    _, location, covariance = best
    distances = squared_distances(rows, location, covariance)
    within = distances <= chi_square(_CUT, rows.shape[1]) * _inflation(distances, rows)
    if within.sum() > count:
        location, covariance = _moments(rows[within])
        distances = squared_distances(rows, location, covariance)
    return location, covariance * _inflation(distances, rows)


def squared_distances(
    Z: FloatMatrix, location: FloatVector, covariance: FloatMatrix
) -> FloatVector:
    """Return squared Mahalanobis distances, shape (n_rows,)."""
    root = np.linalg.inv(np.linalg.cholesky(covariance))
    white = (Z - location) @ root.T
    return np.asarray(np.einsum("ij,ij->i", white, white))


def chi_square(probability: float, freedom: int) -> float:
    """Return the quantile of the chi-square distribution."""
    from scipy.special import gammaincinv  # most that import this file have no use for it

    return float(2.0 * gammaincinv(freedom / 2.0, probability))


def _spatial_signs(rows: FloatMatrix) -> FloatMatrix:
    length = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    return np.asarray(rows / np.maximum(length, _TINY)[:, None])


def _from_directions(rows: FloatMatrix, start: FloatMatrix) -> tuple[FloatVector, FloatMatrix]:
    """Turn a start into location and covariance: its axes, the rows' own spread along them."""
    centred = start - start.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    along = rows @ axes
    middle = np.median(along, axis=0)
    spread = _MAD * np.median(np.abs(along - middle), axis=0)
    covariance = _conditioned((axes * spread**2) @ axes.T)
    return axes @ middle, covariance


def _concentrate(
    rows: FloatMatrix, location: FloatVector, covariance: FloatMatrix, count: int
) -> tuple[float, FloatVector, FloatMatrix]:
    volume = np.inf
    for _ in range(_MOST_STEPS):
        distances = squared_distances(rows, location, covariance)
        nearest = np.argpartition(distances, count - 1)[:count]
        # Summed in the order of the rows: the order of a partition is nobody's promise.
        new_location, new_covariance = _moments(rows[np.sort(nearest)])
        new_volume = float(np.linalg.slogdet(new_covariance)[1])
        if not new_volume < volume - 1.0e-9:
            break
        volume, location, covariance = new_volume, new_location, new_covariance
    return volume, location, covariance


def _moments(rows: FloatMatrix) -> tuple[FloatVector, FloatMatrix]:
    location = rows.mean(axis=0)
    centred = rows - location
    return location, _conditioned(centred.T @ centred / max(len(rows) - 1, 1))


def _conditioned(covariance: FloatMatrix) -> FloatMatrix:
    """Shrink towards the identity as far as a condition number of 1e4 needs."""
    values = np.linalg.eigvalsh(covariance)
    # Columns have unit spread, unless all are constant: then nothing tells a scale.
    excess = max(values[-1], _LEAST_VARIANCE) - _CONDITION * max(values[0], 0.0)
    if excess <= 0:
        return covariance
    # Solves (r + (1 - r) top) / (r + (1 - r) bottom) = condition for r.
    share = excess / (_CONDITION - 1.0 + excess)
    return np.asarray((1 - share) * covariance + share * np.eye(len(covariance)))


def _inflation(distances: FloatVector, rows: NDArray[np.float64]) -> float:
    """Return the factor that makes the median distance what normal rows would have."""
    return max(float(np.median(distances)) / chi_square(0.5, rows.shape[1]), 1.0e-12)
