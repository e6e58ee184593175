"""A film on a GPU: from m to its matrix there, and from potentials to conductances and currents.

Only m goes up for a texture; conductances and what is asked for come down.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from orchestrator.transport.assembly import Assembler
from orchestrator.transport.conductivity import (
    HALL_PAIRS,
    PAIRS,
    UNIT_TOLERANCE,
    Conductivity,
    Media,
)
from orchestrator.transport.device import Device, DeviceStencil
from orchestrator.transport.elements import center_gradient
from orchestrator.transport.fields import contract, gradient_product
from orchestrator.transport.geometry import Geometry
from orchestrator.transport.state import NetworkState

VACUUM, EMPTY, MAGNET, METAL = range(4)
"""Cells that conduct nothing, where m is zero, where it is not, that conduct whatever m is."""


class DeviceFilm:
    """What one geometry fixes, on a device.

    Parameters
    ----------
    device : Device
        Where.
    geometry : Geometry
        Which cells conduct.
    media : Media
        Conductivities.
    assembler : Assembler
        Its element matrices.

    Attributes
    ----------
    device : Device
        As given.
    """

    def __init__(
        self, device: Device, geometry: Geometry, media: Media, assembler: Assembler
    ) -> None:
        upload, self.device = device.upload, device
        self._cells, self._spacing = geometry.cells, geometry.spacing
        self._grid = (1, *geometry.cells)[-3:]
        kinds = np.where(geometry.conducting, MAGNET, EMPTY).astype(np.uint8)
        for mask, kind in ((media.metal, METAL), (media.vacuum, VACUUM)):
            if mask is not None:
                kinds[mask.reshape(kinds.shape)] = kind
        self._kinds = upload(kinds)
        given = [np.asarray(v, float) for v in (media.across, media.difference, media.hall)]
        self._varies = any(values.ndim for values in given)
        if self._varies:
            given = [np.broadcast_to(values, self._grid) for values in given]
        self._media = [upload(values) for values in given]
        self._hall = bool(np.any(media.hall))
        self._places = upload(assembler.places)
        self._symmetric = upload(assembler.symmetric)
        self._skew = upload(assembler.skew)
        self._gradient = upload(center_gradient(geometry.spacing))
        self._known: list[tuple[weakref.ref[np.ndarray], Any]] = []

    def conductivity(self, m: Any) -> tuple[Conductivity, bool]:
        """Tensors of a texture of the device; whether it is one of this geometry's cells."""
        xp, d = self.device.xp, len(self._cells)
        symmetric = xp.empty((len(PAIRS[d]), *self._cells))
        skew = xp.empty((len(HALL_PAIRS[d]), *self._cells)) if self._hall else symmetric
        wrong = xp.empty(self._cells, np.uint8)
        arrays = (m.astype(float), self._kinds, *self._media, symmetric, skew, wrong)
        flags = (int(self._varies), int(self._hall), np.float32(UNIT_TOLERANCE))
        self.device.launch(_halves(d), "tensors", wrong.size, *arrays, *flags)
        return Conductivity(symmetric, skew if self._hall else None), not bool(wrong.any())

    def take(self, sigma: Conductivity) -> Conductivity:
        """Tensors of the host."""
        return _each(self.device.upload, sigma)

    def give(self, sigma: Conductivity) -> Conductivity:
        """Tensors for the host."""
        return _each(self.device.numbers, sigma)

    def down(self, guess: Any) -> np.ndarray:
        """A guess for the host, read-only, whose likeness is kept here: see `up`."""
        host = self.device.numbers(guess)
        host.setflags(write=False)
        self._known = [(weakref.ref(host), guess), *self._known[:1]]
        return host

    def up(self, guess: Any) -> Any:
        """A guess of the host; the last two that came from here are here still."""
        if isinstance(guess, self.device.xp.ndarray):
            return guess
        for known, there in self._known:
            if known() is guess:
                return there
        return self.device.upload(guess)

    def assemble(self, sigma: Conductivity) -> DeviceStencil:
        """The matrix of a conductivity field."""
        symmetric = self._sum(self._symmetric, sigma.symmetric)
        skew = None if sigma.hall is None else self._sum(self._skew, sigma.hall)
        return DeviceStencil(symmetric, skew, device=self.device)

    def _sum(self, integrals: Any, components: Any) -> Any:
        halves = _halves(len(self._cells))
        out = self.device.xp.empty((halves, *(n + 1 for n in self._cells)))
        sizes = (len(self._places), len(components), *self._grid)
        arrays = (integrals, self._places, components, out)
        self.device.launch(halves, "assemble", out.size, *arrays, *sizes)
        return out

    def currents(self, phi: Any, sigma: Conductivity) -> np.ndarray:
        """Current density at the cells' centers in A/m2, shape (nz, ny, nx, 3)."""
        j = self.device.xp.empty((*self._grid, 3))
        hall = sigma.symmetric if sigma.hall is None else sigma.hall
        arrays = (phi, self._gradient, sigma.symmetric, hall, j)
        sizes = (int(sigma.hall is not None), *self._grid[1:])
        self.device.launch(_halves(len(self._cells)), "currents", j.size // 3, *arrays, *sizes)
        return self.device.numbers(j)


class DeviceState(NetworkState):
    """A solved network whose potentials stay on a device until somebody asks for them."""

    def __init__(self, there: DeviceFilm, *solved: Any) -> None:
        self._there = there
        super().__init__(*solved)

    def rounded(self) -> Any:
        """`guess` on the device."""
        return self._rounded

    @cached_property
    def _rounded(self) -> Any:
        xp = self._there.device.xp
        return xp.stack([units.astype(np.float32) for units in self._units()])

    def guess(self) -> np.ndarray:
        """Unit potentials rounded to float32, read-only, see `NetworkState.guess`."""
        return self._guess

    @cached_property
    def _guess(self) -> np.ndarray:
        return self._there.down(self._rounded)

    def _superposed(self, weights: np.ndarray, transpose: bool) -> np.ndarray:
        return self._there.device.numbers(self._field(weights, transpose))

    def _field(self, weights: np.ndarray, transpose: bool = False) -> Any:
        xp = self._there.device.xp
        units = self._adjoint if transpose else self._potentials
        return xp.tensordot(xp.asarray(weights), units, axes=1)

    def current_density(self, v: Sequence[float] | np.ndarray) -> np.ndarray:
        """Current density in A/m2, see `NetworkState.current_density`."""
        u = self._contact_voltages(v)
        return self._there.currents(self._field(u[:-1] - u[-1]), self._sigma)

    def _heat(self, phi: np.ndarray) -> np.ndarray:
        spacing = self._geometry.spacing
        return contract(self._there.give(self._sigma), gradient_product(phi, phi, spacing))


def _halves(d: int) -> int:
    return 5 if d == 2 else 14


def _each(function: Callable[[Any], Any], sigma: Conductivity) -> Conductivity:
    hall = None if sigma.hall is None else function(sigma.hall)
    return Conductivity(function(sigma.symmetric), hall)
