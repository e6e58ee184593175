"""What a campaign takes at a site: how long, how many jobs, how many hours of its machines."""

from __future__ import annotations

import math
from dataclasses import dataclass

from orchestrator.campaign.sites import Site, stop_after


@dataclass(frozen=True)
class SiteShare:
    """A campaign at a site.

    Attributes
    ----------
    name : str
        The site.
    workers : int
        Workers of all jobs that may run at the same time.
    seconds : float
        Wall-clock time while all of them work, s.
    jobs : int
        Jobs of its walltime.
    resource : str
        What is charged for: "GPU" or "core".
    hours : float
        Hours of those in all.
    """

    name: str
    workers: int
    seconds: float
    jobs: int
    resource: str
    hours: float


def share_of(site: Site, name: str, seconds: float) -> SiteShare:
    """What `seconds` of one worker's time are at a site.

    Runs are taken as short against a job: the time that the last ones leave workers idle is not
    counted.
    """
    workers = site.workers
    of_a_job = stop_after(site.jobs) * site.each * site.jobs.nodes
    hours = seconds / 3600 / workers.per_gpu if workers.gpus else seconds / 3600 * workers.threads
    resource = "GPU" if workers.gpus else "core"
    jobs = math.ceil(seconds / of_a_job)
    return SiteShare(name, site.at_once, seconds / site.at_once, jobs, resource, hours)
