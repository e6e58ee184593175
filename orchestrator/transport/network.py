"""The conductance network of a film: from a magnetization to currents.

N contacts need N - 1 solutions with one contact at 1 V and the others at 0 V. They give the
conductance matrix and, by superposition, the potential and current density of every voltage
vector.
"""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from orchestrator.base.errors import InputError
from orchestrator.base.kinds import check_kind
from orchestrator.describe.contacts import Contact
from orchestrator.describe.device import Device
from orchestrator.describe.film import Film
from orchestrator.describe.html import card, drawing_of, film_rows, transport_rows
from orchestrator.describe.media import Region, Resistivity, Underlayer
from orchestrator.transport.assembly import Assembler, Stencil, half_offsets
from orchestrator.transport.conductivity import (
    PAIRS,
    Conductivity,
    Media,
    conducting_cells,
    conductivity,
)
from orchestrator.transport.device_film import DeviceFilm, DeviceState
from orchestrator.transport.geometry import Geometry, find_geometry
from orchestrator.transport.solvers import ITERATIVE, SOLVERS, Prepare, check_solver, chosen, cuda
from orchestrator.transport.state import NetworkState
from orchestrator.transport.threads import Team

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
    regions : tuple of Region
        Parts of the film that conduct in another way.
    underlayer : Underlayer, optional
        A conducting layer in parallel.
    warm_start : bool
        Whether an iterative solver starts from the potentials of the two textures solved before.
        Without it a solution depends on its texture, and the guesses given to `solve`, alone, to
        the last bit.
    threads : int, optional
        Threads of the iterative solver; all cores of this process if not given. Results are the
        same bits for any number.

    Raises
    ------
    InputError
        If a description is of another kind, or there is no such solver.

    Notes
    -----
    div(Sigma grad phi) = 0, Sigma = sigma_perp 1 + (sigma_par - sigma_perp) m m^T, and I = G V
    with currents I (A) into the film and voltages V (V) of the contacts.

    Examples
    --------
    >>> import numpy as np
    >>> from orchestrator.describe.contacts import SideContact
    >>> from orchestrator.describe.film import Film
    >>> from orchestrator.describe.media import Resistivity
    >>> film = Film((40, 20, 1), (5e-9, 5e-9, 10e-9))
    >>> contacts = SideContact("left", side="left"), SideContact("right", side="right")
    >>> network = orchestrator.Network(film, Resistivity(rho_par=2e-7, rho_perp=1e-7), contacts)
    >>> m = np.zeros((*film.array_shape, 3))  # (nz, ny, nx, 3)
    >>> m[..., 0] = 1  # along the current: G = W t / (rho_par L)
    >>> state = network.solve(m)
    >>> round(float(state.conductance[0, 0]), 9)  # S
    0.025
    >>> j = state.current_density(np.array([0.1, 0.0]))  # rho_par j = V / L
    >>> f"{j[0, 10, 20, 0]:.3e} A/m2"
    '2.500e+12 A/m2'
    """

    def __init__(
        self,
        film: Film,
        resistivity: Resistivity,
        contacts: tuple[Contact, ...],
        solver: str = "auto",
        *,
        regions: tuple[Region, ...] = (),
        underlayer: Underlayer | None = None,
        warm_start: bool = True,
        threads: int | None = None,
    ) -> None:
        check_kind("film", film, Film)
        check_kind("resistivity", resistivity, Resistivity)
        check_kind("contacts", contacts, Sequence)
        check_solver(solver)
        self.film = film
        self.resistivity = resistivity
        self.contacts = tuple(contacts)
        self.regions = tuple(regions)
        self.media = Media.of(film, resistivity, self.regions)
        self.underlayer = underlayer
        self._solver = solver
        self._warm_start = warm_start
        self._geometry: Geometry | None = None
        self._prepare: Prepare
        self._assemble: Callable[[Conductivity], Stencil]
        self._there: DeviceFilm | None = None
        self._media_hall = self._hall = bool(np.any(self.media.hall))
        self._xp: Any = np
        self._free: Any
        self._units: tuple[Any, ...]
        self._sheet: Any = None
        self._team = Team(threads)
        self._guesses: tuple[Any, ...] = ()
        self._alone = threading.RLock()
        self.iterative = False
        """Whether the solver of the last texture makes use of guesses."""

    @classmethod
    def of_device(
        cls,
        device: Device,
        contacts: tuple[Contact, ...] | None = None,
        solver: str = "auto",
        *,
        warm_start: bool = True,
        threads: int | None = None,
    ) -> Network:
        """The network of a device, or of other contacts on its film.

        Parameters
        ----------
        device : Device
            Film, resistivities, regions, underlayer.
        contacts : tuple of Contact, optional
            Instead of the device's own.
        solver : str
            See `Network`.
        warm_start : bool
            See `Network`.
        threads : int, optional
            See `Network`.
        """
        check_kind("device", device, Device)
        return cls(
            device.film,
            device.resistivity,
            device.contacts if contacts is None else contacts,
            solver,
            regions=device.regions,
            underlayer=device.underlayer,
            warm_start=warm_start,
            threads=threads,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy, as for another process, has solved nothing yet."""
        build = functools.partial(
            type(self),
            regions=self.regions,
            underlayer=self.underlayer,
            warm_start=self._warm_start,
            threads=self._team.threads,
        )
        return build, (self.film, self.resistivity, self.contacts, self._solver)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        rows = [
            *film_rows(self.film),
            *transport_rows(self.resistivity, self.contacts, self.regions, self.underlayer),
            ("solver", self._solver),
        ]
        return card("Network", rows, drawing_of(self.film, self.contacts, self.regions))

    def solve(self, m: np.ndarray, guesses: Sequence[np.ndarray] = ()) -> NetworkState:
        """Solve for a magnetization.

        Parameters
        ----------
        m : ndarray, shape (nz, ny, nx, 3)
            Unit vectors, zero vectors where nothing is magnetic: vacuum, unless in a metal region.
        guesses : sequence of ndarray
            `NetworkState.guess` of textures alike, the most alike first, for an iterative solver:
            it starts from the first, extrapolated with the second. The same guesses give the same
            bits. Without any, `warm_start` decides.

        Returns
        -------
        NetworkState
            Conductances (S), potentials (V) and current densities (A/m2) of this texture.

        Raises
        ------
        InputError
            If m has the wrong shape or vectors that are neither of unit length nor zero, if a
            contact touches no conducting cell, or if a guess has the wrong shape or numbers that
            are not finite.
        """
        m = np.asarray(m)
        if m.dtype.kind not in "iuf":
            raise InputError(f"m: must hold real numbers, got {m.dtype}")
        if m.shape != (*self.film.array_shape, 3):
            raise InputError(
                f"m has shape {m.shape}; a film of {self.film.cells} cells needs "
                f"{(*self.film.array_shape, 3)}"
            )
        with self._alone:
            return self._solve(self._tensors(m), guesses)

    def _tensors(self, m: np.ndarray) -> Conductivity:
        if self._there is not None and self._hall == self._media_hall:
            sigma, fits = self._there.conductivity(self._there.device.upload(m))
            if fits:
                return sigma
        conducting = conducting_cells(m, self.media, self._team)
        self._find_geometry(conducting, self._media_hall)
        if self._there is not None:
            return self._there.conductivity(self._there.device.upload(m))[0]
        return conductivity(m, self.media, conducting, self._team)

    def solve_conductivity(self, sigma: Conductivity) -> NetworkState:
        """Solve for conductivities of any origin.

        Parameters
        ----------
        sigma : Conductivity
            One tensor (S/m) for each cell; zero in vacuum.

        Returns
        -------
        NetworkState

        Raises
        ------
        InputError
            If they have the wrong shape or are neither zero (vacuum) nor positive definite in
            every cell, or if a contact touches no conducting cell.
        """
        d = 2 if self.film.is_2d else 3
        shape = (len(PAIRS[d]), *self.film.array_shape[-d:])
        if sigma.symmetric.shape != shape:
            raise InputError(f"conductivities have shape {sigma.symmetric.shape}, not {shape}")
        sigma.check_positive()
        with self._alone:
            self._find_geometry(sigma.conducting(), sigma.hall is not None)
            return self._solve(sigma if self._there is None else self._there.take(sigma))

    def _solve(self, sigma: Conductivity, guesses: Sequence[np.ndarray] = ()) -> NetworkState:
        geometry, there = self._geometry, self._there
        assert geometry is not None
        stencil = self._assemble(sigma)
        sheet = self._add_underlayer(geometry, stencil)
        with _controller().limit(limits=1):
            known = guesses if len(guesses) else self._guesses
            potentials = self._unit_potentials(geometry, stencil, known)
            solved = (geometry, sigma, stencil, potentials[0], potentials[-1], sheet)
            if there is None:
                state = NetworkState(self.film, self.contacts, *solved)
            else:
                state = DeviceState(there, self.film, self.contacts, *solved)
        if self._warm_start and self.iterative:
            self._guesses = (state.rounded(), *self._guesses[:1])
        return state

    def _add_underlayer(self, geometry: Geometry, stencil: Stencil) -> np.ndarray | None:
        """Add the underlayer's matrix on the nodes of the lower face; return its conductance."""
        if self.underlayer is None:
            return None
        above = geometry.conducting if self.film.is_2d else geometry.conducting[0]
        sheet = self.underlayer.sheet_conductance * above
        if self._sheet is None:
            layer = np.stack([sheet, sheet, np.zeros_like(sheet)])
            assemble = Assembler(above.shape, geometry.spacing[:2], 1.0)
            self._sheet = self._xp.asarray(assemble(Conductivity(layer)).symmetric)
        if self.film.is_2d:
            stencil.symmetric[:] += self._sheet
        else:
            offsets = half_offsets(3)
            for coefficients, offset in zip(self._sheet, half_offsets(2), strict=True):
                stencil.symmetric[offsets.index((0, *offset)), 0] += coefficients
        return sheet

    def _find_geometry(self, conducting: np.ndarray, hall: bool) -> None:
        known = self._geometry
        if (
            known is None
            or hall != self._hall
            or not np.array_equal(known.conducting.ravel(), conducting.ravel())
        ):
            known = self._geometry = find_geometry(self.film, self.contacts, conducting)
            for island in known.islands:
                place = tuple(int(i) for i in np.argwhere(island)[0][::-1])
                log.warning(
                    "a conducting region of %d cells around cell %s has no contact; "
                    "its potential is undefined and it is left out",
                    island.sum(),
                    place,
                )
            self._hall = hall
            name = chosen(self._solver, known, hall)
            self._prepare = SOLVERS[name](known, self._team)
            self.iterative = name in ITERATIVE
            assembler = Assembler(known.cells, known.spacing, known.thickness, self._team)
            self._assemble, self._there, self._xp = assembler, None, np
            if name == "cuda":
                self._there = DeviceFilm(cuda(), known, self.media, assembler)
                self._assemble, self._xp = self._there.assemble, self._there.device.xp
            self._free = self._xp.asarray(known.free)
            self._units = tuple(self._xp.asarray(places) for places in known.units)
            self._sheet = None
            self._guesses = ()

    def _unit_potentials(
        self, geometry: Geometry, stencil: Stencil, guesses: Sequence[np.ndarray]
    ) -> list[Any]:
        """Unit potentials of the matrix and, if it is another, of its transpose.

        The latter differ from the former by what a reversed magnetization changes, of the order of
        the Hall angle: guessed is this difference, without guesses zero.
        """
        shape = (len(self.contacts) - 1, *geometry.nodes)
        ops: Any = self._team if self._there is None else self._there.device
        directions = (False,) if stencil.skew is None else (False, True)
        for guess in guesses:
            if guess.shape != (len(directions), *shape):
                raise InputError(
                    f"a guess has shape {guess.shape}, the potentials of this network have "
                    f"{(len(directions), *shape)}"
                )
        solve = self._prepare(stencil)
        there = list(guesses) if self._there is None else [self._there.up(g) for g in guesses]
        results: list[Any] = []
        for transpose in directions:
            known = [guess[1] - guess[0] if transpose else guess[0] for guess in there]
            start, direction = ops.empty(shape), None
            parts = [*results, *known[:1]]
            if parts:
                ops.elementwise(np.multiply, parts[0], self._free, out=start)
            else:
                start[:] = 0
            for change in parts[1:]:
                start += change * self._free
            start[self._units] = 1.0
            if len(known) > 1:
                direction = ops.empty(shape, np.float32)
                ops.elementwise(np.subtract, *known, out=direction)
            results.append(solve(None, start, direction, transpose))
        return results
