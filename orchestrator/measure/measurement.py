"""A measurement: the transport of one texture under one set of conditions at its contacts."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.base.errors import InputError
from orchestrator.describe.film import Film
from orchestrator.measure.circuit import Circuit
from orchestrator.measure.textures import Texture
from orchestrator.transport.fields import corner_values

if TYPE_CHECKING:
    import xarray as xr
    from discretisedfield import Field

    from orchestrator.transport.state import Drive, NetworkState
FIELDS = {"m": "1", "j": "A/m2", "potential": "V", "power_density": "W/m3"}
"""Names of the fields, and their units."""


@dataclass(frozen=True)
class Measurement:
    """Conductances of a texture, and its fields under given voltages or currents.

    With the conductivity Sigma(m) of anisotropic magnetoresistance, div(Sigma grad phi) = 0 in the
    film, phi given at the contacts, j = -Sigma grad phi.

    Attributes
    ----------
    circuit : Circuit
        What conducts, and where it is contacted.
    film : Film
        The grid.
    texture : Texture
        The magnetization, and its time where a file states it.
    drive : Drive
        The solved network with its terminals' voltages and currents.
    """

    circuit: Circuit
    film: Film
    texture: Texture
    drive: Drive

    @property
    def state(self) -> NetworkState:
        """The solved network, for any other voltages: `state.drive(...)`."""
        return self.drive.state

    @property
    def contact_names(self) -> tuple[str, ...]:
        """Names of the contacts in the order of all arrays."""
        return self.state.contact_names

    @property
    def conductance(self) -> np.ndarray:
        """G in S, shape (N, N): I = G V."""
        return self.state.conductance

    @cached_property
    def resistances(self) -> np.ndarray:
        """Two-terminal resistances in ohm, shape (N, N), the other contacts floating."""
        return self.state.resistances()

    def resistance(self, a: str, b: str) -> float:
        """Two-terminal resistance in ohm between two contacts, all others floating."""
        return self.state.resistance(a, b)

    @property
    def voltages(self) -> np.ndarray:
        """Voltages of the terminals in V, shape (N,), those of floating ones found."""
        return self.drive.voltages

    @property
    def currents(self) -> np.ndarray:
        """Currents into the film in A, shape (N,)."""
        return self.drive.currents

    @property
    def power(self) -> float:
        """Dissipated power in W."""
        return self.drive.power

    @property
    def current_density(self) -> np.ndarray:
        """j in A/m2, shape (nz, ny, nx, 3)."""
        return self.drive.current_density

    @property
    def potential(self) -> np.ndarray:
        """Potential in V on the nodes, shape `film.node_shape`; 0 where nothing conducts."""
        return self.drive.potential

    @property
    def power_density(self) -> np.ndarray:
        """Joule heat in W/m3, shape (nz, ny, nx)."""
        return self.drive.power_density

    def values(self, name: str) -> np.ndarray:
        """A field in the film's cells, shape (nz, ny, nx, components).

        Parameters
        ----------
        name : {"m", "j", "potential", "power_density"}
            The potential is the mean of that of a cell's corners.

        Raises
        ------
        InputError
            If there is no such field.
        """
        if name == "m":
            return self.texture.m
        if name == "j":
            return self.current_density
        if name == "power_density":
            return self.power_density[..., None]
        if name == "potential":
            phi = self.potential[0] if self.film.is_2d else self.potential
            return corner_values(phi).mean(axis=0).reshape(*self.film.array_shape, 1)
        raise InputError(f"field: {name!r} is none of {', '.join(FIELDS)}")

    def field(self, name: str) -> Field:
        """A field as a discretisedfield Field, the film's lower left corner in the origin.

        Parameters
        ----------
        name : {"m", "j", "potential", "power_density"}
            The potential is that of the nodes: the mesh has a cell around each of them.

        Raises
        ------
        InputError
            If there is no such field, or discretisedfield is not installed.
        """
        from orchestrator.ubermag import to_field

        film = self.film
        if name != "potential":
            return to_field(self.values(name), film)
        nz, ny, nx = film.node_shape
        field = to_field(self.potential[..., None], Film((nx, ny, nz), film.cell_size))
        cx, cy, cz = film.cell_size
        mesh = field.mesh.translate((-cx / 2, -cy / 2, 0.0 if film.is_2d else -cz / 2))
        return type(field)(mesh, nvdim=1, value=field.array)

    def to_dataset(self) -> xr.Dataset:
        """All of it as an xarray Dataset.

        Returns
        -------
        xarray.Dataset
            `conductance` and `resistance` over (contact, contact_in), `voltage` and `current` over
            contact, `power`, `current_density` and `magnetization` over (z, y, x, component),
            `power_density` over (z, y, x), `potential` over (z_node, y_node, x_node); units in
            `attrs["units"]`, the coordinate `t` where the file states a time.
        """
        import xarray as xr

        cells = ("z", "y", "x")
        nodes = tuple(f"{axis}_node" for axis in cells)
        variables: dict[str, Any] = terminal_variables(self) | {
            "magnetization": ((*cells, "component"), self.texture.m, {"units": "1"}),
            "current_density": ((*cells, "component"), self.current_density, {"units": "A/m2"}),
            "potential": (nodes, self.potential, {"units": "V"}),
            "power_density": (cells, self.power_density, {"units": "W/m3"}),
        }
        coordinates: dict[str, Any] = contact_coordinates(self.contact_names)
        coordinates["component"] = ["x", "y", "z"]
        film = self.film
        for axis, center, node, step in zip(
            "xyz", film.cell_coordinates(), film.node_coordinates(), film.cell_size, strict=True
        ):
            coordinates[axis] = (axis, center.ravel(), {"units": "m", "step": step})
            coordinates[f"{axis}_node"] = (f"{axis}_node", node.ravel(), {"units": "m"})
        if self.texture.time is not None:
            coordinates["t"] = ((), self.texture.time, {"units": "s"})
        attrs = {"source": self.texture.source, **provenance(self.circuit)}
        return xr.Dataset(variables, coordinates, attrs)

    def __repr__(self) -> str:
        currents = ", ".join(
            f"{name} {v:.4g} V {i:.4g} A"
            for name, v, i in zip(self.contact_names, self.voltages, self.currents, strict=True)
        )
        return f"<Measurement of {self.texture.source}: {currents}, {self.power:.4g} W>"


def contact_coordinates(names: tuple[str, ...]) -> dict[str, Any]:
    """The coordinates of conductance matrices."""
    return {"contact": list(names), "contact_in": list(names)}


def terminal_variables(measurement: Measurement) -> dict[str, Any]:
    """What is known of the terminals, as variables of a Dataset."""
    pairs = ("contact", "contact_in")
    return {
        "conductance": (pairs, measurement.conductance, {"units": "S"}),
        "resistance": (pairs, measurement.resistances, {"units": "ohm"}),
        "voltage": (("contact",), measurement.voltages, {"units": "V"}),
        "current": (("contact",), measurement.currents, {"units": "A"}),
        "power": ((), measurement.power, {"units": "W"}),
    }


def provenance(circuit: Circuit) -> dict[str, str]:
    """Attributes of a Dataset: what was measured on, and by which program."""
    return {
        "circuit": json.dumps(dataclasses.asdict(circuit)),
        "program": f"mumax3-orchestrator {metadata.version('mumax3-orchestrator')}",
    }
