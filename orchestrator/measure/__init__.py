"""Transport of any texture: conductances and current maps of arrays, Fields and OVF files.

The room's one public function is `transport`, which the package `orchestrator` offers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr

    from orchestrator.measure.measurement import Measurement


def transport(
    m: Any,
    device: Any,
    voltages: Any = None,
    *,
    currents: Any = None,
    cell_size: tuple[float, float, float] | None = None,
    region_numbers: Any = None,
    resistivities: Mapping[int, Any] | None = None,
    solver: str = "auto",
    threads: int | None = None,
) -> Measurement | xr.Dataset:
    """Resistances, currents and current maps of a magnetization, or of a whole series.

    The local conductivity is that of anisotropic magnetoresistance, Sigma = sigma_perp 1 +
    (sigma_par - sigma_perp) m m^T, with an anomalous Hall part if asked for, and
    div(Sigma grad phi) = 0 between the contacts. No engine and no material is needed.

    Parameters
    ----------
    m : array_like, Field, DataArray, OvfField, path, or list of them
        A magnetization in any unit, shape (nz, ny, nx, 3); a discretisedfield Field; an OVF file of
        mumax3, OOMMF, mumax+, BORIS or Ubermag. A list, or the `.out` folder of mumax3 with its
        `m000000.ovf`, ..., is a series. Zero vectors stand for cells that are not there.
    device : Device, Experiment, Circuit or path
        What conducts and where the contacts are; a path is that of a file of contacts, or of an
        experiment. Without a film in it, the film is the grid of `m`.
    voltages : mapping, sequence or str, optional
        V by name of contact, or one for each contact in order, "." for a floating one, or a text
        such as "1 0 . -1" or "+--+". Without voltages and currents, 1 V from the first contact to
        the last, the others floating: a two or four point probe.
    currents : mapping, sequence or str, optional
        A into the film, in the same ways. Some contact needs a voltage; without any, the last one
        is grounded where it is fed no current.
    cell_size : (cx, cy, cz), optional
        m, for arrays where the device has no film.
    region_numbers : array_like, OvfField or path, optional
        Number of each cell's region, shape (nz, ny, nx), as mumax3 saves `regions`.
    resistivities : mapping, optional
        By number of region: a Resistivity, a resistivity in ohm m (a metal) or "vacuum"; the
        device's own by default.
    solver : str
        Solver of the network, see `Network`.
    threads : int, optional
        Threads of an iterative solver; all cores by default.

    Returns
    -------
    Measurement
        Of one magnetization: `conductance` (S), `resistances` (ohm), `voltages`, `currents`,
        `power`, the fields `current_density`, `potential` (nodes) and `power_density`, `field(...)`
        as discretisedfield Fields, `to_dataset()`.
    xarray.Dataset
        Of a series: `conductance`, `resistance`, `voltage`, `current`, `power` along `t`, with the
        columns of the folder's `table.txt`, such as B_extx, as coordinates.

    Raises
    ------
    InputError
        If m cannot be read, has no magnetic cell or another grid than the device, a contact lies
        outside, or there are not as many voltages as contacts.

    Examples
    --------
    >>> import numpy as np
    >>> from orchestrator.describe.contacts import SideContact
    >>> from orchestrator.describe.media import Resistivity
    >>> from orchestrator.measure.circuit import Circuit
    >>> bar = Circuit(
    ...     (SideContact("left", side="left"), SideContact("right", side="right")),
    ...     Resistivity(rho_par=2e-7, rho_perp=1e-7),
    ... )
    >>> m = np.zeros((1, 8, 32, 3))
    >>> m[..., 0] = 1  # along the current: R = rho_par L / (W t) = 2e-7 * 4 / 10e-9
    >>> result = transport(m, bar, cell_size=(5e-9, 5e-9, 10e-9))
    >>> round(result.resistance("left", "right"), 6)
    80.0
    """
    from orchestrator.measure.measure import measure

    return measure(
        m,
        device,
        voltages,
        currents,
        cell_size=cell_size,
        region_numbers=region_numbers,
        resistivities=resistivities,
        solver=solver,
        threads=threads,
    )
