"""Observations to incidents: association, existence, place and time, attribution to a side.

fuse.py the way from a table to a table; sheet.py what is read; candidates.py, clusters.py, rates.py and association.py
which observations belong together; copies.py who says it first-hand; existence.py whether it happened; sides.py which
side; assembly.py the rows; parameters.py, learn.py and audits.py what is learned. Method: docs/explanation/fusion.md.
"""

from truceline.fusion.audits import calibrate
from truceline.fusion.fuse import Fused, fuse
from truceline.fusion.learn import learn
from truceline.fusion.parameters import DEFAULTS, METHOD, VERSION, Parameters

__all__ = ["DEFAULTS", "METHOD", "VERSION", "Fused", "Parameters", "calibrate", "fuse", "learn"]
