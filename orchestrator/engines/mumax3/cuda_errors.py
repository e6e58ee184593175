"""The driver's errors as mumax3 prints them.

mumax3 knows the names of old errors and prints newer ones as `Unknown CUresult: 803`. So each error
stands here under what mumax3 prints of it: its name after `CUDA_ERROR_`, or its number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class CudaError:
    """Kind of fault, cause and remedy of an error of the driver."""

    kind: str
    cause: str
    remedy: str


_NEWER_DRIVER = "install a newer NVIDIA driver, or take the mumax3 build for the present one's CUDA"
_BUILD = "take the mumax3 build for this card and driver, or build it for the card's capability"
_NEW_START = "resume; if it comes again, see `dmesg` for NVRM and Xid lines and restart the machine"
CUDA_ERRORS = {
    "OUT_OF_MEMORY": CudaError(
        "memory",
        "the GPU has not enough free memory",
        "wait until others have ended (`nvidia-smi`), or take another GPU or a smaller film",
    ),
    "34": CudaError(
        "driver",
        "CUDA's stub library was loaded in place of the driver (STUB_LIBRARY)",
        "take the folder `stubs` out of LD_LIBRARY_PATH",
    ),
    "35": CudaError(
        "driver", "the driver is too old for this mumax3 (INSUFFICIENT_DRIVER)", _NEWER_DRIVER
    ),
    "36": CudaError(
        "driver", "the driver is too old for a call (CALL_REQUIRES_NEWER_DRIVER)", _NEWER_DRIVER
    ),
    "46": CudaError(
        "gpu",
        "the GPU is taken or out of order (DEVICE_UNAVAILABLE)",
        "see `nvidia-smi -q -d COMPUTE`: in exclusive mode one process has it for itself",
    ),
    "NO_DEVICE": CudaError(
        "driver",
        "the driver shows no NVIDIA GPU",
        "see whether `nvidia-smi` lists it, and what CUDA_VISIBLE_DEVICES says",
    ),
    "INVALID_DEVICE": CudaError(
        "driver", "there is no GPU of this number", "see `nvidia-smi -L` and give another --gpu"
    ),
    "INVALID_IMAGE": CudaError("driver", "this mumax3 build has broken kernels", _BUILD),
    "INVALID_CONTEXT": CudaError("gpu", "the GPU's context was lost", _NEW_START),
    "NO_BINARY_FOR_GPU": CudaError("driver", "this mumax3 has no kernels for this card", _BUILD),
    "222": CudaError(
        "driver",
        "this mumax3 was built with a CUDA newer than the driver (UNSUPPORTED_PTX_VERSION)",
        _NEWER_DRIVER,
    ),
    "ECC_UNCORRECTABLE": CudaError(
        "gpu", "the GPU's memory has an error that it cannot correct", "take another GPU"
    ),
    "700": CudaError(
        "gpu", "a kernel reached for memory that is not its own (ILLEGAL_ADDRESS)", _NEW_START
    ),
    "LAUNCH_TIMEOUT": CudaError(
        "gpu",
        "a kernel took longer than the system allows a GPU with a display",
        "take a GPU without a display, or a smaller film",
    ),
    "LAUNCH_FAILED": CudaError("gpu", "a kernel failed on the GPU", _NEW_START),
    "803": CudaError(
        "driver",
        "the driver's parts are of different versions (SYSTEM_DRIVER_MISMATCH)",
        "restart the machine after an update of the driver",
    ),
    "804": CudaError(
        "driver",
        "CUDA's compatibility package does not support this card (COMPAT_NOT_SUPPORTED_ON_DEVICE)",
        "take the folder `compat` out of LD_LIBRARY_PATH",
    ),
    "UNKNOWN": CudaError(
        "gpu",
        "the driver cannot say what is wrong, often because its module nvidia_uvm is not loaded",
        "sudo nvidia-modprobe -u",
    ),
}
_PRINTED = re.compile(
    r"^(?!//)[^\"`\n]*?\b(?:CUDA_ERROR_(\w+)|Unknown CUresult: (\d+))[^\n]*$", re.MULTILINE
)
"""Not in the output of a script, which begins with //, nor in the echo of its strings."""
_LIBRARY = re.compile(r"^[^\n]*?(lib\w+)(\.so[.\d]*): cannot open shared object file", re.MULTILINE)
_LIBRARIES = {
    "libcuda": "the NVIDIA driver is not installed here",
    "libcufft": "CUDA's FFT library of this mumax3 build is missing",
    "libcurand": "CUDA's library of random numbers of this mumax3 build is missing",
}
_TOO_OLD = "No binary for GPU. Your nvidia driver may be out-of-date"


def driver_error(text: str) -> tuple[CudaError, str] | None:
    """The first error of the driver in what mumax3 printed, and its line.

    Returns
    -------
    (CudaError, str) or None
    """
    if (match := _LIBRARY.search(text)) is not None:
        cause = _LIBRARIES.get(match[1], f"{match[1]} is missing")
        remedy = f"install {match[1]}{match[2]}, or put its folder into LD_LIBRARY_PATH"
        if match[1] == "libcuda":
            remedy = "install the driver, or run on a machine that has it"
        return CudaError("driver", cause, remedy), match[0].strip()
    if f"\n{_TOO_OLD}" in f"\n{text}":
        return CUDA_ERRORS["NO_BINARY_FOR_GPU"], _TOO_OLD
    if (match := _PRINTED.search(text)) is None:
        return None
    other = CudaError("gpu", "an error of the GPU", _NEW_START)
    return CUDA_ERRORS.get(match[1] or match[2], other), match[0].strip()
