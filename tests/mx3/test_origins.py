"""Lines of scripts traced to the templates they came from."""

from __future__ import annotations

import dataclasses

import pytest

from orchestrator.base.shipped import shipped
from orchestrator.describe.conditions import Conditions
from orchestrator.mx3.origins import origin_of
from orchestrator.mx3.script import Scripts

PACKAGED = shipped("mx3_templates")


def assert_traced(script, *folders):
    """Each line's origin is a line that holds its first word, for lines whose words are fixed."""
    lines = script.splitlines()
    assert len(script.origins) >= len(lines)
    for text, origin in zip(lines, script.origins, strict=False):
        name, _, number = origin.partition(":")
        (path,) = [f / name for f in folders if (f / name).exists()][:1]
        source = path.read_text().splitlines()[int(number) - 1]
        word = text.split("(")[0].split("=")[0].strip()
        assert word.split()[0] in source, (text, origin)


@pytest.mark.parametrize("seed", [None, 5])
@pytest.mark.parametrize("gap", [0.0, 1e-10])
@pytest.mark.parametrize("field_map", [None, "b.ovf"])
def test_every_line_of_the_packaged_templates(experiment, seed, gap, field_map):
    conditions = Conditions()
    if seed is not None:
        conditions = Conditions(
            B_ext=(0.0, 0.0, 0.1),
            temperature=300.0,
            grain_size=3e-8,
            grain_spread=0.1,
            grain_seed=seed,
        )
    scripts = Scripts(experiment.device, MaxDt=1e-12, conditions=conditions)
    pulse = scripts.pulse(1, [0.1], "j.ovf", 1e-10, "m.ovf", gap=gap, field_map=field_map)
    for script in (scripts.setup(), scripts.relax(1e-10, "m.ovf", alpha=0.5), pulse):
        assert_traced(script, PACKAGED)
    where = 1 + pulse.splitlines().index('\tJ.Add(LoadFile("j.ovf"), 1)')
    assert origin_of([pulse], where).endswith("(pulse.mx3.j2:7)")
    setup = scripts.setup().splitlines()
    where = 1 + setup.index("alpha = 0.5")
    assert origin_of([scripts.setup()], where).endswith("(material.mx3.j2:13)")
    where = 1 + setup.index("SetSolver(5)")
    assert origin_of([scripts.setup()], where).endswith("(setup.mx3.j2:16)")


def test_a_material_script_of_the_users_own(experiment):
    own = (
        "Msat = 4.9e5\nAex = 1e-11\nDbulk = 2e-3\nKu1 = 1e5\nanisU = vector(0, 0, 1)\n"
        "alpha = 0.5\nEnableDemag = false\n"
    )
    device = dataclasses.replace(experiment.device, script=own)
    script = Scripts(device).setup()
    where = 1 + script.splitlines().index("alpha = 0.5")
    assert origin_of([script], where).endswith("(setup.mx3.j2:14)")


OWN = {
    "base.mx3.j2": (
        "// base\n"
        "{% block head %}\n"
        "// no head\n"
        "{% endblock %}\n"
        "{% block body %}{% endblock %}\n"
        "Flush()\n"
    ),
    "part.mx3.j2": "{% if number %}\nprint({{ number }})\n{% endif %}\nprint(2)\n",
    "pulse.mx3.j2": (
        "{# a comment\n"
        "   of two lines #}\n"
        '{% extends "base.mx3.j2" %}\n'
        "{% macro twice(text) %}\n"
        "say({{ text }})\n"
        "say({{ text }}, 2)\n"
        "{% endmacro %}\n"
        "{% block body %}\n"
        "{% for v in voltages %}\n"
        "  {% if loop.first %}\n"
        "first({{ v }})\n"
        "  {% else %}\n"
        "later({{ v }})\n"
        "  {% endif %}\n"
        "{% endfor %}\n"
        '{% include "part.mx3.j2" %}\n'
        "{% set word = 'Run' %}\n"
        "{{ word }}({{ duration }})\n"
        "{{- ' ' }}; {{ word }}(1)\n"
        "{{ twice(number) }}"
        "{% raw %}\n"
        "raw()\n"
        "{% endraw %}\n"
        "{% endblock %}\n"
    ),
}


def test_blocks_loops_includes_and_macros_of_own_templates(experiment, tmp_path):
    for name, text in OWN.items():
        (tmp_path / name).write_text(text)
    scripts = Scripts(experiment.device, templates=tmp_path)
    script = scripts.pulse(1, [0.1, 0.2, 0.3], "j.ovf", 1e-10, "m.ovf")
    wanted = {
        "// base": "base.mx3.j2:1",
        "// no head": "base.mx3.j2:3",
        "first(0.1)": "pulse.mx3.j2:11",
        "later(0.2)": "pulse.mx3.j2:13",
        "later(0.3)": "pulse.mx3.j2:13",
        "print(1)": "part.mx3.j2:2",
        "print(2)": "part.mx3.j2:4",
        "Run(1e-10) ; Run(1)": "pulse.mx3.j2:18",
        "say(1)": "pulse.mx3.j2:5",
        "say(1, 2)": "pulse.mx3.j2:6",
        "raw()": "pulse.mx3.j2:21",
        "Flush()": "base.mx3.j2:6",
    }
    found = dict(zip(script.splitlines(), script.origins, strict=False))
    assert {text: found.get(text) for text in wanted} == wanted
