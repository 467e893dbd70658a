"""The benchmark of fusion: every figure beside a peer or a limit of the same run.

run.py all of it; accuracy.py grouping, existence, places and totals on simulated truth; peers.py what others do and what
knowing the truth would give; speed.py rates, growth, memory and the machine's limits; real.py real data; lines.py a line
of the result.
"""

from truceline.mission.fusion_bench.run import run

__all__ = ["run"]
