"""Initial magnetizations: functions of position, evaluated at all cell centres at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from orchestrator.engines.cpu.geometry.gorandom import GoRandom
from orchestrator.engines.cpu.language.functions import exposed
from orchestrator.engines.cpu.language.values import Vector

Field = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


class Config:
    """A magnetization as a function of position, not yet normalized.

    Parameters
    ----------
    field : callable
        For arrays x, y, z of one shape (nz, ny, nx), in m, the values (nz, ny, nx, 3).
    """

    def __init__(self, field: Field) -> None:
        self.field = field

    def __str__(self) -> str:
        return "config"

    @exposed
    def transl(self, dx: float, dy: float, dz: float) -> Config:
        return Config(lambda x, y, z: self.field(x - dx, y - dy, z - dz))

    @exposed
    def scale(self, sx: float, sy: float, sz: float) -> Config:
        return Config(lambda x, y, z: self.field(x / sx, y / sy, z / sz))

    @exposed
    def rot_z(self, angle: float) -> Config:
        c, s = np.cos(angle), np.sin(angle)

        def rotated(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
            m = self.field(x * c + y * s, -x * s + y * c, z)
            return np.stack(
                (m[..., 0] * c - m[..., 1] * s, m[..., 0] * s + m[..., 1] * c, m[..., 2]), axis=-1
            )

        return Config(rotated)

    @exposed
    def add(self, weight: float, other: Config) -> Config:
        return Config(lambda x, y, z: self.field(x, y, z) + weight * other.field(x, y, z))


def _stack(x: np.ndarray, *components: np.ndarray | float) -> np.ndarray:
    return np.stack([np.broadcast_to(c, np.shape(x)) for c in components], axis=-1).astype(float)


def uniform(mx: float, my: float, mz: float) -> Config:
    """The same direction everywhere."""
    return Config(lambda x, y, z: _stack(x, mx, my, mz))


def two_domain(
    x1: float, y1: float, z1: float, xw: float, yw: float, zw: float, x2: float, y2: float,
    z2: float, cx: float,
) -> Config:  # fmt: skip
    """Two domains, left and right of x = 0, with a wall of width 2 cx between them."""

    def field(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        left = (x < 0)[..., None]
        wall = np.exp(-((x / (2 * cx)) ** 2))[..., None]
        domain = np.where(left, [x1, y1, z1], [x2, y2, z2])
        return (1 - wall) * domain + wall * np.array([xw, yw, zw])

    return Config(field)


def _in_plane(a: np.ndarray, b: np.ndarray, mz: np.ndarray, pol: int) -> np.ndarray:
    """(a, b, mz) with (0, 0, pol) where the direction in the plane is undefined."""
    m = np.stack((a, b, mz), axis=-1)
    m[np.isnan(m).any(axis=-1)] = (0.0, 0.0, pol)
    return m


def vortex(circulation: int, polarity: int, cx: float, anti: bool = False) -> Config:
    """Vortex or antivortex with a core of the width of a cell."""

    def field(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        r = np.hypot(x, y)
        with np.errstate(invalid="ignore"):
            first, second = (-x, y) if anti else (-y, x)
            a, b = first * circulation / r, second * circulation / r
        mz = 1.5 * polarity * np.exp(-(r * r) / (2 * cx * cx))
        return _in_plane(a, b, mz, polarity)

    return Config(field)


def skyrmion(charge: int, polarity: int, cx: float, bloch: bool) -> Config:
    """Neel or Bloch skyrmion of width 8 cx."""

    def field(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        r2 = x * x + y * y
        mz = 2 * polarity * (np.exp(-r2 / (8 * cx) ** 2) - 0.5)
        with np.errstate(invalid="ignore"):
            a, b = x * charge / np.sqrt(r2), y * charge / np.sqrt(r2)
        a, b = a * (1 - np.abs(mz)), b * (1 - np.abs(mz))
        return _in_plane(-b if bloch else a, a if bloch else b, mz, polarity)

    return Config(field)


def vortex_wall(
    left: float, right: float, circulation: int, polarity: int, height: float, cx: float
) -> Config:
    """Vortex between two domains along x; height is that of the strip, Ny cy."""
    core = vortex(circulation, polarity, cx)

    def field(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        m = core.field(x, y, z)
        m[x < -height / 2] = (left, 0.0, 0.0)
        m[x > height / 2] = (right, 0.0, 0.0)
        return m

    return Config(field)


def conical(q: Vector, direction: Vector, angle: float) -> Config:
    """Cone of the given opening angle around a direction, turning along q."""
    u = np.array(direction.components) / direction.len()
    p = np.sqrt(max(0.0, 1 - u[2] ** 2))
    if p == 0.0:
        ua, ub = np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])
    else:
        ua = np.array([u[0] * u[2], u[1] * u[2], u[2] ** 2 - 1]) / p
        ub = np.array([-u[1], u[0], 0.0]) / p

    def field(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        qx, qy, qz = q.components
        phase = (qx * x + qy * y + qz * z)[..., None]
        return u * np.cos(angle) + np.sin(angle) * (ua * np.cos(phase) + ub * np.sin(phase))

    return Config(field)


def helical(q: Vector) -> Config:
    """Helix with the wave vector q, rad/m."""
    return conical(q, q, np.pi / 2)


def random_mag_seed(seed: int) -> Config:
    """Independent directions, uniform on the sphere, from Go's generator in cell order."""
    generator = GoRandom(seed)

    def field(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        draws = generator.floats(2 * x.size).reshape(*x.shape, 2)
        theta, mz = 2 * np.pi * draws[..., 0], 2 * (draws[..., 1] - 0.5)
        r = np.sqrt(1 - mz * mz)
        return np.stack((r * np.cos(theta), r * np.sin(theta), mz), axis=-1)

    return Config(field)


def random_mag() -> Config:
    """`random_mag_seed` with seed 0."""
    return random_mag_seed(0)


def hopfion_compact_support(major: float, minor: float) -> Config:
    """A hopfion in a torus about z with the radii (m) major and minor, up outside."""

    def field(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        around = np.arctan2(y, x)
        out = np.hypot(x, y) - major
        inside = np.hypot(z, out) / minor < 1
        squeezed = 1 - np.where(inside, (z * z + out * out) / minor**2, 0.0)
        polar = np.where(inside, np.pi * np.exp(1 - 1 / squeezed), 0.0)
        azimuth = around - np.arctan2(z, out)
        return np.stack(
            (np.cos(azimuth) * np.sin(polar), np.sin(azimuth) * np.sin(polar), np.cos(polar)),
            axis=-1,
        )

    return Config(field)


CONFIGS = (uniform, conical, helical, random_mag_seed, random_mag, hopfion_compact_support)
"""The configurations that need no mesh."""
