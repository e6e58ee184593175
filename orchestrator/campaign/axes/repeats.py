"""When repeated starts are enough: the interval of the success rate is narrow."""

from __future__ import annotations

from typing import Literal

from orchestrator.describe.described import described


@described
class Until:
    """Runs along an axis, batch by batch, until the interval of their success rate is narrow.

    Parameters
    ----------
    ci : float
        Width of the interval (from low to high) at which starts are enough.
    confidence : float
        Of the interval by Wilson's score.
    reference : {"untrained", "saturated"}
        Reference under which a training counts as learned (rank 1).
    batch : int
        Runs after which the interval is looked at, and then after as many more.
    """

    ci: float
    confidence: float = 0.95
    reference: Literal["untrained", "saturated"] = "untrained"
    batch: int = 10

    def __post_init__(self) -> None:
        for name in ("ci", "confidence"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name} must lie between 0 and 1, got {getattr(self, name):g}")
        if self.batch < 1:
            raise ValueError(f"batch must be at least 1, got {self.batch}")

    def interval(self, successes: int, count: int) -> tuple[float, float]:
        """Wilson's interval of a rate; from 0 to 1 without any count.

        E. B. Wilson, J. Am. Stat. Assoc. 22, 209 (1927).
        """
        from scipy.stats import binomtest

        if count == 0:
            return 0.0, 1.0
        found = binomtest(successes, count).proportion_ci(self.confidence, method="wilson")
        return float(found.low), float(found.high)
