"""A film of one layer that trains in about a third of the embedded engine's time.

The same equations as those of the engine for one material without demagnetizing field: exchange,
bulk DMI with its edge condition, uniaxial anisotropy along z, from grain to grain another one if
asked, the adiabatic Zhang-Li torque, and the thermal field, in float32, with steps of one length of
a Runge-Kutta method of third order. `tests/studies/test_reliable_learning.py` compares it with the
engine, and a warm film with Boltzmann's distribution.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numba
import numpy as np

from orchestrator.base.constants import BOHR_MAGNETON, BOLTZMANN, ELEMENTARY_CHARGE, GAMMA0
from orchestrator.base.errors import InputError
from orchestrator.describe.conditions import REGIONS, Conditions
from orchestrator.describe.device import Device
from orchestrator.describe.sections import Training
from orchestrator.engines.cpu.geometry.grains import Tessellation
from orchestrator.learning.pulses import Done, next_pulse
from orchestrator.transport.network import Network, NetworkState

STABLE = 1.85
"""Step in units of the fastest decay's time; the method allows 2.2 of a linear equation.

Times the fourth root of a damping below 1: what precesses decays later, and needs more accuracy.
"""
LEAST_DAMPING = 0.1
"""Smallest damping: textures follow the engine's to 0.005 then, to 0.0003 from 0.3 on."""
WARM = 0.5
"""Times as long a step with a thermal field: every mode then has its kT to three percent."""
BATCH = 16
"""Steps for which the thermal field is drawn at once."""


@numba.njit(fastmath=True, cache=True)
def _rate(m, drift, exchange, dmi, anisotropy, ghost, alpha, thermal, out):
    """dm/dt in 1/s of m of shape (3, ny, nx); `drift` is the torque's factor of differences."""
    _, ny, nx = m.shape
    gamma = np.float32(GAMMA0)
    slow = np.float32(1) / (np.float32(1) + alpha * alpha)
    for y in range(ny):
        for x in range(nx):
            a, b, c = m[0, y, x], m[1, y, x], m[2, y, x]
            # neighbors; at an edge with normal n the DMI asks for dm/dn = D/(2A) n x m
            if x + 1 < nx:
                ra, rb, rc = m[0, y, x + 1], m[1, y, x + 1], m[2, y, x + 1]
            else:
                ra, rb, rc = a, b - ghost * c, c + ghost * b
            if x > 0:
                la, lb, lc = m[0, y, x - 1], m[1, y, x - 1], m[2, y, x - 1]
            else:
                la, lb, lc = a, b + ghost * c, c - ghost * b
            if y + 1 < ny:
                ua, ub, uc = m[0, y + 1, x], m[1, y + 1, x], m[2, y + 1, x]
            else:
                ua, ub, uc = a + ghost * c, b, c - ghost * a
            if y > 0:
                da, db, dc = m[0, y - 1, x], m[1, y - 1, x], m[2, y - 1, x]
            else:
                da, db, dc = a - ghost * c, b, c + ghost * a
            hx = exchange * (ra + la + ua + da - 4 * a) - dmi * (uc - dc)
            hy = exchange * (rb + lb + ub + db - 4 * b) + dmi * (rc - lc)
            hz = exchange * (rc + lc + uc + dc - 4 * c) - dmi * (rb - lb - ua + da)
            hz += anisotropy[y, x] * c
            if thermal is not None:
                hx += thermal[0, y, x]
                hy += thermal[1, y, x]
                hz += thermal[2, y, x]
            if x + 1 == nx:
                ra, rb, rc = a, b, c
            if x == 0:
                la, lb, lc = a, b, c
            if y + 1 == ny:
                ua, ub, uc = a, b, c
            if y == 0:
                da, db, dc = a, b, c
            jx, jy = drift[0, y, x], drift[1, y, x]
            sx = jx * (ra - la) + jy * (ua - da)
            sy = jx * (rb - lb) + jy * (ub - db)
            sz = jx * (rc - lc) + jy * (uc - dc)
            along = sx * a + sy * b + sz * c
            tx = sx - along * a - gamma * (b * hz - c * hy)
            ty = sy - along * b - gamma * (c * hx - a * hz)
            tz = sz - along * c - gamma * (a * hy - b * hx)
            out[0, y, x] = slow * (tx + alpha * (b * tz - c * ty))
            out[1, y, x] = slow * (ty + alpha * (c * tx - a * tz))
            out[2, y, x] = slow * (tz + alpha * (a * ty - b * tx))


