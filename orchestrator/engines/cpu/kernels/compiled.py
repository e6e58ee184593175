"""`compiled`: the decorator of the kernels, all of whose files belong together."""

from __future__ import annotations

from pathlib import Path

from orchestrator.base.compilation import compiled_from

compiled = compiled_from(list(Path(__file__).parent.glob("*.py")), error_model="numpy")
