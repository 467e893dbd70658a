"""The record mission: sourced facts go onto the ordinary log, and pages are made from what the log says.

Deterministic: the same facts give the same entries but for keys and signatures, and the same pages byte for byte. No
key is made for a real party or actor, because nobody there holds one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import truceline
from truceline import agreement as agreements
from truceline.mission import computing
from truceline.mission.clock import iso
from truceline.mission.mission import Mission, Recorded
from truceline.mission.publishing import lay_out
from truceline.mission.record_facts import RecordFacts, facts, record_id
from truceline.records.canonical import canonical
from truceline.records.kinds import (
    Commitments,
    Findings,
    Genesis,
    Import,
    Incidents,
    Kind,
    Report,
    Source,
    Statement,
)  # fmt: skip
from truceline.report.record import Fact, Place, Provision, RecordView, render_record, summary
from truceline.report.record.view import SHOWN

AGREEMENT = "moscow-2020-10-10"
ZONE = "Etc/GMT-4"
"""UTC+4, the clock of both capitals in 2020, by a name that is neither's."""
COMPUTED = (Commitments, Import, Incidents, Findings)
"""The kinds that can hold a watch, an observation, an incident or a finding."""


@dataclass(frozen=True, slots=True)
class Recording:
    """The mission, its pages by name, the entry that vouches for them, and the counts that they show."""

    mission: Mission
    files: dict[str, Path]
    entry: Recorded
    counts: dict[str, int]


def run_record(root: Path, *, keys: Path | None = None, known: RecordFacts | None = None) -> Recording:
    """Build the record mission in `root` and write its pages.

    Args:
        known: the facts that ship when None.
    Raises:
        UsageError: MIS-001, the folder is not empty.
    """
    mission = open_record(root, known or facts(), keys)
    return publish_record(mission)


def open_record(root: Path, known: RecordFacts, keys: Path | None = None) -> Mission:
    """A mission folder that holds the facts; each entry bears the last moment of its fact's interval."""
    genesis = Genesis(
        name=known.name, exercise=False, parties=known.parties, alignments=known.alignments, actors=known.actors, keys={},
        settings={"record_only": True, "reporting_zone": ZONE, "reporting_cutoff": "00:00", "disclosure_delay_ms": 0},
    )  # fmt: skip
    mission = Mission.create(root, genesis, geometry=known.geometry, keys=keys, at=iso(known.start_ms))
    acts = _in_order(known)
    signed = next((at for at, body in acts if record_id(body) == AGREEMENT), known.start_ms)
    text = next((one for one in known.texts if one.text_id == AGREEMENT), None)
    mission.record_many([("operator", body, iso(at)) for at, body in acts if at <= signed])
    computing.adopt(
        mission, agreements.pack(AGREEMENT), at=iso(signed), in_force_from=text.in_force_from if text else ""
    )
    mission.record_many([("operator", body, iso(at)) for at, body in acts if at > signed])
    return mission


def _in_order(known: RecordFacts) -> list[tuple[int, Kind]]:
    """Facts by time; a text just before its first article, the founding text's sentences at the end."""
    made: list[tuple[int, Kind]] = []
    texts = {text.text_id: text for text in known.texts}
    for at, body in known.records:
        if isinstance(body, Statement) and body.act == "accepts":
            text = texts.pop(body.article.rpartition("/")[0], None)
            if text is not None:
                made.append((at, text))
        made.append((at, body))
    made += [(known.end_ms, text) for text in texts.values()]
    return made + [(known.end_ms, passage) for passage in known.founding]


def publish_record(mission: Mission) -> Recording:
    """Write the pages under `reports/`, and put their digests and counts on the log.

    Raises:
        ReportError: RPT-020, RPT-021, RPT-022.
    """
    view = record_view(mission, mission.log.size)
    at = iso(mission.newest_at_ms())
    date = at[:10]
    digests = {name: mission.blobs.put(text.encode()) for name, text in render_record(view).items()}
    figures = record_figures(view)
    body = Report(date, "", mission.blobs.put(canonical(figures)), digests, view.log_size, at)
    entry = mission.record(body, "operator", at)
    return Recording(mission, lay_out(mission, body), entry, summary(view))


def record_figures(view: RecordView) -> dict[str, Any]:
    """The counts of the pages as figures that anyone can recompute."""
    return {
        "mission": view.mission, "log_size": view.log_size, "version": view.version,
        "figures": {name: {"value": value, "recompute_by": "public"} for name, value in summary(view).items()},
    }  # fmt: skip


def record_view(mission: Mission, before: int) -> RecordView:
    """What the log said before the entry `before`, as the pages may know it; nothing comes from anywhere else."""
    entries = mission.entries()[:before]
    genesis = mission.genesis
    version = computing.active_agreement(mission, before)[1]
    adopted = agreements.unpack(mission.blobs.read(version.blob))
    shown = [one for one in entries if isinstance(one.body, SHOWN)]
    return RecordView(
        mission=genesis.name, parties=genesis.parties, actors=genesis.actors,
        facts=tuple(Fact(one.index, record_id(one.body), one.body) for one in shown),
        agreement_id=version.agreement_id, provisions=tuple(map(_provision, adopted.articles)),
        places=tuple(map(_place, mission.geometry["features"])),
        computed=sum(isinstance(one.body, COMPUTED) for one in entries),
        log_size=before, version=truceline.__version__,
    )  # fmt: skip


def _provision(article: Any) -> Provision:
    readings = article.from_.readings if article.from_ is not None else ()
    return Provision(
        article.key, article.title, article.shape, getattr(article, "missing", ()),
        tuple(one.note or f"{one.local}, {one.zone}" for one in readings),
    )  # fmt: skip


def _place(feature: dict[str, Any]) -> Place:
    properties = feature["properties"]
    return Place(
        properties["id"], properties["kind"], tuple(sorted(properties["names"].items())), Source(**properties["source"])
    )  # fmt: skip
