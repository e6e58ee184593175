"""Devices from micromagneticmodel Systems, and Systems from devices."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.base.constants import GAMMA0, MU0
from orchestrator.base.errors import InputError
from orchestrator.base.kinds import check_kind
from orchestrator.describe.conditions import Conditions
from orchestrator.describe.contacts import Contact
from orchestrator.describe.device import Device
from orchestrator.describe.film import Film
from orchestrator.describe.material import Material
from orchestrator.describe.material_script import check_material_script
from orchestrator.describe.media import Region, Resistivity, Underlayer
from orchestrator.ubermag.fields import to_field
from orchestrator.ubermag.films import read_film, read_saturation
from orchestrator.ubermag.packages import load
from orchestrator.ubermag.script import written_by_mumax3c
from orchestrator.ubermag.terms import read_conditions, read_dynamics, read_energy

if TYPE_CHECKING:
    from micromagneticmodel import System


def from_system(
    system: System, resistivity: Resistivity, contacts: Sequence[Contact], **rest: Any
) -> Device:
    """The device of a micromagneticmodel System without field and temperature; see `read_device`.

    Parameters
    ----------
    system : System
        Energy, dynamics, magnetization; left as it is.
    resistivity, contacts
        What a System does not know. Contacts are placed from the mesh's lower left corner.
    rest
        `P`, `pbc`, `size`, `regions`, `underlayer` of `read_device`.

    Raises
    ------
    InputError
        If the System holds a term or value that a Device cannot, with its name.
    """
    for key, value in read_conditions(system).items():
        raise InputError(
            f"{_TERMS[key]}: a device has no {key} ({value}), an experiment has: "
            f"Experiment.from_system takes it as conditions.{key}"
        )
    return read_device(system, resistivity, contacts, **rest)


_TERMS = {"B_ext": "energy: Zeeman", "temperature": "T"}
"""Where a System has its conditions."""


def read_device(
    system: System,
    resistivity: Resistivity,
    contacts: Sequence[Contact],
    *,
    P: float = 1.0,
    pbc: tuple[int, int, int] | None = None,
    size: tuple[float, float, float] | None = None,
    regions: Sequence[Region] = (),
    underlayer: Underlayer | None = None,
) -> Device:
    """The device of a System, whatever its texture, field and temperature.

    Film and Ms come from `system.m`, Aex, Dbulk or Dind, Ku1 and demag from the energy terms, alpha
    and xi (ZhangLi.beta) from the dynamics terms, and `script` from mumax3c. Cells where m is empty
    (of norm 0) are vacuum, unless a region of metal fills them.

    Parameters
    ----------
    system : System
        Uniform material.
    resistivity, contacts
        What a System does not know. Contacts are placed from the mesh's lower left corner.
    P : float
        Spin polarization of the current.
    pbc : (px, py, pz), optional
        Periodic images instead of those of the mesh's `bc` (0, or 1 where periodic). One layer of
        cells is taken as uniform along its normal (pz = 1), as in `Film`.
    size : (Lx, Ly, Lz), optional
        Film size in m to check the mesh against.
    regions, underlayer
        What else conducts, which a System does not know either.

    Raises
    ------
    InputError
        If the System holds a term or value that a Device cannot, with its name.
    """
    film = read_film(system, pbc, size)
    material = _read_material(system, P)
    ends = tuple(contacts)
    full = Device(film, material, resistivity, ends, _script(material), tuple(regions), underlayer)
    _, empty = read_saturation(system)
    return dataclasses.replace(full, film=full.emptied(empty))


def to_system(
    device: Device,
    m: np.ndarray | None = None,
    *,
    seed: int = 0,
    name: str = "device",
    conditions: Conditions | None = None,
) -> System:
    """A micromagneticmodel System of the device's film.

    The norm of its m is Ms, and 0 in vacuum and metal. Resistivities, contacts, regions and P have
    no place in a System; `from_system` asks for them again.

    Parameters
    ----------
    m : ndarray, shape (nz, ny, nx, 3), optional
        Directions of the magnetization; random ones of `seed` by default.
    name : str
        Name of the System.
    conditions : Conditions, optional
        Its field becomes a Zeeman term, its temperature the System's T; grains have no place.

    Raises
    ------
    InputError
        If m has another shape or a vanishing or infinite vector in a magnetic cell, pbc more than
        one image, or the conditions grains.
    """
    check_kind("device", device, Device)
    shape = (*device.film.array_shape, 3)
    if m is None:
        m = np.random.default_rng(seed).standard_normal(shape)
    m = np.asarray(m)
    if m.shape != shape or m.dtype.kind not in "iuf":
        raise InputError(
            f"m of this film has the shape {shape} and real numbers, got {m.shape} of {m.dtype}"
        )
    magnetic = ~device.non_magnetic
    length = np.linalg.norm(m, axis=-1)
    if not (np.isfinite(length) & (length > 0))[magnetic].all():
        raise InputError("m needs a finite vector that is not zero in every magnetic cell")
    values = np.zeros(shape)
    values[magnetic] = m[magnetic] / length[magnetic][:, None] * device.material.Ms
    field = to_field(values, device.film)
    system = _system(device.material, field, name)
    if conditions is not None:
        _add_conditions(system, conditions)
    return system


def _add_conditions(system: System, conditions: Conditions) -> None:
    if conditions.grain_size:
        raise InputError("conditions.grain_size: a System has no grains")
    if any(conditions.B_ext):
        system.energy += load().mm.Zeeman(H=tuple(b / MU0 for b in conditions.B_ext))
    system.T = conditions.temperature


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


def _read_material(system: System, polarization: float) -> Material:
    saturation, _ = read_saturation(system)
    terms = read_energy(system) | read_dynamics(system)
    return Material(Ms=saturation, P=polarization, **terms)


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
    system.dynamics = mm.Precession(gamma0=GAMMA0 * MU0) + mm.Damping(alpha=material.alpha)
    if material.xi and current:
        system.dynamics += mm.ZhangLi(u=0.0, beta=material.xi)
    return system
