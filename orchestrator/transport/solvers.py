"""Linear solvers by name.

A solver is built in three steps, each a function that returns the next one: `build(geometry)`
does what the geometry fixes, `prepare(stencil)` what the conductivities fix, and
`solve(rhs, start, direction, transpose)` returns nodal fields that satisfy the equations on the
free nodes and have the values of `start` elsewhere.
"""

from __future__ import annotations

import functools
import importlib.util
import logging
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

    from orchestrator.transport.device import Device
    from orchestrator.transport.multigrid import Multigrid

log = logging.getLogger(__name__)


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
    """Does what the matrix fixes, for example its factorization.

    What it returns holds until it is called again.
    """

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
relative error of the current density; G, from the energy form, has its square.
"""


def iterative_solver(geometry: Geometry, ops: Any) -> Prepare:
    """Krylov methods with a geometric multigrid cycle, starting from the guess.

    Guesses of the device give solutions there.

    Conjugate gradients, with Hall effect minimal residuals with the cycle of the symmetric part.

    Parameters
    ----------
    geometry : Geometry
        What is solved on.
    ops : Host or Device
        Where it is solved.
    """
    from orchestrator.transport.iterative import refine, refine_skew

    kept: dict[int, Multigrid] = {}

    def prepare(stencil: Stencil) -> Solve:
        cycle = functools.cache(functools.partial(_cycle, kept, geometry, ops, stencil))

        def solve(
            rhs: np.ndarray | None,
            start: np.ndarray | None = None,
            direction: np.ndarray | None = None,
            transpose: bool = False,
        ) -> np.ndarray:
            first = start if start is not None else np.zeros_like(rhs, float)
            multigrid, tolerance = cycle(len(first)), TOLERANCE / np.sqrt(len(first))
            potentials, source, line = (
                None if field is None else ops.xp.asarray(field)
                for field in (first, rhs, direction)
            )
            try:
                if stencil.skew is None:
                    found = refine(multigrid, potentials, source, tolerance, line)
                else:
                    found = refine_skew(multigrid, potentials, source, tolerance, line, transpose)
            except BaseException:  # its fields are left in between
                kept.clear()
                cycle.cache_clear()
                raise
            return found if isinstance(first, ops.xp.ndarray) else ops.numbers(found)

        return solve

    return prepare


def solver_multigrid(geometry: Geometry, team: Team | None = None) -> Prepare:
    """The iterative solver on processors."""
    from orchestrator.transport.host import Host

    return iterative_solver(geometry, Host(team or Team()))


def _cycle(
    kept: dict[int, Multigrid], geometry: Geometry, ops: Any, stencil: Stencil, count: int
) -> Multigrid:
    """The cycle of a matrix for a number of right-hand sides, in memory of the last one alike."""
    from orchestrator.transport.multigrid import Multigrid

    if count not in kept:
        kept.clear()
        kept[count] = Multigrid(
            geometry.free, geometry.spacing[::-1], count, ops, weighted=_has_holes(geometry)
        )
    kept[count].update(stencil)
    return kept[count]


def _has_holes(geometry: Geometry) -> bool:
    return not geometry.conducting.all()


def solver_cuda(geometry: Geometry, team: Team | None = None) -> Prepare:
    """The iterative solver on a GPU by CuPy.

    Raises
    ------
    InputError
        If CuPy or a GPU is missing.
    """
    return iterative_solver(geometry, cuda())


def cuda() -> Device:
    """The GPU.

    Raises
    ------
    InputError
        If CuPy or a GPU is missing.
    """
    from orchestrator.transport.device import cuda_device

    try:
        return cuda_device()
    except Exception as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise InputError(
            f"solver 'cuda' needs CuPy and a GPU ({reason[0]}); install the extra cuda12 or "
            f"cuda13, or use one of auto, {', '.join(BUILT_IN)}"
        ) from None


@functools.cache
def _cuda_if_possible() -> Device | None:
    """The GPU, or None where CuPy is missing, and with one message where it does not work."""
    if importlib.util.find_spec("cupy") is None:
        return None
    try:
        return cuda()
    except InputError as error:
        log.warning("the transport network is solved on processors: %s", error)
        return None


BUILT_IN = {"direct": solver_direct, "multigrid": solver_multigrid}
SOLVERS = BUILT_IN | {"pardiso": solver_pardiso, "cuda": solver_cuda}

LARGEST_DIRECT = 800
"""Most free nodes for which `auto` factorizes, besides those that each potential adds."""

LARGER_FOR_POTENTIAL, LARGER_FOR_HALL = 150, 250
"""Further free nodes for each potential: one factorization serves all of them, a cycle does not."""

SMALLEST_CUDA = 100_000
"""Fewest free nodes for which `auto` takes a GPU."""

MUMAX3_MEMORY = 400
"""Bytes for each cell of the film that are left to mumax3 on the same GPU.

Magnetization, effective field, current, noise and six stages of three components in single
precision, which is 120, and as much again for temporary fields; for the demagnetizing field of a
film of one layer its kernel and Fourier transforms on four times the cells, which is 144.
"""


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
    if name == "cuda":
        cuda()


ITERATIVE = frozenset({"multigrid", "cuda"})
"""Solvers that make use of a first guess."""


def _has_room(device: Device | None, geometry: Geometry, hall: bool) -> bool:
    """Whether there is a GPU with memory for the solver beside mumax3; a message where not."""
    if device is None:
        return False
    from orchestrator.transport.multigrid import memory

    size, holes = int(geometry.contact.max()), _has_holes(geometry)
    own = memory(geometry.nodes, geometry.spacing[::-1], size, holes, hall)
    others = MUMAX3_MEMORY * geometry.conducting.size
    free = device.free_memory()
    if own + others > free:
        log.warning(
            "the transport network is solved on processors: it needs %.1f GiB of the GPU and "
            "mumax3 up to %.1f GiB, of which %.1f GiB are free",
            own / 2**30,
            others / 2**30,
            free / 2**30,
        )
    return own + others <= free


def largest_direct(geometry: Geometry, hall: bool = False) -> int:
    """Most free nodes for which `auto` factorizes, without or with Hall effect."""
    potentials = int(geometry.contact.max())
    return LARGEST_DIRECT + potentials * (LARGER_FOR_HALL if hall else LARGER_FOR_POTENTIAL)


def chosen(name: str, geometry: Geometry, hall: bool = False) -> str:
    """The name of the solver for a geometry; `auto` decides by its size and its contacts.

    Raises
    ------
    InputError
        If there is no solver of this name, or its package is not installed.
    """
    check_solver(name)
    if name == "auto":
        size = geometry.free.sum()
        name = "direct" if size <= largest_direct(geometry, hall) else "multigrid"
        if size >= SMALLEST_CUDA and _has_room(_cuda_if_possible(), geometry, hall):
            name = "cuda"
    return name


def choose_solver(name: str, geometry: Geometry, team: Team | None = None) -> Prepare:
    """The solver of `chosen` name for a geometry."""
    return SOLVERS[chosen(name, geometry)](geometry, team or Team())
