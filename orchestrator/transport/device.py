"""The multigrid solver's steps on a GPU: `orchestrator.transport.host` for arrays of CuPy."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.transport.assembly import Stencil, half_offsets, shifted
from orchestrator.transport.layout import Layout, galerkin_terms

if TYPE_CHECKING:
    from orchestrator.transport.multigrid import Level

SOURCE = Path(__file__).with_name("device.cu")
"""The kernels."""

BLOCK = 128
"""Threads in a block."""

Launch = Callable[..., None]


class Device:
    """Steps on arrays of one kind.

    Parameters
    ----------
    xp : module
        cupy; numpy in tests.
    launch : callable
        launch(halves, name, threads, *args) runs a kernel of `SOURCE`.
    free_memory : callable
        Bytes that nobody uses now.

    Attributes
    ----------
    xp, launch, free_memory
        As given.
    """

    def __init__(self, xp: Any, launch: Launch, free_memory: Callable[[], int]) -> None:
        self.xp = xp
        self.launch = launch
        self.free_memory = free_memory

    def upload(self, values: Any) -> Any:
        """An array of numpy as one of the device, in the order of C."""
        return self.xp.asarray(np.ascontiguousarray(values))

    def empty(self, shape: tuple[int, ...], dtype: Any = float) -> Any:
        """An array of any content."""
        return self.xp.empty(shape, dtype)

    def elementwise(self, function: np.ufunc, *fields: Any, out: Any) -> Any:
        """A function of numpy for each element of fields."""
        return getattr(self.xp, function.__name__)(*fields, out=out)

    def numbers(self, values: Any) -> np.ndarray:
        """An array of numpy."""
        return values.get() if hasattr(values, "get") else values

    def matrix(self, stencil: Stencil) -> Callable[..., Any]:
        """Multiplies nodal fields, shape (K, *nodes), with the matrix in double precision."""
        symmetric = self.xp.asarray(stencil.symmetric)
        skew = symmetric if stencil.skew is None else self.xp.asarray(stencil.skew)
        offsets = self.xp.asarray(stencil.offsets)
        nodes = (1, *stencil.nodes)[-3:]
        size = int(np.prod(nodes))

        def multiply(u: Any, transpose: bool) -> Any:
            out = self.xp.empty_like(u)
            sign = 0 if stencil.skew is None else -1 if transpose else 1
            arrays = (symmetric, skew, sign, offsets, u, out)
            self.launch(len(symmetric), "multiply", size, *arrays, len(u), *nodes)
            return out

        return multiply

    def fill(
        self, coefficients: np.ndarray, free: Any, scale: float, layout: Layout, a: Any
    ) -> None:
        """Coefficients of a stencil between free nodes, times a scale, as a matrix."""
        target, values = layout.nodal(a), self.xp.asarray(coefficients)
        for k, offset in enumerate(half_offsets(free.ndim)):
            here, there = shifted(free.shape, offset)
            both = free[here] & free[there]
            target[(k, *here)] = scale * values[(k, *here)] * both

    def load(
        self,
        level: Level,
        multiply: Callable[..., Any],
        potentials: Any,
        source: Any,
        free: Any,
        scale: float,
        transpose: bool,
    ) -> np.ndarray:
        """Residuals scale (source - A phi) as right-hand sides; phi^T A phi, shape (K,)."""
        image = multiply(potentials, transpose)
        rest = -image if source is None else source - image
        level.layout.nodal(level.f)[...] = scale * rest * free
        product = (potentials * image).reshape(len(image), -1)
        return self.numbers(product.sum(axis=1))

    def add(self, level: Level, potentials: Any, x: Any) -> None:
        """Add a field x to nodal potentials and clear it."""
        potentials += level.layout.nodal(x)
        x[...] = 0

    def place(self, level: Level, values: Any, free: Any, field: Any) -> None:
        """Nodal values on the free nodes as a field."""
        level.layout.nodal(field)[...] = values * free

    def invert_diagonal(self, level: Level) -> None:
        """The inverse diagonal of a level."""
        diagonal = level.a[:, :1]
        level.inverse[...] = (diagonal > 0) / self.xp.where(diagonal > 0, diagonal, 1)

    def smooth(self, level: Level, backward: bool) -> None:
        """A Gauss-Seidel sweep from zero, or its adjoint from what is there."""
        z0, z1, plane, ny, nx = level.layout.grid
        deep = z0 > 0
        if not backward:
            level.u[...] = 0
        colors = [(z, y, x) for z in range(2 if deep else 1) for y in range(2) for x in range(2)]
        for z, y, x in reversed(colors) if backward else colors:
            layers = (z1 - z0 - z + 1) // 2 if deep else 1
            rows, nodes = (ny - y + 1) // 2, (nx - x + 1) // 2
            self.launch(
                level.a.shape[1],
                "smooth",
                layers * rows * nodes,
                level.a,
                level.inverse,
                level.u,
                level.f,
                level.u.shape[1],
                level.layout.length,
                plane,
                z0 + z,
                1 + y,
                1 + x,
                2 if deep else 1,
                rows,
                nodes,
            )

    def _residual(self, level: Level, u: Any, f: Any, factor: float, out: Any) -> None:
        z0, z1, plane, ny, nx = level.layout.grid
        threads = (z1 - z0) * ny * nx
        sizes = (u.shape[1], level.layout.length, plane, z0, ny, nx)
        arrays = (level.a, u, f, np.float32(factor), out)
        self.launch(level.a.shape[1], "residual", threads, *arrays, *sizes)

    def restrict(self, level: Level, below: Level) -> None:
        """The residual of a level as the right-hand side of the one below."""
        self._residual(level, level.u, level.f, 1.0, level.r)
        z0, z1, plane, ny, nx = below.layout.grid
        self.launch(
            level.a.shape[1],
            "restrict_field",
            (z1 - z0) * ny * nx,
            level.r,
            below.f,
            *self._weights(level),
            level.u.shape[1],
            level.layout.length,
            level.layout.grid[2],
            below.layout.length,
            plane,
            z0,
            ny,
            nx,
            *(1, *level.factors)[-3:],
        )

    def prolong(self, below: Level, level: Level) -> None:
        """Add the solution of the level below."""
        z0, z1, plane, ny, nx = level.layout.grid
        self.launch(
            level.a.shape[1],
            "prolong",
            (z1 - z0) * ny * nx,
            below.u,
            level.u,
            level.inverse,
            *self._weights(level),
            level.u.shape[1],
            below.layout.length,
            below.layout.grid[2],
            level.layout.length,
            plane,
            z0,
            ny,
            nx,
            *(1, *level.factors)[-3:],
        )

    def _weights(self, level: Level) -> tuple[Any, ...]:
        """Weights along z, y and x, and 1; anything and 0 where interpolation is by halves."""
        return (*level.weights, 1) if level.weights else (level.inverse,) * 3 + (0,)

    def galerkin(self, level: Level, below: Level) -> None:
        """The matrix of the level below."""
        d = len(level.layout.nodes)
        layout, a = level.layout, level.a
        axes = [axis for axis in range(d) if level.factors[axis] == 2]
        if level.weights:
            axes.reverse()
        for axis in axes:
            factors = tuple(2 if k == axis else 1 for k in range(d))
            coarse = layout.coarse(factors)
            shape = (coarse.rows, a.shape[1], coarse.length)
            b = below.a if axis == axes[-1] else self.xp.zeros(shape, a.dtype)
            places, ends = self._terms(layout.nodes, axis)
            *weights, weighted = self._weights(level)
            w = weights[axis - d]
            if weighted:
                self._weigh(layout, a, axis - d + 3, w)
            z0, z1, plane, ny, nx = coarse.grid
            self.launch(
                a.shape[1],
                "coarsen",
                (z1 - z0) * a.shape[1] * ny * nx,
                a,
                b,
                places,
                ends,
                w,
                weighted,
                len(places),
                layout.rows,
                layout.length,
                layout.grid[2],
                coarse.length,
                plane,
                z0,
                ny,
                nx,
                *(1, *factors)[-3:],
            )
            layout, a = coarse, b

    def _weigh(self, layout: Layout, a: Any, axis: int, w: Any) -> None:
        z0, z1, plane, ny, nx = layout.grid
        steps = [2 if k == axis else 1 for k in range(3)]
        layers, rows, nodes = (n // step for n, step in zip((z1 - z0, ny, nx), steps, strict=True))
        arguments = (a, w, axis, layout.length, plane, z0, rows, nodes, *steps)
        self.launch(a.shape[1], "weigh", layers * rows * nodes, *arguments)

    @functools.cache  # noqa: B019 - one object for each network
    def _terms(self, nodes: tuple[int, ...], axis: int) -> tuple[Any, Any]:
        places, _, ends = galerkin_terms(Layout(nodes), axis)
        return self.xp.asarray(places), self.xp.asarray(ends)

    def product(self, level: Level, p: Any, q: Any) -> np.ndarray:
        """q = -A p and p^T A p, shape (K,)."""
        self._residual(level, p, p, 0.0, q)
        return -self.dot(level, p, q)

    def subtract_skew(self, level: Level, skew: Any, sign: float, p: Any, q: Any) -> None:
        """q -= sign T p with an antisymmetric matrix T."""
        z0, z1, plane, ny, nx = level.layout.grid
        threads = (z1 - z0) * ny * nx
        sizes = (p.shape[1], level.layout.length, plane, z0, ny, nx)
        arrays = (skew, np.float32(sign), p, q)
        self.launch(level.a.shape[1], "subtract_skew", threads, *arrays, *sizes)

    def dot(self, level: Level, u: Any, v: Any) -> np.ndarray:
        """u^T v, shape (K,)."""
        return self.numbers((u * v).sum(axis=2).sum(axis=0, dtype=np.float64))

    def descend(self, level: Level, x: Any, r: Any, p: Any, q: Any, factors: np.ndarray) -> None:
        """x += factors p and r += factors q."""
        along = self._along(factors)
        x += along * p
        r += along * q

    def turn(self, level: Level, p: Any, z: Any, factors: np.ndarray) -> None:
        """p = factors p + z."""
        p *= self._along(factors)
        p += z

    def _along(self, factors: np.ndarray) -> Any:
        return self.xp.asarray(factors.astype(np.float32))[None, :, None]


@dataclass(frozen=True)
class DeviceStencil(Stencil):
    """A matrix on a device."""

    device: Any = None

    def apply(self, u: Any, transpose: bool = False) -> Any:
        """The matrix (or its transpose) times nodal fields of the device, shape (K, *nodes)."""
        return self.device.matrix(self)(u, transpose)

    def energies(self, v: Any, u: Any) -> np.ndarray:
        """v_k^T A u_l for all nodal fields of the device, shape (K, K)."""
        k = len(u)
        products = v.reshape(k, -1) @ self.apply(u).reshape(k, -1).T
        return self.device.numbers(products)


@functools.cache
def cuda_device() -> Device:
    """The current CUDA device.

    Raises
    ------
    Exception
        Whatever CuPy raises where it is not installed, finds no GPU or cannot compile.
    """
    import cupy

    @functools.cache
    def module(halves: int) -> Any:
        return cupy.RawModule(code=SOURCE.read_text(), options=(f"-DHALVES={halves}",))

    @functools.cache
    def kernel(halves: int, name: str) -> Any:
        return module(halves).get_function(name)

    def launch(halves: int, name: str, threads: int, *args: Any) -> None:
        sizes = (np.int32(a) if isinstance(a, int) else a for a in args)
        blocks = (threads + BLOCK - 1) // BLOCK
        kernel(halves, name)((blocks,), (BLOCK,), (np.int64(threads), *sizes))

    cupy.cuda.runtime.getDeviceCount()
    kernel(5, "smooth")
    return Device(cupy, launch, lambda: int(cupy.cuda.runtime.memGetInfo()[0]))
