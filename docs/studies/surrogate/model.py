"""A film whose stripes are known by their order on a coarse grid only.

The state is the complex order q = <mx mx - my my> + 2i <mx my> of every cell of 12 nm:
w e^(2i theta) where the stripes lie at an angle theta to x, with w = <mx mx + my my>. Its mean in
a maze is 0. A current turns the stripes across itself, and lets them forget what they were,

    dq/dt = -b (A / J0^2) / (1 + (J / L)^4) - m q + noise,    m = M (J / J0)^p,

with J^2 = <jx jx + jy jy> and A = <(jx + i jy)^2>, means over a Gaussian of some length, and J0 =
1e12 A/m2. Beyond the density L the current no longer orders. The noise keeps the texture a maze, a
coarser one where the current orders. Without current nothing changes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.ndimage import gaussian_filter

from orchestrator.base.errors import InputError
from orchestrator.describe.device import Device
from orchestrator.describe.film import Film
from orchestrator.transport.conductivity import Conductivity
from orchestrator.transport.network import Network

J0 = 1e12
"""Unit of current density, A/m2."""


@dataclass(frozen=True)
class Disorder:
    """Random order of stripes: Gaussian, with the spectral density D / (1 + (k l)^4).

    q e^(-2i phi), with phi the angle of the wave vector, has independent real (E) and imaginary (B)
    parts; k in cycles per meter.

    Parameters
    ----------
    density : float
        D of each part, m2.
    lengths : (float, float)
        l of E and B, m.
    """

    density: float
    lengths: tuple[float, float]

    def draw(self, shape: tuple[int, int], cell: float, rng: np.random.Generator) -> np.ndarray:
        """A complex field of shape (ny, nx) on cells of `cell`, m."""
        margin = int(np.ceil(max(self.lengths) / cell))
        ny, nx = (n + margin for n in shape)
        ky, kx = np.meshgrid(np.fft.fftfreq(ny, cell), np.fft.fftfreq(nx, cell), indexing="ij")
        white = np.fft.fft2(rng.standard_normal((2, ny, nx)))
        length = np.array(self.lengths)[:, None, None]
        e, b = white * np.sqrt(self.density / (1 + (np.hypot(kx, ky) * length) ** 4)) / cell
        c, s = np.cos(2 * np.arctan2(ky, kx)), np.sin(2 * np.arctan2(ky, kx))
        x, y = np.fft.ifft2(np.stack([e * c - b * s, e * s + b * c])).real
        return (x + 1j * y)[: shape[0], : shape[1]]


@dataclass(frozen=True)
class Constants:
    """What the surrogate knows of the material.

    Attributes
    ----------
    drive : float
        b, 1/s.
    limit : float
        L, A/m2.
    rate : float
        M, 1/s.
    power : float
        p.
    length : float
        Standard deviation of the Gaussian over which the current is averaged, m.
    weight : float
        w.
    maze, driven : Disorder
        Of untrained films, and where a current orders.
    """

    drive: float
    limit: float
    rate: float
    power: float
    length: float
    weight: float
    maze: Disorder
    driven: Disorder

    def change(self, j: np.ndarray, cell: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Drive and m in 1/s and 1 / (1 + (J/L)^4) for a current density, A/m2, (2, ny, nx)."""
        x, y = j / J0
        square, along, slanted = (
            gaussian_filter(part, self.length / cell, mode="nearest")
            for part in (x * x + y * y, x * x - y * y, 2 * x * y)
        )
        share = 1 / (1 + (square * (J0 / self.limit) ** 2) ** 2)
        return (
            -self.drive * share * (along + 1j * slanted),
            self.rate * square ** (self.power / 2),
            share,
        )


FILM_CONSTANTS = Constants(
    drive=1.09e7,
    limit=2.57e12,
    rate=7.65e7,
    power=0.697,
    length=42.8e-9,
    weight=0.414,
    maze=Disorder(1.88e-16, (74e-9, 132e-9)),
    driven=Disorder(3.25e-16, (152e-9, 152e-9)),
)
"""Of the film of data/experiments/reliable.toml, as `fit` found them."""


@dataclass
class Surrogate:
    """A film of one layer with contacts, on cells of a coarse grid.

    Parameters
    ----------
    device : Device
        Film, resistivity and contacts; what else it says is in the constants.
    constants : Constants
        Of the material.
    cell : float
        In m; the film's edges must be multiples of it.

    Raises
    ------
    InputError
        If they are not.
    """

    device: Device
    constants: Constants
    cell: float = 12e-9
    network: Network = field(init=False)

    def __post_init__(self) -> None:
        lx, ly, lz = self.device.film.lengths
        nx, ny = round(lx / self.cell), round(ly / self.cell)
        if max(abs(nx * self.cell - lx), abs(ny * self.cell - ly)) > 1e-6 * self.cell:
            raise InputError(
                f"a film of {lx:g} m x {ly:g} m is no multiple of cells of {self.cell:g} m"
            )
        film = Film((nx, ny, 1), (self.cell, self.cell, lz))
        self.network = Network(film, self.device.resistivity, self.device.contacts)
        self.shape = ny, nx

    def conductivity(self, q: np.ndarray) -> Conductivity:
        """sigma_perp + (sigma_par - sigma_perp) <m m> with the order q, shape (ny, nx)."""
        across = 1 / self.device.resistivity.perpendicular
        difference = 1 / self.device.resistivity.parallel - across
        half = difference / 2 * np.stack([q.real, -q.real, q.imag])
        half[:2] += across + difference / 2 * self.constants.weight
        return Conductivity(half)

    def untrained(self, rng: np.random.Generator) -> np.ndarray:
        """Order of a maze."""
        return self.constants.maze.draw(self.shape, self.cell, rng)

    def step(
        self, q: np.ndarray, j: np.ndarray, time: float, rng: np.random.Generator | None
    ) -> np.ndarray:
        """The order after a time in s with a constant current density, shape (2, ny, nx).

        Exact; without a generator of random numbers there is no noise.
        """
        drive, rate, share = self.constants.change(j, self.cell)
        kept = np.exp(-rate * time)
        gained = np.where(rate > 0, (1 - kept) / np.where(rate > 0, rate, 1), time)
        q = kept * q + gained * drive
        if rng is None:
            return q
        driven = self.constants.driven.draw(self.shape, self.cell, rng)
        noise = np.sqrt(share) * driven + np.sqrt(1 - share) * self.untrained(rng)
        return q + np.sqrt(1 - kept**2) * noise

    def trained(
        self,
        q: np.ndarray,
        voltages: np.ndarray,
        time: float,
        steps: int,
        rng: np.random.Generator | None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """The order after a training of some time in s, and G in S before and after it."""
        g = []
        for _ in range(steps):
            state = self.network.solve_conductivity(self.conductivity(q))
            g.append(state.conductance)
            j = state.current_density(voltages)[0, ..., :2].transpose(2, 0, 1)
            q = self.step(q, j, time / steps, rng)
        g.append(self.network.solve_conductivity(self.conductivity(q)).conductance)
        return q, np.array([g[0], g[-1]])
