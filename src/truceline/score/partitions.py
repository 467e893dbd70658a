"""How well one grouping agrees with another."""

from __future__ import annotations

from collections.abc import Hashable, Sequence, Set
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PartitionScore:
    """Shares of one; precision is of the first grouping, the second being taken as true.

    Attributes:
        pairwise_*: over pairs of items that stand together.
        bcubed_*: averaged over items (Bagga and Baldwin 1998), which does not let one large group decide.
        adjusted_rand: Hubert and Arabie 1985; 0 for chance, 1 for identity; nan where groups overlap.
    """

    pairwise_precision: float
    pairwise_recall: float
    pairwise_f1: float
    bcubed_precision: float
    bcubed_recall: float
    bcubed_f1: float
    adjusted_rand: float

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


def compare(found: Sequence[Hashable], truth: Sequence[Hashable]) -> PartitionScore:
    """Scores of the grouping `found` against `truth`, one label an item each.

    No pairs on a side count as perfect precision or recall there.
    """
    return of_numbers(_numbers(found), _numbers(truth))


def of_numbers(a: Int64Array, b: Int64Array) -> PartitionScore:
    """The same of labels that are numbers from 0, int64 (n,) each."""
    n = len(a)
    if not n:
        return PartitionScore(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
    _, cell, joint = np.unique(a * (int(b.max()) + 1) + b, return_inverse=True, return_counts=True)
    size_a, size_b = np.bincount(a), np.bincount(b)
    both, in_a, in_b = _pairs(joint), _pairs(size_a), _pairs(size_b)
    together = joint[cell]
    bp, br = float((together / size_a[a]).mean()), float((together / size_b[b]).mean())
    expected = in_a * in_b / max(n * (n - 1) / 2, 1.0)
    most = (in_a + in_b) / 2
    rand = (both - expected) / (most - expected) if most != expected else 1.0
    return _score(both / in_a if in_a else 1.0, both / in_b if in_b else 1.0, bp, br, rand)


def compare_overlapping(found: Sequence[Set[Hashable]], truth: Sequence[Set[Hashable]]) -> PartitionScore:
    """The same where an item may stand in several groups: extended B-cubed (Amigo et al. 2009, section 5).

    Args:
        found, truth: for each item the set of its groups. Pairs stand together if they share any.
    """
    n = len(found)
    shared_found, shared_truth = _shared(found), _shared(truth)
    precision = _extended(shared_found, shared_truth, n)
    recall = _extended(shared_truth, shared_found, n)
    a = {pair for pair in shared_found if pair[0] < pair[1]}
    b = {pair for pair in shared_truth if pair[0] < pair[1]}
    both = len(a & b)
    return _score(both / len(a) if a else 1.0, both / len(b) if b else 1.0, precision, recall, float("nan"))


def _extended(of: dict[tuple[int, int], int], against: dict[tuple[int, int], int], n: int) -> float:
    total, count = np.zeros(n), np.zeros(n)
    for (i, j), here in of.items():
        total[i] += min(here, against.get((i, j), 0)) / here
        count[i] += 1
    return float(np.mean(total[count > 0] / count[count > 0])) if (count > 0).any() else 1.0


def _shared(groups: Sequence[Set[Hashable]]) -> dict[tuple[int, int], int]:
    """How many groups each ordered pair of items shares, where any; an item pairs with itself."""
    held: dict[Hashable, list[int]] = {}
    for item, names in enumerate(groups):
        for name in names:
            held.setdefault(name, []).append(item)
    shared: dict[tuple[int, int], int] = {}
    for items in held.values():
        for i in items:
            for j in items:
                shared[(i, j)] = shared.get((i, j), 0) + 1
    return shared


def _score(pp: float, pr: float, bp: float, br: float, rand: float) -> PartitionScore:
    return PartitionScore(pp, pr, _f1(pp, pr), bp, br, _f1(bp, br), rand)


def _f1(p: float, r: float) -> float:
    return 2 * p * r / (p + r) if p + r else 0.0


def _pairs(sizes: Int64Array) -> float:
    wide = sizes.astype(np.float64)
    return float((wide * (wide - 1) / 2).sum())


def _numbers(labels: Sequence[Hashable]) -> Int64Array:
    seen: dict[Hashable, int] = {}
    return np.array([seen.setdefault(label, len(seen)) for label in labels], dtype=np.int64)
