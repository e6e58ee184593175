"""The terms that every simulation has besides those of the one-pass kernels."""

from __future__ import annotations

from orchestrator.engines.cpu.physics.terms.demag import DEMAG
from orchestrator.engines.cpu.physics.terms.magnetoelastic import MAGNETOELASTIC
from orchestrator.engines.cpu.physics.terms.thermal import THERMAL

TERMS = (DEMAG, THERMAL, MAGNETOELASTIC)
"""In the order in which their fields and energies are summed."""
