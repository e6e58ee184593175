"""The scalar model of anisotropic magnetoresistance, for comparison with the tensor.

sigma = sigma0 / (1 + a (j.m)^2) with the unit vectors j of the current and m, sigma0 = 1/rho_perp
and a = rho_par/rho_perp - 1, as the program BORIS has it (S. Lepadatu, J. Appl. Phys. 128, 243902
(2020)). The current stays parallel to the field, so there is no planar Hall effect, and since the
conductivity follows the current the problem is nonlinear: it has no conductance matrix, every set
of voltages is a problem of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from orchestrator.base.errors import ConvergenceError, InputError
from orchestrator.transport.conductivity import PAIRS, Conductivity, conducting_cells
from orchestrator.transport.network import Network
from orchestrator.transport.state import Drive


@dataclass(frozen=True)
class ScalarSolution:
    """A self-consistent solution of the scalar model.

    Attributes
    ----------
    drive : Drive
        Voltages, currents and fields. Its `state` belongs to this drive's conductivities alone.
    conductivity : ndarray, shape (nz, ny, nx)
        sigma, S/m.
    changes : tuple of float
        Relative change of the current density (root mean square) in each iteration.
    """

    drive: Drive
    conductivity: np.ndarray
    changes: tuple[float, ...]


def solve_scalar_model(
    network: Network,
    m: np.ndarray,
    voltages: Mapping[str, float] | None = None,
    currents: Mapping[str, float] | None = None,
    *,
    tolerance: float = 1e-6,
    iterations: int = 100,
    damping: float = 0.0,
) -> ScalarSolution:
    """Iterate currents and conductivities to self-consistency, from the tensor's currents.

    Parameters
    ----------
    network : Network
        Its resistivities are read as sigma0 and a.
    m : ndarray, shape (nz, ny, nx, 3)
        As in `Network.solve`.
    voltages, currents : mapping
        As in `NetworkState.drive`.
    tolerance : float
        Largest accepted change of the last iteration.
    iterations : int
        Most iterations.
    damping : float
        Share of the old conductivity (of its logarithm) in the new one, 0 to below 1; against
        oscillations.

    Raises
    ------
    InputError
        As `Network.solve` and `NetworkState.drive` do, or if there is an anomalous Hall effect.
    ConvergenceError
        If the change is still above the tolerance after the last iteration.
    """
    if np.any(network.media.hall):
        raise InputError("the scalar model has no anomalous Hall effect; set sigma_ah to 0")
    if not 0 <= damping < 1:
        raise InputError(f"damping must be at least 0 and below 1, got {damping:g}")
    drive = network.solve(m).drive(voltages, currents)
    across = network.media.across * conducting_cells(m, network.media)
    ratio = np.divide(
        -network.media.difference * np.ones_like(across),
        across + network.media.difference,
        out=np.zeros_like(across),
        where=across > 0,
    )
    sigma = _follow(drive.current_density, m, across, ratio)
    changes: list[float] = []
    while len(changes) < iterations:
        before = drive.current_density
        drive = network.solve_conductivity(_isotropic(sigma)).drive(voltages, currents)
        after = drive.current_density
        scale = np.linalg.norm(after)
        changes.append(float(np.linalg.norm(after - before) / scale) if scale else 0.0)
        if changes[-1] <= tolerance:
            return ScalarSolution(drive, sigma, tuple(changes))
        sigma = sigma**damping * _follow(after, m, across, ratio) ** (1 - damping)
    raise ConvergenceError(
        f"the scalar model changes by {changes[-1]:.3g} after {iterations} iterations, "
        f"more than {tolerance:g}; allow more iterations or more damping than {damping:g}"
    )


def _follow(j: np.ndarray, m: np.ndarray, across: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """Conductivities of given currents."""
    square = np.einsum("...i,...i", j, j)
    along = np.einsum("...i,...i", j, m) ** 2
    cosine = np.divide(along, square, out=np.zeros_like(square), where=square > 0)
    return across / (1 + ratio * cosine)


def _isotropic(sigma: np.ndarray) -> Conductivity:
    cells = sigma[0] if len(sigma) == 1 else sigma
    pairs = PAIRS[cells.ndim]
    return Conductivity(np.array([cells if a == b else np.zeros_like(cells) for a, b in pairs]))
