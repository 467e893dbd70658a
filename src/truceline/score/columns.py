"""A membership table against a truth table, both as columns; millions of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from truceline.errors import ScoreError
from truceline.score.partitions import of_numbers
from truceline.score.probabilities import reliability

Ints = npt.NDArray[np.int64]


def measure_columns(membership: pa.Table, truth: pa.Table) -> dict[str, Any]:
    """Grouping and existence of what was fused.

    Args:
        membership: obs_id, incident_id (null: in no incident), existence (null there too).
        truth: obs_id, incident_id (null: a report of nothing).
    Returns:
        `pairwise_f1` and `b3_f1` over all observations that stand in both (one in no incident stands alone, as does each
        report of nothing); `*_of_real` over reports of something; `brier`, `ece`, `skill` over incidents (one is real if
        at least half of its members are reports of something), with counts.
    Raises:
        ScoreError: SCO-001 a column is missing, SCO-002 an obs_id is null or occurs twice, SCO-003 an existence is no
            probability or an incident has two, SCO-004 no observation stands in both.
    """
    for table, name, columns in (
        (membership, "membership", ("obs_id", "incident_id", "existence")),
        (truth, "truth", ("obs_id", "incident_id")),
    ):
        for column in columns:
            if column not in table.column_names:
                raise ScoreError("SCO-001", f"{name} must have its columns", where=name, value=table.column_names, remedy=f"It needs {', '.join(columns)}.")  # fmt: skip
        _once(table, name)
    where = pc.index_in(
        membership.column("obs_id").cast(pa.string()),
        value_set=truth.column("obs_id").cast(pa.string()).combine_chunks(),
    )
    both = pc.is_valid(where)
    held = membership.filter(both).combine_chunks()
    if not held.num_rows:
        raise ScoreError("SCO-004", "membership and truth must share observations", where="membership", value=f"{membership.num_rows} rows, none in the truth", remedy="Give the truth of these observations.")  # fmt: skip
    real_id = truth.column("incident_id").cast(pa.string()).take(pc.drop_null(where)).combine_chunks()
    found, groups = _numbers(held.column("incident_id").cast(pa.string()).combine_chunks())
    real, _ = _numbers(real_id)
    happened = pc.is_valid(real_id).to_numpy(zero_copy_only=False)
    every, of_real = of_numbers(found, real), of_numbers(found[happened], real[happened])
    probability, outcome = _existence(held, found, groups, happened)
    said = reliability(probability, outcome)
    return {
        "observations": held.num_rows, "observations_without_truth": membership.num_rows - held.num_rows,
        "observations_without_membership": truth.num_rows - held.num_rows,
        "incidents": len(probability), "incidents_real": int(outcome.sum()), "incidents_expected": float(probability.sum()),
        "incidents_true": len(pc.unique(pc.drop_null(real_id))),
        "pairwise_precision": every.pairwise_precision, "pairwise_recall": every.pairwise_recall, "pairwise_f1": every.pairwise_f1,
        "b3_precision": every.bcubed_precision, "b3_recall": every.bcubed_recall, "b3_f1": every.bcubed_f1,
        "pairwise_f1_of_real": of_real.pairwise_f1, "b3_f1_of_real": of_real.bcubed_f1,
        "brier": said.brier, "brier_of_base_rate": said.base_brier, "skill": said.skill, "ece": said.calibration_error,
        "log_loss": said.log_loss,
        "bands": [{"low": b.low, "high": b.high, "count": b.count, "mean": b.mean, "came_true": b.came_true} for b in said.bands],
    }  # fmt: skip


def _once(table: pa.Table, name: str) -> None:
    ids = table.column("obs_id")
    if ids.null_count or len(pc.unique(ids)) != len(ids):
        counts = pc.value_counts(ids.combine_chunks())
        twice = counts.field(0).filter(pc.greater(counts.field(1), 1))
        raise ScoreError(
            "SCO-002", "every obs_id must be given, and once", where=name, value=None if ids.null_count else twice[0].as_py(),
            remedy="Leave out the superseded row.",
        )  # fmt: skip


def _numbers(labels: pa.Array) -> tuple[Ints, int]:
    """Labels as numbers from 0, how many there are; each null gets a number of its own above them."""
    encoded = pc.dictionary_encode(labels)
    number = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    alone = np.flatnonzero(number < 0)
    many = len(encoded.dictionary)
    number[alone] = many + np.arange(len(alone))
    return number, many


def _existence(held: pa.Table, found: Ints, groups: int, happened: Any) -> tuple[Any, Any]:
    said = pc.fill_null(held.column("existence").cast(pa.float64()), float("nan")).to_numpy()
    inside = found < groups
    low, high = np.full(groups, np.inf), np.full(groups, -np.inf)
    np.minimum.at(low, found[inside], said[inside])
    np.maximum.at(high, found[inside], said[inside])
    wrong = ~((low >= 0) & (high <= 1) & (high - low < 1e-9))
    if wrong.any():
        first = int(np.argmax(wrong))
        name = held.column("incident_id").filter(pa.array(found == first))[0].as_py()
        raise ScoreError(
            "SCO-003", "an incident must have one existence between 0 and 1", where=f"membership, incident {name}",
            value=(float(low[first]), float(high[first])), remedy="Give the same probability on all its rows.",
        )  # fmt: skip
    size = np.bincount(found[inside], minlength=groups)
    share = np.bincount(found[inside], weights=happened[inside], minlength=groups) / np.maximum(size, 1)
    return low, share >= 0.5
