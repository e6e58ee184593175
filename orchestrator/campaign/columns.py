"""What a campaign adds to the variables of its runs, and the names that its axes cannot take."""

from __future__ import annotations

from orchestrator.run.variables import NAMES

OWN = {"status": "state of the run", "folder": "folder of the run"}
"""Variables along a campaign's axes, and what they are."""
RESERVED = NAMES | OWN.keys() | {"message"}
"""Names that the results of a run use."""
