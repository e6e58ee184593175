"""Somebody's mumax3 script, coupled to the transport network pulse by pulse."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from orchestrator.base.errors import InputError
from orchestrator.base.kinds import as_path
from orchestrator.coupling.prepared import prepare
from orchestrator.coupling.script import Script, read_script
from orchestrator.describe.experiment import Experiment
from orchestrator.describe.hashing import canonical_hash
from orchestrator.describe.sections import MOST_PULSES, Drive, check_duration
from orchestrator.engines.choose import choose_engine
from orchestrator.engines.session import Engine
from orchestrator.engines.table import EngineOptions
from orchestrator.learning.inputs import Inputs, contact_values
from orchestrator.measure.circuit import Circuit, as_circuit
from orchestrator.measure.drive import check_flow, conditions
from orchestrator.run.coupled import coupled_experiment
from orchestrator.run.film import Seen
from orchestrator.run.scripted import in_hand
from orchestrator.run.workplace import Quiet, Workplace
from orchestrator.transport.solvers import check_solver

Feedback = Callable[[Seen], Inputs | None]
"""Chooses what is held in the next pulse from what is seen; None ends the run."""


@dataclasses.dataclass(frozen=True)
class Coupling:
    """What is coupled, and what is held on the contacts for how long.

    Attributes
    ----------
    script : Script
        The setup.
    circuit : Circuit
        Contacts and resistivities.
    voltages, currents : list or None
        One value per contact, V or A; None floats.
    feedback : callable or None
        Chooses the voltages instead.
    pulse, until : float
        Length of a pulse and of all of them, s.
    name : str or None
        Names the run folder; the script's by default.
    oersted : bool
        Whether the Oersted field of each map is added to B_ext.
    """

    script: Script
    circuit: Circuit
    voltages: list[float | None] | None
    currents: list[float | None] | None
    feedback: Feedback | None
    pulse: float
    until: float
    name: str | None = None
    oersted: bool = False

    @property
    def pulses(self) -> int:
        """How many pulses it takes, the last of which may be shorter."""
        return math.ceil(self.until / self.pulse - 1e-9)

    def prepared(self, engine: Engine, root: Path) -> Experiment:
        """The experiment that it is, once the engine has read the script.

        Raises
        ------
        InputError
            If the script cannot be used, or does not fit the contacts; nothing is written.
        EngineError
            If the engine fails.
        """
        plan = {"oersted": True} if self.oersted else {}
        return prepare(
            self.script,
            engine,
            root,
            lambda found: coupled_experiment(self.script, found, self.circuit, self.name, **plan),
        )

    def folder(self, root: Path, experiment: Experiment) -> Path:
        """Its run folder under a root."""
        drive = {name: getattr(self, name) for name in ("voltages", "currents", "pulse", "until")}
        digest = canonical_hash({"experiment": experiment.hash} | drive)
        return root / f"{experiment.name}-{digest[:8]}"


def coupling_of(
    script: str | os.PathLike[str],
    contacts: Any,
    voltages: Inputs | Feedback | None,
    *,
    currents: Inputs | None,
    pulse: float,
    until: float,
    name: str | None = None,
    oersted: bool = False,
) -> Coupling:
    """What `couple` is asked for, checked as far as it can be without an engine.

    Raises
    ------
    InputError
        If something is impossible.
    """
    circuit = as_circuit(contacts)
    feedback = voltages if callable(voltages) else None
    if voltages is None and currents is None:
        raise InputError("voltages: give those of the contacts, or currents")
    given: dict[Drive, Any] = {"voltage": None if feedback else voltages, "current": currents}
    names = circuit.contact_names
    held = {
        drive: None if values is None else conditions(names, values, drive)
        for drive, values in given.items()
    }
    if held["voltage"] is not None:
        check_flow(held["voltage"], held["current"] or {})
    for what, value in (("pulse", pulse), ("until", until)):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"{what}: must be a time in s, got {value!r}")
        try:
            check_duration(what, value)
        except ValueError as error:
            raise InputError(str(error)) from None
    asked = Coupling(
        read_script(as_path("script", script)),
        circuit,
        _listed(held["voltage"], names, "voltage"),
        _listed(held["current"], names, "current"),
        feedback,
        float(pulse),
        float(until),
        name,
        oersted,
    )
    if asked.pulses > MOST_PULSES:
        raise InputError(
            f"until: {asked.pulses} pulses of {pulse:g} s are more than {MOST_PULSES}; "
            "take longer ones"
        )
    return asked


def _listed(
    given: dict[str, float] | None, names: tuple[str, ...], drive: Drive
) -> list[float | None] | None:
    """One value per contact, None where it floats; None where none is given."""
    if given is None:
        return None
    return contact_values([given.get(name) for name in names], names, drive, None)


def carry_out(
    coupling: Coupling, experiment: Experiment, workplace: Workplace, folder: Path
) -> None:
    """Do what is left of a coupled run.

    Raises
    ------
    InputError, EngineError, RunFolderError
        As for `couple`.
    Interrupted
        If a stop is asked for; committed pulses stay.
    """
    with in_hand(experiment, workplace, folder) as film:
        workplace.tracker.stage("pulses", coupling.until)
        for seen in film.pulses(coupling.pulses):
            left = coupling.until - film.time
            if left < 1e-9 * coupling.until:
                break
            voltages: Inputs | None = coupling.voltages
            if coupling.feedback is not None:
                voltages = coupling.feedback(seen)
                if voltages is None:
                    break
            film.apply(voltages, min(coupling.pulse, left), currents=coupling.currents)


def couple(
    script: str | os.PathLike[str],
    contacts: Any,
    voltages: Inputs | Feedback | None = None,
    *,
    pulse: float,
    until: float,
    currents: Inputs | None = None,
    engine: str = "auto",
    root: str | os.PathLike[str] = "runs",
    folder: str | os.PathLike[str] | None = None,
    name: str | None = None,
    oersted: bool = False,
    threads: int | None = None,
    binary: str | None = None,
    gpu: int | None = None,
    time_limit: float | None = None,
    silence_limit: float | None = None,
    transport_solver: str = "auto",
) -> Path:
    """Couple somebody's mumax3 script to the transport network, pulse by pulse.

    The script up to its first `Run` is the setup: regions, geometry, demag, fields that follow t,
    custom fields, several materials, fixed layers. Grid, geometry, regions and Msat are what the
    engine reports. Before each pulse the network div(Sigma(m) grad phi) = 0 between the contacts
    is solved for the present texture, Sigma = sigma_perp 1 + (sigma_par - sigma_perp) m m^T, and
    its current density j = -Sigma grad phi is added to the script's J while the pulse lasts.
    Tables and autosaves of the script go on in the folder `1/out` of the run. What cannot be
    coupled is refused with its line.

    A run that was stopped, at any moment, goes on when it is started again, with the same bits.

    Parameters
    ----------
    script : path
        The mumax3 script.
    contacts : path, Circuit, Device or Experiment
        Contacts and resistivities, ohm m; a path is that of a TOML file of contacts, whose
        `resistivities` may be given by the numbers of the script's regions.
    voltages : sequence, str, mapping or callable, optional
        V, one per contact or by name; None, NaN or "." lets one float. Or a function that is
        called with what is `Seen` before each pulse, and returns them, or None to end the run.
    pulse, until : float
        Length of a pulse and of the whole run, s. The current map is frozen during a pulse.
    currents : sequence, str or mapping, optional
        A into the film, of the contacts that have no voltage.
    engine : {"auto", "live", "mumax3", "cpu"}
        As for `orchestrator.run`.
    root : path-like
        Folder of the run folders and of the prepared scripts that they share.
    folder : path-like, optional
        The run folder; one of its own under `root` by default. A function for the voltages needs
        it.
    name : str, optional
        Names the run folder; the script's name by default.
    oersted : bool
        Add the Oersted field of each current map to B_ext.
    threads, binary, gpu, time_limit, silence_limit, transport_solver
        As for `orchestrator.run`.

    Returns
    -------
    Path
        The run folder, for `open_run`.

    Raises
    ------
    InputError
        If a line of the script cannot be coupled, it has no magnetic cells, a contact lies
        outside, or voltages and contacts differ in number; nothing is written.
    EngineError
        If the engine fails; committed pulses stay.
    RunFolderError
        If the folder is in use, damaged, or belongs to another run.

    Examples
    --------
    >>> bar = '''
    ... SetGridSize(8, 4, 1)
    ... SetCellSize(5e-9, 5e-9, 10e-9)
    ... EnableDemag = false
    ... Msat = 8e5
    ... Aex = 13e-12
    ... alpha = 0.5
    ... m = Uniform(1, 0, 0)
    ... Run(1e-9)
    ... '''
    >>> contacts = '''
    ... resistivity = {rho_par = 2e-7, rho_perp = 1e-7}
    ... contacts = [
    ...     {name = "left", shape = "side", side = "left"},
    ...     {name = "right", shape = "side", side = "right"},
    ... ]
    ... '''
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from orchestrator import couple, open_run
    >>> folder = Path(mkdtemp())
    >>> _ = (folder / "bar.mx3").write_text(bar), (folder / "bar.toml").write_text(contacts)
    >>> run = couple(
    ...     folder / "bar.mx3", folder / "bar.toml", [0.01, 0], pulse=1e-12, until=2e-12,
    ...     engine="cpu", root=folder / "runs",
    ... )
    >>> g = open_run(run).conductance.sel(contact="left", contact_in="left")  # rho_par L / (W t)
    >>> (1 / g).round(6).values.tolist()
    [[40.0, 40.0]]
    """
    asked = coupling_of(
        script,
        contacts,
        voltages,
        currents=currents,
        pulse=pulse,
        until=until,
        name=name,
        oersted=oersted,
    )
    if asked.feedback is not None and folder is None:
        raise InputError(
            "folder: voltages that a function chooses have no name of their own; give a folder"
        )
    own = None if folder is None else as_path("folder", folder)
    base = as_path("root", root) if own is None else own.parent
    check_solver(transport_solver)
    options = EngineOptions(engine, threads, binary, gpu, time_limit, silence_limit)
    chosen = choose_engine(options).engine
    experiment = asked.prepared(chosen, base)
    place = Workplace(base, chosen, Quiet(), lambda: False, None, transport_solver, threads)
    path = own or asked.folder(base, experiment)
    carry_out(asked, experiment, place, path)
    return path
