"""mumax3 scripts from the templates in `mx3_templates`.

A folder of the user's own templates can stand in for any of them. Numbers are rendered by `repr`
and so survive the round trip; strings are checked, because mumax3's strings have no escapes.
"""

from __future__ import annotations

import math
import re
import traceback
from collections.abc import Sequence
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.base.errors import InputError, OrchestratorError
from orchestrator.base.shipped import shipped
from orchestrator.describe.conditions import Conditions
from orchestrator.describe.couplings import Heat, SpinOrbit
from orchestrator.describe.device import Device
from orchestrator.mx3.geometry import Geometry
from orchestrator.mx3.identity import (
    material_checks,
    own_templates,
    templates_hash,
    used_variables,
)
from orchestrator.mx3.origins import Rendered

if TYPE_CHECKING:
    from jinja2 import Environment

    from orchestrator.describe.experiment import Experiment

_FIELD = re.compile(r"\bb_ext\b", re.IGNORECASE)
_SAFE_STRING = re.compile(r"[A-Za-z0-9_+. /-]*")


def number(value: float) -> str:
    """A finite number as a mumax3 literal.

    Raises
    ------
    InputError
        If it is not a finite number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(f"a script needs finite numbers, got {value!r}")
    return repr(value)


def string(value: str) -> str:
    """A string as a mumax3 literal.

    Raises
    ------
    InputError
        If it holds anything but letters, digits, blanks and `_ + - . /`.
    """
    if not _SAFE_STRING.fullmatch(value):
        raise InputError(f"{value!r} cannot be written into a mumax3 script")
    return f'"{value}"'


_OF_SETUP = ("setup.mx3.j2", "material.mx3.j2")
_OF_BLOCKS = ("relax.mx3.j2", "pulse.mx3.j2")


class Scripts:
    """Renders the scripts of one device.

    Parameters
    ----------
    device : Device
        Film and material.
    MaxErr, MaxDt : float
        Error bound and longest time step (s, 0 = none) of mumax3's step control.
    templates : Path, optional
        Folder whose files replace the package's templates of the same name.
    conditions : Conditions, optional
        Field, temperature and grains.
    heat : Heat, optional
        How the material constants follow the temperature.
    spin_orbit : SpinOrbit, optional
        Torque of the current under the film.

    Attributes
    ----------
    templates_hash : str or None
        Hash of the user's own templates and of all that they include, None without any.

    Raises
    ------
    InputError
        If one of the user's templates cannot be rendered; with file and line.
    """

    def __init__(
        self,
        device: Device,
        MaxErr: float = 1e-5,
        MaxDt: float = 0.0,
        templates: Path | None = None,
        conditions: Conditions | None = None,
        heat: Heat | None = None,
        spin_orbit: SpinOrbit | None = None,
    ) -> None:
        folder = None if templates is None else templates.resolve()
        self._environment = _environment(folder)
        self._own_setup = own_templates(self._environment, [*_OF_SETUP], folder)
        self._own_blocks = own_templates(self._environment, [*_OF_BLOCKS], folder)
        self.templates_hash = templates_hash(self._own_setup | self._own_blocks)
        self._device = device
        self._geometry = Geometry(device)
        self._conditions = conditions or Conditions()
        self._heat = heat
        self._damping_like = spin_orbit is not None and spin_orbit.damping_like != 0
        self._check_heeded(_OF_SETUP[0], self._own_setup, damping_like=self._damping_like or None)
        self._solver = {"MaxErr": MaxErr, "MaxDt": MaxDt}
        if templates is not None:
            self.setup()
            self.relax(1e-12, "m.ovf")
            self.pulse(1, [0.0] * len(device.contacts), "j.ovf", 1e-12, "m.ovf")

    @classmethod
    def of_experiment(cls, experiment: Experiment, templates: Path | None = None) -> Scripts:
        """The scripts of an experiment's device, solver and conditions."""
        solver = experiment.solver
        return cls(
            experiment.device,
            solver.MaxErr,
            solver.MaxDt,
            templates,
            experiment.conditions,
            experiment.heat,
            experiment.spin_orbit,
        )

    def constants(self, temperature: float | None) -> dict[str, float]:
        """Material constants that follow a temperature (K), by mumax3's names.

        Raises
        ------
        InputError
            At and above the Curie temperature.
        """
        if self._heat is None or temperature is None:
            return {}
        T0 = self._conditions.temperature
        return self._heat.constants(self._device.material, T0, temperature)

    def setup(self) -> str:
        """Mesh, geometry, material and solver settings, without the magnetization."""
        return self._setup

    def setup_in(self, folder: Path) -> str:
        """The setup, once the images that it reads are in the folder where it will run."""
        self._geometry.write_images(folder)
        return self._setup

    @cached_property
    def _setup(self) -> Rendered:
        own = self._device.script
        if own is None:
            material_script = self._render("material", material=self._device.material).marked()
        else:
            material_script = own.strip()
        setup = self._render(
            "setup",
            program=f"mumax3-orchestrator {version('mumax3-orchestrator')}",
            device_hash=self._device.hash,
            film=self._device.film,
            geometry=self._geometry.script,
            material=self._device.material,
            material_script=material_script,
            conditions=self._conditions,
            damping_like=self._damping_like,
            anisotropies=self._conditions.anisotropies(self._device.material.Ku1),
            solver=self._solver,
        )
        return self._checked(setup) if self._own_setup else setup

    def _checked(self, script: Rendered) -> Rendered:
        """A script that ends with a look at the material constants."""
        checks = material_checks(self._device.material, self._conditions)
        return script.followed_by(checks, "the description")

    def relax(
        self,
        duration: float,
        save: str,
        alpha: float | None = None,
        *,
        number: int = 0,
        temperature: float | None = None,
    ) -> str:
        """A block without current of `duration` (s) that saves m as `save`.

        Its `number` among the blocks of a run chooses the stream of the thermal field. Its
        `temperature` (K) stands for that of the conditions.
        """
        name = _OF_BLOCKS[0]
        self._check_heeded(name, self._own_blocks, temperature=temperature)
        return self._block(
            "relax",
            duration=duration,
            save=save,
            alpha=alpha,
            material=self._device.material,
            **self._warmth(temperature),
            seed=self._seed(number),
        )

    def pulse(
        self,
        number: int,
        voltages: Sequence[float],
        current_map: str,
        duration: float,
        save: str,
        *,
        gap: float = 0.0,
        field_map: str | None = None,
        torque_map: str | None = None,
        B_ext: tuple[float, float, float] | None = None,
        temperature: float | None = None,
        gap_temperature: float | None = None,
    ) -> str:
        """A pulse: the current of the OVF file `current_map` (A/m2) for `duration` (s).

        A `gap` in s without current follows. The field of the OVF file `field_map` (T) is added to
        B_ext while the current flows; that of `torque_map` (T) is the b of a damping-like torque.
        `B_ext` (T) and `temperature` (K) stand for those of the conditions during both,
        `gap_temperature` for that during the gap.

        Raises
        ------
        InputError
            If the user's own pulse template leaves out what is wanted.
        """
        wanted = {
            "torque_map": torque_map,
            "B_ext": B_ext,
            "temperature": temperature,
            "gap_temperature": gap_temperature if gap else None,
        }
        self._check_heeded(_OF_BLOCKS[1], self._own_blocks, **wanted)
        if B_ext is not None:
            self._check_field()
        return self._block(
            "pulse",
            number=number,
            voltages=[float(v) for v in voltages],
            current_map=current_map,
            duration=duration,
            gap=gap,
            save=save,
            field_map=field_map,
            torque_map=torque_map,
            B_ext=B_ext,
            **self._warmth(temperature),
            gap_temperature=gap_temperature,
            gap_constants=self.constants(gap_temperature if gap else None),
            seed=self._seed(number, temperature),
        )

    def _warmth(self, temperature: float | None) -> dict[str, Any]:
        """What a block sets for a temperature, and sets back at its end."""
        return {
            "temperature": temperature,
            "constants": self.constants(temperature),
            "usual_constants": self.constants(self._conditions.temperature),
            "conditions": self._conditions,
        }

    def _check_heeded(self, template: str, own: dict[str, str], **wanted: Any) -> None:
        """Refuse what one of the user's own templates would leave out.

        With constants that follow the temperature, a template that heeds that must set them, too.
        """
        names = {name for name, value in wanted.items() if value is not None}
        if "temperature" in names and self._heat is not None and self._heat.curie is not None:
            names.add("constants")
        if not own or not names:
            return
        for name in sorted(names - used_variables(self._environment, template)):
            raise InputError(
                f"template {template}: does not use {name}, which is needed here; see the "
                "package's own"
            )

    def _check_field(self) -> None:
        """Refuse a field of a pulse where the setup holds another one than that of the conditions.

        After the pulse it would be that of the conditions.
        """
        described = f"B_ext = vector({', '.join(map(number, self._conditions.B_ext))})"
        for line in self._setup.splitlines():
            statement = line.split("//")[0].strip()
            if _FIELD.search(statement) and statement != described:
                raise InputError(
                    f"B_ext: an own template of the setup holds `{statement}`, which a pulse with "
                    "a field of its own would end; give fields in one of them only"
                )

    def _block(self, template: str, **values: Any) -> Rendered:
        """A block; with own templates it looks at the constants again, which may follow t."""
        block = self._render(template, **values)
        return block if self.templates_hash is None else self._checked(block)

    def _seed(self, number: int, temperature: float | None = None) -> int | None:
        """Seed of the thermal field in a block."""
        conditions = self._conditions
        return conditions.thermal_seed + number if temperature or conditions.temperature else None

    def _render(self, template: str, **values: Any) -> Rendered:
        name = f"{template}.mx3.j2"
        try:
            marked = self._environment.get_template(name).render(**values)
        except OrchestratorError:
            raise
        except Exception as error:  # whatever an expression in a template does
            reason = str(error) or type(error).__name__
            raise InputError(f"template {_place(error, name)}: {reason}") from None
        return Rendered.from_marked(marked)


def _place(error: Exception, name: str) -> str:
    """Name and line of the template in which an error came up."""
    if (line := getattr(error, "lineno", None)) is not None:
        return f"{getattr(error, 'name', None) or name}:{line}"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.endswith(".j2")]
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else name


@cache
def _environment(templates: Path | None) -> Environment:
    from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    from orchestrator.mx3.marking import MarkLines

    packaged = shipped("mx3_templates")
    folders = [packaged] if templates is None else [templates, packaged]
    if templates is not None and not templates.is_dir():
        raise InputError(f"{templates}: no such folder of templates")
    names = sorted(path.name for path in packaged.iterdir())
    if templates is not None and not any((templates / name).is_file() for name in names):
        raise InputError(f"{templates}: holds none of the templates {', '.join(names)}")
    environment = SandboxedEnvironment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
        extensions=[MarkLines],
    )
    environment.filters["number"] = number
    environment.filters["string"] = string
    return environment
