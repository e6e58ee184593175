"""The conductance network of a film: from a magnetization to currents.

N contacts need N - 1 solutions with one contact at 1 V and the others at 0 V. They give the
conductance matrix and, by superposition, the potential and current density of every voltage
vector.
"""

from __future__ import annotations

import functools
import logging

import numpy as np
from threadpoolctl import ThreadpoolController

from orchestrator.device import Contact, Film, Resistivity
from orchestrator.errors import InputError
from orchestrator.transport.assembly import Assembler, Stencil
from orchestrator.transport.conductivity import Conductivity, conducting_cells, conductivity
from orchestrator.transport.fields import average_gradient, contract, gradient_product
from orchestrator.transport.geometry import Geometry, find_geometry
from orchestrator.transport.solvers import Prepare, choose_solver

log = logging.getLogger(__name__)


@functools.cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


class Network:
    """A film with contacts as a network of conductances, for any magnetization.

    What the geometry fixes (order of elimination, sparsity, places of the coefficients) is kept
    from one call of `solve` to the next.

    Parameters
    ----------
    film : Film
        The film; one layer of cells makes a two-dimensional problem.
    resistivity : Resistivity
        Resistivities of the magnetic cells.
    contacts : tuple of Contact
        Equipotential contacts in the order of the conductance matrix.
    solver : str
        Name of the linear solver, see `orchestrator.transport.solvers`.
    warm_start : bool
        Whether an iterative solver starts from the potentials of the texture solved before.
        Without it a solution depends on its texture alone, to the last bit.
    """

    def __init__(
        self,
        film: Film,
        resistivity: Resistivity,
        contacts: tuple[Contact, ...],
        solver: str = "auto",
        *,
        warm_start: bool = True,
    ) -> None:
        self.film = film
        self.resistivity = resistivity
        self.contacts = tuple(contacts)
        self._solver = solver
        self._warm_start = warm_start
        self._geometry: Geometry | None = None
        self._prepare: Prepare
        self._assemble: Assembler
        self._guess: list[np.ndarray] = []

    def solve(self, m: np.ndarray) -> NetworkState:
        """Solve for a magnetization.

        Parameters
        ----------
        m : ndarray, shape (nz, ny, nx, 3)
            Unit vectors, zero vectors in vacuum.

        Raises
        ------
        InputError
            If m has the wrong shape or vectors that are neither of unit length nor zero, or if a
            contact touches no conducting cell.
        """
        m = np.asarray(m)
        if m.shape != (*self.film.shape, 3):
            raise InputError(
                f"m has shape {m.shape}; a film of {self.film.cells} cells needs "
                f"{(*self.film.shape, 3)}"
            )
        geometry = self._find_geometry(conducting_cells(m))
        sigma = conductivity(m, self.resistivity)
        stencil = self._assemble(sigma)
        with _controller().limit(limits=1):
            potentials, adjoint = self._unit_potentials(geometry, stencil)
        return NetworkState(self.film, geometry, sigma, stencil, potentials, adjoint)

    def _find_geometry(self, conducting: np.ndarray) -> Geometry:
        known = self._geometry
        if known is None or not np.array_equal(known.conducting.ravel(), conducting.ravel()):
            known = self._geometry = find_geometry(self.film, self.contacts, conducting)
            for island in known.islands:
                place = tuple(int(i) for i in np.argwhere(island)[0][::-1])
                log.warning(
                    "a conducting region of %d cells around cell %s has no contact; "
                    "its potential is undefined and it is left out",
                    island.sum(),
                    place,
                )
            self._assemble = Assembler(known.cells, known.spacing, known.thickness)
            self._prepare = choose_solver(self._solver, known)
            self._guess = []
        return known

    def _unit_potentials(
        self, geometry: Geometry, stencil: Stencil
    ) -> tuple[np.ndarray, np.ndarray]:
        """Unit potentials of the matrix and of its transpose."""
        n = len(self.contacts)
        lifted = np.array([geometry.indicator(k) for k in range(n - 1)])
        solve = self._prepare(stencil)
        results = []
        for k, transpose in enumerate((False, True)[: 1 if stencil.skew is None else 2]):
            rhs = -stencil.apply(lifted, transpose) * geometry.free
            guess = self._guess[k] if k < len(self._guess) else None
            results.append(solve(rhs, guess, transpose))
        self._guess = results if self._warm_start else []
        return lifted + results[0], lifted + results[-1]


