"""Devices from micromagneticmodel Systems, and Systems from devices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from pydantic import ValidationError

from orchestrator.base.constants import MU0
from orchestrator.base.errors import InputError
from orchestrator.describe.contacts import Contact
from orchestrator.describe.device import Device
from orchestrator.describe.film import Film
from orchestrator.describe.material import Material
from orchestrator.describe.material_script import check_material_script
from orchestrator.describe.media import Resistivity
from orchestrator.describe.validation import explained
from orchestrator.ubermag.fields import to_field
from orchestrator.ubermag.packages import load
from orchestrator.ubermag.script import written_by_mumax3c
from orchestrator.ubermag.terms import GAMMA, read_dynamics, read_energy

if TYPE_CHECKING:
    from micromagneticmodel import System

T = TypeVar("T")


def from_system(
    system: System,
    resistivity: Resistivity,
    contacts: Sequence[Contact],
    *,
    P: float = 1.0,
    pbc: tuple[int, int, int] | None = None,
    size: tuple[float, float, float] | None = None,
) -> Device:
    """The device of a micromagneticmodel System, which is left as it is.

    Film and Ms come from `system.m` (its directions are not used), Aex, Dbulk or Dind, Ku1 and
    demag from the energy terms, alpha and xi (ZhangLi.beta) from the dynamics terms, and `script`
    from mumax3c.

    Parameters
    ----------
    system : System
        Uniform material on a full rectangular film.
    resistivity, contacts
        What a System does not know. Contacts are placed from the mesh's lower left corner.
    P : float
        Spin polarization of the current.
    pbc : (px, py, pz), optional
        Periodic images instead of those of the mesh's `bc` (0, or 1 where periodic). One layer of
        cells is taken as uniform along its normal (pz = 1), as in `Film`.
    size : (Lx, Ly, Lz), optional
        Film size in m to check the mesh against.

    Raises
    ------
    InputError
        If the System holds a term or value that a Device cannot, with its name.
    """
    film = _read_film(system, pbc, size)
    material = _read_material(system, P)
    script = _script(material)
    return _described(Device, film, material, resistivity, tuple(contacts), script)


def to_system(
    device: Device, m: np.ndarray | None = None, *, seed: int = 0, name: str = "device"
) -> System:
    """A micromagneticmodel System of the device's film.

    Resistivities, contacts and P have no place in a System; `from_system` asks for them again.

    Parameters
    ----------
    m : ndarray, shape (nz, ny, nx, 3), optional
        Directions of the magnetization; random ones of `seed` by default.
    name : str
        Name of the System.

    Raises
    ------
    InputError
        If m has another shape or a vanishing or infinite vector, or pbc more than one image.
    """
    if m is None:
        m = np.random.default_rng(seed).standard_normal((*device.film.array_shape, 3))
    length = np.linalg.norm(m, axis=-1, keepdims=True)
    if m.shape[-1] != 3 or not (np.isfinite(length) & (length > 0)).all():
        raise InputError("m needs three finite components in every cell, not all of them zero")
    field = to_field(m / length * device.material.Ms, device.film)
    return _system(device.material, field, name)


def material_script(system: System) -> str:
    """The material half of the mumax3 setup of a System, as mumax3c writes it.

    A System of one cell with the same terms goes to mumax3c, so the given one is left as it is.
    What belongs to grid, start, current, solver and output is left out.

    Returns
    -------
    str
        Assignments such as `Aex = 1e-11` or `anisU = vector(0.0, 0.0, 1.0)`, one to a line.

    Raises
    ------
    InputError
        As `from_system` does.
    """
    return _script(_read_material(system, 1.0))


def _script(material: Material) -> str:
    cell = Film(cells=(1, 1, 1), cell_size=(1e-9, 1e-9, 1e-9), pbc=(0, 0, 0))
    up = to_field(np.array([[[[0.0, 0.0, material.Ms]]]]), cell)
    text = written_by_mumax3c(_system(material, up, "material", current=False))
    check_material_script(text, material)
    return text


def _read_film(
    system: System, pbc: tuple[int, int, int] | None, size: tuple[float, float, float] | None
) -> Film:
    mesh = _magnetization(system).mesh
    if mesh.bc in ("neumann", "dirichlet"):
        raise InputError(
            f"mesh.bc = {mesh.bc!r}: mumax3c ignores it; a device has mumax3's own edges, or is "
            "periodic along the axes that bc names"
        )
    return _described(
        Film,
        cells=tuple(int(n) for n in mesh.n),
        cell_size=tuple(_shortest(float(c)) for c in mesh.cell),
        size=size,
        pbc=pbc
        or (int("x" in mesh.bc), int("y" in mesh.bc), int("z" in mesh.bc or mesh.n[2] == 1)),
    )


def _read_material(system: System, polarization: float) -> Material:
    if system.T:
        raise InputError(f"T = {system.T:g} K: a device has no thermal field; use T=0")
    ms = _read_saturation(system)
    terms = read_energy(system) | read_dynamics(system)
    return _described(Material, Ms=ms, P=polarization, **terms)


def _read_saturation(system: System) -> float:
    norm = _magnetization(system).norm.array
    low, high = float(norm.min()), float(norm.max())
    if low == 0 or not system.m.valid.all():
        raise InputError("m has empty cells: a device is a full rectangle; use one norm (Ms)")
    if not high - low <= 1e-9 * high:
        raise InputError(
            f"m.norm varies from {low:g} to {high:g} A/m: the Ms of a device is the same "
            "everywhere; use one norm"
        )
    return _shortest(high)


def _magnetization(system: System) -> Any:
    m = system.m
    if m is None:
        raise InputError("m is not set; its mesh is the film and its norm is Ms")
    region = m.mesh.region
    if m.nvdim != 3 or tuple(region.dims) != ("x", "y", "z"):
        raise InputError(
            f"m has {m.nvdim} components over ({', '.join(region.dims)}); "
            "a device needs 3 components over (x, y, z)"
        )
    if set(region.units) != {"m"}:
        raise InputError(
            f"mesh.region.units = {region.units}: mumax3c takes every length for meters; use m"
        )
    return m


def _shortest(value: float) -> float:
    """The value of at most 12 digits that rounding errors hide, or the value itself."""
    short = float(f"{value:.12g}")
    return short if abs(short - value) <= 1e-14 * abs(value) else value


def _system(material: Material, field: Any, name: str, *, current: bool = True) -> System:
    mm = load().mm
    system = mm.System(name=name)
    system.m = field
    system.energy = mm.Exchange(A=material.Aex)
    if material.Dbulk:
        system.energy += mm.DMI(D=material.Dbulk, crystalclass="T")
    if material.Dind:
        system.energy += mm.DMI(D=-material.Dind, crystalclass="Cnv_z")
    if material.Ku1 or material.axis != (0.0, 0.0, 1.0):
        system.energy += mm.UniaxialAnisotropy(K=material.Ku1, u=material.axis)
    if material.demag:
        system.energy += mm.Demag()
    system.dynamics = mm.Precession(gamma0=GAMMA * MU0) + mm.Damping(alpha=material.alpha)
    if material.xi and current:
        system.dynamics += mm.ZhangLi(u=0.0, beta=material.xi)
    return system


def _described(kind: type[T], *args: Any, **kwargs: Any) -> T:
    try:
        return kind(*args, **kwargs)
    except ValidationError as error:
        raise explained(error, kind, "System") from None