@numba.njit(fastmath=True, cache=True)
def _advance(m, drift, exchange, dmi, anisotropy, ghost, alpha, step, steps, noise):
    """Steps of Ralston's method of third order; m changes in place.

    `noise` is the thermal field of each step, in T.
    """
    _, ny, nx = m.shape
    k, total, trial = np.empty_like(m), np.empty_like(m), np.empty_like(m)
    half, most = np.float32(0.5 * step), np.float32(0.75 * step)
    first, second = np.float32(2 * step / 9), np.float32(step / 3)
    third = np.float32(4 * step / 9)
    for at in range(steps):
        thermal = None if noise is None else noise[at]
        _rate(m, drift, exchange, dmi, anisotropy, ghost, alpha, thermal, k)
        for i in range(3):
            for y in range(ny):
                for x in range(nx):
                    trial[i, y, x] = m[i, y, x] + half * k[i, y, x]
                    total[i, y, x] = m[i, y, x] + first * k[i, y, x]
        _rate(trial, drift, exchange, dmi, anisotropy, ghost, alpha, thermal, k)
        for i in range(3):
            for y in range(ny):
                for x in range(nx):
                    trial[i, y, x] = m[i, y, x] + most * k[i, y, x]
                    total[i, y, x] += second * k[i, y, x]
        _rate(trial, drift, exchange, dmi, anisotropy, ghost, alpha, thermal, k)
        for y in range(ny):
            for x in range(nx):
                a = total[0, y, x] + third * k[0, y, x]
                b = total[1, y, x] + third * k[1, y, x]
                c = total[2, y, x] + third * k[2, y, x]
                length = np.sqrt(a * a + b * b + c * c)
                m[0, y, x], m[1, y, x], m[2, y, x] = a / length, b / length, c / length


