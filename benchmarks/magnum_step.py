"""Time of one step of magnum.np's RKF45, of six right-hand sides; see `engine_step.py`.

Runs in an environment that has magnumnp. Standard input: a JSON object with `cells`, `cell_size`
and the material. Last line of the standard output: median CPU seconds per step.
"""

from __future__ import annotations

import itertools
import json
import statistics
import sys
import time

import torch

torch.set_num_threads(1)
torch.set_num_interop_threads(1)

import magnumnp  # noqa: E402

SECONDS, MOST = 5.0, 20


def main() -> None:
    case = json.load(sys.stdin)
    torch.set_default_dtype(torch.float32)
    mesh = magnumnp.Mesh(case["cells"], case["cell_size"])
    state = magnumnp.State(mesh)
    for name, value in {
        "Ms": case["Msat"], "A": case["Aex"], "Db": case["Dbulk"], "Ku": case["Ku1"],
        "Ku_axis": [0.0, 0.0, 1.0], "alpha": case["alpha"], "xi": 0.0,
        "b": 5.788e-5 * case["Pol"] / case["Msat"],
    }.items():  # fmt: skip
        state.material[name] = state.Constant(value)
    torch.manual_seed(1)
    m = torch.randn(*mesh.n, 3)
    state.m = m / torch.linalg.norm(m, dim=-1, keepdim=True)
    state.j = 1e10 * torch.randn(*mesh.n, 3)
    terms = [
        magnumnp.ExchangeField(),
        magnumnp.BulkDMIField(),
        magnumnp.UniaxialAnisotropyField(),
        magnumnp.SpinTorqueZhangLi(),
    ]
    stepper = magnumnp.LLGSolver(terms)._solver

    def step() -> None:
        m, t, _ = stepper._try_step(state.t, state.m, state=state)
        state.m = m / torch.linalg.norm(m, dim=-1, keepdim=True)
        state.t = t

    stepper._dt = 1e-14
    for _ in range(3):  # these compile
        step()
    moments = [time.process_time()]
    while len(moments) <= MOST and (len(moments) < 3 or moments[-1] - moments[0] < SECONDS):
        step()
        moments.append(time.process_time())
    print(statistics.median(b - a for a, b in itertools.pairwise(moments)))


main()
