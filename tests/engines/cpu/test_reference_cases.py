"""Scripts run by `orchestrator mx3` against an independent implementation's stored results."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from orchestrator.engines.cpu.main import main
from orchestrator.ovf.files import read_ovf

CASES = Path(__file__).parents[2] / "reference_cases"


@pytest.mark.parametrize(
    "name",
    ["c02_exch_ku_bext", "c04_dbulk_pbcz", "c08_zhangli_map", "c16_fixdt", "c19a_demag_film"],
)
def test_reference_case(name, tmp_path, monkeypatch):
    folder = shutil.copytree(CASES / name, tmp_path / name)
    monkeypatch.chdir(folder)
    assert main(["-http", "", "case.mx3"]) == 0
    reference = np.load(folder / "ref.npz")
    tolerance = json.loads((folder / "meta.json").read_text())["tolerance"]
    for key in set(reference.files) - {"table", "table_columns"}:
        saved = "m_final" if key == "m" else key
        data = read_ovf(folder / "case.out" / f"{saved}.ovf").data
        np.testing.assert_allclose(
            data, reference[key], rtol=0, atol=tolerance[key]["abs"], err_msg=key
        )
    if "table" not in reference:
        return
    table = np.loadtxt(folder / "case.out" / "table.txt")
    expected = reference["table"]
    np.testing.assert_allclose(table[:, 0], expected[:, 0], rtol=1e-6)
    np.testing.assert_allclose(table[:, 1:4], expected[:, 1:4], atol=tolerance["table"]["m_abs"])
    scale = np.abs(expected[:, 4:8]).max()
    np.testing.assert_allclose(
        table[:, 4:8], expected[:, 4:8], atol=tolerance["table"]["E_rel"] * scale
    )
