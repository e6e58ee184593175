"""Time of the right-hand sides of one RK45 step of neuralmag on JAX; see `engine_step.py`.

Runs in an environment that has neuralmag and jax. Standard input: a JSON object with `cells`,
`cell_size` and the material. Last line of the standard output: median CPU seconds of six
right-hand sides with exchange, bulk DMI and uniaxial anisotropy; neuralmag has no Zhang-Li torque.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time

os.environ |= {
    "NM_BACKEND": "jax",
    "NM_DTYPE": "float32",
    "JAX_PLATFORMS": "cpu",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}

import jax
import jax.numpy as jnp
import neuralmag
import numpy as np

SECONDS, MOST = 5.0, 20
STAGES = 6


def main() -> None:
    """Print the time."""
    case = json.load(sys.stdin)
    nx, ny, nz = case["cells"]
    cells = [nx, ny] if nz == 1 else [nx, ny, nz]  # its films of one layer are two-dimensional
    state = neuralmag.State(neuralmag.Mesh(cells, case["cell_size"], [0.0, 0.0, 0.0]))
    for name, value in {
        "Ms": case["Msat"], "A": case["Aex"], "Db": case["Dbulk"], "Ku": case["Ku1"],
        "Ku_axis": [0.0, 0.0, 1.0], "alpha": case["alpha"],
    }.items():  # fmt: skip
        setattr(state.material, name, value)
    m = np.random.default_rng(1).normal(size=neuralmag.VectorFunction(state).tensor.shape)
    m /= np.linalg.norm(m, axis=-1, keepdims=True)
    state.m = neuralmag.VectorFunction(state, tensor=jnp.asarray(m, jnp.float32))
    neuralmag.ExchangeField().register(state, "exchange")
    neuralmag.BulkDMIField().register(state, "dmi")
    neuralmag.UniaxialAnisotropyField().register(state, "anisotropy")
    neuralmag.TotalField("exchange", "dmi", "anisotropy").register(state)
    term = neuralmag.LLGSolver(state)._term
    torque = jax.jit(lambda m: term.vector_field(0.0, m, []))

    def step() -> float:
        begun = time.process_time()
        for _ in range(STAGES):
            torque(state.m.tensor).block_until_ready()
        return time.process_time() - begun

    step()  # this compiles
    times: list[float] = []
    while len(times) < MOST and (len(times) < 3 or sum(times) < SECONDS):
        times.append(step())
    print(statistics.median(times))


main()
