"""Pictures of fields: directions as colors, numbers as grays, y upward."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "gif": "GIF"}
"""Kinds of pictures by file extension."""


def colors_of(vectors: np.ndarray) -> np.ndarray:
    """Directions as colors, (..., 3) of 8 bits each.

    The hue is the angle in the plane (+x red, at 120 degrees green, at 240 blue), the lightness
    rises with z from black to white; short vectors are gray.

    Parameters
    ----------
    vectors : ndarray, shape (..., 3)
        Of length 1 at most.
    """
    x, y, z = np.moveaxis(np.asarray(vectors, float), -1, 0)
    hue = np.arctan2(y, x) / (np.pi / 3)
    saturation = np.minimum(1, np.sqrt(x * x + y * y + z * z))
    lightness = np.clip(0.5 * z + 0.5, 0, 1)
    chroma = (1 - np.abs(2 * lightness - 1)) * saturation
    # Each channel is a trapezoid in the hue: full within 60 degrees of its own color.
    centers = np.array([0.0, 2.0, 4.0])
    distance = np.abs((hue[..., None] - centers + 3) % 6 - 3)
    channel = np.clip(2 - distance, 0, 1)
    rgb = lightness[..., None] + chroma[..., None] * (channel - 0.5)
    return np.rint(255 * np.clip(rgb, 0, 1)).astype(np.uint8)


def grays_of(values: np.ndarray) -> np.ndarray:
    """Numbers as grays from black (smallest) to white (largest), (..., 3) of 8 bits."""
    finite = np.where(np.isfinite(values), values, 0.0)
    low, high = float(finite.min()), float(finite.max())
    scale = (finite - low) / (high - low) if high > low else np.full(finite.shape, 0.5)
    return np.repeat(np.rint(255 * scale).astype(np.uint8)[..., None], 3, axis=-1)


def image_of(data: np.ndarray, largest: int | None = None) -> Image:
    """A picture of a field, (nz, ny, nx, components), seen from +z; layers are averaged.

    Vectors are scaled by the longest, so that fields of any unit can be shown.

    Parameters
    ----------
    largest : int, optional
        Reduce the picture to at most that many pixels in width and height.
    """
    from PIL import Image

    flat = np.asarray(data, float).mean(axis=0)
    if flat.shape[-1] == 3:
        flat = np.nan_to_num(flat)
        longest = float(np.sqrt((flat**2).sum(axis=-1)).max())
        pixels = colors_of(flat / longest if longest > 0 else flat)
    else:
        pixels = grays_of(flat[..., 0])
    image = Image.fromarray(np.ascontiguousarray(pixels[::-1]))
    if largest is not None:
        image.thumbnail((largest, largest))
    return image


def encoded(image: Image, extension: str) -> bytes:
    """A picture as a file of one of `FORMATS`."""
    buffer = io.BytesIO()
    image.save(buffer, FORMATS[extension])
    return buffer.getvalue()
