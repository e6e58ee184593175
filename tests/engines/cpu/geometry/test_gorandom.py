"""Go's generator, against streams that Go itself printed."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.engines.cpu.geometry.gorandom import GoRandom


def test_float_stream_of_seed_0() -> None:
    want = [0.9451961492941164, 0.24496508529377975, 0.6559562651954052, 0.05434383959970039]
    assert GoRandom(0).floats(4).tolist() == want


def test_integers_of_seed_1() -> None:
    # rand.Seed(1); rand.Intn(100) five times, the output of many a first Go program.
    generator = GoRandom(1)
    assert [(generator.int63() >> 32) % 100 for _ in range(5)] == [81, 87, 47, 59, 81]


def test_the_stream_does_not_depend_on_how_it_is_drawn() -> None:
    whole, parts = GoRandom(7), GoRandom(7)
    pieces = np.concatenate([parts.floats(n) for n in (1, 606, 3, 700)])
    np.testing.assert_array_equal(whole.floats(1310), pieces)


@pytest.mark.parametrize(
    ("draw", "mean", "variance"), [(GoRandom.normal, 0.0, 1.0), (GoRandom.exponential, 1.0, 1.0)]
)
def test_moments(draw, mean, variance) -> None:  # type: ignore[no-untyped-def]
    generator = GoRandom(5)
    values = np.array([draw(generator) for _ in range(20000)])
    assert values.mean() == pytest.approx(mean, abs=0.03)
    assert values.var() == pytest.approx(variance, abs=0.06)