class NetworkState:
    """Solution of a network for one magnetization.

    Attributes
    ----------
    conductance : ndarray, shape (N, N)
        I_i = sum_j G_ij V_j, the current into the film through contact i, S. Symmetric without
        Hall effect; rows and columns sum to zero. From the energy form u_i^T A phi_j of the unit
        potentials phi and u of the matrix and its transpose, whose error is quadratic in theirs.
    """

    def __init__(
        self,
        film: Film,
        geometry: Geometry,
        sigma: Conductivity,
        stencil: Stencil,
        potentials: np.ndarray,
        adjoint: np.ndarray,
    ) -> None:
        self._film = film
        self._geometry = geometry
        self._sigma = sigma
        self._stencil = stencil
        self._potentials = potentials
        self._adjoint = adjoint
        k = len(potentials)
        reduced = adjoint.reshape(k, -1) @ stencil.apply(potentials).reshape(k, -1).T
        if stencil.skew is None:
            reduced = (reduced + reduced.T) / 2
        g = np.zeros((k + 1, k + 1))
        g[:k, :k] = reduced
        g[:k, k] = -reduced.sum(axis=1)
        g[k] = -g[:k].sum(axis=0)
        self.conductance = g

    def _voltages(self, v: np.ndarray) -> np.ndarray:
        v = np.asarray(v, float)
        n = len(self.conductance)
        if v.shape != (n,) or not np.isfinite(v).all():
            raise InputError(f"need {n} finite voltages, one per contact, got {v.tolist()}")
        return v

    def _potential(self, v: np.ndarray) -> np.ndarray:
        v = self._voltages(v)
        phi = np.tensordot(v[:-1] - v[-1], self._potentials, axes=1)
        phi += v[-1] * (self._geometry.free | (self._geometry.contact >= 0))
        return phi

    def potential(self, v: np.ndarray) -> np.ndarray:
        """Potential of the nodes in V, shape `film.node_shape`; 0 where nothing conducts.

        Parameters
        ----------
        v : array_like, shape (N,)
            Voltages of the contacts, V.
        """
        return self._potential(v).reshape(self._film.node_shape)

    def current_density(self, v: np.ndarray) -> np.ndarray:
        """Current density at the cells' centers in A/m2, shape (nz, ny, nx, 3).

        j = -Sigma times the average gradient of the potential in the cell.

        Parameters
        ----------
        v : array_like, shape (N,)
            Voltages of the contacts, V.
        """
        geometry = self._geometry
        field = -average_gradient(self._potential(v), geometry.spacing)
        d = len(field)
        j = np.zeros((*self._film.shape, 3))
        j.reshape(*geometry.cells, 3)[..., :d] = np.moveaxis(self._sigma.times(field), 0, -1)
        return j

    def terminal_currents(self, v: np.ndarray) -> np.ndarray:
        """Currents into the film through the contacts in A, shape (N,).

        Parameters
        ----------
        v : array_like, shape (N,)
            Voltages of the contacts, V.
        """
        return self.conductance @ self._voltages(v)

    def power(self, v: np.ndarray) -> float:
        """Dissipated power V^T G V in W.

        Parameters
        ----------
        v : array_like, shape (N,)
            Voltages of the contacts, V.
        """
        v = self._voltages(v)
        return float(v @ self.conductance @ v)

    def power_density(self, v: np.ndarray) -> np.ndarray:
        """Joule heat of the cells in W/m3, shape (nz, ny, nx).

        The average over each cell, exact for the finite elements: times the cell volume it adds up
        to `power(v)`.

        Parameters
        ----------
        v : array_like, shape (N,)
            Voltages of the contacts, V.
        """
        spacing = self._geometry.spacing
        phi = self._potential(v)
        heat = contract(self._sigma, gradient_product(phi, phi, spacing)) / np.prod(spacing)
        return heat.reshape(self._film.shape)
