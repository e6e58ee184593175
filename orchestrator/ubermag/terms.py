"""Reading the terms of a micromagneticmodel System, and refusing what a Device cannot hold."""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.base.constants import GAMMA0, MU0
from orchestrator.base.errors import InputError
from orchestrator.base.kinds import check_kind
from orchestrator.ubermag.films import shortest
from orchestrator.ubermag.packages import load

if TYPE_CHECKING:
    from micromagneticmodel import System

GAMMA_TOLERANCE = 1e-3
"""Accepted relative distance of a System's gamma0 / mu0 from mumax3's."""

_ENERGY = ("Exchange", "DMI", "UniaxialAnisotropy", "Demag", "Zeeman")
_DYNAMICS = ("Precession", "Damping", "ZhangLi")
_REMEDIES = {
    "RKKY": "mumax3c cannot write it and a device has a single layer material",
    "CubicAnisotropy": "a device has UniaxialAnisotropy only (material.Ku1 and axis)",
    "MagnetoElastic": "mumax3c cannot write it",
    "Slonczewski": "mumax3c drops it silently; the torque of a device is Zhang-Li's, of the "
    "current between its contacts",
}
_KEYS = {
    ("Exchange", "A"): "material.Aex",
    ("DMI", "D"): "material.Dbulk or Dind",
    ("UniaxialAnisotropy", "K"): "material.Ku1",
    ("UniaxialAnisotropy", "K1"): "material.Ku1",
    ("UniaxialAnisotropy", "u"): "material.axis",
    ("Damping", "alpha"): "material.alpha",
    ("ZhangLi", "beta"): "material.xi",
    ("Zeeman", "H"): "conditions.B_ext",
}
"""What the attributes of terms become."""


def read_energy(system: System) -> dict[str, Any]:
    """Aex, Dbulk, Dind (J/m, J/m2), Ku1 (J/m3), axis and demag of the energy terms.

    micromagneticmodel's `T` and `O` classes have the energy density D m.(curl m) of mumax3's
    Dbulk; its `Cnv_z` class has D (m.grad m_z - m_z div m), minus that of mumax3's Dind.

    Raises
    ------
    InputError
        With the name of the term that a Device cannot hold, or mumax3c would lose.
    """
    terms = _by_class(system.energy, "energy", _ENERGY)
    material: dict[str, Any] = {"demag": "Demag" in terms}
    if "Exchange" in terms:
        material["Aex"] = _number(terms["Exchange"], "A")
    else:
        material["Aex"] = 0.0
    if "DMI" in terms:
        material |= _read_dmi(terms["DMI"])
    if "UniaxialAnisotropy" in terms:
        material |= _read_anisotropy(terms["UniaxialAnisotropy"])
    if "Demag" in terms and "asymptotic_radius" in vars(terms["Demag"]):
        raise InputError(
            "Demag.asymptotic_radius: mumax3 has no such setting and mumax3c would switch the "
            "demagnetizing field off; use Demag()"
        )
    return material


def read_conditions(system: System) -> dict[str, Any]:
    """B_ext (T) of all Zeeman terms and temperature (K), those that are not zero.

    Raises
    ------
    InputError
        If the field depends on time or place, or T is no number.
    """
    check_kind("system", system, load().mm.System)
    found: dict[str, Any] = {}
    terms = [term for term in system.energy if isinstance(term, load().mm.Zeeman)]
    for term in terms:
        for attribute in ("wave", "func", "f", "t0", "dt", "tcl_strings"):
            if attribute in vars(term):
                raise InputError(
                    f"Zeeman.{attribute}: conditions.B_ext is constant; use a field without it"
                )
    if terms:
        fields = np.sum([_vector(term, "H") for term in terms], axis=0)
        if fields.any():
            found["B_ext"] = tuple(shortest(MU0 * float(h)) for h in fields)
    if not isinstance(system.T, Real):
        raise InputError(f"T = {system.T!r}: conditions.temperature is a number (K)")
    if system.T:
        found["temperature"] = float(system.T)
    return found


