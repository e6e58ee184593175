"""Arrays of a film as discretisedfield Fields, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orchestrator.base.errors import InputError
from orchestrator.base.kinds import check_kind
from orchestrator.describe.film import Film
from orchestrator.ubermag.packages import load

if TYPE_CHECKING:
    from discretisedfield import Field, Mesh


def to_mesh(film: Film) -> Mesh:
    """The film's grid as a discretisedfield Mesh with its lower left corner in the origin.

    Raises
    ------
    InputError
        If the film has more than one periodic image, which a mesh's `bc` cannot say.
    """
    check_kind("film", film, Film)
    if max(film.pbc) > 1:
        raise InputError(
            f"pbc {film.pbc}: a discretisedfield Mesh knows an axis as periodic or not, for which "
            "mumax3c takes one image; use 0 or 1"
        )
    bc = "".join(axis for axis, images in zip("xyz", film.pbc, strict=True) if images)
    return load().df.Mesh(p1=(0.0, 0.0, 0.0), p2=film.lengths, n=film.cells, bc=bc)


def to_field(data: np.ndarray, film: Film) -> Field:
    """An array of the film's cells as a discretisedfield Field.

    Parameters
    ----------
    data : ndarray, shape (nz, ny, nx, components)
        Cell-centered values in any unit; copied.
    film : Film
        The film, whose lower left corner becomes the mesh's origin.

    Raises
    ------
    InputError
        If the array's shape is not the film's.
    """
    check_kind("data", data, np.ndarray)
    check_kind("film", film, Film)
    if data.ndim != 4 or data.shape[:3] != film.array_shape:
        raise InputError(
            f"a field of this film has the shape {(*film.array_shape, 'components')}, "
            f"got {data.shape}"
        )
    values = np.ascontiguousarray(data.transpose(2, 1, 0, 3))
    return load().df.Field(to_mesh(film), nvdim=data.shape[3], value=values, dtype=data.dtype)


def from_field(field: Field) -> np.ndarray:
    """The values of a three-dimensional discretisedfield Field.

    Returns
    -------
    ndarray, shape (nz, ny, nx, components)
        A copy, x fastest.

    Raises
    ------
    InputError
        If the field's mesh is not three-dimensional.
    """
    check_kind("field", field, load().df.Field, "`to_field` makes one of an array")
    if field.mesh.region.ndim != 3:
        raise InputError(f"a field in 3 dimensions is needed, got {field.mesh.region.ndim}")
    return np.array(field.array.transpose(2, 1, 0, 3), order="C")
