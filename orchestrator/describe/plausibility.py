"""Bounds of what a description may say: slips of units are refused before they cost anything."""

from __future__ import annotations

LARGEST_SEED = 2**53
"""Seeds are exact integers in TOML, JSON, scripts and NumPy up to here."""


def check_range(name: str, value: float, low: float, high: float, unit: str = "") -> None:
    """Refuse a value outside of `low` to `high`, both included.

    Raises
    ------
    ValueError
        With name, value and bounds.
    """
    if not low <= value <= high:
        of = f" {unit}" if unit else ""
        raise ValueError(f"{name} = {value:g}{of} is implausible; expected {low:g} to {high:g}{of}")


def check_seed(name: str, value: int) -> None:
    """Refuse a seed that is negative or not exact everywhere.

    Raises
    ------
    ValueError
        With name and value.
    """
    if value < 0:
        raise ValueError(f"{name} must not be negative, got {value}")
    if value > LARGEST_SEED:
        raise ValueError(f"{name} must be at most 2^53 = {LARGEST_SEED}, got {value}")


def check_name(value: str) -> None:
    """Refuse the name of a contact, probe or region that no table could show.

    Raises
    ------
    ValueError
        If it is empty, or begins or ends with a blank, or holds something unprintable.
    """
    if not value or value != value.strip() or not value.isprintable():
        raise ValueError(f"name must be a printable word, got {value!r}")