def read_dynamics(system: System) -> dict[str, float]:
    """alpha and xi of the dynamics terms.

    Raises
    ------
    InputError
        With the name of the term that a Device cannot hold, or mumax3c would lose.
    """
    terms = _by_class(system.dynamics, "dynamics", _DYNAMICS)
    for name in ("Precession", "Damping"):
        if name not in terms:
            raise InputError(
                f"dynamics: {name} is missing; use Precession(gamma0=...) + Damping(alpha=...)"
            )
    gamma0 = _number(terms["Precession"], "gamma0")
    if not math.isclose(gamma0, GAMMA0 * MU0, rel_tol=GAMMA_TOLERANCE):
        raise InputError(
            f"Precession.gamma0 = {gamma0:g} m/(A s): a device precesses with mumax3's "
            f"{GAMMA0 * MU0:.6g} m/(A s); up to {GAMMA_TOLERANCE:.1%} off is accepted"
        )
    material = {"alpha": _number(terms["Damping"], "alpha"), "xi": 0.0}
    if "ZhangLi" in terms:
        material["xi"] = _read_zhang_li(terms["ZhangLi"])
    return material


def _by_class(terms: Iterable[Any], equation: str, accepted: tuple[str, ...]) -> dict[str, Any]:
    mm = load().mm
    found: dict[str, Any] = {}
    for term in terms:
        name = type(term).__name__
        if name not in accepted or type(term) is not getattr(mm, name):
            why = "a term that neither mumax3c nor a device knows"
            if type(term) is getattr(mm, name, None):
                why = _REMEDIES.get(name, why)
            raise InputError(f"{equation}: {name}: {why}; accepted are {', '.join(accepted)}")
        if name in found and name != "Zeeman":
            raise InputError(f"{equation}: two {name} terms; a device holds one, add them up")
        found[name] = term
    return found


def _read_dmi(term: Any) -> dict[str, float]:
    strength = _number(term, "D")
    crystal_class = vars(term).get("crystalclass")
    if crystal_class in ("T", "O"):
        return {"Dbulk": strength}
    if crystal_class in ("Cnv", "Cnv_z"):
        return {"Dind": 0.0 - strength}
    raise InputError(
        f"DMI.crystalclass = {crystal_class!r}: mumax3 has T and O (Dbulk) and Cnv_z (Dind)"
    )


def _read_anisotropy(term: Any) -> dict[str, Any]:
    given = vars(term)
    if "K" in given and ("K1" in given or "K2" in given):
        raise InputError(
            "UniaxialAnisotropy: K besides K1 or K2, of which mumax3c would drop the latter; use K"
        )
    if "K2" in given and _number(term, "K2") != 0:
        raise InputError("UniaxialAnisotropy.K2: a device has the first order only; use K2=0")
    return {"Ku1": _number(term, "K" if "K" in given else "K1"), "axis": _vector(term, "u")}


def _read_zhang_li(term: Any) -> float:
    for attribute in ("func", "tcl_strings", "dt"):
        if attribute in vars(term):
            raise InputError(
                f"ZhangLi.{attribute}: mumax3c drops it silently; the current of a device follows "
                "the pulses on its contacts"
            )
    if "u" in vars(term):
        drift = vars(term)["u"]
        values = (
            _vector(term, "u")
            if isinstance(drift, tuple | list | np.ndarray)
            else (_number(term, "u"),)
        )
        if any(values):
            raise InputError(
                f"ZhangLi.u = {drift}: the current of a device follows from the voltages on its "
                "contacts; use ZhangLi(u=0, beta=...)"
            )
    return _number(term, "beta")


def _number(term: Any, attribute: str) -> float:
    value = _uniform(term, attribute)
    if not isinstance(value, Real):
        raise InputError(f"{type(term).__name__}.{attribute} = {value!r}: a number is needed")
    return float(value)


def _vector(term: Any, attribute: str) -> tuple[float, float, float]:
    x, y, z = (float(component) for component in _uniform(term, attribute))
    return x, y, z


def _uniform(term: Any, attribute: str) -> Any:
    where = f"{type(term).__name__}.{attribute}"
    key = _KEYS.get((type(term).__name__, attribute))
    where += f" ({key})" if key else ""
    if attribute not in vars(term):
        raise InputError(f"{where} is not set")
    value = vars(term)[attribute]
    if isinstance(value, dict):
        raise InputError(
            f"{where} is given by region ({', '.join(map(str, value))}): "
            "it is the same everywhere; use one value"
        )
    if isinstance(value, load().df.Field):
        raise InputError(f"{where} is a Field: it is the same everywhere; use one value")
    return value
