"""Layouts of contacts on the edges of a film: some regular ones and random ones.

Films of about the same area and of three aspects; four to six square contacts of 36 to 120 nm along
the edges, numbered clockwise from the top left. Contacts lie on a grid of 12 nm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from docs.studies.reliable_learning.trainings import varied
from orchestrator.base.errors import InputError
from orchestrator.describe.contacts import RectangleContact
from orchestrator.describe.device import Device
from orchestrator.describe.film import Film

CELL = 6e-9
GRID = 12e-9
"""Contacts begin and end on multiples of it; also the cells of the surrogate's transport."""
FILMS = ((64, 64), (80, 52), (96, 44))
SIZES = (3, 4, 6, 8, 10)
"""Edges of contacts in GRID."""
GAP = 3
"""Least distance of two contacts in GRID."""
PATTERNS = {
    4: ("+-+-", "+--+", "++-+"),
    5: ("+-+-+", "++---", "++-++"),
    6: ("+-+-+-", "+++---", "++-+++"),
}
"""What is trained for so many contacts."""

Square = tuple[int, int, int]
"""Lower left corner and edge in GRID."""


@dataclass(frozen=True)
class Layout:
    """A film and square contacts on it.

    Attributes
    ----------
    name : str
        For tables.
    cells : (nx, ny)
        Of 6 nm.
    squares : tuple of Square
        Clockwise from the top left.
    """

    name: str
    cells: tuple[int, int]
    squares: tuple[Square, ...]

    @property
    def patterns(self) -> tuple[str, ...]:
        return PATTERNS[len(self.squares)]

    @property
    def contacts(self) -> tuple[RectangleContact, ...]:
        return tuple(
            RectangleContact(str(k), (x * GRID, y * GRID), ((x + size) * GRID, (y + size) * GRID))
            for k, (x, y, size) in enumerate(self.squares, start=1)
        )

    @property
    def device(self) -> Device:
        """The device of reliable.toml with this film and these contacts."""
        film = Film((*self.cells, 1), (CELL, CELL, 1e-6))
        return replace(varied({}).device, film=film, contacts=self.contacts)


def at(cells: tuple[int, int], along: int, size: int) -> Square:
    """A square on the film's edge, `along` GRID clockwise from the top left to its beginning."""
    right, top = (n // 2 - size for n in cells)
    for length, place in (
        (right, lambda s: (s, top)),
        (top, lambda s: (right, top - s)),
        (right, lambda s: (right - s, 0)),
        (top, lambda s: (0, s)),
    ):
        if along < length:
            return (*place(along), size)
        along -= length
    raise ValueError("beyond the film's circumference")


def apart(squares: Sequence[Square], least: int = GAP) -> bool:
    """Whether all squares keep a distance in GRID."""
    for k, (x, y, size) in enumerate(squares):
        for u, v, edge in squares[:k]:
            gap = max(u - (x + size), x - (u + edge), v - (y + size), y - (v + edge))
            if gap < least:
                return False
    return True


def clockwise(cells: tuple[int, int], squares: Sequence[Square]) -> tuple[Square, ...]:
    """Squares in the order of the clock around the film's middle, from the top left corner."""
    nx, ny = (n // 2 for n in cells)
    first = np.arctan2(1, -1)

    def turned(square: Square) -> float:
        x, y, size = square
        angle = np.arctan2((y + size / 2) / ny - 0.5, (x + size / 2) / nx - 0.5)
        return float((first - angle + 1e-9) % (2 * np.pi))

    return tuple(sorted(squares, key=turned))


def random_layout(name: str, rng: np.random.Generator, count: int | None = None) -> Layout:
    """Contacts of random number, size and place on the edges of a film of random aspect."""
    cells = FILMS[rng.integers(len(FILMS))]
    n = count or int(rng.choice((4, 4, 4, 5, 6)))
    while True:
        squares = []
        for size in rng.choice(SIZES, n):
            circumference = sum(cells) - 4 * int(size)
            squares.append(at(cells, int(rng.integers(circumference)), int(size)))
        if apart(squares):
            return Layout(name, cells, clockwise(cells, squares))


def corners(size: int) -> Layout:
    """The square film with a contact in each corner."""
    far = 32 - size
    squares = ((0, far, size), (far, far, size), (far, 0, size), (0, 0, size))
    return Layout(f"corners {12 * size} nm", (64, 64), squares)


def middles(size: int) -> Layout:
    """The square film with a contact in the middle of each edge."""
    far, middle = 32 - size, (32 - size) // 2
    squares = ((middle, far, size), (far, middle, size), (middle, 0, size), (0, middle, size))
    return Layout(f"middles {12 * size} nm", (64, 64), squares)


def layout_of(name: str, squares: str, film: Sequence[int]) -> Layout:
    """Squares "left lower size, ..." in nm on a film of some nm.

    Raises
    ------
    InputError
        If they are not four to six, off the grid of 12 nm, off the film, or less than one unit of
        the grid apart.
    """
    unit = round(GRID * 1e9)
    try:
        numbers = [tuple(int(word) for word in part.split()) for part in squares.split(",")]
    except ValueError:
        raise InputError(f'layout: {squares!r} is not "LEFT LOWER SIZE, ..." in whole nm') from None
    if len(numbers) not in PATTERNS or any(len(square) != 3 for square in numbers):
        words = ", ".join(map(str, PATTERNS))
        raise InputError(f"layout: {squares!r} is not {words} squares of three numbers")
    for number in (*film, *(n for square in numbers for n in square)):
        if number % unit:
            raise InputError(f"layout: {number} nm is no multiple of {unit} nm")
    nx, ny = (n // unit for n in film)
    found = [(x // unit, y // unit, size // unit) for x, y, size in numbers]
    for square, (x, y, size) in zip(numbers, found, strict=True):
        if not (size > 0 and 0 <= x <= nx - size and 0 <= y <= ny - size):
            raise InputError(
                f"layout: the square {square} is not on a film of {film[0]} x {film[1]} nm"
            )
    if not apart(found, 1):
        raise InputError(f"layout: squares less than {unit} nm apart")
    return Layout(name, (2 * nx, 2 * ny), tuple(found))


def many(kind: str, count: int, seed: int) -> list[Layout]:
    rng = np.random.default_rng(seed)
    return [random_layout(f"{kind} {k}", rng) for k in range(1, count + 1)]


FITTED = (corners(4), corners(8), *many("fitted", 6, 18))
"""Layouts whose runs give the surrogate its constants."""
UNSEEN = (corners(3), corners(6), corners(10), middles(6), *many("unseen", 18, 2026))
"""Layouts that decide whether it predicts."""
FOUND = (
    replace(corners(6), name="corners"),
    Layout("layout 254", (64, 64), ((24, 28, 4), (26, 2, 6), (0, 2, 8), (0, 25, 4))),
    Layout("layout 129", (64, 64), ((7, 29, 3), (29, 23, 3), (24, 2, 8), (1, 0, 6))),
    Layout("layout 23", (64, 64), ((4, 24, 8), (28, 18, 4), (28, 0, 4), (5, 0, 4))),
)
"""Corners of 72 nm to compare with, and what `search` found best: by both measures, by that of
{+-+-}, by that of the weakest pattern.
"""
