"""Files of contacts: what is wrong in them is told by its key."""

from __future__ import annotations

import pytest

from orchestrator.base.errors import InputError
from orchestrator.base.shipped import shipped
from orchestrator.measure.circuit import Circuit


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        ("rho_par = 4.6e-7", "rho_parr = 4.6e-7", r"resistivities\.1\.rho_parr: unknown key; did"),
        (
            "rho_par = 4.6e-7",
            "rho_par = {a = 1}",
            r"resistivities\.1\.rho_par: Input should be a v",
        ),
        ("rho_par = 4.6e-7", "rho_par = true", r"resistivities\.1\.rho_par: .*\(got True\)"),
        ("rho_par = 4.6e-7", "rho_par = -1.0", r"resistivities\.1: rho_par must be positive"),
        ("rho_par = 2.1e-7", "rho_par = true", r"resistivity\.rho_par: .*\(got True\)"),
        ("rho_par = 2.1e-7", 'rho_par = "2.1e-7"', r"resistivity\.rho_par: .*\(got '2\.1e-7'\)"),
    ],
)
def test_the_key_is_named_and_nothing_else(tmp_path, right, wrong, words):
    text = shipped("data/transport/two_materials.toml").read_text()
    assert right in text
    path = tmp_path / "two.toml"
    path.write_text(text.replace(right, wrong, 1))
    with pytest.raises(InputError, match=rf"two\.toml: {words}") as error:
        Circuit.from_toml(path)
    assert "\n" not in str(error.value)
