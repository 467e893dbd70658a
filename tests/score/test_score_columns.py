"""Scores of membership columns agree with the plain definitions, and refuse what cannot be scored."""

from __future__ import annotations

from itertools import combinations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.errors import ScoreError
from truceline.score import measure_columns


def tables(found: list[int | None], real: list[int | None]) -> tuple[pa.Table, pa.Table]:
    ids = [f"o{i}" for i in range(len(found))]
    name = [None if g is None else f"g{g}" for g in found]
    chance = [None if g is None else (g % 10) / 10 for g in found]
    return (
        pa.table({"obs_id": pa.array(ids), "incident_id": pa.array(name, pa.string()), "existence": pa.array(chance, pa.float64())}),
        pa.table({"obs_id": pa.array(ids[::-1]), "incident_id": pa.array([None if g is None else f"t{g}" for g in real[::-1]], pa.string())}),
    )  # fmt: skip


label = st.one_of(st.none(), st.integers(0, 4))


@given(st.lists(st.tuples(label, label), min_size=1, max_size=25))
def test_scores_are_those_of_the_definitions(rows: list[tuple[int | None, int | None]]) -> None:
    found, real = [r[0] for r in rows], [r[1] for r in rows]
    made = measure_columns(*tables(found, real))
    a = [f"alone{i}" if g is None else g for i, g in enumerate(found)]
    b = [f"nothing{i}" if g is None else g for i, g in enumerate(real)]
    pairs = list(combinations(range(len(rows)), 2))
    ours, true = {p for p in pairs if a[p[0]] == a[p[1]]}, {p for p in pairs if b[p[0]] == b[p[1]]}
    precision = len(ours & true) / len(ours) if ours else 1.0
    recall = len(ours & true) / len(true) if true else 1.0
    assert made["pairwise_f1"] == pytest.approx(
        2 * precision * recall / (precision + recall) if precision + recall else 0
    )
    bp = sum(
        sum(a[i] == a[j] and b[i] == b[j] for j in range(len(a))) / a.count(a[i]) for i in range(len(a))
    ) / len(a)
    br = sum(
        sum(a[i] == a[j] and b[i] == b[j] for j in range(len(a))) / b.count(b[i]) for i in range(len(a))
    ) / len(a)
    assert made["b3_f1"] == pytest.approx(2 * bp * br / (bp + br))
    groups = sorted({g for g in found if g is not None})
    outcome = {g: 2 * sum(r is not None for f, r in rows if f == g) >= found.count(g) for g in groups}
    if groups:
        assert made["brier"] == pytest.approx(
            sum(((g % 10) / 10 - outcome[g]) ** 2 for g in groups) / len(groups)
        )


def test_half_of_the_members_make_an_incident_real() -> None:
    made = measure_columns(*tables([1, 1, 2, 2, 2], [5, None, 6, None, None]))
    assert (made["incidents"], made["incidents_real"], made["incidents_true"]) == (2, 1, 2)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda m, t: (m.drop_columns(["existence"]), t), "SCO-001"), (lambda m, t: (m, t.drop_columns(["incident_id"])), "SCO-001"),
        (lambda m, t: (pa.concat_tables([m, m.slice(0, 1)]), t), "SCO-002"), (lambda m, t: (m, pa.concat_tables([t, t])), "SCO-002"),
        (lambda m, t: (m.set_column(2, "existence", pa.array([0.1, 0.2, 0.3])), t), "SCO-003"),
        (lambda m, t: (m.set_column(2, "existence", pa.array([1.5, 1.5, 1.5])), t), "SCO-003"),
        (lambda m, t: (m, t.slice(0, 0)), "SCO-004"),
    ],
)  # fmt: skip
def test_what_cannot_be_scored_is_refused(change, code) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ScoreError, match=code):
        measure_columns(*change(*tables([1, 1, 1], [1, 2, None])))