@dataclass
class FastFilm:
    """Trains films of one device.

    Parameters
    ----------
    device : Device
        One layer, periodic along z; square cells, any number of them and any contacts.
    conditions : Conditions
        Grains and temperature.

    Raises
    ------
    InputError
        If there are several layers or cells are not square.
    """

    device: Device
    conditions: Conditions = field(default_factory=Conditions)
    network: Network = field(init=False)

    def __post_init__(self) -> None:
        film, material = self.device.film, self.device.material
        dx, ms = film.cell_size[0], material.Ms
        if film.cells[2] != 1 or film.cell_size[1] != dx:
            raise InputError(f"cells of {film.cell_size} m in {film.cells}: one layer, dx = dy")
        self._stiffness = 2 * material.Aex / (ms * dx**2)
        constants = (
            self._stiffness,
            material.Dbulk / (ms * dx),
            2 / ms * self._anisotropy(),
            material.Dbulk * dx / (2 * material.Aex),
        )
        self._constants = [np.asarray(c, np.float32)[()] for c in constants]
        self._drift = BOHR_MAGNETON * material.P / (ELEMENTARY_CHARGE * ms * 2 * dx)
        self._thermal = np.random.default_rng(self.conditions.thermal_seed)
        self.network = Network(film, self.device.resistivity, self.device.contacts)

    def _anisotropy(self) -> np.ndarray:
        """Ku1 in J/m3 of every cell, (ny, nx): the grains of `ext_makegrains`."""
        film, grains, uniform = self.device.film, self.conditions, self.device.material.Ku1
        if not grains.grain_size:
            return np.full(film.array_shape[1:], uniform)
        y, x = (
            (np.arange(n) - (n - 1) / 2) * size
            for n, size in zip(film.array_shape[1:], film.cell_size[1::-1], strict=True)
        )
        places = np.broadcast_arrays(x[None], y[:, None])
        regions = Tessellation(grains.grain_size, REGIONS, grains.grain_seed).region_of(*places)
        return np.array(grains.anisotropies(uniform))[regions]

    def run(
        self, m: np.ndarray, j: np.ndarray | None, duration: float, alpha: float | None = None
    ) -> np.ndarray:
        """m, shape (1, ny, nx, 3), after a time in s with a current density j in A/m2 or none.

        With the material's damping if no other is given.
        """
        if not duration:
            return m
        alpha = self.device.material.alpha if alpha is None else alpha
        field = np.array(m[0].transpose(2, 0, 1), np.float32, order="C")
        drift = np.zeros((2, *field.shape[1:]), np.float32)
        if j is not None:
            drift[:] = self._drift * j[0, ..., :2].transpose(2, 0, 1)
        fastest = GAMMA0 * 8 * self._stiffness / (1 + alpha**2) * math.hypot(alpha, 1)
        step = STABLE * min(1, alpha) ** 0.25 / fastest
        warm = self.conditions.temperature > 0
        steps = max(1, math.ceil(duration / (WARM * step if warm else step)))
        step = duration / steps
        values = (*self._constants, np.float32(alpha), step)
        if not warm:
            _advance(field, drift, *values, steps, None)
        for first in range(0, steps if warm else 0, BATCH):
            count = min(BATCH, steps - first)
            _advance(field, drift, *values, count, self._noise((count, *field.shape), alpha, step))
        return field.transpose(1, 2, 0)[None]

    def _noise(self, shape: tuple[int, ...], alpha: float, step: float) -> np.ndarray:
        """The thermal field in T of steps in s, of mumax3's variance 2 kT alpha/(gamma Ms V dt).

        Uniform numbers instead of normal ones: what acts is the sum over many steps.
        """
        film, ms = self.device.film, self.device.material.Ms
        energy = BOLTZMANN * self.conditions.temperature
        variance = 2 * energy * alpha / (GAMMA0 * ms * math.prod(film.cell_size) * step)
        numbers = self._thermal.random(shape, np.float32)
        return (numbers - np.float32(0.5)) * np.float32(math.sqrt(12 * variance))

    def settled(self, seed: int, duration: float, alpha: float | None = None) -> np.ndarray:
        """The texture to which vectors of the sphere, drawn cell by cell, settle.

        The thermal field goes on from here with numbers of this seed and its own.
        """
        self._thermal = np.random.default_rng([self.conditions.thermal_seed, seed])
        m = np.random.default_rng(seed).standard_normal((*self.device.film.array_shape, 3))
        return self.run(m / np.linalg.norm(m, axis=-1, keepdims=True), None, duration, alpha)

    def pulses(
        self, m: np.ndarray, plan: Training, entry: str
    ) -> Iterator[tuple[np.ndarray, NetworkState]]:
        """The texture and its network before every pulse of an entry of the plan, and at last."""
        done: list[Done] = []
        state = self.network.solve(m)
        yield m, state
        while pulse := next_pulse(plan, entry, done, state.conductance):
            voltages = np.array(pulse.values)
            m = self.run(m, state.current_density(voltages), pulse.duration)
            m = self.run(m, None, pulse.gap)
            time = (len(done) + 1) * (pulse.duration + pulse.gap)
            done.append(Done(time, 0.0, voltages, state.conductance @ voltages))
            state = self.network.solve(m)
            yield m, state

    def trained(self, m: np.ndarray, plan: Training, entry: str) -> tuple[np.ndarray, np.ndarray]:
        """The texture after the pulses of an entry of the plan's patterns and a relaxation.

        And G (S) before every pulse, and of that texture.
        """
        conductances, last = [], m
        for texture, state in self.pulses(m, plan, entry):
            conductances.append(state.conductance)
            last = texture
        m = self.run(last, None, plan.relax_time)
        conductances[-1] = self.network.solve(m).conductance
        return m, np.array(conductances)
