"""Train a film at constant power until it has learned a pattern; read it along the way.

    python docs/examples/feedback.py [folder] [pulses]

Killed at any moment and started again, it goes on where it was.
"""

from __future__ import annotations

import sys

import numpy as np

import orchestrator
from orchestrator.describe.contacts import CornerContact
from orchestrator.describe.film import Film
from orchestrator.describe.material import Material
from orchestrator.describe.media import Resistivity
from orchestrator.describe.sections import Output, Reference, Start

folder = sys.argv[1] if len(sys.argv) > 1 else "runs/feedback"
limit = int(sys.argv[2]) if len(sys.argv) > 2 else 60
POWER = 0.02  # W, held by choosing the voltages anew for each pulse
GOAL = -1e-3  # W
corners = {"1": "top left", "2": "top right", "3": "bottom right", "4": "bottom left"}

device = orchestrator.Device(
    film=Film(cells=(56, 56, 1), cell_size=(6e-9, 6e-9, 1e-6)),
    material=Material(Ms=4.9e5, Aex=1e-11, Dbulk=2e-3, Ku1=1e5, alpha=1.0, P=0.5),
    resistivity=Resistivity(mean=5e-7, amr_ratio=1.5, amr_convention="mean"),
    contacts=tuple(CornerContact(name=n, corner=c, size=48e-9) for n, c in corners.items()),
)

with orchestrator.training(
    device,
    "cpu",
    folder=folder,
    voltage=0.05,
    pattern="+--+",
    start=Start(seed=1, settle_time=2e-9, settle_alpha=1.0),
    reference=Reference(starts=2),
    output=Output(maps=False),
) as film:
    for pulse in film.pulses(limit=limit):
        if pulse.number % 10 == 1:
            weak = film.read([1e-4, -1e-4, None, None], 1e-11)  # 3 and 4 float
            resistance = 2e-4 / weak.currents[0]
            print(
                f"pulse {pulse.number:3d}, {1e9 * pulse.time:5.2f} ns: "
                f"E' of +--+ {1e3 * film.energy('+--+'):7.3f} mW, of ++-- "
                f"{1e3 * film.energy('++--'):7.3f} mW; 1-2 {1e3 * resistance:6.2f} mohm"
            )
        if film.energy("+--+") < min(GOAL, film.energy("++--"), film.energy("+-+-")):
            print(f"learned after {pulse.number - 1} pulses")
            break
        s = np.array([1, -1, -1, 1])
        film.apply(np.sqrt(POWER / (s @ film.conductance @ s)) * s, 2e-10)

relaxed = orchestrator.open_run(film.folder).energy.sel(state="relaxed", reference="untrained")
for pattern in ("+--+", "++--", "+-+-"):
    print(f"{pattern}  {1e3 * float(relaxed.sel(input=pattern).item()):+.3f} mW")
