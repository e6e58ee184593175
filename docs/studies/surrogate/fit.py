"""The surrogate's constants from micromagnetic trainings.

    python -m docs.studies.surrogate.fit FOLDER

takes what `docs.studies.surrogate.trainings FOLDER fitted` has written. The disorder comes from the
spectra of the stripes' order, the other constants from a least-squares fit to the order after the
trainings and to the mean changes of the conductances, with the current of a film without order.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.optimize import least_squares, minimize

from docs.studies.surrogate.layouts import FITTED, Layout
from docs.studies.surrogate.model import FILM_CONSTANTS, Constants, Disorder, Surrogate
from docs.studies.surrogate.trainings import TIME, VOLTAGE, block_means, read
from orchestrator.learning.hopfield import signs

NAMES = ("drive", "limit", "rate", "power", "length")
EDGE = 24e-9
"""Of a block, m."""
INDEPENDENT = 16
"""Blocks for each independent value of the order smoothed over a block."""
CUT = 11e6
"""Wave numbers (1/m) of the disorder that is fitted."""
ORDERS = 0.7
"""Mean share of the drive that a current must have to count as one that orders."""


def order(moments: np.ndarray) -> np.ndarray:
    """q of second moments, whose axis of three is the last but two."""
    xx, yy, xy = np.moveaxis(moments.astype(float), -3, 0)
    return xx - yy + 2j * xy


def smoothed(q: np.ndarray) -> np.ndarray:
    """Complex fields of blocks, smoothed over a Gaussian of one block."""
    width = (0,) * (q.ndim - 2) + (1, 1)
    parts = (gaussian_filter(part, width, mode="nearest") for part in (q.real, q.imag))
    return next(parts) + 1j * next(parts)


@dataclass(frozen=True)
class Case:
    """One pattern trained with one layout, from several starts.

    Attributes
    ----------
    before, after : ndarray, shape (starts, by, bx)
        Order of the blocks.
    j : ndarray, shape (2, ny, nx)
        Current of the film without order, A/m2, on the surrogate's cells.
    changes : ndarray, shape (starts, pairs)
        Of G, S.
    response : ndarray, shape (pairs, by, bx)
        Complex; the change of G to first order is the real part of its product with q.
    """

    before: np.ndarray
    after: np.ndarray
    j: np.ndarray
    changes: np.ndarray
    response: np.ndarray

    def predicted(self, constants: Constants, cell: float) -> tuple[np.ndarray, np.ndarray]:
        """What the drive adds to the order of blocks, and which share of the order is kept."""
        drive, rate, _ = constants.change(self.j, cell)
        drive, rate = block_means(drive, 2), block_means(rate, 2)
        kept = np.exp(-rate * TIME)
        return (1 - kept) / rate * drive, kept


def cases(folder: Path, layouts: Sequence[Layout] = FITTED) -> list[Case]:
    """One for each layout and pattern."""
    result = []
    for layout in layouts:
        content = read(folder, layout)
        film = Surrogate(layout.device, FILM_CONSTANTS)
        q = order(content["moments"])
        flat = film.conductivity(np.zeros(film.shape, complex))
        state = film.network.solve_conductivity(flat)
        fields = [state.current_density(v)[0, ..., :2] for v in np.eye(len(layout.squares))]
        x, y = np.moveaxis(np.array(fields) / flat.symmetric[0, 0, 0], -1, 0)
        first, second = np.triu_indices(len(layout.squares), 1)
        resistivity = layout.device.resistivity
        difference = 1 / resistivity.parallel - 1 / resistivity.perpendicular
        volume = np.prod(film.network.film.cell_size) * 4
        products = x[first] * x[second] - y[first] * y[second]
        products = products - 1j * (x[first] * y[second] + y[first] * x[second])
        response = volume * difference / 2 * block_means(products, 2)
        for k, pattern in enumerate(layout.patterns):
            g = content["conductance"][:, k]
            j = state.current_density(VOLTAGE * signs(pattern))[0, ..., :2].transpose(2, 0, 1)
            changes = (g[:, -1] - g[:, 0])[:, first, second]
            result.append(Case(q[:, k, 0], q[:, k, -1], j, changes, response))
    return result


def fitted(known: Sequence[Case], start: Constants, cell: float) -> tuple[Constants, np.ndarray]:
    """The constants NAMES that suit best, and their relative errors."""
    spread = [np.var(smoothed(c.after), axis=0).mean() for c in known]
    error_q = np.sqrt(INDEPENDENT * np.mean(spread) / 2)
    starts = len(known[0].changes)
    variance = np.mean([np.var(c.changes, axis=0, ddof=1).mean() for c in known])
    error_g = np.sqrt(variance / starts)

    def constants(x: np.ndarray) -> Constants:
        return replace(
            start,
            **{n: float(getattr(start, n) * np.exp(v)) for n, v in zip(NAMES, x, strict=True)},
        )

    def residuals(x: np.ndarray) -> np.ndarray:
        result = []
        for case in known:
            gained, kept = case.predicted(constants(x), cell)
            rest = smoothed(case.after - gained - kept * case.before) / error_q
            pairs = (case.response * gained).real.sum(axis=(1, 2))
            result += [rest.real, rest.imag, (case.changes.mean(axis=0) - pairs) / error_g]
        return np.concatenate([part.ravel() for part in result])

    found = least_squares(residuals, np.zeros(len(NAMES)), diff_step=1e-3)
    errors = np.sqrt(np.diag(np.linalg.inv(found.jac.T @ found.jac)))
    return constants(found.x), errors


def spectra(q: np.ndarray) -> np.ndarray:
    """Wave number (1/m), share of the power that block means keep, and the spectral densities (m2)
    of E and B of fields of blocks, averaged; shape (4, wave vectors).
    """
    ny, nx = q.shape[-2:]
    window = np.outer(np.hanning(ny + 2)[1:-1], np.hanning(nx + 2)[1:-1])
    ky, kx = np.meshgrid(np.fft.fftfreq(ny, EDGE), np.fft.fftfreq(nx, EDGE), indexing="ij")
    turn = np.exp(-2j * np.arctan2(ky, kx))
    x, y = (np.fft.fft2(part * window) for part in (q.real, q.imag))
    e, b = x * turn.real - y * turn.imag, x * turn.imag + y * turn.real
    scale = EDGE**2 / (window**2).sum()
    power = [scale * (np.abs(part) ** 2).reshape(-1, ny, nx).mean(axis=0) for part in (e, b)]
    k, kept = np.hypot(kx, ky), (np.sinc(kx * EDGE) * np.sinc(ky * EDGE)) ** 2
    inside = (k > 0) & (k < CUT)
    return np.stack([k, kept, *power])[:, inside]


def disorder(fields: Sequence[np.ndarray], together: bool) -> Disorder:
    """The disorder whose spectrum suits fields of blocks; with one length for E and B, or two.

    By Whittle's likelihood.
    """
    k, kept, *measured = np.concatenate([spectra(q) for q in fields], axis=1)

    def unlikely(x: np.ndarray) -> float:
        density = np.exp(x[0]) * kept / (1 + np.outer(1e-7 * np.exp(x[1:] * [1, 1]), k) ** 4)
        return float((np.log(density) + 1e16 * np.array(measured) / density).sum())

    found = np.exp(minimize(unlikely, np.zeros(2 if together else 3)).x)
    lengths = 1e-7 * found[1:] * [1, 1]
    return Disorder(1e-16 * float(found[0]), (float(lengths[0]), float(lengths[1])))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="of `trainings FOLDER fitted`")
    folder = parser.parse_args().folder / "fitted"
    known = cases(folder)
    cell = EDGE / 2
    weight = np.mean([read(folder, x)["moments"][:, 0, 0, :2].sum(axis=1).mean() for x in FITTED])
    mazes = [case.before for case in known[::3]]
    driven = []
    for case in known:
        share = FILM_CONSTANTS.change(case.j, cell)[2]
        if share.mean() > ORDERS:
            starts = len(case.after)
            driven.append((case.after - case.after.mean(axis=0)) * np.sqrt(starts / (starts - 1)))
    print(f"w = {weight:.3f}")
    print(f"untrained: {disorder(mazes, False)}")
    print(f"driven, {len(driven)} of {len(known)} trainings: {disorder(driven, True)}")
    constants, errors = fitted(known, FILM_CONSTANTS, cell)
    for name, error in zip(NAMES, errors, strict=True):
        print(f"{name}: {getattr(constants, name):.3g} ± {100 * error:.0f} %")


if __name__ == "__main__":
    main()
