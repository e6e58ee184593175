"""Linear solvers by name.

A solver is built in three steps, each a function that returns the next one: `build(geometry)`
does what the geometry fixes, `prepare(stencil)` what the conductivities fix, and
`solve(rhs, start, direction, transpose)` returns nodal fields that satisfy the equations on the
free nodes and have the values of `start` elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from orchestrator.base.errors import InputError
from orchestrator.transport.assembly import Stencil, half_offsets, shifted
from orchestrator.transport.geometry import Geometry
from orchestrator.transport.ordering import nested_dissection
from orchestrator.transport.threads import Team

if TYPE_CHECKING:
    from scipy.sparse import csc_matrix


class Solve(Protocol):
    """Solves for several right-hand sides, shape (K, *nodes), at once; None stands for zeros.

    Iterative solvers take the free nodes' values in `start`, which may be overwritten, as a first
    guess, and may move it along a direction.
    """

    def __call__(
        self,
        rhs: np.ndarray | None,
        start: np.ndarray | None = None,
        direction: np.ndarray | None = None,
        transpose: bool = False,
    ) -> np.ndarray: ...


class Prepare(Protocol):
    """Does what the matrix fixes, for example its factorization."""

    def __call__(self, stencil: Stencil) -> Solve: ...


def sparse_matrices(geometry: Geometry, order: np.ndarray) -> Callable[[Stencil], csc_matrix]:
    """A function that picks the matrix of the free nodes, in an order, from a stencil.

    Pattern and the place of every coefficient in it are found once.
    """
    from scipy.sparse import coo_matrix, csc_matrix

    number = np.full(geometry.free.size, -1, np.int32)
    number[order] = np.arange(order.size, dtype=np.int32)
    number = number.reshape(geometry.nodes)
    places = np.arange(geometry.free.size).reshape(geometry.nodes)

    rows, columns = [number[geometry.free]], [number[geometry.free]]
    sources, signs = [places[geometry.free]], [np.zeros(order.size)]
    for k, offset in enumerate(half_offsets(len(geometry.nodes))):
        if k:
            here, there = shifted(geometry.nodes, offset)
            both = geometry.free[here] & geometry.free[there]
            p, q = number[here][both], number[there][both]
            source = places[here][both] + k * geometry.free.size
            rows += [p, q]
            columns += [q, p]
            sources += [source, source]
            signs += [np.ones(p.size), -np.ones(p.size)]
    source = np.concatenate(sources)
    pattern = coo_matrix(
        (np.arange(source.size), (np.concatenate(rows), np.concatenate(columns))),
        shape=(order.size, order.size),
    ).tocsc()
    pattern.sort_indices()
    gather = source[pattern.data]
    sign = np.concatenate(signs)[pattern.data]

    def matrix(stencil: Stencil) -> csc_matrix:
        data = stencil.symmetric.ravel()[gather]
        if stencil.skew is not None:
            data += sign * stencil.skew.ravel()[gather]
        return csc_matrix((data, pattern.indices, pattern.indptr), shape=pattern.shape)

    return matrix


def _lifted(
    stencil: Stencil,
    geometry: Geometry,
    rhs: np.ndarray | None,
    start: np.ndarray | None,
    transpose: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """The values outside the free nodes, and the right-hand sides on these with them inserted."""
    if start is None:
        assert rhs is not None
        return np.zeros_like(rhs), rhs * geometry.free
    lifted = start * ~geometry.free
    source = -stencil.apply(lifted, transpose)
    return lifted, (source if rhs is None else source + rhs) * geometry.free


def solver_direct(geometry: Geometry, team: Team | None = None) -> Prepare:
    """SuperLU with the order of geometric nested dissection, found once per geometry."""
    from scipy.sparse.linalg import splu

    order = nested_dissection(geometry.nodes)
    order = order[geometry.free.ravel()[order]]
    matrix = sparse_matrices(geometry, order)

    def prepare(stencil: Stencil) -> Solve:
        factors = splu(
            matrix(stencil),
            permc_spec="NATURAL",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )

        def solve(
            rhs: np.ndarray | None,
            start: np.ndarray | None = None,
            direction: np.ndarray | None = None,
            transpose: bool = False,
        ) -> np.ndarray:
            lifted, source = _lifted(stencil, geometry, rhs, start, transpose)
            b = source.reshape(len(source), -1)[:, order].T
            result = lifted.reshape(len(lifted), -1)
            result[:, order] = factors.solve(np.asfortranarray(b), "T" if transpose else "N").T
            return lifted

        return solve

    return prepare


def _pypardiso() -> Any:
    try:
        from pypardiso import PyPardisoSolver
    except ImportError:
        raise InputError(
            "solver 'pardiso' needs the package pypardiso, which is not installed; "
            f"install it (pip install pypardiso) or use one of auto, {', '.join(BUILT_IN)}"
        ) from None
    return PyPardisoSolver


def solver_pardiso(geometry: Geometry, team: Team | None = None) -> Prepare:
    """MKL PARDISO, an option for machines where the package pypardiso is installed.

    Raises
    ------
    InputError
        If it is not.
    """
    PyPardisoSolver = _pypardiso()
    places = np.flatnonzero(geometry.free)
    matrix = sparse_matrices(geometry, places)

    def prepare(stencil: Stencil) -> Solve:
        columns = matrix(stencil)

        def solve(
            rhs: np.ndarray | None,
            start: np.ndarray | None = None,
            direction: np.ndarray | None = None,
            transpose: bool = False,
        ) -> np.ndarray:
            a = (columns.T if transpose else columns).tocsr()
            lifted, source = _lifted(stencil, geometry, rhs, start, transpose)
            b = source.reshape(len(source), -1)[:, places].T
            factors = PyPardisoSolver()
            result = lifted.reshape(len(lifted), -1)
            try:
                factors.factorize(a)
                result[:, places] = factors.solve(a, np.asfortranarray(b)).reshape(b.shape).T
            finally:
                factors.free_memory(everything=True)
            return lifted

        return solve

    return prepare


TOLERANCE = 5e-5
"""Error of the iterative potentials in the energy norm, relative to the potentials' own.

