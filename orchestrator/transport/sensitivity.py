"""Where in a film a conductance is stored: derivatives of G by the magnetization of every cell.

With the unit potentials phi_j of the network and u_i of its transpose G_ij = u_i^T A(m) phi_j, and
since the errors of both potentials enter quadratically only (adjoint method),

    dG_ij / dm_c = sum_ab dSigma_ab / dm_c  integral of (du_i/da) (dphi_j/db) over the cell,
    dSigma_ab / dm_c = (sigma_par - sigma_perp) (delta_ac m_b + m_a delta_bc) + sigma_ah eps_abc.

No further equation is solved: one solution of the network gives the derivatives of all G_ij.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from orchestrator.base.errors import InputError
from orchestrator.transport.conductivity import Media
from orchestrator.transport.fields import gradient_product
from orchestrator.transport.state import NetworkState


def sensitivity(
    media: Media,
    state: NetworkState,
    m: np.ndarray,
    left: str | Sequence[float] | np.ndarray,
    right: str | Sequence[float] | np.ndarray,
    *,
    tangent: bool = True,
) -> np.ndarray:
    """Derivative of left^T G right by the magnetization of every cell.

    Parameters
    ----------
    media : Media
        What the network was solved with, `Network.media`.
    state : NetworkState
        The network solved for `m`.
    m : ndarray, shape (nz, ny, nx, 3)
        Unit vectors, zero vectors where nothing is magnetic.
    left, right : str or array_like, shape (N,)
        Names of two contacts i and j, for dG_ij/dm in S; or vectors with one entry per contact. For
        the energy E = -V^T G V take left = -V and right = V in volts, for watts.
    tangent : bool
        Leave out the component along m, which a change that keeps the length of m does not feel.

    Returns
    -------
    ndarray, shape (nz, ny, nx, 3)
        Zero in cells whose conductivity does not depend on m. A change dm of the texture changes
        left^T G right by the sum over all cells and components of this times dm.

    Raises
    ------
    InputError
        If m has another shape than the film, or there is no such contact.
    """
    m = np.asarray(m, float)
    geometry = state._geometry
    shape = state._film.array_shape
    if m.shape != (*shape, 3):
        raise InputError(f"m has shape {m.shape}, the network was solved for {(*shape, 3)}")
    u = state.adjoint_potential(_vector(state, left))
    phi = state.potential(_vector(state, right))
    nodes = geometry.nodes
    products = gradient_product(u.reshape(nodes), phi.reshape(nodes), geometry.spacing)
    products *= geometry.thickness * geometry.conducting
    d = len(nodes)
    both = (products + products.transpose(1, 0, *range(2, 2 + d))).reshape(d, d, *shape)
    result = np.zeros_like(m)
    result[..., :d] = np.einsum("ab...,...b->...a", both, m[..., :d])
    result *= _per_cell(media.difference)
    if np.any(media.hall):
        odd = (products - products.transpose(1, 0, *range(2, 2 + d))).reshape(d, d, *shape)
        for a, b, c in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
            if max(a, b) < d:
                result[..., c] += media.hall * odd[a, b]
    if tangent:
        result -= np.einsum("...i,...i", result, m)[..., None] * m
    return result


def _vector(state: NetworkState, which: str | Sequence[float] | np.ndarray) -> np.ndarray:
    if not isinstance(which, str):
        return np.asarray(which, float)
    unit = np.zeros(len(state.contact_names))
    unit[state._number(which)] = 1.0
    return unit


def _per_cell(value: float | np.ndarray) -> float | np.ndarray:
    return value[..., None] if isinstance(value, np.ndarray) else value
