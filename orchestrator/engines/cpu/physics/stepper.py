"""Time integration with mumax3's steppers and step control."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from orchestrator.base.errors import EngineError
from orchestrator.engines.cpu.kernels import step as kernels_step
from orchestrator.engines.cpu.physics.fields import frozen_cells, torque
from orchestrator.engines.cpu.physics.simulation import Simulation
from orchestrator.engines.cpu.physics.tableaus import BACKWARD_EULER, SOLVERS, TABLEAUS

LONGEST_STEP = 1e18
"""Steps without error, at rest, double; in s, so that their product with gamma stays finite."""


def run_until(sim: Simulation, condition: Callable[[], bool], alarm: float | None = None) -> None:
    """Step while a condition holds; no step of variable length crosses the alarm (s)."""
    number = sim.settings.solver
    if number not in SOLVERS:
        raise EngineError(f"SetSolver({number}) is not in this engine; it has {list(SOLVERS)}")
    stepper = BackwardEuler(sim) if number == BACKWARD_EULER else Stepper(sim)
    for hook in sim.before_run:
        hook()
    _bound(sim, alarm)
    while condition() and not sim.stop_requested:
        stepper.step(alarm)
        for hook in sim.post_step:
            hook()


def run(sim: Simulation, duration: float) -> None:
    """Run for a simulated time in s."""
    end = sim.clock.time + duration
    run_until(sim, lambda: sim.clock.time < end, alarm=end)


def steps(sim: Simulation, count: int) -> None:
    """Run for a number of accepted steps."""
    end = sim.clock.step + count
    run_until(sim, lambda: sim.clock.step < end)


class Stepper:
    """One of the schemes at work; keeps the stages between steps."""

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim
        self._tableau = TABLEAUS[sim.settings.solver]
        count = len(self._tableau.nodes)
        self._stages = np.zeros((count, *sim.state.components.shape), np.float32)
        self._places = list(range(count))
        self._trial = np.empty_like(sim.state.components)
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
        """Try one step; a rejected one leaves m and time as they were, with a smaller dt.

        While the simulation relaxes, time stands still.
        """
        sim, tableau = self._sim, self._tableau
        clock, settings, state = sim.clock, sim.settings, sim.state
        if settings.FixDt:
            clock.dt = settings.FixDt
        start, advance = clock.time, 0.0 if sim.relaxing else 1.0
        if not self._reusable:
            torque(sim, state.components, self.torque)
        if settings.solver == 1 and not settings.FixDt:
            top = self._largest(self._weights[-1])
            clock.dt = settings.MaxErr / (top * settings.GammaLL) if top else clock.dt
        h = np.float32(clock.dt * settings.GammaLL)
        last = len(tableau.nodes) - 1
        for k in range(1, last + 1):
            clock.time = start + advance * tableau.nodes[k] * clock.dt
            self._combine(self._weights[k], h, normalize=not tableau.raw_predictor)
            torque(sim, self._trial, self._stages[self._places[k]])
        if not tableau.reuses_last:
            self._combine(self._weights[-2], h)
        error = self._largest(self._weights[-1]) * float(h)
        if not math.isfinite(error):
            clock.time = start
            refuse_nan(sim, self.torque)
            if h == 0 or settings.FixDt or clock.dt <= settings.MinDt:
                raise EngineError(
                    f"at t = {start:g} s the torque is too strong for a step of {clock.dt:g} s, "
                    "and a shorter one is not possible: look for wrong powers of ten in fields "
                    "and parameters, and at FixDt and MinDt"
                )
            error = math.inf
        clock.last_err = error
        imposed = clock.dt <= settings.MinDt or bool(settings.FixDt) or settings.solver == 1
        accepted = imposed or error < settings.MaxErr
        if accepted:
            _hold_frozen(sim, self._trial)
            state.components, self._trial = self._trial, state.components
            clock.time = start + advance * clock.dt
            clock.step += 1
            clock.peak_err = max(clock.peak_err, error)
            self._reusable = tableau.reuses_last and not _has_noise(sim)
            if self._reusable:
                self._exchange(0, last)
        else:
            clock.time = start
            clock.undone += 1
            self._reusable = not _has_noise(sim)
        if settings.solver != 1:
            exponent = tableau.accept if accepted else tableau.reject
            adapt(sim, error, exponent, alarm)

    def _combine(self, weights: np.ndarray, h: np.float32, *, normalize: bool = True) -> None:
        sim, stages, tail = self._sim, self._stages, (self._trial,)
        m = sim.state.components
        sim.rows(kernels_step.combine, m, stages, weights, h, normalize, tail=tail)

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
        if not sim.settings.FixDt > 0:
            raise EngineError("SetSolver(-1), backward Euler, needs FixDt > 0")
        self._sim = sim
        self._stages = np.zeros((2, *sim.state.components.shape), np.float32)
        self._trial = np.empty_like(sim.state.components)
        self._weights = np.eye(2, dtype=np.float32)

    def step(self, alarm: float | None = None) -> None:
        """Make one step of length FixDt, whatever the alarm."""
        sim, clock, state = self._sim, self._sim.clock, self._sim.state
        start, clock.dt = clock.time, sim.settings.FixDt
        h = np.float32(clock.dt * sim.settings.GammaLL)
        clock.time = start + 0.5 * clock.dt
        self._guess(1, np.float32(0) if _has_noise(sim) else h)
        for k in (0, 1):
            torque(sim, self._trial, self._stages[k])
            self._guess(k, h)
        change = sim.rows(
            kernels_step.largest, self._stages, np.array([-1, 1], np.float32), tail=()
        )
        clock.last_err = float(np.max(change)) * float(h)
        if math.isnan(clock.last_err):
            refuse_nan(sim, self._stages[1])
        clock.peak_err = max(clock.peak_err, clock.last_err)
        _hold_frozen(sim, self._trial)
        state.components, self._trial = self._trial, state.components
        clock.time = start + clock.dt
        clock.step += 1

    def _guess(self, stage: int, h: np.float32) -> None:
        sim, weights, tail = self._sim, self._weights[stage], (self._trial,)
        m = sim.state.components
        sim.rows(kernels_step.combine, m, self._stages, weights, h, True, tail=tail)


def refuse_nan(sim: Simulation, torque: np.ndarray) -> None:
    """Stop a run that no smaller step can save."""
    bad = ~np.isfinite(torque).all(axis=0)
    if bad.any():
        z, y, x = (int(i[0]) for i in np.nonzero(bad))
        raise EngineError(
            f"at t = {sim.clock.time:g} s the torque is not a number in {int(bad.sum())} cells, "
            f"the first of them ({x}, {y}, {z}): look for NaN in what was added to J or B_ext, and "
            "for Aex = 0 where Dbulk or Dind is not 0, for a negative Temp, and for numbers beyond "
            "the range of float32"
        )


def _has_noise(sim: Simulation) -> bool:
    return any(term.fresh_each_step for term in sim.active_terms())


def _hold_frozen(sim: Simulation, m: np.ndarray) -> None:
    """Undo the rounding that normalization leaves in frozen cells."""
    if (frozen := frozen_cells(sim)) is not None:
        np.copyto(m, sim.state.components, where=frozen)


def adapt(sim: Simulation, error: float, exponent: float, alarm: float | None) -> None:
    """mumax3's choice of the next step."""
    clock, settings = sim.clock, sim.settings
    if settings.FixDt:
        clock.dt = settings.FixDt
        return
    factor = (settings.MaxErr / error) ** exponent if error > 0 else np.inf
    growth = min(max(factor * settings.Headroom, 0.5), 2.0)
    clock.dt = min(clock.dt * growth, LONGEST_STEP)
    if settings.MinDt and clock.dt < settings.MinDt:
        clock.dt = settings.MinDt
    _bound(sim, alarm)
    if not clock.dt > 0:
        raise EngineError("the time step became zero; check that the parameters are sensible")


def _bound(sim: Simulation, alarm: float | None) -> None:
    """Shorten the next step to MaxDt and to the time that is left."""
    clock, longest = sim.clock, sim.settings.MaxDt
    if longest and clock.dt > longest:
        clock.dt = longest
    if alarm is not None and clock.time < alarm < clock.time + clock.dt:
        clock.dt = alarm - clock.time
