"""A solved network: conductances, and the fields of every drive by superposition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from orchestrator.base.errors import InputError
from orchestrator.base.kinds import check_kind
from orchestrator.describe.contacts import Contact
from orchestrator.describe.film import Film
from orchestrator.describe.validation import nearest
from orchestrator.transport.assembly import Stencil
from orchestrator.transport.conductivity import HALL_PAIRS, PAIRS, Conductivity
from orchestrator.transport.elements import center_gradient
from orchestrator.transport.fields import average_gradient, contract, gradient_product
from orchestrator.transport.geometry import Geometry
from orchestrator.transport.terminals import (
    completed,
    kron_reduction,
    separated,
    solve_terminals,
    two_terminal_resistances,
    with_series_resistances,
)


class NetworkState:
    """Solution of a network for one magnetization.

    Voltages and currents are those of the terminals; where a contact has a series resistance, the
    contact on the film differs from its terminal by the drop R I.

    Attributes
    ----------
    contact_names : tuple of str
        Names in the order of the conductance matrix.
    contacts : tuple of Contact
        In that order.
    conductance : ndarray, shape (N, N)
        I_i = sum_j G_ij V_j, the current into the film through contact i, S. Symmetric without
        Hall effect; rows and columns sum to zero. From the energy form u_i^T A phi_j of the unit
        potentials phi and u of the matrix and its transpose, whose error is quadratic in theirs,
        and the contacts' series resistances.
    film_conductance : ndarray, shape (N, N)
        The same without series resistances.
    islands : tuple of ndarray
        Masks of the conducting regions without contact; their potential is given as 0.
    """

    def __init__(
        self,
        film: Film,
        contacts: tuple[Contact, ...],
        geometry: Geometry,
        sigma: Conductivity,
        stencil: Stencil,
        potentials: np.ndarray,
        adjoint: np.ndarray,
        sheet: np.ndarray | None = None,
    ) -> None:
        self.contact_names = tuple(contact.name for contact in contacts)
        self.islands = tuple(island.reshape(film.array_shape) for island in geometry.islands)
        self.contacts = contacts
        self._film = film
        self._geometry = geometry
        self._sigma = sigma
        self._hall = stencil.skew is not None
        self._team = stencil.team
        self._potentials = potentials
        self._adjoint = adjoint
        self._sheet = sheet
        reduced, symmetric = stencil.energies(adjoint, potentials), not self._hall
        self.film_conductance = separated(completed(reduced, symmetric), geometry.groups, symmetric)
        self._series = np.array([contact.resistance for contact in contacts])
        self.conductance = with_series_resistances(
            self.film_conductance, geometry.groups, self._series
        )

    @property
    def conducting(self) -> np.ndarray:
        """Mask of the cells that conduct, shape (nz, ny, nx)."""
        return self._geometry.conducting.reshape(self._film.array_shape)

    def guess(self) -> np.ndarray:
        """Unit potentials rounded to float32, as a first guess for `Network.solve`.

        Returns
        -------
        ndarray of float32, shape (1, N - 1, *nodes), with Hall effect (2, N - 1, *nodes)
        """
        return self.rounded()

    def rounded(self) -> Any:
        """`guess` where the potentials are."""
        units = self._units()
        guess = self._team.empty((len(units), *units[0].shape), np.float32)
        for single, potentials in zip(guess, units, strict=True):
            self._team.elementwise(np.positive, potentials, out=single)
        return guess

    def _units(self) -> list[Any]:
        return [self._potentials, self._adjoint][: 2 if self._hall else 1]

    def drive(
        self,
        voltages: Mapping[str, float] | None = None,
        currents: Mapping[str, float] | None = None,
    ) -> Drive:
        """The network with voltages or currents at some contacts, the others floating.

        Parameters
        ----------
        voltages : mapping
            Voltages in V by name of contact.
        currents : mapping
            Total currents in A by name of contact, positive into the film. A contact in neither
            mapping floats: no net current flows through it and its potential is found.

        Raises
        ------
        InputError
            If there is no such contact, one has both conditions or a value that is not finite, or
            contacts are joined to none of given voltage.
        """
        for name, mapping in (("voltages", voltages), ("currents", currents)):
            check_kind(name, mapping or {}, Mapping, "values by name of contact")
        given_v = {self._number(k): float(v) for k, v in (voltages or {}).items()}
        given_i = {self._number(k): float(i) for k, i in (currents or {}).items()}
        for what, given in (("voltage", given_v), ("current", given_i)):
            for k, value in given.items():
                if not np.isfinite(value):
                    name = self.contact_names[k]
                    raise InputError(f"contact {name!r}: its {what} must be finite, got {value}")
        for k in given_v.keys() & given_i.keys():
            raise InputError(
                f"contact {self.contact_names[k]!r} has both a voltage and a current; give one"
            )
        v, i = solve_terminals(
            self.conductance, self._geometry.groups, self.contact_names, given_v, given_i
        )
        return Drive(self, v, i)

    def resistances(self) -> np.ndarray:
        """Equivalent resistances between every two terminals in ohm, shape (N, N).

        All other contacts float. Infinite between contacts that no conducting cells join.
        """
        between = two_terminal_resistances(self.film_conductance, self._geometry.groups)
        series = self._series[:, None] + self._series
        np.fill_diagonal(series, 0)
        return between + series

    def resistance(self, a: str, b: str) -> float:
        """Equivalent resistance between two terminals in ohm, all other contacts floating."""
        return float(self.resistances()[self._number(a), self._number(b)])

    def reduced(self, names: Sequence[str]) -> np.ndarray:
        """Conductance matrix of the named contacts in S while all others float, shape (K, K)."""
        keep = np.array([self._number(name) for name in names])
        return kron_reduction(self.conductance, self._geometry.groups, keep)

    def _number(self, name: str) -> int:
        if name not in self.contact_names:
            hint = nearest(name, self.contact_names, "contacts")
            raise InputError(f"no contact is named {name!r}; {hint}")
        return self.contact_names.index(name)

    def _voltages(self, v: Sequence[float] | np.ndarray) -> np.ndarray:
        n = len(self.conductance)
        try:
            u = np.asarray(v, float)
        except (TypeError, ValueError):
            raise InputError(f"need {n} finite voltages, one per contact, got {v!r}") from None
        if u.shape != (n,) or not np.isfinite(u).all():
            raise InputError(f"need {n} finite voltages, one per contact, got {u.tolist()}")
        return u

    def _contact_voltages(
        self, v: Sequence[float] | np.ndarray, transpose: bool = False
    ) -> np.ndarray:
        u = self._voltages(v)
        g = self.conductance.T if transpose else self.conductance
        return u - self._series * (g @ u) if self._series.any() else u

    def _potential(self, v: Sequence[float] | np.ndarray, transpose: bool = False) -> np.ndarray:
        u = self._contact_voltages(v, transpose)
        phi = self._superposed(u[:-1] - u[-1], transpose)
        phi += u[-1] * (self._geometry.free | (self._geometry.contact >= 0))
        return phi

    def _superposed(self, weights: np.ndarray, transpose: bool) -> np.ndarray:
        units = self._adjoint if transpose else self._potentials
        return np.einsum("k,k...->...", weights, units)  # no threads of BLAS, that wait busily

    def potential(self, v: Sequence[float] | np.ndarray) -> np.ndarray:
        """Potential of the nodes in V, shape `film.node_shape`; 0 where nothing conducts.

        Parameters
        ----------
        v : array_like, shape (N,)
            Voltages of the terminals, V.
        """
        return self._potential(v).reshape(self._film.node_shape)

    def adjoint_potential(self, v: Sequence[float] | np.ndarray) -> np.ndarray:
        """Potential of the transposed network in V, shape `film.node_shape`.

        That of the film with the magnetization reversed, by Onsager's relation; `potential(v)`
        without Hall effect.

        Parameters
        ----------
        v : array_like, shape (N,)
            Voltages of the terminals, V.
        """
        return self._potential(v, transpose=True).reshape(self._film.node_shape)

    def current_density(self, v: Sequence[float] | np.ndarray) -> np.ndarray:
        """Current density of the film at the cells' centers in A/m2, shape (nz, ny, nx, 3).

        j = -Sigma times the average gradient of the potential in the cell.

        Parameters
        ----------
        v : array_like, shape (N,)
            Voltages of the terminals, V.
        """
        from orchestrator.transport import cellwise

        spacing, sigma = self._geometry.spacing, self._sigma
        d, shape, team = len(spacing), self._film.array_shape, self._team
        phi = self._potential(v).reshape((1, *self._geometry.nodes)[-3:])
        symmetric = sigma.symmetric.reshape(-1, *shape)
        hall, hall_pairs = symmetric, np.empty((0, 2), int)
        if sigma.hall is not None:
            hall, hall_pairs = sigma.hall.reshape(-1, *shape), np.array(HALL_PAIRS[d])
        j = team.empty((*shape, 3))
        team.run(
            cellwise.currents,
            team.blocks(0, shape[1], j.size),
            phi,
            center_gradient(spacing),
            symmetric,
            np.array(PAIRS[d]),
            hall,
            hall_pairs,
            j,
        )
        return j

    def terminal_currents(self, v: Sequence[float] | np.ndarray) -> np.ndarray:
        """Currents into the film through the contacts in A, shape (N,).

        Parameters
        ----------
        v : array_like, shape (N,)
            Voltages of the terminals, V.
        """
        return self.conductance @ self._voltages(v)

    def power(self, v: Sequence[float] | np.ndarray) -> float:
        """Dissipated power V^T G V in W, series resistances and underlayer included.

        Parameters
        ----------
        v : array_like, shape (N,)
            Voltages of the terminals, V.
        """
        u = self._voltages(v)
        return float(u @ self.conductance @ u)

    def power_density(self, v: Sequence[float] | np.ndarray) -> np.ndarray:
        """Joule heat of the film's cells in W/m3, shape (nz, ny, nx).

        The average over each cell, exact for the finite elements: times the cell volume it adds up
        to `power(v)`, less what series resistances and underlayer take.

        Parameters
        ----------
        v : array_like, shape (N,)
            Voltages of the terminals, V.
        """
        heat = self._heat(self._potential(v)) / np.prod(self._geometry.spacing)
        return heat.reshape(self._film.array_shape)

    def _heat(self, phi: np.ndarray) -> np.ndarray:
        return contract(self._sigma, gradient_product(phi, phi, self._geometry.spacing))

    def underlayer_current_density(self, v: Sequence[float] | np.ndarray) -> np.ndarray:
        """Sheet current density of the underlayer in A/m, shape (ny, nx, 2); 0 without one.

        Parameters
        ----------
        v : array_like, shape (N,)
            Voltages of the terminals, V.
        """
        field = -average_gradient(self._lower_face(v), self._geometry.spacing[:2])
        return np.moveaxis(self._sheet_conductance * field, 0, -1)

    def underlayer_power_density(self, v: Sequence[float] | np.ndarray) -> np.ndarray:
        """Joule heat of the underlayer in W/m2, shape (ny, nx); 0 without one.

        Parameters
        ----------
        v : array_like, shape (N,)
            Voltages of the terminals, V.
        """
        spacing = self._geometry.spacing[:2]
        phi = self._lower_face(v)
        products = gradient_product(phi, phi, spacing)
        return self._sheet_conductance * np.trace(products) / np.prod(spacing)

    @property
    def _sheet_conductance(self) -> np.ndarray:
        return np.zeros(self._film.array_shape[1:]) if self._sheet is None else self._sheet

    def _lower_face(self, v: Sequence[float] | np.ndarray) -> np.ndarray:
        phi = self._potential(v)
        return phi if phi.ndim == 2 else phi[0]


@dataclass(frozen=True)
class Drive:
    """A network under given conditions at its contacts.

    Attributes
    ----------
    state : NetworkState
        The solved network.
    voltages : ndarray, shape (N,)
        Voltages of the terminals, V, those of floating ones and of current sources found.
    currents : ndarray, shape (N,)
        Currents into the film, A.
    """

    state: NetworkState
    voltages: np.ndarray
    currents: np.ndarray

    def voltage(self, name: str, against: str | None = None) -> float:
        """Voltage in V of a terminal, against ground or another terminal."""
        number = self.state._number
        ground = 0.0 if against is None else self.voltages[number(against)]
        return float(self.voltages[number(name)] - ground)

    def current(self, name: str) -> float:
        """Current in A into the film through a terminal."""
        return float(self.currents[self.state._number(name)])

    @property
    def power(self) -> float:
        """Power in W that the sources deliver, sum of V_i I_i."""
        return float(self.voltages @ self.currents)

    @cached_property
    def potential(self) -> np.ndarray:
        """Potential of the nodes in V, see `NetworkState.potential`."""
        return self.state.potential(self.voltages)

    @cached_property
    def current_density(self) -> np.ndarray:
        """Current density in A/m2, see `NetworkState.current_density`."""
        return self.state.current_density(self.voltages)

    @cached_property
    def power_density(self) -> np.ndarray:
        """Joule heat in W/m3, see `NetworkState.power_density`."""
        return self.state.power_density(self.voltages)

    @cached_property
    def underlayer_current_density(self) -> np.ndarray:
        """Sheet current density in A/m, see `NetworkState.underlayer_current_density`."""
        return self.state.underlayer_current_density(self.voltages)
