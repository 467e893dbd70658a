"""The table of findings: what was decided of each article, interleaved by incident."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from truceline.agreement.decide import Decided, e4
from truceline.agreement.folder import Agreement
from truceline.agreement.judge import FACTORS
from truceline.agreement.saying import say
from truceline.agreement.sheet import Sheet
from truceline.agreement.telling import joined
from truceline.records.codes import VERDICTS
from truceline.records.columns import FINDINGS


def table_of(
    incidents: pa.Table, agreement: Agreement, keys: list[str], decided: list[Decided], sheet: Sheet, words: bool
) -> pa.Table:  # fmt: skip
    """Findings by incident, then by article.

    Args:
        keys, decided: of the articles, in their order.
        words: whether to say reasons and needs in words; null where not.
    """
    n, k = sheet.n, len(decided)
    by_incident = pa.array(np.repeat(np.arange(n, dtype=np.int32), k))
    ids = incidents.column("incident_id").combine_chunks().take(by_incident)
    key = pa.array(keys, pa.string()).take(pa.array(np.tile(np.arange(k, dtype=np.int32), n)))
    exercise = pc.or_(incidents.column("exercise").combine_chunks().fill_null(False), agreement.exercise)
    nothing = pa.nulls(n * k, pa.string())
    table: dict[str, pa.Array] = {
        "finding_id": pc.binary_join_element_wise(ids, key, "/"),
        "incident_id": ids,
        "agreement": pa.repeat(pa.scalar(agreement.id, pa.string()), n * k),
        "version": pa.repeat(pa.scalar(agreement.version, pa.string()), n * k),
        "article": key,
        "verdict": pa.array(VERDICTS, pa.string()).take(pa.array(_mixed([one.verdict for one in decided]))),
        "probability_e4": _whole([(one.breach_e4, one.estimated) for one in decided], np.int32),
        **{
            f"p_{name}_e4": _whole([(e4(one.low[name]), ~one.unknown(name)) for one in decided], np.int32)
            for name in FACTORS
        },
        "about": pa.array(sheet.side.words, pa.string()).take(pa.array(np.repeat(sheet.side.codes, k))),
        "distance_m": _whole([(one.edge_m, one.placed) for one in decided], np.int64),
        "distance_sd_m": _whole([(one.edge_sd_m, one.placed) for one in decided], np.int64),
        "reason": nothing,
        "needs": nothing,
        "exercise": exercise.take(by_incident),
    }
    if words:
        said = [say(one, sheet) for one in decided]
        table["reason"] = joined([reason for reason, _ in said])
        table["needs"] = joined([needs for _, needs in said])
    return pa.table({name: table[name] for name in FINDINGS.names}, schema=FINDINGS)


def _mixed(columns: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """The columns of the articles, one value of each in turn."""
    return np.stack(columns, axis=1).ravel()


def _whole(columns: list[tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]], kind: type) -> pa.Array:
    """Rounded to whole numbers, null where nothing is said."""
    values = _mixed([np.rint(np.where(said, value, 0.0)).astype(kind) for value, said in columns])
    return pa.array(values, mask=_mixed([~said for _, said in columns]))