Divided by the square root of their number, because superpositions add errors up. It is about the
relative error of the current density; G, from the energy form, has its square. With Hall effect a
tenth of it is the tolerance of the residual.
"""


def solver_multigrid(geometry: Geometry, team: Team | None = None) -> Prepare:
    """Conjugate gradients with a geometric multigrid cycle, starting from the guess.

    With Hall effect generalized minimal residuals with the cycle of the symmetric part.
    """
    from orchestrator.transport.host import Host
    from orchestrator.transport.iterative import generalized_minimal_residuals, refine
    from orchestrator.transport.multigrid import Multigrid

    cycles: dict[int, Multigrid] = {}

    def prepare(stencil: Stencil) -> Solve:
        updated: set[int] = set()

        def cycle(count: int) -> Multigrid:
            if count not in cycles:
                cycles.clear()
                spacing = geometry.spacing[::-1]
                cycles[count] = Multigrid(geometry.free, spacing, count, Host(team or Team()))
            if count not in updated:
                updated.add(count)
                cycles[count].update(stencil)
            return cycles[count]

        def solve(
            rhs: np.ndarray | None,
            start: np.ndarray | None = None,
            direction: np.ndarray | None = None,
            transpose: bool = False,
        ) -> np.ndarray:
            if stencil.skew is None:
                potentials = start if start is not None else np.zeros_like(rhs, float)
                multigrid = cycle(len(potentials))
                tolerance = TOLERANCE / np.sqrt(len(potentials))

                def product(u: np.ndarray, out: np.ndarray) -> np.ndarray:
                    return stencil.apply(u, out=out)

                return refine(product, multigrid, potentials, rhs, tolerance, direction)

            def multiply(u: np.ndarray) -> np.ndarray:
                return stencil.apply(u * geometry.free, transpose) * geometry.free

            lifted, b = _lifted(stencil, geometry, rhs, start, transpose)
            x = np.zeros_like(b) if start is None else start * geometry.free
            x = generalized_minimal_residuals(multiply, cycle(1), b, x, TOLERANCE / 10)
            return lifted + x

        return solve

    return prepare


BUILT_IN = {"direct": solver_direct, "multigrid": solver_multigrid}
SOLVERS = BUILT_IN | {"pardiso": solver_pardiso}

LARGEST_DIRECT = {2: 20_000, 3: 4_000}
"""Most free nodes for which `auto` factorizes, by dimension."""


def check_solver(name: object) -> None:
    """Make sure that there is a solver of this name, and its package.

    Raises
    ------
    InputError
        With the names that are known.
    """
    if not isinstance(name, str) or name not in ("auto", *SOLVERS):
        raise InputError(f"unknown solver {name!r}; known are auto, {', '.join(SOLVERS)}")
    if name == "pardiso":
        _pypardiso()


def choose_solver(name: str, geometry: Geometry, team: Team | None = None) -> Prepare:
    """The named solver for a geometry; `auto` decides by its size.

    Raises
    ------
    InputError
        If there is no solver of this name, or its package is not installed.
    """
    check_solver(name)
    if name == "auto":
        small = geometry.free.sum() <= LARGEST_DIRECT[geometry.free.ndim]
        name = "direct" if small else "multigrid"
    return SOLVERS[name](geometry, team or Team())
