"""Energies of a simulation and their densities."""

from __future__ import annotations

import numpy as np

from orchestrator.base.errors import EngineError
from orchestrator.engines.cpu.physics.fields import field
from orchestrator.engines.cpu.physics.simulation import Simulation

ENERGIES = ("total", "exch", "anis", "Zeeman")
"""Energies that every simulation has, behind `E_` and `Edens_`; terms add their names."""


def energy_density(sim: Simulation, name: str) -> np.ndarray:
    """An energy density in J/m3, (nz, ny, nx) float64, by mumax3's name.

    Known are Edens_exch (with DMI), Edens_anis, Edens_Zeeman, Edens_ and the name of a term,
    and their sum Edens_total. A cell's density is weighted by its filled fraction.

    Raises
    ------
    EngineError
        If there is no such energy.
    """
    key, state = name.lower().removeprefix("edens_"), sim.state
    if key == "total":
        names = ["exch", "anis", "zeeman", *(term.name for term in sim.active_terms())]
        return np.sum([energy_density(sim, f"Edens_{part}") for part in names], axis=0)
    if key == "anis":
        return np.asarray(state.geometry * _anisotropy_density(sim))
    if key in sim.terms:
        term = sim.terms[key]
        if term not in sim.active_terms():
            return np.zeros(state.regions.shape)
        if term.density is not None:
            return np.asarray(term.density(), float)
        factor, of_field = term.energy_factor, f"B_{key}"
    elif key == "exch":
        factor, of_field = 0.5, "B_exch"
    elif key == "zeeman":
        factor, of_field = 1.0, "B_ext"
    else:
        raise EngineError(f"there is no energy {name}")
    scale = -factor * sim.cell_values("Msat").astype(float) * state.geometry
    product = np.einsum("czyx,zyxc->zyx", state.components, field(sim, of_field), dtype=float)
    return np.asarray(scale * product)


def _anisotropy_density(sim: Simulation) -> np.ndarray:
    m = sim.state.components.astype(float)

    def along(name: str) -> np.ndarray:
        axis = sim.cell_values(name).astype(float)
        length = np.sqrt((axis**2).sum(axis=0))
        axis = np.divide(axis, length, out=np.zeros_like(axis), where=length > 0)
        return axis

    used = {name: sim.values(name).any() for name in ("Ku1", "Ku2", "Kc1", "Kc2", "Kc3")}
    density = np.zeros(sim.state.regions.shape)
    if used["Ku1"] or used["Ku2"]:
        s2 = (along("anisU") * m).sum(axis=0) ** 2
        density -= sim.cell_values("Ku1") * s2 + sim.cell_values("Ku2") * s2**2
    if used["Kc1"] or used["Kc2"] or used["Kc3"]:
        c1, c2 = along("anisC1"), along("anisC2")
        a, b, c = ((axis * m).sum(axis=0) ** 2 for axis in (c1, c2, np.cross(c1, c2, axis=0)))
        density += sim.cell_values("Kc1") * (a * b + b * c + c * a)
        density += sim.cell_values("Kc2") * a * b * c
        density += sim.cell_values("Kc3") * ((a * b) ** 2 + (b * c) ** 2 + (c * a) ** 2)
    return density


def energy(sim: Simulation, name: str) -> float:
    """An energy in J by mumax3's name: E_exch, E_anis, E_Zeeman, E_total or a term's.

    Raises
    ------
    EngineError
        If there is no such energy, or no grid.
    """
    mesh = sim.state.grid()
    if not name.lower().startswith("e_"):
        raise EngineError(f"there is no energy {name}")
    return mesh.cell_volume * float(energy_density(sim, f"Edens_{name[2:]}").sum())
