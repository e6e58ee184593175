"""Which learning rule is it? Fits of the change of the conductances to rules of learning.

A rule says how fast the weight between two contacts changes while voltages are held, such as
Hebb's b V_i V_j, b (V_i - V_j)^2, or Oja's b V_i V_j - c V_j^2 G_ij (E. Oja, J. Math. Biol. 15,
267, 1982). All are linear in their coefficients, which least squares over many pulses and pairs of
contacts find.

The film suggests a rule of its own: where it turns the stripes across the current, the local
conductivity grows along the field and falls across it. To first order the conductance of two
contacts then changes by the integral of e_i . Q . e_j, with the fields e of unit voltages and
Q = E E - E^2/2 of the training's field E: a form of fourth rank in the contacts, quadratic in
the voltages, whose rows sum to zero as those of G must.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from orchestrator.base.errors import InputError
from orchestrator.describe.contacts import Contact
from orchestrator.describe.film import Film
from orchestrator.describe.media import Resistivity
from orchestrator.learning.hopfield import inverse, is_trivial, pattern_string, recall, signs
from orchestrator.transport.network import Network


@dataclass(frozen=True)
class Changes:
    """Changes of conductance matrices while voltages were held.

    Attributes
    ----------
    rate : ndarray, shape (M, N, N)
        Change per time, S/s.
    conductance : ndarray, shape (M, N, N)
        G before the change, S.
    voltages : ndarray, shape (M, N)
        Voltages held, V.
    group : ndarray of int, shape (M,)
        Number of the training; changes of one training are not independent of each other.
    """

    rate: np.ndarray
    conductance: np.ndarray
    voltages: np.ndarray
    group: np.ndarray

    @classmethod
    def of_run(cls, dataset: xr.Dataset, pulses: int = 1) -> Changes:
        """Changes of a run's trainings at constant voltages.

        Parameters
        ----------
        dataset : Dataset
            Of `orchestrator.open_run`.
        pulses : int
            Over how many pulses each change goes; what is left at the end is not used.

        Raises
        ------
        InputError
            If no training is that long, or voltages differ between the pulses of one change.
        """
        rate, before, held, group = [], [], [], []
        for k in range(len(dataset.training)):
            run = dataset.isel(training=k)
            change = run.conductance_change.to_numpy()
            duration = run.duration.to_numpy()
            voltages = run.voltage.to_numpy()
            for first in range(0, len(change) - pulses + 1, pulses):
                part = slice(first, first + pulses)
                if not np.isfinite(change[part]).all():
                    break
                if np.ptp(voltages[part], axis=0).any():
                    raise InputError(f"voltages change within pulses {first + 1} to {part.stop}")
                rate.append(change[part].sum(axis=0) / duration[part].sum())
                before.append(run.conductance.to_numpy()[first])
                held.append(voltages[first])
                group.append(k)
        if not rate:
            raise InputError(f"no training of the run has {pulses} pulses")
        return cls(np.array(rate), np.array(before), np.array(held), np.array(group))

    @classmethod
    def joined(cls, parts: Sequence[Changes]) -> Changes:
        """The changes of several runs, all trainings in groups of their own."""
        offsets = np.cumsum([0] + [int(p.group.max()) + 1 for p in parts])
        groups = [p.group + offset for p, offset in zip(parts, offsets[:-1], strict=True)]
        return cls(
            np.concatenate([p.rate for p in parts]),
            np.concatenate([p.conductance for p in parts]),
            np.concatenate([p.voltages for p in parts]),
            np.concatenate(groups),
        )

    def product(self) -> np.ndarray:
        """Hebb's term V_i V_j in V^2, shape (M, N, N)."""
        return self.voltages[:, :, None] * self.voltages[:, None, :]

    def squared_difference(self) -> np.ndarray:
        """(V_i - V_j)^2 in V^2, shape (M, N, N)."""
        return (self.voltages[:, :, None] - self.voltages[:, None, :]) ** 2

    def decay(self, reference: np.ndarray | None = None) -> np.ndarray:
        """Oja's decay -V_j^2 G_ij in V^2 S, shape (M, N, N).

        Symmetric: with the mean of V_i^2 and V_j^2, which are equal for binary patterns.

        Parameters
        ----------
        reference : ndarray, shape (N, N), optional
            Taken from G first, so that the weights decay towards it and not to zero.
        """
        square = self.voltages**2
        weights = self.conductance if reference is None else self.conductance - reference
        return -(square[:, :, None] + square[:, None, :]) / 2 * weights

    def alignment(self, tensor: np.ndarray) -> np.ndarray:
        """What `alignment_tensor` makes of the voltages, shape (M, N, N)."""
        return np.einsum("ijkl,mk,ml->mij", tensor, self.voltages, self.voltages)


