"""Constants of nature."""

from __future__ import annotations

import math

MU0 = 4e-7 * math.pi
"""Vacuum permeability in T m/A, with mumax3's value."""
