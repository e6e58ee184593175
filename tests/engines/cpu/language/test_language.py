"""The script language: mumax3's semantics, and refusals that name the line."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrator.engines.cpu.language.errors import (
    CompileError,
    PanicError,
    ScriptError,
    ScriptExit,
)
from orchestrator.engines.cpu.script.world import World

Printed = Callable[[str], list[str]]
MESH = "SetGridSize(4, 3, 1)\nSetCellSize(1e-9, 1e-9, 1e-9)\nEnableDemag = false\n"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1/2", "0.5"),
        ("010", "10"),
        ("2 + 3*4 - 1", "13"),
        ("-(1 + 1)", "-2"),
        ("PI", "3.141592653589793"),
        ("1/0", "+Inf"),
        ("0/0", "NaN"),
        ("-1/0", "-Inf"),
        ("log(0)", "-Inf"),
        ("sqrt(-1)", "NaN"),
        ("exp(1000)", "+Inf"),
        ("heaviside(0)", "0.5"),
        ("norm(0)", "0.3989422804014327"),
        ("1e6", "1e+06"),
        ("123456.0", "123456"),
        ("1e-5*1", "1e-05"),
        ("0.0001", "0.0001"),
        ("1 < 2 && !(3 <= 2) || false", "true"),
        ("vector(1, 2, 3).cross(vector(0, 0, 1))", "[2 -1 0]"),
        ("Vector(3, 4, 0).LEN()", "5"),
        ("vector(1, 2, 3)[1]", "2"),
        ('"a\\n"', "a\\n"),
        ("`raw`", "raw"),
        ("max(1, 2)", "2"),
        ("sprint(1, 2)", "1 2"),
        ("cbrt(27)", "3"),
        ('sprintf("%v %d %e %5.2f|%s%%", 1.5, 3, 2.0, 1.234, "x")', "1.5 3 2.000000e+00  1.23|x%"),
        ('sprintf("%04d|%-4d|%+d|%6v|%g", 7, 7, 7, 0.5, 1e-7)', "0007|7   |+7|   0.5|1e-07"),
        ('sprintf("%d %s %d", 1.5, 2)', "%!d(float64=1.5) %!s(int=2) %!d(MISSING)"),
        ('sprintf("%v", vector(1, 2, 3), true)', "[1 2 3]%!(EXTRA bool=true)"),
        ('sprintf("%t %q", 1 < 2, "a")', 'true "a"'),
    ],
)
def test_value_of_an_expression(printed: Printed, expression: str, value: str) -> None:
    assert printed(f"print({expression})") == [value]


def test_names_ignore_case_and_blocks_have_scopes(printed: Printed) -> None:
    text = """
    Speed := 2
    for j := 0; j < 3; j++ { SPEED += j }
    if speed == 5 { speed := 7; print(speed) } else { print("no") }
    { speed -= 1 }
    print(speed)
    """
    assert printed(text) == ["7", "4"]


def test_for_and_else_if(printed: Printed) -> None:
    text = """
    n := 0
    for n < 10 { n++ }
    if n < 5 { print("low") } else if n == 10 { print("ten") } else { print("high") }
    """
    assert printed(text) == ["ten"]


def test_an_int_variable_takes_integral_numbers_only(printed: Printed, world: World) -> None:
    assert printed("i := 1; i = 4/2; print(i)") == ["2"]
    with pytest.raises(PanicError, match=r"line 2: i = 5/2: can not use 2\.5 as int") as caught:
        world.execute("\ni = 5/2")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x := 1\nx := 2", "line 2: x := 2: already defined: x"),
        ("\n\nj := 1", "line 3: j := 1: already defined: j"),
        ("print(y)", "line 1: print.y.: undefined: y"),
        ("Run()", "Run needs 1 arguments, got 0"),
        ('MaxErr = "a"', "can not use type string as float64"),
        ("x := Run(1)", "void used as value"),
        ("var x = 1", "not allowed: var declaration"),
        ("for i := range 3 {}", "not allowed: range"),
        ("x := 1; x *= 2", r"not allowed: \*="),
        ("x := 7 % 2", "not allowed: %"),
        ("break", "not allowed: break statement"),
        ("x := 0x10", "not allowed: number 0x10"),
        ("a, b := 1, 2", "multiple assignment not allowed"),
        ("if x := 1; x < 2 {}", "not allowed: a statement before"),
        ("f := func() {}", "not allowed: func literal"),
        ("x := +1", r"not allowed: unary \+"),
        ("pi = 3", "can not assign to pi"),
        ("m.average().w()", "type Vector has no method w"),
        ("print(nil)", "not allowed: nil"),
        ("MFMLift = 3", "line 1: MFMLift = 3: MFMLift is not supported by this engine"),
        ("x := 1\n\nx = (2", "line 3: .*syntax error"),
        ("} {", "unmatched|syntax error"),
        ("x := sin", "function sin used as value"),
        ("switch 1 {}", "not allowed: expression switch statement"),
    ],
)
def test_refusals_come_before_anything_runs(world: World, text: str, reason: str) -> None:
    with pytest.raises(CompileError, match=reason) as caught:
        world.execute(f"{text}\n", echo=False)
    assert caught.value.exit_code == 1
    shown: list[str] = []
    world.outputs.listeners.append(shown.append)
    with pytest.raises(CompileError):
        world.execute(f'print("ran")\n{text}\n', echo=False)
    assert not shown


def test_a_refused_script_declares_nothing(printed: Printed, world: World) -> None:
    with pytest.raises(CompileError):
        world.execute("x := 1\ny = 2")
    assert printed("x := 3; print(x)") == ["3"]


def test_parameters_freeze_variables_but_follow_time(printed: Printed) -> None:
    text = f"""{MESH}
    i := 8
    Msat = i*1e5 + 0*t
    i = 3
    t = 1e-9
    print(Msat.average())
    """
    assert printed(text) == ["800000"]


def test_terms_of_an_excitation_are_live_if_they_hold_time(printed: Printed) -> None:
    text = f"""{MESH}
    mask := NewVectorMask(4, 3, 1)
    mask.setVector(1, 0, 0, vector(12, 0, 0))
    amp := 1.0
    J.Add(mask, amp + 0*t)
    J.Add(mask, amp)
    amp = 2
    print(J.average())
    J = vector(1, 0, t*1e9)
    t = 3e-9
    print(J)
    J.RemoveExtraTerms()
    print(J.comp(0).average(), J.average().z())
    """
    assert printed(text) == ["[3 0 0]", "4 0 3", "REMOVING EXTRA TERMS FROM J", "1 3"]


def test_division_by_zero_is_named_where_it_reaches_a_parameter(world: World) -> None:
    with pytest.raises(ScriptError, match=r"line 1: Msat = 1/0: Msat can not be \+Inf"):
        world.execute("Msat = 1/0")


def test_live_values_convert_to_numbers(printed: Printed) -> None:
    assert printed(f"{MESH}x := dt + 1e-15; print(x); y := dt; print(y.get())") == [
        "2e-15",
        "1e-15",
    ]


def test_source_is_inlined(printed: Printed, world: World) -> None:
    assert world.folder is not None
    (world.folder / "part.mx3").write_text("z := 5\n")
    assert printed('source("part.mx3")\nprint(z)') == ["5"]
    with pytest.raises(CompileError, match=r"line 2: .*missing\.mx3"):
        world.execute('\nsource("missing.mx3")')


def test_without_a_mesh_the_message_says_so(world: World) -> None:
    with pytest.raises(PanicError, match=r"line 1: Run\(1e-9\): need to set mesh first"):
        world.execute("Run(1e-9)")


def test_an_absurd_grid_is_refused(world: World) -> None:
    with pytest.raises(ScriptError, match="GiB of memory"):
        world.execute("SetCellSize(1e-9, 1e-9, 1e-9)\nSetGridSize(100000, 100000, 100)")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (";; x := 1;;\n;\nprint(x); ;print(2)\n;", ["1", "2"]),
        ("n := 0; for i := 0; ; i++ { n = i;; if i == 2 { print(n); n = 9 }; Exit() }", []),
        ("for i := 0; i < 2; i++ {; print(i);; }", ["0", "1"]),
        ('print(";;"); /* ;; */ print(`;`) // ;;', [";;", ";"]),
        ("x := 3 // a remark\n; print(x)", ["3"]),
    ],
)
def test_empty_statements(printed: Printed, text: str, lines: list[str]) -> None:
    if "Exit" in text:
        with pytest.raises(ScriptExit):
            printed(text)
    else:
        assert printed(text) == lines


def test_an_error_behind_a_semicolon_is_on_its_line(world: World) -> None:
    with pytest.raises(CompileError, match=r"script line 3: .*undefined: nope"):
        world.execute("x := 1;;\n;\nx = 2;; y := nope(2)\nx = 3")
    with pytest.raises(CompileError, match=r"script line 2: .*column 16"):
        world.execute("x := 1\nx = 2;; Aex = (; y := 3")
