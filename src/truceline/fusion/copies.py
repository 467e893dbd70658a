"""Who says it first-hand: the independent origin of each report.

Ten outlets that carry one agency's line are one origin. A party, whoever repeats it, is one origin together with all
that stand with it at the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.fusion.coding import dictionary, is_one_of
from truceline.fusion.compiled import compiled
from truceline.geo.points import BoolArray, Int64Array
from truceline.records.codes import SOURCE_KINDS, STANCES

SPOKEN: Final = frozenset({"claim", "denial", "third_party"})
SHORTEST_TEXT: Final = 12
RETOLD: Final = frozenset({"media", "registry", "unknown"})
FIRST_HAND: Final = frozenset({"saw", "heard", "recorded", "uav_imagery", "satellite_imagery", "thermal"})
MEDIA_HASH: Final = "media_sha256"  # a column that own tables may have besides


@dataclass(frozen=True, slots=True, eq=False)
class Origins:
    """Where each report comes from.

    Attributes:
        number: (n,) number of the independent origin.
        established: (n,) whether the row is a stated copy.
        original: (n,) row of a stated copy's original, -1 where it is not in the table.
        story: (n,) equal for rows with the same address on the web or the same media file, -1 for none.
        by_party: (n,) whether a party speaks.
    """

    number: Int64Array
    established: BoolArray
    original: Int64Array
    story: Int64Array
    by_party: BoolArray


def origins(table: pa.Table, kind: Int64Array, stance: Int64Array, actor: Int64Array) -> Origins:
    """See `Origins`; `actor` (n,) is the number of the alignment that speaks, -1 for none."""
    n = table.num_rows
    source, sources = dictionary(table.column("source_id"))
    actors = int(actor.max(initial=-1)) + 1
    lodged = is_one_of(kind, SOURCE_KINDS, ("party", "complaint"))
    speaks = lodged | is_one_of(stance, STANCES, SPOKEN)
    own = np.where(speaks & (actor >= 0), len(sources) + actor, source)
    copied = table.column("copy_of")
    established = np.zeros(n, dtype=bool)
    original = np.full(n, -1, dtype=np.int64)
    rows = np.flatnonzero(pc.fill_null(pc.not_equal(copied, ""), False).to_numpy())
    if len(rows):
        said = copied.take(pa.array(rows)).combine_chunks()
        target = np.full(n, -2, dtype=np.int64)  # -2: no copy; -1: of something that is not in the table
        target[rows] = (
            pc.index_in(said, value_set=table.column("obs_id").combine_chunks()).fill_null(-1).to_numpy()
        )
        named = (
            pc.index_in(said, value_set=pa.array(sources, pa.string()))
            .fill_null(-1)
            .to_numpy()
            .astype(np.int64)
        )
        strangers, _ = dictionary(said)
        elsewhere = np.full(n, -1, dtype=np.int64)
        elsewhere[rows] = np.where(named >= 0, named, len(sources) + actors + strangers)
        root = _roots(target)
        chained = target > -2
        outside = chained & (target[root] == -1)
        own = np.where(chained, np.where(outside, elsewhere[root], own[root]), own)
        established = chained & ((root != np.arange(n)) | outside)
        original = np.where(chained & ~outside & (root != np.arange(n)), root, -1)
    _, number = np.unique(own, return_inverse=True)
    by_party = lodged | (speaks & (actor >= 0))
    return Origins(np.reshape(number, -1).astype(np.int64), established, original, _stories(table), by_party)


def _stories(table: pa.Table) -> Int64Array:
    """Equal numbers for equal media files, else for equal addresses on the web."""
    url, addresses = dictionary(table.column("url"))
    if MEDIA_HASH not in table.column_names:
        return url
    media, _ = dictionary(table.column(MEDIA_HASH))
    return np.where(media >= 0, len(addresses) + media, url).astype(np.int64)


@compiled
def _roots(target: Int64Array) -> Int64Array:
    """Where each chain of copies leads: a row that copies nothing, or something outside; the lowest of a circle."""
    n = len(target)
    root = np.full(n, -1, dtype=np.int64)
    walked = np.full(n, -1, dtype=np.int64)
    for row in range(n):
        here = row
        while target[here] >= 0 and root[here] < 0 and walked[here] != row:
            walked[here] = row
            here = target[here]
        if root[here] >= 0:
            end = root[here]
        elif target[here] >= 0:  # a circle
            end, turn = here, target[here]
            while turn != here:
                end, turn = min(end, turn), target[turn]
        else:
            end = here
        here = row
        while root[here] < 0 and target[here] >= 0:
            root[here] = end
            here = target[here]
        root[end] = end if target[end] < 0 else root[end]
    return root
