"""A worker of a site takes its GPU from what its job was given."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from orchestrator.campaign.faults import SiteFault

GPUS = "ORCHESTRATOR_GPUS"
"""GPUs of a node by the site's file, for schedulers that do not say."""
PER_GPU = "ORCHESTRATOR_PER_GPU"


def call_pinned(fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a function in a worker process that sees one GPU of its job's.

    The scheduler names the job's GPUs in CUDA_VISIBLE_DEVICES. Workers take them by turns in the
    order of their ranks on the node.

    Raises
    ------
    SiteFault
        If the job was given fewer GPUs than the site's file says.
    """
    if GPUS in os.environ:
        os.environ["CUDA_VISIBLE_DEVICES"] = own_gpu(os.environ)
        del os.environ[GPUS]
    return fn(*args, **kwargs)


def own_gpu(environment: Any) -> str:
    """The GPU of the worker with this environment."""
    named = environment[GPUS].split(",")
    given = [gpu for gpu in environment.get("CUDA_VISIBLE_DEVICES", "").split(",") if gpu]
    if given and len(given) < len(named):
        raise SiteFault(
            f"the job was given {len(given)} GPUs (CUDA_VISIBLE_DEVICES={','.join(given)}), but "
            f"the site's file has workers for {len(named)}; ask for as many in [jobs] options"
        )
    rank = int(environment.get("PARSL_WORKER_RANK", "0"))
    return (given or named)[rank // int(environment.get(PER_GPU, "1"))]
