"""What the driver's errors mean, from lines as mumax3 prints them."""

from __future__ import annotations

import pytest

from orchestrator.engines.mumax3.cuda_errors import CUDA_ERRORS, driver_error
from orchestrator.engines.mumax3.diagnosis import EngineFault, exit_fault, refusal, script_error

PRINTED = [  # number, what mumax3 prints of it, kind, words
    (2, "CUDA_ERROR_OUT_OF_MEMORY", "memory", "not enough free memory"),
    (34, "Unknown CUresult: 34", "driver", "stub library"),
    (35, "Unknown CUresult: 35", "driver", "driver is too old"),
    (36, "Unknown CUresult: 36", "driver", "driver is too old"),
    (46, "Unknown CUresult: 46", "gpu", "exclusive mode"),
    (100, "CUDA_ERROR_NO_DEVICE", "driver", "no NVIDIA GPU"),
    (101, "CUDA_ERROR_INVALID_DEVICE", "driver", "no GPU of this number"),
    (200, "CUDA_ERROR_INVALID_IMAGE", "driver", "broken kernels"),
    (201, "CUDA_ERROR_INVALID_CONTEXT", "gpu", "context was lost"),
    (209, "CUDA_ERROR_NO_BINARY_FOR_GPU", "driver", "no kernels for this card"),
    (214, "CUDA_ERROR_ECC_UNCORRECTABLE", "gpu", "cannot correct"),
    (222, "Unknown CUresult: 222", "driver", "newer than the driver"),
    (700, "Unknown CUresult: 700", "gpu", "not its own"),
    (702, "CUDA_ERROR_LAUNCH_TIMEOUT", "gpu", "a GPU with a display"),
    (719, "CUDA_ERROR_LAUNCH_FAILED", "gpu", "a kernel failed"),
    (803, "Unknown CUresult: 803", "driver", "different versions"),
    (804, "Unknown CUresult: 804", "driver", "compat"),
    (999, "CUDA_ERROR_UNKNOWN", "gpu", "remedy: sudo nvidia-modprobe -u"),
    (205, "CUDA_ERROR_MAP_FAILED", "gpu", "an error of the GPU"),
    (805, "Unknown CUresult: 805", "gpu", "an error of the GPU"),
]


@pytest.mark.parametrize("form", ["/go/src/cuda/init.go:61 {}", "{}", "panic: {}"])
@pytest.mark.parametrize(("number", "text", "kind", "words"), PRINTED)
def test_errors_of_the_driver(number, text, kind, words, form):
    fault = exit_fault(1, f"something\n{form.format(text)}\n\ngoroutine 1 [running]:\n")
    assert fault.kind == kind
    assert words in str(fault)
    assert f"\n{form.format(text)}\nremedy: " in str(fault)


def test_no_error_stands_in_the_table_that_mumax3_cannot_print():
    known = {text.removeprefix("CUDA_ERROR_").rpartition(" ")[2] for _, text, _, _ in PRINTED}
    assert set(CUDA_ERRORS) <= known


def test_the_hint_of_mumax3_stays():
    text = "\n Try running: sudo nvidia-modprobe -u \n\n/go/init.go:61 CUDA_ERROR_UNKNOWN\n"
    assert str(exit_fault(1, text)).endswith("remedy: sudo nvidia-modprobe -u")


@pytest.mark.parametrize(
    ("library", "words"),
    [
        ("libcuda.so.1", "the NVIDIA driver is not installed"),
        ("libcufft.so.11", "CUDA's FFT library"),
        ("libcurand.so.10", "CUDA's library of random numbers"),
        ("libother.so.2", "libother is missing"),
    ],
)
def test_missing_libraries_are_named(library, words):
    fault = exit_fault(
        127,
        f"mumax3: error while loading shared libraries: {library}: cannot open shared object "
        "file: No such file or directory\n",
    )
    assert fault.kind == "driver"
    assert words in str(fault)
    if library != "libcuda.so.1":
        assert f"remedy: install {library}" in str(fault)


def test_an_old_driver_that_has_no_kernels():
    fault = exit_fault(1, "\nNo binary for GPU. Your nvidia driver may be out-of-date\n\n")
    assert fault.kind == "driver"


def test_output_and_warnings_are_no_errors():
    """A warning of mumax3 3.11 names an error that may come; scripts can print anything."""
    text = (
        "// WARNING: x-axis is not 7-smooth. It has 22 cells, with prime\n"
        "//          prime factors >127 may cause a CUDA_ERROR_INVALID_VALUE error.\n"
        "//CUDA_ERROR_NO_DEVICE\n"
        'print("CUDA_ERROR_NO_DEVICE")\n'
        "//no space left on device\n//script line 3: no\n"
        'print("script line 4: no")\n'
        "panic: assertion failed\n"
    )
    assert driver_error(text) is None
    fault = exit_fault(2, text, ["a\nb\nc\nd\n"])
    assert (fault.kind, "panic: assertion failed" in str(fault)) == ("crash", True)


def test_errors_in_scripts():
    parts = ["a\n", "b\nc\n"]
    line = "/go/cmd/mumax3/main.go:114 script line 2: b: undefined: b"
    assert "that is `b`" in str(script_error(f"//printed\n{line}\n", parts))
    # a syntax error states line:column, and one line too many
    assert "that is `c`" in str(script_error("script line 4:1: expected ';'\n", parts))
    assert script_error("//script line 2: printed by the script\n", parts) is None


def test_refusals_of_a_live_process():
    echo = 'b\nprint("script line 1: no")\n// script line 1: a comment\n'
    assert refusal(echo, ["b\n"]) is None
    fault = refusal(f"{echo}//script line 1: b: undefined: b\n", ["b\n"])
    assert isinstance(fault, EngineFault)
    assert str(fault) == "mumax3 refused the script: script line 1: b: undefined: b\nthat is `b`"


def test_a_failed_check_of_a_script_is_told_and_lasts():
    """As mumax3 3.11 prints it: the check, then its references, and exit code 1."""
    text = (
        "//material.Aex as the description has it : 1e-11 OK\n"
        "//material.Ms as the description has it :  have:  600000  want:  490000 ± 49\n"
        "//********************************************************************//\n"
        "//Please cite the following references, relevant for your simulation. //\n"
        "//   * Vansteenkiste et al., AIP Adv. 4, 107133 (2014).\n"
    )
    fault = exit_fault(1, text)
    assert fault.kind == "script"
    assert "material.Ms as the description has it :  have:  600000  want:  490000" in str(fault)
    assert exit_fault(2, text).kind == "crash"
