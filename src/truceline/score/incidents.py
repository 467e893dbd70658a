"""The incident table against a known truth, as a simulator or a coder gives it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from truceline.score.partitions import compare
from truceline.score.probabilities import reliability


def measure(incidents: pa.Table, truth: pa.Table) -> dict[str, Any]:
    """Grouping and existence scores.

    Args:
        incidents: `records.columns.INCIDENTS`.
        truth: columns obs_id and incident_id (null or empty: the report is of nothing that happened).
    Returns:
        observations scored; incidents found, `incidents_expected` (the sum of their probabilities) and true; `grouping`
        (see `PartitionScore`; each report of nothing is thought to stand alone) and `grouping_of_real`, the same over
        reports of something only, since which reports of nothing belong together has no answer; `existence` (see
        `Reliability`; an incident counts as real if at least half of its supporting reports are of one that happened).
    """
    true_of = dict(
        zip(truth.column("obs_id").to_pylist(), truth.column("incident_id").to_pylist(), strict=True)
    )
    found: list[str] = []
    real: list[str] = []
    probability: list[float] = []
    outcome: list[bool] = []
    columns = (incidents.column(name).to_pylist() for name in ("incident_id", "supports", "probability_e4"))
    for incident, supports, e4 in zip(*columns, strict=True):
        known = [obs for obs in supports if obs in true_of]
        found += [incident] * len(known)
        real += [true_of[obs] or f"nothing:{obs}" for obs in known]
        if known:
            most, count = Counter(bool(true_of[obs]) for obs in known).most_common(1)[0]
            probability.append(e4 / 1e4)
            outcome.append(most if 2 * count > len(known) else True)
    kept = [(f, r) for f, r in zip(found, real, strict=True) if not r.startswith("nothing:")]
    return {
        "observations": len(found),
        "incidents_found": incidents.num_rows,
        "incidents_expected": sum(probability),
        "incidents_true": len({name for name in real if not name.startswith("nothing:")}),
        "grouping": compare(found, real).as_dict(),
        "grouping_of_real": compare([f for f, _ in kept], [r for _, r in kept]).as_dict(),
        "existence": asdict(reliability(probability, outcome)),
    }
