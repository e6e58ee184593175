"""Time integration with mumax3's steppers and step control."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.base.errors import EngineError
from orchestrator.engines.cpu.kernels import step as kernels_step

if TYPE_CHECKING:
    from orchestrator.engines.cpu.physics.simulation import Simulation


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
LONGEST_STEP = 1e18
"""Steps without error, at rest, double; in s, so that their product with gamma stays finite."""
BACKWARD_EULER = -1
SOLVERS = (BACKWARD_EULER, *sorted(TABLEAUS))
"""All numbers that SetSolver takes."""


def run_until(sim: Simulation, condition: Callable[[], bool], alarm: float | None = None) -> None:
    """Step while a condition holds; no step of variable length crosses the alarm (s)."""
    if sim.solver not in SOLVERS:
        raise EngineError(f"SetSolver({sim.solver}) is not in this engine; it has {list(SOLVERS)}")
    stepper = BackwardEuler(sim) if sim.solver == BACKWARD_EULER else Stepper(sim)
    for hook in sim.before_run:
        hook()
    _bound(sim, alarm)
    while condition() and not sim.stop_requested:
        stepper.step(alarm)
        for hook in sim.post_step:
            hook()


class Stepper:
    """One of the schemes at work; keeps the stages between steps."""

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim
        self._tableau = TABLEAUS[sim.solver]
        count = len(self._tableau.nodes)
        self._stages = np.zeros((count, *sim._m.shape), np.float32)
        self._places = list(range(count))
        self._trial = np.empty_like(sim._m)
        self._weights = [
            np.array([*row, *[0] * (count - len(row))], np.float32)
            for row in (*self._tableau.stages, self._tableau.solution, self._tableau.errors)
        ]
        self._reusable = False

    @property
    def torque(self) -> np.ndarray:
        """The first stage, (3, nz, ny, nx): the torque before the last step, or after it."""
        return self._stages[self._places[0]]

    def step(self, alarm: float | None = None) -> None:
        """Try one step; a rejected one leaves m and time as they were, with a smaller dt."""
        sim, tableau = self._sim, self._tableau
        if sim.FixDt:
            sim.dt = sim.FixDt
        start = sim.time
        if not self._reusable:
            sim.torque(sim._m, self.torque)
        if sim.solver == 1 and not sim.FixDt:
            top = self._largest(self._weights[-1])
            sim.dt = sim.MaxErr / (top * sim.GammaLL) if top else sim.dt
        h = np.float32(sim.dt * sim.GammaLL)
        last = len(tableau.nodes) - 1
        for k in range(1, last + 1):
            sim.time = start + tableau.nodes[k] * sim.dt
            self._combine(self._weights[k], h, normalize=not tableau.raw_predictor)
            sim.torque(self._trial, self._stages[self._places[k]])
        if not tableau.reuses_last:
            self._combine(self._weights[-2], h)
        error = self._largest(self._weights[-1]) * float(h)
        if not math.isfinite(error):
            sim.time = start
            refuse_nan(sim, self.torque)
            if h == 0 or sim.FixDt or sim.dt <= sim.MinDt:
                raise EngineError(
                    f"at t = {start:g} s the torque is too strong for a step of {sim.dt:g} s, and "
                    "a shorter one is not possible: look for wrong powers of ten in fields and "
                    "parameters, and at FixDt and MinDt"
                )
            error = math.inf
        sim.last_err = error
        accepted = error < sim.MaxErr or sim.dt <= sim.MinDt or bool(sim.FixDt) or sim.solver == 1
        if accepted:
            _hold_frozen(sim, self._trial)
            sim._m, self._trial = self._trial, sim._m
            sim.time = start + sim.dt
            sim.step += 1
            sim.peak_err = max(sim.peak_err, error)
            self._reusable = tableau.reuses_last and not _has_noise(sim)
            if self._reusable:
                self._exchange(0, last)
        else:
            sim.time = start
            sim.undone += 1
            self._reusable = not _has_noise(sim)
        if sim.solver != 1:
            exponent = tableau.accept if accepted else tableau.reject
            adapt(sim, error, exponent, alarm)

    def _combine(self, weights: np.ndarray, h: np.float32, *, normalize: bool = True) -> None:
        sim, tail = self._sim, (self._trial,)
        sim.rows(kernels_step.combine, sim._m, self._stages, weights, h, normalize, tail=tail)

    def _largest(self, weights: np.ndarray) -> float:
        tops = self._sim.rows(kernels_step.largest, self._stages, weights, tail=())
        return float(np.max(tops))

    def _exchange(self, one: int, other: int) -> None:
        """Let two stages change places, by their weights."""
        both, crossed = [one, other], [other, one]
        places = self._places
        places[one], places[other] = places[other], places[one]
        for weights in self._weights:
            weights[both] = weights[crossed]


class BackwardEuler:
    """Implicit steps of fixed length by two fixed-point iterations, as mumax3's solver -1.

    m(t + dt) = m(t) + dt gamma torque(m(t + dt)), with excitations at t + dt / 2; the torque of
    the step before predicts the first iterate.
    """

    def __init__(self, sim: Simulation) -> None:
        if not sim.FixDt > 0:
            raise EngineError("SetSolver(-1), backward Euler, needs FixDt > 0")
        self._sim = sim
        self._stages = np.zeros((2, *sim._m.shape), np.float32)
        self._trial = np.empty_like(sim._m)
        self._weights = np.eye(2, dtype=np.float32)

    def step(self, alarm: float | None = None) -> None:
        """Make one step of length FixDt, whatever the alarm."""
        sim = self._sim
        start, sim.dt = sim.time, sim.FixDt
        h = np.float32(sim.dt * sim.GammaLL)
        sim.time = start + 0.5 * sim.dt
        self._guess(1, np.float32(0) if _has_noise(sim) else h)
        for k in (0, 1):
            sim.torque(self._trial, self._stages[k])
            self._guess(k, h)
        change = sim.rows(
            kernels_step.largest, self._stages, np.array([-1, 1], np.float32), tail=()
        )
        sim.last_err = float(np.max(change)) * float(h)
        if math.isnan(sim.last_err):
            refuse_nan(sim, self._stages[1])
        sim.peak_err = max(sim.peak_err, sim.last_err)
        _hold_frozen(sim, self._trial)
        sim._m, self._trial = self._trial, sim._m
        sim.time = start + sim.dt
        sim.step += 1

    def _guess(self, stage: int, h: np.float32) -> None:
        sim, weights = self._sim, self._weights[stage]
        sim.rows(kernels_step.combine, sim._m, self._stages, weights, h, True, tail=(self._trial,))


def refuse_nan(sim: Simulation, torque: np.ndarray) -> None:
    """Stop a run that no smaller step can save."""
    bad = ~np.isfinite(torque).all(axis=0)
    if bad.any():
        z, y, x = (int(i[0]) for i in np.nonzero(bad))
        raise EngineError(
            f"at t = {sim.time:g} s the torque is not a number in {int(bad.sum())} cells, the "
            f"first of them ({x}, {y}, {z}): look for NaN in what was added to J or B_ext, and for "
            "Aex = 0 where Dbulk or Dind is not 0, for a negative Temp, and for numbers beyond "
            "the range of float32"
        )


def _has_noise(sim: Simulation) -> bool:
    return any(term.fresh_each_step for term in sim.active_terms())


def _hold_frozen(sim: Simulation, m: np.ndarray) -> None:
    """Undo the rounding that normalization leaves in frozen cells."""
    if (frozen := sim.frozen_cells) is not None:
        np.copyto(m, sim._m, where=frozen)


def adapt(sim: Simulation, error: float, exponent: float, alarm: float | None) -> None:
    """mumax3's choice of the next step."""
    if sim.FixDt:
        sim.dt = sim.FixDt
        return
    factor = (sim.MaxErr / error) ** exponent if error > 0 else np.inf
    sim.dt = min(sim.dt * min(max(factor * sim.Headroom, 0.5), 2.0), LONGEST_STEP)
    if sim.MinDt and sim.dt < sim.MinDt:
        sim.dt = sim.MinDt
    _bound(sim, alarm)
    if not sim.dt > 0:
        raise EngineError("the time step became zero; check that the parameters are sensible")


def _bound(sim: Simulation, alarm: float | None) -> None:
    """Shorten the next step to MaxDt and to the time that is left."""
    if sim.MaxDt and sim.dt > sim.MaxDt:
        sim.dt = sim.MaxDt
    if alarm is not None and sim.time < alarm < sim.time + sim.dt:
        sim.dt = alarm - sim.time
