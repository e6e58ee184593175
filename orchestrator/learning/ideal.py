"""Ideal textures: stripes turned across the current, in an effective medium.

Training turns the stripes of a maze until the current crosses them. A stripe pattern finer than
the film conducts like a laminate with the principal conductivities sigma_n across the stripes and
sigma_t along them. With Bloch walls m has no component across, so that sigma_n = sigma_perp, and
sigma_t = sigma_perp + (sigma_par - sigma_perp) s with s the mean square of m along the stripes. An
isotropic maze conducts like sqrt(sigma_n sigma_t) (A. M. Dykhne, Sov. Phys. JETP 32, 63, 1971).

The texture that a pattern would write if nothing resisted has its stripes across the current of
the pattern everywhere. A share d of disorder interpolates between it and the isotropic maze at
constant sigma_n sigma_t, the product that Dykhne's theorem keeps.
"""

from __future__ import annotations

import numpy as np

from orchestrator.device import Contact, Film, Resistivity
from orchestrator.learning.hopfield import (
    all_patterns,
    energy,
    is_trivial,
    signs,
    trained_patterns,
)
from orchestrator.transport.network import Network


class IdealTextures:
    """Weights that ideal textures of a film with contacts would have.

    Parameters
    ----------
    film : Film
        A film of one layer.
    contacts : tuple of Contact
        Its contacts.
    resistivity : Resistivity
        Of the magnetic material.
    along : float
        Mean square of the component of m along the stripes; 1/2 for a sinusoidal helix.
    """

    def __init__(
        self,
        film: Film,
        contacts: tuple[Contact, ...],
        resistivity: Resistivity,
        along: float = 0.5,
    ) -> None:
        self._film, self._contacts = film, contacts
        across = 1 / resistivity.perpendicular
        stripes = across + (1 / resistivity.parallel - across) * along
        self._isotropic = np.sqrt(across * stripes)
        self._references = {"saturated": across, "untrained": self._isotropic}
        self._ratio = across / stripes
        up = np.zeros((*film.shape, 3))
        up[..., 2] = 1
        self._uniform = Network(film, _medium(1.0, 1.0), contacts).solve(up)
        self.inputs = np.array([signs(p) for p in all_patterns(len(contacts))], float)
        """All 2^N patterns as +1 and -1, shape (2^N, N)."""
        self._lines: dict[str, np.ndarray] = {}

    def powers(self) -> np.ndarray:
        """Power of every pattern at 1 V in the isotropic maze, W; shape (2^N,)."""
        return -self._isotropic * energy(self._uniform.conductance, self.inputs)

    def conductance(self, pattern: str, disorder: float) -> np.ndarray:
        """G in S of the texture that a pattern would write; shape (N, N)."""
        if pattern not in self._lines:
            j = self._uniform.current_density(signs(pattern).astype(float))
            length = np.linalg.norm(j, axis=-1, keepdims=True)
            flows = length > 1e-9 * length.max()
            self._lines[pattern] = np.where(flows, j / np.where(flows, length, 1), [1.0, 0, 0])
        anisotropy = self._ratio ** ((1 - disorder) / 2)
        medium = _medium(self._isotropic * anisotropy, self._isotropic / anisotropy)
        return Network(self._film, medium, self._contacts).solve(self._lines[pattern]).conductance

    def energies(self, pattern: str, disorder: float, reference: str) -> np.ndarray:
        """E' of every input at 1 V in W; shape (2^N,).

        Parameters
        ----------
        reference : {"saturated", "untrained"}
            The film saturated along its normal, or the isotropic maze.
        """
        uniform = self._references[reference] * self._uniform.conductance
        return energy(self.conductance(pattern, disorder) - uniform, self.inputs)

    def margin(self, pattern: str, disorder: float, reference: str) -> float:
        """How far E' of the pattern lies below that of every other input, in units of its power.

        Negative where another non-trivial input lies lower.
        """
        energies = self.energies(pattern, disorder, reference)
        trained = trained_patterns(pattern)
        names = all_patterns(len(self._contacts))
        own = names.index(pattern)
        others = [k for k, p in enumerate(names) if p not in trained and not is_trivial(p)]
        return float((energies[others].min() - energies[own]) / self.powers()[own])

    def tolerated_disorder(self, pattern: str, reference: str, resolution: float = 0.01) -> float:
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


def _medium(across: float, along: float) -> Resistivity:
    """Principal conductivities in S/m; given as `m` the direction across the stripes."""
    return Resistivity(rho_par=1 / across, rho_perp=1 / along)
