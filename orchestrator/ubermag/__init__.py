"""Devices and fields in the Ubermag family's terms: micromagneticmodel, discretisedfield, mumax3c.

Importing this package loads none of them; its functions do.
"""

from __future__ import annotations

from orchestrator.ubermag.experiments import experiment_from_system
from orchestrator.ubermag.fields import from_field, to_field
from orchestrator.ubermag.systems import from_system, material_script, to_system

__all__ = [
    "experiment_from_system",
    "from_field",
    "from_system",
    "material_script",
    "to_field",
    "to_system",
]
