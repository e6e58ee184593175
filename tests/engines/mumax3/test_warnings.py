"""mumax3's warnings, as mumax3 3.11 prints them."""

from __future__ import annotations

import logging

import pytest

from orchestrator.engines.mumax3.blocks import Mumax3Engine
from orchestrator.engines.mumax3.features import Features
from orchestrator.engines.mumax3.live import LiveEngine
from orchestrator.engines.mumax3.warnings import warnings_in

SMOOTH = (
    "// WARNING: x-axis is not 7-smooth. It has 22 cells, with prime\n"
    "//          factors [2 11], at least one of which is greater than 7.\n"
)
ASPECT = (
    "// WARNING: cell size was set to a high aspect ratio.\n"
    "//          Calculation of demag kernel may take longer than usual.\n"
)
ODD = (
    "// WARNING: nonzero temperature requires an even amount of grid cells,\n"
    "//          but all axes have an odd number of cells: [3 3 1].\n"
)
OTHER = "Warning! Geometry imported through ext_InitGeomFromOVF is about to be reinterpolated!\n"
WHOLE = (
    "// WARNING: nonzero temperature requires an even amount of grid cells, "
    "but all axes have an odd number of cells: [3 3 1]."
)


def test_warnings_are_whole_and_those_of_demag_need_demag():
    text = f'SetPBC(0, 0, 1)\n{SMOOTH}{ASPECT}//output\n{ODD}print("a warning")\n{OTHER}//x\n'
    off, on = Features((3, 3, 1), demag=False), Features((3, 3, 1))
    assert warnings_in(text, off) == [WHOLE, OTHER.strip()]
    assert len(warnings_in(text, on)) == 4
    assert warnings_in(text, on)[1].endswith("ratio. Calculation of demag kernel may take "
                                             "longer than usual.")  # fmt: skip


@pytest.mark.parametrize("kind", [Mumax3Engine, LiveEngine])
def test_warnings_are_passed_on_once(pulses, undisturbed, fake, caplog, kind):
    run = "real()" if kind is Mumax3Engine else "watched(None, 'never')"
    body = f"print({ASPECT + SMOOTH + ODD!r}, file=sys.stderr, flush=True)\n{run}"
    with caplog.at_level(logging.WARNING):
        pulses.run(kind(fake(body)))
    assert [record.message for record in caplog.records] == [f"mumax3 warns: {WHOLE}"]
