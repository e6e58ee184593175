"""The explicit Runge-Kutta schemes of mumax3's SetSolver."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tableau:
    """An explicit Runge-Kutta scheme whose last stage may be the first of the next step.

    `errors` are the weights of the stages in the error estimate; `accept` and `reject` the
    exponents of the step control. A `raw_predictor` has intermediate states that are not
    normalized.
    """

    nodes: tuple[float, ...]
    stages: tuple[tuple[float, ...], ...]
    solution: tuple[float, ...]
    errors: tuple[float, ...]
    accept: float
    reject: float
    reuses_last: bool = False
    raw_predictor: bool = False


TABLEAUS = {
    1: Tableau((0,), ((),), (1,), (1,), 0, 0),
    2: Tableau((0, 1), ((), (1,)), (1 / 2, 1 / 2), (-1, 1), 1 / 2, 1 / 3, raw_predictor=True),
    4: Tableau(
        (0, 1 / 2, 1 / 2, 1),
        ((), (1 / 2,), (0, 1 / 2), (0, 0, 1)),
        (1 / 6, 1 / 3, 1 / 3, 1 / 6),
        (-1, 0, 0, 1),
        1 / 4,
        1 / 5,
    ),
    3: Tableau(
        (0, 1 / 2, 3 / 4, 1),
        ((), (1 / 2,), (0, 3 / 4), (2 / 9, 1 / 3, 4 / 9)),
        (2 / 9, 1 / 3, 4 / 9, 0),
        (2 / 9 - 7 / 24, 1 / 3 - 1 / 4, 4 / 9 - 1 / 3, -1 / 8),
        1 / 3,
        1 / 4,
        reuses_last=True,
    ),
    5: Tableau(
        (0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1),
        (
            (),
            (1 / 5,),
            (3 / 40, 9 / 40),
            (44 / 45, -56 / 15, 32 / 9),
            (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
            (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
            (35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
        ),
        (35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84, 0),
        (
            35 / 384 - 5179 / 57600,
            0,
            500 / 1113 - 7571 / 16695,
            125 / 192 - 393 / 640,
            -2187 / 6784 + 92097 / 339200,
            11 / 84 - 187 / 2100,
            -1 / 40,
        ),
        1 / 5,
        1 / 6,
        reuses_last=True,
    ),
    6: Tableau(
        (0, 1 / 6, 4 / 15, 2 / 3, 4 / 5, 1, 0, 1),
        (
            (),
            (1 / 6,),
            (4 / 75, 16 / 75),
            (5 / 6, -8 / 3, 5 / 2),
            (-8 / 5, 144 / 25, -4, 16 / 25),
            (361 / 320, -18 / 5, 407 / 128, -11 / 80, 55 / 128),
            (-11 / 640, 0, 11 / 256, -11 / 160, 11 / 256, 0),
            (93 / 640, -18 / 5, 803 / 256, -11 / 160, 99 / 256, 0, 1),
        ),
        (7 / 1408, 0, 1125 / 2816, 9 / 32, 125 / 768, 0, 5 / 66, 5 / 66),
        (-5 / 66, 0, 0, 0, 0, -5 / 66, 5 / 66, 5 / 66),
        1 / 6,
        1 / 7,
    ),
}
"""mumax3's SetSolver numbers, from Euler (1) to Fehlberg of sixth order (6)."""
BACKWARD_EULER = -1
SOLVERS = (BACKWARD_EULER, *sorted(TABLEAUS))
"""All numbers that SetSolver takes."""