@dataclass(frozen=True)
class RuleFit:
    """A rule fitted to changes.

    Attributes
    ----------
    coefficients, errors : dict of float
        Least-squares coefficient of each term and its standard error, in the term's units.
    explained : float
        1 - sum of squared residuals / sum of squared changes: 0 for a rule that says nothing.
    predicted : float
        The same with every training predicted by coefficients found from the others, so that more
        coefficients are no advantage in themselves; negative for a rule that misleads.
    residual : ndarray, shape (M, N, N)
        Change that the rule does not explain, S/s; NaN on the diagonal.
    """

    coefficients: dict[str, float]
    errors: dict[str, float]
    explained: float
    predicted: float
    residual: np.ndarray


def fit_rule(changes: Changes, terms: Mapping[str, np.ndarray]) -> RuleFit:
    """Fit the change per time of all pairs of contacts by a sum of terms.

    Only pairs of different contacts are fitted, since rows sum to zero. Standard errors allow for
    any correlation within a training (cluster-robust sandwich, with the factor g / (g - 1) of g
    trainings).

    Parameters
    ----------
    changes : Changes
        Of at least two trainings.
    terms : mapping
        Name to array of shape (M, N, N).

    Raises
    ------
    InputError
        If there are fewer than two trainings, or the terms are not independent.
    """
    i, j = np.triu_indices(changes.rate.shape[1], 1)
    y = changes.rate[:, i, j].ravel()
    design = np.stack([np.asarray(t)[:, i, j].ravel() for t in terms.values()], axis=1)
    scale = np.sqrt((design**2).mean(axis=0))
    group = np.repeat(changes.group, len(i))
    numbers = np.unique(group)
    if len(numbers) < 2:
        raise InputError("a fit needs the changes of at least two trainings")
    if not scale.all() or np.linalg.matrix_rank(design / scale) < design.shape[1]:
        raise InputError(f"the terms {', '.join(terms)} are not independent")
    x = design / scale
    coefficients, residual = _least_squares(x, y)

    inverse_gram = np.linalg.inv(x.T @ x)
    scores = np.array([x[group == g].T @ residual[group == g] for g in numbers])
    factor = len(numbers) / (len(numbers) - 1)
    covariance = factor * inverse_gram @ (scores.T @ scores) @ inverse_gram
    left_out = np.empty_like(y)
    for g in numbers:
        others, _ = _least_squares(x[group != g], y[group != g])
        left_out[group == g] = y[group == g] - x[group == g] @ others

    unexplained = np.full(changes.rate.shape, np.nan)
    unexplained[:, i, j] = unexplained[:, j, i] = residual.reshape(-1, len(i))
    total = y @ y
    return RuleFit(
        dict(zip(terms, (coefficients / scale).tolist(), strict=True)),
        dict(zip(terms, (np.sqrt(np.diag(covariance)) / scale).tolist(), strict=True)),
        float(1 - residual @ residual / total),
        float(1 - left_out @ left_out / total),
        unexplained,
    )


