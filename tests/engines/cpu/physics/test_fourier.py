"""Fourier transforms: scipy.fft's to the bit, however they are reached."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import scipy.fft

from orchestrator.engines.cpu.physics.terms import fourier


@pytest.fixture(params=["compiled module", "scipy.fft"])
def transforms(request, monkeypatch):
    fourier._transforms.cache_clear()
    if request.param == "scipy.fft":
        monkeypatch.setattr(fourier, "_COMPILED", (("_elsewhere", "unknown"),))
    assert (fourier._transforms() is fourier._OfScipy) == (request.param == "scipy.fft")
    yield fourier
    fourier._transforms.cache_clear()


@pytest.mark.parametrize("shape", [(3, 1, 9, 14), (3, 4, 5, 7), (3, 2, 64, 33)], ids=str)
@pytest.mark.parametrize("threads", [1, 2])
def test_they_are_those_of_scipy_to_the_bit(transforms, shape, threads):
    field = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    nx, ny = (transforms.fast_length(2 * n - 1) for n in (shape[3], shape[2]))
    assert nx == scipy.fft.next_fast_len(2 * shape[3] - 1, real=True)

    waves = transforms.fft(transforms.rfft(field, nx, 3, threads), ny, 2, threads)
    expected = scipy.fft.fft(scipy.fft.rfft(field, nx, axis=3), ny, axis=2)
    np.testing.assert_array_equal(waves, expected)

    back = transforms.ifft(waves.copy(), 2, threads)[:, :, : shape[2]]
    np.testing.assert_array_equal(back, scipy.fft.ifft(expected, axis=2)[:, :, : shape[2]])
    there = transforms.irfft(back, nx, 3, threads)
    np.testing.assert_array_equal(there, scipy.fft.irfft(back, nx, axis=3))
    assert there.dtype == np.float32
    np.testing.assert_allclose(there[..., : shape[3]], field, atol=1e-6)

    whole = field.astype(float)
    np.testing.assert_array_equal(transforms.rfftn(whole), scipy.fft.rfftn(whole))


def test_a_length_that_is_there_already_needs_no_copy_and_keeps_the_field(transforms):
    field = np.random.default_rng(2).normal(size=(3, 8)).astype(np.float32)
    before = field.copy()
    np.testing.assert_array_equal(transforms.rfft(field, 8, 1), scipy.fft.rfft(before, axis=1))
    np.testing.assert_array_equal(field, before)


@pytest.mark.parametrize("first", ["scipy.fft", "fourier"])
def test_scipys_own_import_and_this_one_live_together(first):
    ours = "from orchestrator.engines.cpu.physics.terms.fourier import rfft"
    lines = ["import numpy as np, scipy.fft", f"{ours}; rfft(np.ones((2, 6)), 6, 1)"]
    if first == "fourier":
        lines = ["import numpy as np", lines[1], "import scipy.fft"]
    code = "\n".join([*lines, "print(rfft(np.ones(4), 4, 0)[0], scipy.fft.rfft(np.ones(4))[0])"])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("(4+0j) (4+0j)\n", "")
