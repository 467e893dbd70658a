"""Figures of merit over columns: groupings, probabilities, incidents against truth.

partitions.py agreement of two groupings, also overlapping ones; probabilities.py Brier score and reliability; diagram.py
a picture of it; columns.py memberships as columns; incidents.py the incident table against a known truth; ged.py coded
casualty articles (UCDP GED) as a trial of fusion.
"""

from truceline.score.columns import measure_columns
from truceline.score.diagram import reliability_diagram
from truceline.score.incidents import measure
from truceline.score.partitions import PartitionScore, compare, compare_overlapping
from truceline.score.probabilities import Reliability, reliability

__all__ = [
    "PartitionScore",
    "Reliability",
    "compare",
    "compare_overlapping",
    "measure",
    "measure_columns",
    "reliability",
    "reliability_diagram",
]
