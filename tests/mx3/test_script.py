from __future__ import annotations

import pytest

from orchestrator.base.errors import InputError
from orchestrator.describe.conditions import Conditions
from orchestrator.mx3.identity import material_checks
from orchestrator.mx3.script import Scripts, number, string


def test_numbers_survive_the_round_trip():
    for value in (0.1, 1e-11, 4.9e5, 2, -3.3333333333333335e-10):
        assert float(number(value)) == value
    for value in (float("nan"), float("inf"), "1", True):
        with pytest.raises(InputError):
            number(value)


@pytest.mark.parametrize("text", ['a"); Exit(); ("', "a\nb", "a\\n", "`x`"])
def test_strings_cannot_carry_script(text):
    with pytest.raises(InputError):
        string(text)


def test_setup_of_a_film_has_translation_invariance_along_the_normal(experiment):
    setup = Scripts(experiment.device).setup()
    assert "SetPBC(0, 0, 1)" in setup
    assert "EnableDemag = false" in setup
    assert "Dbulk = 0.002" in setup


def test_blocks_clear_the_current_first(experiment):
    scripts = Scripts(experiment.device)
    pulse = scripts.pulse(1, [0.1, -0.1], "j.ovf", 1e-10, "m.ovf")
    relax = scripts.relax(1e-10, "m.ovf")
    for block in (pulse, relax):
        assert block.index("RemoveExtraTerms") < block.index("Run(")
        assert block.startswith("{\n")
        assert block.endswith("}\n")
    assert "J = vector(0, 0, 0)" in relax


def test_own_templates_stand_in(experiment, tmp_path):
    (tmp_path / "pulse.mx3.j2").write_text("{ Run({{ duration | number }}) }\n")
    scripts = Scripts(experiment.device, templates=tmp_path)
    checks = material_checks(experiment.device.material, Conditions())
    assert scripts.pulse(1, [0.0], "j.ovf", 1e-10, "m.ovf") == "{ Run(1e-10) }\n" + checks
    assert "SetGridSize" in scripts.setup()
    with pytest.raises(InputError, match="no such folder"):
        Scripts(experiment.device, templates=tmp_path / "none")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"// mine\n{{ nope }}\n", r"pulse\.mx3\.j2:2: 'nope' is undefined"),
        (b"\n\n{% if %}\n", r"pulse\.mx3\.j2:3: Expected an expression"),
        (b"\xff\xfe", r"pulse\.mx3\.j2: 'utf-8' codec"),
        (b"{{ duration + 'a' }}", r"pulse\.mx3\.j2:1: unsupported operand"),
        (b"\n{{ film.__class__.__mro__ }}", r"pulse\.mx3\.j2:2: access to attribute '__class__'"),
        (b"{{ ''.__class__.__subclasses__() }}", r"pulse\.mx3\.j2:1: access to attribute"),
        (b"{{ save.format.__globals__ }}", r"pulse\.mx3\.j2:1: access to attribute"),
        (b"{{ 1 / 0 }}", r"pulse\.mx3\.j2:1: division by zero"),
        (b"{{ [].pop() }}", r"pulse\.mx3\.j2:1: pop from empty list"),
        (b"{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", r"pulse\.mx3\.j2:1: .*recursion"),
        (b"{% for k in range(10 ** 9) %}x{% endfor %}", r"pulse\.mx3\.j2:1: Range too big"),
        (b"{% include 'none.j2' %}", r"pulse\.mx3\.j2:1?.*none\.j2"),
        (b"{{ save | nmber }}", r"pulse\.mx3\.j2:1: No filter named 'nmber'"),
    ],
)
def test_templates_that_cannot_be_rendered_are_named_at_once(experiment, tmp_path, text, words):
    (tmp_path / "pulse.mx3.j2").write_bytes(text)
    with pytest.raises(InputError, match=f"template {words}"):
        Scripts(experiment.device, templates=tmp_path)
