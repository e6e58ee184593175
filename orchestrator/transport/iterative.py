"""Krylov methods preconditioned by the multigrid cycle."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from orchestrator.base.errors import OrchestratorError

Operator = Callable[[np.ndarray], np.ndarray]

MOST_ITERATIONS = 200
"""Iterations after which a solution is given up."""


def conjugate_gradients(
    apply: Operator, precondition: Operator, b: np.ndarray, x: np.ndarray, tolerance: float
) -> np.ndarray:
    """Solve A x = b for several right-hand sides at once, A symmetric and positive definite.

    M. Hestenes and E. Stiefel, J. Res. Natl. Bur. Stand. 49, 409 (1952). Stops when r^T M r, the
    squared error in the energy norm as the preconditioner M sees it, is below tolerance^2 x^T A x
    for every right-hand side.

    Parameters
    ----------
    apply, precondition : callable
        A and M, for arrays of shape (K, size).
    b, x : ndarray, shape (K, size)
        Right-hand sides and first guesses; `x` is overwritten.
    tolerance : float
        Relative error of x in the energy norm.

    Raises
    ------
    OrchestratorError
        If the method does not converge.
    """
    from orchestrator.transport.kernels import add_multiple, multiply_and_add

    r = apply(x)
    np.subtract(b, r, out=r)
    z = precondition(r)
    p = z.copy()
    rz = _dots(r, z)
    for _ in range(MOST_ITERATIONS):
        scale = np.maximum(_dots(b, x), rz)
        active = rz > tolerance**2 * scale
        if not active.any():
            return x
        q = apply(p)
        curvature = _dots(p, q)
        step = np.divide(rz, curvature, out=np.zeros_like(rz), where=active & (curvature > 0))
        add_multiple(x, step, p)
        add_multiple(r, -step, q)
        z = precondition(r)
        before, rz = rz, _dots(r, z)
        share = np.divide(rz, before, out=np.zeros_like(rz), where=before > 0)
        multiply_and_add(p, share, z)
    raise OrchestratorError(f"conjugate gradients: no convergence in {MOST_ITERATIONS} iterations")


def generalized_minimal_residuals(
    apply: Operator, precondition: Operator, b: np.ndarray, x: np.ndarray, tolerance: float
) -> np.ndarray:
    """Solve A x = b for several right-hand sides one after the other, A nonsymmetric (Hall).

    Parameters and errors as in `conjugate_gradients`; the tolerance is that of the residual.
    """
    from scipy.sparse.linalg import LinearOperator, gmres

    size = b.shape[1]
    shape = (size, size)
    a = LinearOperator(shape, matvec=lambda u: apply(u.reshape(1, -1))[0], dtype=float)
    m = LinearOperator(shape, matvec=lambda u: precondition(u.reshape(1, -1))[0], dtype=float)
    for k in range(len(b)):
        x[k], failed = gmres(
            a, b[k], x0=x[k], rtol=tolerance, restart=40, maxiter=MOST_ITERATIONS // 40, M=m
        )
        if failed:
            raise OrchestratorError("generalized minimal residuals: no convergence")
    return x


def _dots(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.einsum("ki,ki->k", u, v)
