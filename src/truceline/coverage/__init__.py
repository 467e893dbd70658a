"""Who was watching, and what silence means.

exposure.py which share of the line was watched in each hour; sun.py day or night; summary.py weeks and sectors, which is
all that is published; silence.py what quiet is worth.
"""

from truceline.coverage.exposure import ANY, EXPOSURE, exposure
from truceline.coverage.silence import could_not_see, silence
from truceline.coverage.summary import COVERAGE, summary

__all__ = ["ANY", "COVERAGE", "EXPOSURE", "could_not_see", "exposure", "silence", "summary"]
