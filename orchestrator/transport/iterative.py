"""Krylov methods preconditioned by the multigrid cycle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from orchestrator.base.errors import InputError, OrchestratorError
from orchestrator.transport.multigrid import Multigrid

Operator = Callable[[np.ndarray], np.ndarray]

MOST_ITERATIONS = 200
"""Iterations after which a solution is given up."""

DROP = 1e-3
"""Part of an error after which the residual is computed anew in double precision."""

MARGIN = 1.5
"""By how much the error of a matrix that is not symmetric may be larger than its estimate."""

LEAST_ENERGY = 1e-9
"""Energy, in units of the largest diagonal element, below which a potential counts as constant."""


def refine(
    multigrid: Multigrid,
    potentials: Any,
    source: Any,
    tolerance: float,
    direction: Any = None,
) -> Any:
    """Solve A phi = f on the free nodes for several potentials at once, A symmetric.

    Conjugate gradients with the multigrid cycle M as preconditioner (M. Hestenes and E. Stiefel,
    J. Res. Natl. Bur. Stand. 49, 409 (1952)). Potentials and their residuals are in double
    precision, the correction that the method collects in single; every time it has shrunk the error
    by `DROP` it is added and the residual computed anew (H. van der Vorst, Q. Ye, SIAM J. Sci.
    Comput. 22, 835 (2000)).

    Every step lowers the energy by what it gains, and the gains from the k-th step on are the
    square of the error then (Z. Strakos, P. Tichy, ETNA 13, 56 (2002)). The largest ratio of such a
    sum to r^T M r then corrects r^T M r now, which is the estimate of the error.

    Parameters
    ----------
    multigrid : Multigrid
        A and its cycle.
    potentials : array, shape (K, *nodes)
        First guesses with the values of the nodes that are not free; overwritten.
    source : array like `potentials`, or None for zeros
        f.
    tolerance : float
        Error in the energy norm relative to the energy norm of the potential.
    direction : array of float32 like `potentials`, optional
        The first guess is moved along it to the point of least energy.

    Returns
    -------
    array, shape (K, *nodes)

    Raises
    ------
    OrchestratorError
        If the method does not converge.
    """
    ops, level = multigrid.ops, multigrid.finest
    x, p, q = multigrid.work
    energy = _begin(multigrid, potentials, source, direction)
    multigrid.cycle()
    rz = ops.dot(level, level.f, level.u)
    share, reference = np.zeros_like(rz), rz
    gains: list[np.ndarray] = []
    estimates: list[np.ndarray] = []
    for _ in range(MOST_ITERATIONS):
        excess = np.ones_like(rz)
        for k, estimate in enumerate(estimates):
            found = np.divide(sum(gains[k:]), estimate, where=estimate > 0, out=np.zeros_like(rz))
            excess = np.maximum(excess, found)
        active = ~(excess * rz <= tolerance**2 * np.maximum(energy, LEAST_ENERGY))
        if not active.any():
            ops.add(level, potentials, x)
            return potentials
        ops.turn(level, p, level.u, share)
        curvature = multigrid.product(p, q)
        step = np.divide(rz, curvature, out=np.zeros_like(rz), where=active & (curvature > 0))
        ops.descend(level, x, level.f, p, q, step)
        estimates.append(rz)
        gains.append(step * rz)
        energy = energy + gains[-1] * (-1 if source is None else 1)
        if (active & (rz < DROP**2 * reference)).any():
            ops.add(level, potentials, x)
            energy = multigrid.residual(potentials, source)
            reference = rz
        multigrid.cycle()
        before, rz = rz, ops.dot(level, level.f, level.u)
        share = np.divide(rz, before, out=np.zeros_like(rz), where=before > 0)
    raise OrchestratorError(f"conjugate gradients: no convergence in {MOST_ITERATIONS} iterations")


def refine_skew(
    multigrid: Multigrid,
    potentials: Any,
    source: Any,
    tolerance: float,
    direction: Any = None,
    transpose: bool = False,
) -> Any:
    """Solve A phi = f as `refine` does, A with an antisymmetric part (Hall).

    Orthomin(1) in the metric of the cycle M of the symmetric part S: each step makes r^T M r least
    along M r, made orthogonal to the step before. If M were the inverse of S, that would be the
    least of all steps together (S. Eisenstat, H. Elman, M. Schultz, SIAM J. Numer. Anal. 20, 345
    (1983)), and the energy norm of the error at most the root of r^T M r.

    The energy norm of z = M r estimates that of the error. Where the cycle leaves much of an error,
    steps are longer than 1; the longest one corrects the estimate. What the error is compared with
    is the least energy that the potential can have, that when its residual was last computed less
    the error then.

    Parameters
    ----------
    multigrid, potentials, source, tolerance, direction
        As for `refine`; without a source the point of least energy along a direction is that where
        the residual is orthogonal to it.
    transpose : bool
        Solve with the transpose of A.
    """
    ops, level = multigrid.ops, multigrid.finest
    (x, p, w), z = multigrid.work, multigrid.remainder
    energy = _begin(multigrid, potentials, source, direction, transpose)
    multigrid.cycle()
    ops.turn(level, z, level.u, np.zeros_like(energy))
    length, reference = np.zeros_like(energy), None
    longest = np.ones_like(energy)
    for _ in range(MOST_ITERATIONS):
        zz = multigrid.product(z, level.f, transpose)
        if reference is None:
            reference = zz
        now, error = (np.sqrt(np.maximum(part, 0)) for part in (energy, reference))
        least = np.maximum(now - MARGIN * error, 0) ** 2
        enough = tolerance**2 * np.maximum(least, LEAST_ENERGY)
        active = ~((MARGIN * longest) ** 2 * zz <= enough)
        if not active.any():
            ops.add(level, potentials, x)
            return potentials
        if (active & (zz < DROP**2 * reference)).any():
            ops.add(level, potentials, x)
            energy = multigrid.residual(potentials, source, transpose)
            multigrid.cycle()
            ops.turn(level, z, level.u, np.zeros_like(zz))
            reference = zz = multigrid.product(z, level.f, transpose)
            length = np.zeros_like(zz)  # the step before is of a residual that was less exact
        multigrid.cycle()
        along = ops.dot(level, level.f, w)
        share = -np.divide(along, length, out=np.zeros_like(zz), where=length > 0)
        ops.turn(level, p, z, share)
        ops.turn(level, w, level.u, share)
        length = ops.dot(level, level.f, w)
        step = np.divide(zz, length, out=np.zeros_like(zz), where=active & (length > 0))
        ops.descend(level, x, z, p, w, step)
        longest = np.maximum(longest, step)
    raise OrchestratorError(
        f"minimal residuals: no convergence in {MOST_ITERATIONS} iterations, as for Hall angles "
        "near 90 degrees; solver 'direct' needs none"
    )


def _begin(
    multigrid: Multigrid, potentials: Any, source: Any, direction: Any, transpose: bool = False
) -> np.ndarray:
    """Load the residuals of first guesses moved along a direction; the potentials' energies."""
    ops, level = multigrid.ops, multigrid.finest
    x, p, q = multigrid.work
    energy = multigrid.residual(potentials, source, transpose)
    if direction is not None:
        ops.place(level, direction, multigrid.free, p)
        curvature, slope = multigrid.product(p, q, transpose), ops.dot(level, level.f, p)
        step = np.divide(slope, curvature, out=np.zeros_like(slope), where=curvature > 0)
        ops.descend(level, x, level.f, p, q, step)
        energy = energy - step * slope
    if not np.isfinite(energy).all():
        raise InputError("a first guess of potentials must hold finite numbers")
    return energy


