"""Conductance matrix of a textured film with four contacts: our solvers against scipy's spsolve.

rho_par / rho_perp = 7; the texture is turned by 0.05 rad since the last solution.
"""

from __future__ import annotations

import time

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.linalg import spsolve

from orchestrator.device import CornerContact, Film, Resistivity
from orchestrator.transport.network import Network

CORNERS = ("top left", "top right", "bottom right", "bottom left")


def texture(n: int, turned: float) -> np.ndarray:
    """Wavy stripes, shape (1, n, n, 3)."""
    x = 0.1 * np.arange(n)
    angle = x[None, :] + 1.5 * np.sin(x)[:, None] + turned
    stack = [0.6 * np.sin(angle), 0.8 * np.sin(angle), np.cos(angle)]
    return np.stack(stack, axis=-1)[None]


def default_path(n: int, m: np.ndarray, contacts: tuple[CornerContact, ...], film: Film) -> float:
    """Seconds of COO assembly of bilinear elements and one spsolve for each right-hand side."""
    start = time.perf_counter()
    s = np.eye(2) / 1e-7 + (1 / 7e-7 - 1 / 1e-7) * m[0, ..., :2, None] * m[0, ..., None, :2]
    points = (0.5 - 0.5 / np.sqrt(3), 0.5 + 0.5 / np.sqrt(3))
    element = np.zeros((n, n, 4, 4))
    for u in points:
        for v in points:
            b = np.array([[v - 1, 1 - v, -v, v], [u - 1, -u, 1 - u, u]])
            element += np.einsum("ia,yxij,jb->yxab", b, s, b) / 4
    corner = np.arange(n)[:, None] * (n + 1) + np.arange(n)
    nodes = np.stack([corner, corner + 1, corner + n + 1, corner + n + 2], axis=-1)
    rows, columns = np.broadcast_arrays(nodes[..., :, None], nodes[..., None, :])
    size = (n + 1) ** 2
    matrix = coo_array((element.ravel(), (rows.ravel(), columns.ravel())), (size, size)).tocsr()
    masks = np.stack([contact.nodes(film).ravel() for contact in contacts])
    free = np.flatnonzero(~masks.any(axis=0))
    inner = matrix[free][:, free].tocsc()
    for mask in masks[:-1]:
        spsolve(inner, -(matrix[free] @ mask.astype(float)))
    return time.perf_counter() - start


for n in (200, 512):
    film = Film(cells=(n, n, 1), cell_size=(2e-9, 2e-9, 1e-6))
    contacts = tuple(CornerContact(name=c, corner=c, size=48e-9) for c in CORNERS)
    resistivity = Resistivity(rho_par=7e-7, rho_perp=1e-7)
    before, after = texture(n, 0.0), texture(n, 0.05)
    plain = default_path(n, after, contacts, film)
    for solver in ("direct", "multigrid"):
        network = Network(film, resistivity, contacts, solver)
        network.solve(before)
        start = time.perf_counter()
        network.solve(after)
        elapsed = time.perf_counter() - start
        print(
            f"{n} x {n} {solver:>9}: {elapsed:.3f} s, scipy's default path {plain / elapsed:.0f} x"
        )
