"""Observations to incidents: association, existence, place and time, attribution to a side.

fuse.py the one entry, from a table to tables; tiling.py and standing.py parts of it (tiles of time, what comes later);
sheet.py what is read; near.py, stories.py, growing.py, joining.py, opposing.py which observations belong together, in
association.py; constraints.py what officers decided; copies.py and voices.py who says it first-hand; existence.py
whether it happened; sides.py which side; describing.py and assembly.py the rows; identity.py which incident is which;
parameters.py, learn.py and audits.py what is learned. Method: docs/explanation/fusion.md.
"""

from truceline.fusion.audits import calibrate
from truceline.fusion.constraints import Constraint, Merge, Split
from truceline.fusion.fuse import Fused, fuse
from truceline.fusion.identity import changes, resolve
from truceline.fusion.learn import learn
from truceline.fusion.parameters import DEFAULTS, METHOD, VERSION, Parameters
from truceline.fusion.standing import Standing
from truceline.fusion.theatre import settled

__all__ = [
    "DEFAULTS", "METHOD", "VERSION", "Constraint", "Fused", "Merge", "Parameters", "Split", "Standing", "calibrate",
    "changes", "fuse", "learn", "resolve", "settled",
]  # fmt: skip
