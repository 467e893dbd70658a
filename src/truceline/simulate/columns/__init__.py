"""Any number of simulated observations as columns, with the truth apart, in bounded memory.

settings.py what may be turned; happenings.py three models of what truly happens; ground.py who stands where;
witnesses.py what the mission's own report; hearsay.py what parties, outlets and satellites say; chance of their errors in
errors.py; blocks.py all of it, block after block of time; table.py arrays to Arrow. Everything says EXERCISE.
"""

from truceline.simulate.columns.blocks import TRUE_INCIDENTS, TRUTH, Block, blocks
from truceline.simulate.columns.settings import MODELS, Settings

__all__ = ["MODELS", "TRUE_INCIDENTS", "TRUTH", "Block", "Settings", "blocks"]
