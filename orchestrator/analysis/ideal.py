"""Ideal textures: stripes turned across the current, in an effective medium.

Training turns the stripes of a maze until the current crosses them. A stripe pattern finer than
the film conducts like a laminate with the principal conductivities sigma_n across the stripes and
sigma_t along them. With Bloch walls m has no component across, so that sigma_n = sigma_perp, and
sigma_t = sigma_perp + (sigma_par - sigma_perp) s with s the mean square of m along the stripes. An
isotropic maze conducts like sqrt(sigma_n sigma_t) (A. M. Dykhne, Sov. Phys. JETP 32, 63, 1971).

The texture that a pattern would write if nothing resisted has its stripes across the current of
the pattern everywhere. A share d of disorder interpolates between it and the isotropic maze at
constant sigma_n sigma_t, the product that Dykhne's theorem keeps. The share is the same everywhere,
or falls with the local field, as where stripes need a current of some strength to turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from orchestrator.base.errors import InputError
from orchestrator.describe.contacts import Contact
from orchestrator.describe.film import Film
from orchestrator.describe.media import Resistivity
from orchestrator.learning.hopfield import (
    all_patterns,
    energy,
    is_trivial,
    signs,
    trained_patterns,
)
from orchestrator.transport.assembly import Assembler
from orchestrator.transport.conductivity import Conductivity
from orchestrator.transport.fields import average_gradient
from orchestrator.transport.geometry import find_geometry
from orchestrator.transport.iterative import conjugate_gradients
from orchestrator.transport.solvers import choose_solver
from orchestrator.transport.terminals import completed

Reference = Literal["saturated", "untrained"] | float
"""A uniform film: saturated along its normal, the isotropic maze, or of c sigma_perp."""


@dataclass(frozen=True)
class Driven:
    """Disorder d = 1 / (1 + (E / half)^2) where the field of the pattern is E.

    Parameters
    ----------
    half : float
        Field in V/m, for inputs of 1 V, that leaves half of the disorder.
    """

    half: float

    def share(self, field: np.ndarray) -> np.ndarray:
        """Disorder where the field of the pattern at 1 V is `field` (V/m)."""
        return 1 / (1 + (field / self.half) ** 2)


Disorder = float | Driven
"""The share of disorder, everywhere the same or by the field of the pattern."""

TOLERANCE = 1e-4
"""Relative error of the potentials in the energy norm; that of G is its square."""


class IdealTextures:
    """Weights that ideal textures of a film with contacts would have.

    The film without anisotropy is factorized once; conjugate gradients with this factorization
    solve for the textures in a few steps.

    Parameters
    ----------
    film : Film
        A film of one layer.
    contacts : tuple of Contact
        Its contacts, without series resistances.
    resistivity : Resistivity
        Of the magnetic material.
    along : float
        Mean square of the component of m along the stripes; 1/2 for a sinusoidal helix.

    Raises
    ------
    InputError
        If the film has several layers, a contact has a series resistance, or contacts overlap.
    """

    def __init__(
        self,
        film: Film,
        contacts: tuple[Contact, ...],
        resistivity: Resistivity,
        along: float = 0.5,
    ) -> None:
        if not film.is_2d:
            raise InputError(f"ideal textures need a film of one layer, not {film.cells[2]}")
        if any(contact.resistance for contact in contacts):
            raise InputError("ideal textures know no series resistances of contacts; leave them 0")
        self._saturated = 1 / resistivity.perpendicular
        stripes = self._saturated + (1 / resistivity.parallel - self._saturated) * along
        self._isotropic = np.sqrt(self._saturated * stripes)
        self._ratio = self._saturated / stripes

        self._geometry = find_geometry(film, contacts, np.ones(film.array_shape, bool))
        spacing, thickness = self._geometry.spacing, self._geometry.thickness
        self._assemble = Assembler(self._geometry.cells, spacing, thickness)
        ones = np.ones(self._geometry.cells)
        stencil = self._assemble(Conductivity(np.stack([ones, ones, 0 * ones])))
        self._solve = choose_solver("direct", self._geometry)(stencil)
        self._lifted = np.array([self._geometry.indicator(k) for k in range(len(contacts) - 1)])
        self._free = self._solve(-stencil.apply(self._lifted) * self._geometry.free)
        potentials = self._lifted + self._free
        self._fields = np.array([average_gradient(phi, spacing) for phi in potentials])
        self._uniform = _conductance(potentials, stencil.apply(potentials))

        self.patterns = all_patterns(len(contacts))
        self.inputs = np.array([signs(p) for p in self.patterns], float)
        """All 2^N patterns as +1 and -1, shape (2^N, N)."""
        self._nontrivial = np.array([not is_trivial(p) for p in self.patterns])
        self._known: dict[tuple[str, Disorder], np.ndarray] = {}

    def powers(self) -> np.ndarray:
        """Power of every pattern at 1 V in the isotropic maze, W; shape (2^N,)."""
        return -self._isotropic * energy(self._uniform, self.inputs)

    def conductance(self, pattern: str, disorder: Disorder) -> np.ndarray:
        """G in S of the texture that a pattern would write; shape (N, N).

        Parameters
        ----------
        pattern : str
            Signs of the inputs.
        disorder : float or Driven
            The share that is not turned, from 0 to 1, or how it falls with the field.
        """
        if (pattern, disorder) not in self._known:
            self._known[pattern, disorder] = self._solved(pattern, disorder)
        return self._known[pattern, disorder]

    def _solved(self, pattern: str, disorder: Disorder) -> np.ndarray:
        stencil = self._assemble(self._laminate(pattern, disorder))
        shape, flat = self._lifted.shape, (len(self._lifted), -1)

        def apply(u: np.ndarray) -> np.ndarray:
            return (stencil.apply(u.reshape(shape)) * self._geometry.free).reshape(flat)

        def precondition(r: np.ndarray) -> np.ndarray:
            return self._solve(r.reshape(shape)).reshape(flat) / self._isotropic

        x = self._free.reshape(flat).copy()
        b = -apply(self._lifted)
        found = conjugate_gradients(apply, precondition, b, x, TOLERANCE)
        potentials = self._lifted + found.reshape(shape)
        return _conductance(potentials, stencil.apply(potentials))

    def _laminate(self, pattern: str, disorder: Disorder) -> Conductivity:
        """Stripes across the current of a pattern as far as there is no disorder."""
        v = signs(pattern)
        field = np.tensordot(v[:-1] - v[-1], self._fields, axes=1)
        length = np.hypot(*field)
        flows = length > 1e-9 * length.max()
        x, y = np.where(flows, field / np.where(flows, length, 1), [[[1.0]], [[0.0]]])
        share = disorder.share(length) if isinstance(disorder, Driven) else disorder
        anisotropy = self._ratio ** ((1 - share) / 2)
        across, along = self._isotropic * anisotropy, self._isotropic / anisotropy
        extra = across - along
        return Conductivity(np.stack([along + extra * x * x, along + extra * y * y, extra * x * y]))

    def reference_conductivity(self, reference: Reference) -> float:
        """Conductivity of a reference in S/m.

        Raises
        ------
        InputError
            If it is unknown.
        """
        if reference == "saturated":
            return self._saturated
        if reference == "untrained":
            return self._isotropic
        if isinstance(reference, str) or not reference > 0:
            raise InputError(
                f"reference {reference!r} is unknown; there are 'saturated', 'untrained' and "
                "positive numbers"
            )
        return reference * self._saturated

    def energies(self, pattern: str, disorder: Disorder, reference: Reference) -> np.ndarray:
        """E' of every input at 1 V in W; shape (2^N,).

        Parameters
        ----------
        reference : {"saturated", "untrained"} or float
            The film saturated along its normal, the isotropic maze, or a film without anisotropy
            of this share of the saturated one's conductivity.
        """
        uniform = self.reference_conductivity(reference) * self._uniform
        return energy(self.conductance(pattern, disorder) - uniform, self.inputs)

    def margins(
        self, pattern: str, disorder: Disorder, references: Sequence[Reference]
    ) -> np.ndarray:
        """How far E' of the pattern lies below that of every other input, in units of its power.

        Negative where another non-trivial input lies lower; one number for each reference.
        """
        others = self._nontrivial.copy()
        own, opposite = (self.patterns.index(p) for p in trained_patterns(pattern))
        others[[own, opposite]] = False
        power = -energy(self._uniform, self.inputs)
        texture = energy(self.conductance(pattern, disorder), self.inputs)
        scales = np.array([self.reference_conductivity(r) for r in references])
        energies = texture + scales[:, None] * power
        margins = energies[:, others].min(axis=1) - energies[:, own]
        return margins / (self._isotropic * power[own])

    def margin(self, pattern: str, disorder: Disorder, reference: Reference) -> float:
        """The same for one reference."""
        return float(self.margins(pattern, disorder, [reference])[0])

    def tolerated_disorder(
        self, pattern: str, reference: Reference, resolution: float = 0.01
    ) -> float:
        """Largest share of disorder up to which the pattern stays the lowest input.

        0 where it is not the lowest even without disorder.
        """
        low, high = 0.0, 1.0 - resolution
        if self.margin(pattern, low, reference) < 0:
            return 0.0
        if self.margin(pattern, high, reference) > 0:
            return 1.0
        while high - low > resolution:
            middle = (low + high) / 2
            low, high = (
                (middle, high) if self.margin(pattern, middle, reference) > 0 else (low, middle)
            )
        return low


def _conductance(potentials: np.ndarray, images: np.ndarray) -> np.ndarray:
    """G from the potentials of N - 1 contacts at 1 V and the matrix times them."""
    flat = (len(potentials), -1)
    return completed(potentials.reshape(flat) @ images.reshape(flat).T, symmetric=True)
