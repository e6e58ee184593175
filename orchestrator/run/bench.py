"""What all trainings of a run work with."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from orchestrator.describe.contacts import Contact
from orchestrator.describe.experiment import Experiment
from orchestrator.learning.heat import Bath
from orchestrator.mx3.script import Scripts
from orchestrator.run.locks import Lock
from orchestrator.run.maps import Maps
from orchestrator.run.workplace import Workplace
from orchestrator.transport.network import Network


class Bench:
    """Folder, scripts, networks and maps of a run, whose lock is held.

    Parameters
    ----------
    folder : Path
        The run folder.
    experiment : Experiment
        What is run.
    scripts : Scripts
        Its scripts.
    workplace : Workplace
        Where and with what.
    lock : Lock
        The run folder's lock.
    """

    def __init__(
        self,
        folder: Path,
        experiment: Experiment,
        scripts: Scripts,
        workplace: Workplace,
        lock: Lock,
    ) -> None:
        self.folder = folder
        self.experiment = experiment
        self.scripts = scripts
        self.workplace = workplace
        self.lock = lock

    @cached_property
    def network(self) -> Network:
        """The network of the contacts that are driven."""
        return self._network_of(self.experiment.contacts)

    @cached_property
    def probes(self) -> list[Network]:
        """The networks of the probes' contacts."""
        return [self._network_of(probe.contacts) for probe in self.experiment.probes]

    @cached_property
    def maps(self) -> Maps:
        """Writes the maps of pulses."""
        return Maps(self.experiment)

    @cached_property
    def bath(self) -> Bath | None:
        """The film's heat capacity and sink, None where heat is left out."""
        return Bath.of(self.experiment)

    def _network_of(self, contacts: tuple[Contact, ...]) -> Network:
        """A network whose solutions do not depend on where a run was resumed."""
        device, place = self.experiment.device, self.workplace
        return Network.of_device(
            device, contacts, place.solver, warm_start=False, threads=place.threads
        )