def conjugate_gradients(
    apply: Operator, precondition: Operator, b: np.ndarray, x: np.ndarray, tolerance: float
) -> np.ndarray:
    """Solve A x = b for several right-hand sides at once, with any preconditioner M.

    Stops when r^T M r is below tolerance^2 x^T A x for every right-hand side.

    Parameters
    ----------
    apply, precondition : callable
        A and M, symmetric and positive definite, for arrays of shape (K, size).
    b, x : ndarray, shape (K, size)
        Right-hand sides and first guesses; `x` is overwritten.
    tolerance : float
        Relative error of x in the energy norm.

    Raises
    ------
    OrchestratorError
        If the method does not converge.
    """
    r = b - apply(x)
    z = precondition(r)
    p = z.copy()
    rz = _dots(r, z)
    for _ in range(MOST_ITERATIONS):
        active = rz > tolerance**2 * np.maximum(_dots(b, x), rz)
        if not active.any():
            return x
        q = apply(p)
        curvature = _dots(p, q)
        step = np.divide(rz, curvature, out=np.zeros_like(rz), where=active & (curvature > 0))
        x += step[:, None] * p
        r -= step[:, None] * q
        z = precondition(r)
        before, rz = rz, _dots(r, z)
        share = np.divide(rz, before, out=np.zeros_like(rz), where=before > 0)
        p *= share[:, None]
        p += z
    raise OrchestratorError(f"conjugate gradients: no convergence in {MOST_ITERATIONS} iterations")


def _dots(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.einsum("ki,ki->k", u, v)