def _least_squares(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    coefficients = np.linalg.lstsq(x, y, rcond=None)[0]
    return coefficients, y - x @ coefficients


def alignment_tensor(film: Film, contacts: tuple[Contact, ...], length: float) -> np.ndarray:
    """Change of the conductances when stripes turn across the current.

    T_ijkl = integral of e_i . Q_kl . e_j with Q_kl the traceless symmetric part of e_k e_l, the
    fields e_k of unit voltages in the uniform film, so that the voltages V make the change
    sum_kl T_ijkl V_k V_l. The stripes' stiffness spreads Q over a length.

    Parameters
    ----------
    film : Film
        A film of one layer.
    contacts : tuple of Contact
        Its contacts.
    length : float
        Standard deviation in m of the Gaussian that spreads Q; 0 for none, infinity for the
        mean over the film.

    Returns
    -------
    ndarray, shape (N, N, N, N)
        In 1/m: times a conductivity per squared field.

    Raises
    ------
    InputError
        If the film has several layers or the length is negative.
    """
    if not film.is_2d:
        raise InputError(f"the film must have one layer of cells, not {film.cells[2]}")
    if length < 0:
        raise InputError(f"the length must not be negative (m), got {length:g}")
    isotropic = Resistivity(rho_par=1.0, rho_perp=1.0)
    state = Network(film, isotropic, contacts).solve(film.saturated())
    n = len(contacts)
    units = np.array([state.current_density(unit)[0, :, :, :2] for unit in np.eye(n)])
    ex, ey = units[..., 0], units[..., 1]
    stretch = (ex[:, None] * ex - ey[:, None] * ey) / 2
    shear = (ex[:, None] * ey + ey[:, None] * ex) / 2
    volume = float(np.prod(film.cell_size))
    return volume * (
        2 * np.einsum("ijyx,klyx->ijkl", stretch, _spread(stretch, film, length))
        + 2 * np.einsum("ijyx,klyx->ijkl", shear, _spread(shear, film, length))
    )


def _spread(field: np.ndarray, film: Film, length: float) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    if np.isinf(length):
        return np.broadcast_to(field.mean(axis=(-2, -1), keepdims=True), field.shape)
    sigma = (0, 0, length / film.cell_size[1], length / film.cell_size[0])
    return gaussian_filter(field, sigma, mode="nearest")


def leading_eigenvector(matrix: np.ndarray) -> np.ndarray:
    """Unit eigenvector of the largest eigenvalue of a symmetric matrix on vectors of zero sum.

    Equal voltages drive no current, so a common part of all components has no meaning here.
    """
    n = len(matrix)
    centering = np.eye(n) - 1 / n
    low = 2 * np.abs(matrix).sum()
    values = centering @ matrix @ centering - (low / n) * np.ones((n, n))
    return np.linalg.eigh((values + values.T) / 2)[1][:, -1]


def principal_overlap(weights: np.ndarray, patterns: Sequence[str]) -> float:
    """|cos| between the leading eigenvectors of the weights and of the patterns' correlation.

    The end of Oja's rule is 1. Two directions drawn at random have 1/2 in the mean for four
    contacts, whose voltages of zero sum have three dimensions.

    Parameters
    ----------
    weights : ndarray, shape (N, N)
        G' in S.
    patterns : sequence of str
        Patterns of equal weight.
    """
    vectors = np.array([signs(p) for p in patterns], float)
    correlation = vectors.T @ vectors / len(vectors)
    return float(abs(leading_eigenvector(weights) @ leading_eigenvector(correlation)))


def recalled_neighbors(weights: np.ndarray, pattern: str) -> tuple[int, int]:
    """From how many of the starts with one wrong sign a pattern or its inverse is recalled.

    The second number is that of the starts; trivial ones are left out. Recall is asynchronous in
    the order of the contacts, without self-term.
    """
    starts = []
    for k in range(len(pattern)):
        flipped = signs(pattern)
        flipped[k] = -flipped[k]
        starts.append(pattern_string(flipped))
    starts = [start for start in starts if not is_trivial(start)]
    ends = [recall(weights, start).attractor for start in starts]
    return sum(end in (pattern, inverse(pattern)) for end in ends), len(starts)
