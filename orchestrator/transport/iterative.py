"""Krylov methods preconditioned by the multigrid cycle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from orchestrator.base.errors import OrchestratorError
from orchestrator.transport.multigrid import Multigrid

Operator = Callable[[np.ndarray], np.ndarray]

MOST_ITERATIONS = 200
"""Iterations after which a solution is given up."""

DROP = 1e-3
"""Part of an error after which the residual is computed anew in double precision."""

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
    image = multigrid.image
    energy = multigrid.load(potentials, multigrid.multiply(potentials, image), source)
    if direction is not None:
        ops.place(level, direction, multigrid.free, p)
        curvature, slope = ops.product(level, p, q), ops.dot(level, level.f, p)
        step = np.divide(slope, curvature, out=np.zeros_like(slope), where=curvature > 0)
        ops.descend(level, x, level.f, p, q, step)
        energy = energy - step * slope
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
        active = excess * rz > tolerance**2 * np.maximum(energy, LEAST_ENERGY)
        if not active.any():
            ops.add(level, potentials, x)
            return potentials
        ops.turn(level, p, level.u, share)
        curvature = ops.product(level, p, q)
        step = np.divide(rz, curvature, out=np.zeros_like(rz), where=active & (curvature > 0))
        ops.descend(level, x, level.f, p, q, step)
        estimates.append(rz)
        gains.append(step * rz)
        energy = energy + gains[-1] * (-1 if source is None else 1)
        if (active & (rz < DROP**2 * reference)).any():
            ops.add(level, potentials, x)
            energy = multigrid.load(potentials, multigrid.multiply(potentials, image), source)
            reference = rz
        multigrid.cycle()
        before, rz = rz, ops.dot(level, level.f, level.u)
        share = np.divide(rz, before, out=np.zeros_like(rz), where=before > 0)
    raise OrchestratorError(f"conjugate gradients: no convergence in {MOST_ITERATIONS} iterations")


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


def generalized_minimal_residuals(
    multiply: Callable[[np.ndarray], np.ndarray],
    multigrid: Multigrid,
    b: np.ndarray,
    x: np.ndarray,
    tolerance: float,
) -> np.ndarray:
    """Solve A x = b for several right-hand sides one after the other, A nonsymmetric (Hall).

    Parameters
    ----------
    multiply : callable
        A, for arrays of shape (K, *nodes), on the free nodes.
    multigrid : Multigrid
        The cycle for the symmetric part, for one right-hand side.
    b, x : ndarray, shape (K, *nodes)
        Right-hand sides and first guesses; `x` is overwritten.
    tolerance : float
        Residual relative to that of x = 0.

    Raises
    ------
    OrchestratorError
        If the method does not converge.
    """
    from scipy.sparse.linalg import LinearOperator, gmres

    nodes = b.shape[1:]
    shape = (b[0].size, b[0].size)

    def precondition(r: np.ndarray) -> np.ndarray:
        image = r.reshape(1, *nodes)
        multigrid.load(image, -image, None)
        multigrid.cycle()
        return multigrid.nodal(multigrid.finest.u).astype(float).ravel()

    a = LinearOperator(shape, lambda u: multiply(u.reshape(1, *nodes)).ravel(), dtype=float)
    m = LinearOperator(shape, precondition, dtype=float)
    for k in range(len(b)):
        solution, failed = gmres(
            a,
            b[k].ravel(),
            x0=x[k].ravel(),
            rtol=tolerance,
            restart=40,
            maxiter=MOST_ITERATIONS // 40,
            M=m,
        )
        if failed:
            raise OrchestratorError("generalized minimal residuals: no convergence")
        x[k] = solution.reshape(nodes)
    return x


def _dots(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.einsum("ki,ki->k", u, v)
