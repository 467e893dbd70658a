"""The columnar schemas: what fusion, agreement, coverage and report work on.

Integers only, so that canonical bytes exist: micro-degrees (`_udeg`), metres (`_m`), milliseconds UTC (`_ms`),
millidegrees clockwise from north (`_mdeg`), micrometres of calibre (`_um`), probabilities in units of 1e-4 (`_e4`).
Null means "not said"; a code "unknown" means "said to be unknown". Each observation column says in its metadata under
`layer` whether it is `sealed`, `coarsened` (disclosed only after `evidence` made it coarse) or `disclosed`.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import pyarrow as pa

Layer = Literal["sealed", "coarsened", "disclosed"]

SCHEMA_VERSION: Final = 1


def _column(name: str, kind: Any, layer: Layer, help_text: str, codes: str = "") -> Any:
    metadata = {"layer": layer, "help": help_text}
    return pa.field(name, kind, metadata=metadata | ({"codes": codes} if codes else {}))


_TEXT, _I64, _I32 = pa.string(), pa.int64(), pa.int32()

OBSERVATIONS: Final = pa.schema(
    [
        _column(
            "obs_id",
            _TEXT,
            "disclosed",
            "the source's own id, or one derived from content; unique in a mission",
        ),
        _column("source_id", _TEXT, "sealed", "who reports: post, team, camera, array, outlet or party"),
        _column("source_kind", _TEXT, "disclosed", "kind of source", "SOURCE_KINDS"),
        _column("actor", _TEXT, "disclosed", "party or third state that speaks, where the source is one"),
        _column("stance", _TEXT, "disclosed", "report, claim, denial, third_party, quiet", "STANCES"),
        _column("copy_of", _TEXT, "disclosed", "established original of a copy: a source_id or obs_id"),
        _column("observed_from_ms", _I64, "coarsened", "start of the interval in which it was observed, UTC"),
        _column("observed_to_ms", _I64, "coarsened", "end of that interval, not before the start"),
        _column("time_precision", _TEXT, "disclosed", "how the interval came about", "PRECISIONS"),
        _column("received_at_ms", _I64, "sealed", "when the mission received it"),
        _column(
            "place_kind", _TEXT, "disclosed", "point, sector, footprint, area, named, unknown", "PLACE_KINDS"
        ),
        _column(
            "lon_udeg", _I32, "coarsened", "point, post of a sector, centre of a footprint or area; WGS 84"
        ),
        _column("lat_udeg", _I32, "coarsened", "see lon_udeg"),
        _column("error_m", _I32, "coarsened", "circular error probable (50 %) of the point or named place"),
        _column("range_min_m", _I32, "sealed", "sector: nearest distance from the post"),
        _column("range_max_m", _I32, "sealed", "sector: farthest distance"),
        _column("bearing_mdeg", _I32, "sealed", "sector: bearing from the post"),
        _column("bearing_step_mdeg", _I32, "sealed", "rounding of the compass; 22500 for 16 points"),
        _column("scan_m", _I32, "disclosed", "footprint: side across track"),
        _column("track_m", _I32, "disclosed", "footprint: side along track"),
        _column("area_id", _TEXT, "coarsened", "zone, district or cell of an area"),
        _column("place_name", _TEXT, "coarsened", "the toponym as the source wrote it"),
        _column("place_precision", _I32, "disclosed", "1 exact to 7 country, as UCDP where_prec"),
        _column("means", _TEXT, "disclosed", "heard, saw, recorded, ...", "MEANS"),
        _column("act", _TEXT, "disclosed", "what was observed", "ACTS"),
        _column("description", _TEXT, "sealed", "outgoing, impact, ...", "DESCRIPTIONS"),
        _column("weapon", _TEXT, "disclosed", "weapon class", "WEAPONS"),
        _column("calibre_um", _I32, "disclosed", "calibre; 100 mm is 100000"),
        _column("direction_mdeg", _I32, "sealed", "direction of flight or movement, towards"),
        _column("count_min", _I32, "disclosed", "single violations (shots, bursts, explosions): at least"),
        _column("count_max", _I32, "disclosed", "at most; null where the source says 'several' or more"),
        _column("accused", _TEXT, "disclosed", "party or alignment the source blames"),
        _column("killed_min", _I32, "disclosed", "killed, at least"),
        _column("killed_max", _I32, "disclosed", "killed, at most"),
        _column("injured_min", _I32, "disclosed", "injured, at least"),
        _column("injured_max", _I32, "disclosed", "injured, at most"),
        _column("intent", _TEXT, "disclosed", "accidental, deliberate, unknown", "INTENTS"),
        _column("live_fire_exercise", _TEXT, "disclosed", "announced live-fire exercise", "TRISTATE"),
        _column("in_disengagement_area", _TEXT, "disclosed", "as the source said", "TRISTATE"),
        _column("grade", _TEXT, "disclosed", "Admiralty grade A1..F6, or the source's own word"),
        _column("lang", _TEXT, "disclosed", "BCP 47 language of the text"),
        _column("text", _TEXT, "sealed", "what the source wrote"),
        _column("url", _TEXT, "disclosed", "where the source published it"),
        _column("exercise", pa.bool_(), "disclosed", "true on everything simulated"),
    ]
)
"""One row, one observation. `obs_id`, `source_id`, `source_kind`, `stance`, `place_kind`, `act`, `exercise` and the
interval are never null; every coded column is never null either ("unknown" where nothing was said)."""

NEVER_NULL: Final = frozenset(
    {"obs_id", "source_id", "observed_from_ms", "observed_to_ms", "exercise"}
    | {field.name for field in OBSERVATIONS if b"codes" in (field.metadata or {})}
)

WATCHES: Final = pa.schema(
    [
        ("watch_id", _TEXT), ("source_id", _TEXT), ("source_kind", _TEXT),
        ("from_ms", _I64), ("to_ms", _I64), ("outcome", _TEXT),
        ("lon_udeg", _I32), ("lat_udeg", _I32), ("radius_m", _I32),
        ("bearing_mdeg", _I32), ("width_mdeg", _I32), ("sector_id", _TEXT),
        ("blocked_by", _TEXT), ("quoted_reason", _TEXT), ("exercise", pa.bool_()),
    ]
)  # fmt: skip
"""Who watched where and when, with what; access denied is one (`outcome`, code list WATCH_OUTCOMES). All sealed."""

_SHARE = pa.struct([("id", _TEXT), ("e4", _I32)])
_TERM = pa.struct([("term", _TEXT), ("log_odds_e6", _I64)])

INCIDENTS: Final = pa.schema(
    [
        ("incident_id", _TEXT),            # obs_id of the member lowest in (origin index, row)
        ("members", pa.list_(_TEXT)),      # all linked observations, sorted
        ("supports", pa.list_(_TEXT)),     # members that say it happened
        ("contradicts", pa.list_(_TEXT)),  # denials and quiet reports about it
        ("copies", pa.list_(_TEXT)),       # members that add no independent weight
        ("soft", pa.list_(_SHARE)),        # later-tier reports whose share stayed below one half
        ("from_ms", _I64), ("to_ms", _I64), ("midpoint_ms", _I64),
        ("lon_udeg", _I32), ("lat_udeg", _I32),               # null where no place is known
        ("cov_ee_m2", _I64), ("cov_en_m2", _I64), ("cov_nn_m2", _I64),
        ("sector_id", _TEXT),              # reporting sector: all that is ever disclosed of the place
        ("place_name", _TEXT),
        ("act", _TEXT), ("description", _TEXT), ("means", pa.list_(_TEXT)),
        ("weapon", _TEXT), ("calibre_um", _I32),
        ("count_min", _I32), ("count_max", _I32),
        ("killed_min", _I32), ("killed_max", _I32), ("injured_min", _I32), ("injured_max", _I32),
        ("probability_e4", _I32), ("word", _TEXT),            # existence; EXISTENCE_WORDS
        ("independent_groups", _I32), ("source_kinds", pa.list_(_TEXT)),
        ("sides", pa.list_(_SHARE)),       # per alignment, sums to 10000 with "undetermined"; sorted by id
        ("side", _TEXT),                   # alignment at 8000 or more, else "undetermined"
        ("accused_by", pa.list_(pa.struct([("actor", _TEXT), ("accused", _TEXT)]))),
        ("line_distance_m", _I64), ("line_distance_sd_m", _I64),  # signed, positive to the left of the line
        ("outgoing", pa.bool_()),          # place computed to a sector only
        ("explanation", pa.list_(_TERM)),  # additive, sums to the log-odds of probability
        ("exercise", pa.bool_()),
    ]
)  # fmt: skip

FINDINGS: Final = pa.schema(
    [
        ("finding_id", _TEXT),             # incident_id + "/" + article
        ("incident_id", _TEXT), ("agreement", _TEXT), ("version", _TEXT), ("article", _TEXT),
        ("verdict", _TEXT), ("probability_e4", _I32),         # that the article is breached, null where out_of_scope
        ("p_place_e4", _I32), ("p_time_e4", _I32), ("p_act_e4", _I32), ("p_weapon_e4", _I32), ("p_side_e4", _I32),
        ("about", _TEXT),                  # alignment or party the finding is about, or "undetermined"
        ("distance_m", _I64), ("distance_sd_m", _I64),        # to the line or zone edge that decides
        ("reason", _TEXT), ("needs", _TEXT),                  # in words; what evidence would settle it
        ("exercise", pa.bool_()),
    ]
)  # fmt: skip


def layer_of(column: str) -> Layer:
    """The layer of an observation column."""
    layer: Layer = OBSERVATIONS.field(column).metadata[b"layer"].decode()
    return layer
