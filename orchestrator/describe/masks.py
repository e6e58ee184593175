"""Masks from images and OVF files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from orchestrator.base.errors import InputError
from orchestrator.describe.areas import Face, Mask
from orchestrator.ovf.files import read_ovf


def read_mask(path: str | os.PathLike[str], face: Face | None = None) -> Mask:
    """The mask of an image or an OVF file.

    Parameters
    ----------
    path : path
        A PNG file, one pixel for each cell, its upper edge at the largest second coordinate; dark
        opaque pixels belong to the mask, as in mumax3's ImageShape. Or an OVF file, where cells of
        any nonzero component do.
    face : str, optional
        Face of the film that an image shows: an image of x+ has the coordinates (y, z), of y+
        (x, z), else (x, y).

    Raises
    ------
    InputError
        If the file cannot be read, is of another kind, or has no cell inside.
    """
    path = Path(path)
    if path.suffix.lower() == ".ovf":
        inside = (read_ovf(path).data != 0).any(axis=-1)
    elif path.suffix.lower() == ".png":
        dark = _dark_pixels(path)[::-1]
        missing = {"x": 2, "y": 1}.get(str(face)[0], 0)
        inside = np.expand_dims(dark, missing)
    else:
        raise InputError(f"{path}: a mask is read from a .png or .ovf file")
    if not inside.any():
        raise InputError(f"{path}: no cell is inside (dark and opaque, or nonzero)")
    return Mask.of(inside)


def with_masks_read(description: Any, folder: Path, key: str = "") -> Any:
    """A description in which every mask's `file` has become its `grid` and `runs`.

    So the description holds the mask itself, and its hash that of the mask, not of a file's name.

    Parameters
    ----------
    description : dict, list or plain value
        As read from a TOML file.
    folder : Path
        Where names of files start.

    Raises
    ------
    InputError
        As `read_mask` does, with the key.
    """
    if isinstance(description, list):
        return [with_masks_read(v, folder, f"{key}.{k}") for k, v in enumerate(description)]
    if not isinstance(description, dict):
        return description
    if description.get("shape") != "mask" or "file" not in description:
        return {
            k: with_masks_read(v, folder, f"{key}.{k}" if key else k)
            for k, v in description.items()
        }
    rest = {k: v for k, v in description.items() if k != "file"}
    try:
        mask = read_mask(folder / str(description["file"]), rest.get("face"))
    except InputError as error:
        named = f" ({rest['name']})" if "name" in rest else ""
        raise InputError(f"{key}.file{named}: {error}") from None
    return rest | {"grid": list(mask.grid), "runs": list(mask.runs)}


def _dark_pixels(path: Path) -> np.ndarray:
    from PIL import Image

    try:
        with Image.open(path) as image:
            if image.mode.startswith("I"):
                return np.asarray(image) < 0x8000
            pixels = np.asarray(image.convert("RGBA"), float) / 255
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(f"{path}: cannot be read as an image ({error})") from None
    return (pixels[..., :3].mean(axis=-1) < 0.5) & (pixels[..., 3] >= 0.5)
