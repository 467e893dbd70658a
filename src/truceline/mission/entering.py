"""Put records that people wrote on the log: judged against the mission first, all of a file or none of it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from truceline import intake
from truceline.errors import IntakeError, RecordError, UsageError
from truceline.mission import facts, mechanism, regrouping, roster, withdrawing
from truceline.mission.clock import earliest_ms, iso, latest_ms
from truceline.mission.grouping import groupings, withdrawals
from truceline.mission.mission import Mission, alone, speaks_for_itself
from truceline.mission.views import Views
from truceline.mission.writing import Written, moment_ms, one_of, read, watch_row, wrong
from truceline.records.codes import FACT_KINDS, WEAPONS
from truceline.records.columns import WATCHES
from truceline.records.kinds import (
    Complaint,
    Consent,
    Correction,
    Decision,
    Fact,
    Findings,
    Grouping,
    Incidents,
    Kind,
    Notice,
    Observation,
    Reply,
    Review,
    Watch,
    Withdrawal,
    decode,
    word_of,
)
from truceline.store import is_whole, read_table

POSITIONS: Final = ("accepts", "contests", "partly", "informs")
REVIEW_WORDS: Final = ("verified", "refuted", "unverifiable", "needs_more")
_STANCES: Final = ("offered", "accepted", "conditional", "rejected", "silent")
_SAID: Final = {
    "replied": Reply,
    "reviewed": Review,
    "decided": Decision,
    "at": Correction,
    "released": Notice,
}
_TIMES: Final = (
    "occurred_from", "occurred_to", "said_from", "said_to", "held_from", "held_to", "made", "effective", "released", "answer_by",
    "replied", "from_time", "until_time", "reviewed", "decided", "at",
)  # fmt: skip
_EXACT: Final = frozenset({"released", "answer_by", "replied", "from_time", "until_time"})
_SEALED: Final = ("observation", "watch", "grouping", "withdrawal")
COUNTED: Final = ("inventory", "sighting", "movement")
_FEATURE: Final = {"type": "Feature", "geometry": None}


@dataclass(slots=True)
class Entered:
    """What became of a file of records."""

    recorded: int = 0  # in the open, signed by their authors
    sealed: int = 0  # observations and watches
    duplicates: int = 0
    entries: list[int] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    flagged: dict[str, str] = field(default_factory=dict)  # watch -> why it does not rest on consent


@alone
def enter(mission: Mission, path: Path, *, author: str = "") -> Entered:
    """Put the records of a file on the log; what stands there already adds nothing.

    Args:
        author: whose key signs where neither the record nor its kind says.
    Raises:
        UsageError: MIS-003 no key, MIS-005 somebody speaks for a party, MIS-010, MIS-020, MIS-110 to MIS-113.
        RecordError: REC-011 a body that does not fit its kind. IntakeError: an observation that cannot be read.
        AgreementError: AGR-004, AGR-005.
    """
    mission.refuse_record()
    written = read(path)
    made = Entered()
    sealed = observations_of(mission, [one for one in written if one.kind == "observation"], made)
    sealed += _watches(mission, [one for one in written if one.kind == "watch"], made)
    acts = _acts(mission, [one for one in written if one.kind not in _SEALED], author, made)
    grouped = _officers(mission, written, author, made)
    for role, body in acts:  # what would stop them is told before anything is written
        speaks_for_itself(role, body)
        mission.signing(role)
    for wanted in grouped:
        mission.signing(wanted.role)
    acts += [(wanted.role, regrouping.body_of(mission, wanted)) for wanted in grouped]
    if acts:
        shown = [(role, facts.seal(mission, body) if isinstance(body, Fact) else body, None) for role, body in acts]  # fmt: skip
        made.sealed += sum(isinstance(body, Fact) and bool(body.sealed) for _, body, _ in shown)
        made.recorded = len(acts) - made.sealed
        made.entries += [one.index for one in mission.record_many(shown)]
    if sealed:
        before = mission.log.size
        mission.seal(sealed)
        made.sealed += len(sealed)
        rows = [one.row for one in sealed if isinstance(one, Watch)]
        if rows and mission.vault.can_open:
            told = roster.unconsented(mission, pa.Table.from_pylist(rows, schema=WATCHES))
            made.flagged = {str(row["watch_id"]): why for row, why in zip(rows, told, strict=True) if why}
        made.entries += range(before, mission.log.size)
    return made


def observations_of(mission: Mission, written: list[Written], made: Entered) -> list[Observation | Watch]:
    """Read as rows of Truceline's own table, so that one rule holds for both ways in."""
    if not written:
        return []
    mark = mission.genesis.exercise
    features = [_FEATURE | {"properties": {"exercise": mark} | one.fields} for one in written]
    ledger, rows = Views(mission).ledger(), []
    with tempfile.TemporaryDirectory(prefix="truceline-") as folder:
        path = Path(folder) / "written.geojson"
        lines = ",\n".join(json.dumps(one, ensure_ascii=True) for one in features)
        path.write_text(f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}\n')
        for chunk in intake.open_file(path, format="truceline-geojson"):
            for bad in chunk.rejected:
                where = written[bad.line - 2].where
                raise IntakeError(bad.code, bad.rule, where=where, value=bad.value or None, remedy=bad.remedy)
            fresh = ledger.sift(chunk)
            made.duplicates += int(fresh.duplicate.sum())
            kept = chunk.observations.to_pylist()
            rows += [row for row, twice in zip(kept, fresh.duplicate.tolist(), strict=True) if not twice]
    made.ids += [row["obs_id"] for row in rows]
    return [Observation({name: value for name, value in row.items() if value is not None}) for row in rows]


def _watches(mission: Mission, written: list[Written], made: Entered) -> list[Observation | Watch]:
    if not written:
        return []
    held = {
        row["watch_id"]: {name: value for name, value in row.items() if value is not None}
        for row in Views(mission).watches().to_pylist()
    }
    found: list[Observation | Watch] = []
    for one in written:
        row = watch_row(one, mission.genesis.exercise)
        earlier = held.get(row["watch_id"])
        if earlier == row:
            made.duplicates += 1
            continue
        if earlier is not None:
            raise _taken(one, row["watch_id"])
        held[row["watch_id"]] = row
        made.ids.append(row["watch_id"])
        found.append(Watch(row))
    return found


def _officers(
    mission: Mission, written: list[Written], author: str, made: Entered
) -> list[regrouping.Wanted]:
    """What officers group or withdraw: judged here, sealed when all of the file is judged."""
    found: list[regrouping.Wanted] = []
    for kind, of in (("grouping", Grouping), ("withdrawal", Withdrawal)):
        listed = [one for one in written if one.kind == kind]
        said = (groupings if of is Grouping else withdrawals)(mission) if listed else []
        held = {one.name for one in said}
        for one in listed:
            fields, sets = _fields_of_act(one, kind)
            named = {"role": fields["by_role"] or one.author or author, "reason": fields["reason"], "undoes": fields["undoes"]}  # fmt: skip
            act = fields["act"] if kind == "grouping" else "restore" if fields["undoes"] else "withdraw"
            if regrouping.stands_already(said, act, sets, **named):
                made.duplicates += 1
                continue
            number = 1 + len(mission.of(of)) + sum(1 for wanted in found if wanted.name.rpartition("-")[0].endswith(kind))  # fmt: skip
            ident = fields[f"{kind}_id"] or f"{'EXERCISE-' if mission.genesis.exercise else ''}{kind}-{number:04d}"  # fmt: skip
            if ident in held:
                raise _taken(one, ident)
            if fields["at"]:
                moment_ms(one.where, "at", fields["at"])
            held.add(ident)
            made.ids.append(ident)
            found.append(
                regrouping.judged(mission, act, sets, grouping_id=ident, at=fields["at"], **named)
                if kind == "grouping"
                else withdrawing.judged(mission, [obs for part in sets for obs in part], withdrawal_id=ident, at=fields["at"], **named)
            )  # fmt: skip
    return found


def _fields_of_act(one: Written, kind: str) -> tuple[dict[str, Any], list[list[str]]]:
    """The fields of an officer's act, and its observations in sets; a bare list of ids is one set."""
    name = "sets" if kind == "grouping" else "obs_ids"
    texts = {f"{kind}_id": "", "reason": "", "by_role": "", "at": "", "undoes": ""} | ({"act": ""} if kind == "grouping" else {})  # fmt: skip
    known = [name, *texts]
    unknown = sorted(one.fields.keys() - set(known))
    if unknown:
        raise wrong(one.where, f"a {kind} must have known fields only", unknown[0], f"Known: {', '.join(known)}.")  # fmt: skip
    sets = one.fields.get(name, [])
    if sets and isinstance(sets, list) and all(isinstance(obs, str) for obs in sets):
        sets = [sets]
    fields = texts | {key: value for key, value in one.fields.items() if key != name}
    lists = isinstance(sets, list) and all(
        isinstance(part, list) and all(isinstance(obs, str) for obs in part) for part in sets
    )
    if not lists or not all(isinstance(value, str) for value in fields.values()):
        raise wrong(one.where, f"`{name}` must be ids in lists, and every other field text", one.fields.get(name), "See docs/reference/records.md.")  # fmt: skip
    return fields, sets


def _acts(mission: Mission, written: list[Written], author: str, made: Entered) -> list[tuple[str, Kind]]:
    held = {(word_of(one.body), ident): one.body for one in mission.entries() if (ident := _id_of(one.body))}
    held |= {("fact", body.fact_id): body for _, body in facts.told(mission)}
    known = _Known(mission)
    acts = []
    for one in written:
        body = _decoded(one, _filled(mission, one))
        ident = _id_of(body)
        earlier = held.get((one.kind, ident)) if ident else None
        if earlier is not None and _same(earlier, body, one):
            made.duplicates += 1
            continue
        if earlier is not None:
            raise _taken(one, ident)
        known.judge(one.where, body)
        if ident:
            held[one.kind, ident] = body
            made.ids.append(ident)
        if isinstance(body, Notice):
            known.notices[body.notice_id] = body
        acts.append((one.author or _author(mission, body) or author or "registrar", body))
    return acts


def _filled(mission: Mission, one: Written) -> dict[str, Any]:
    """The fields, with what the mission knows: the time, all parties, the digest of a notice."""
    fields = dict(one.fields)
    for name, kind in _SAID.items():
        if kind.__name__.lower() == one.kind:
            fields.setdefault(name, iso(mission.clock_ms()))
    if one.kind == "notice":
        fields.setdefault("to", [party.id for party in mission.genesis.parties])
        digest = hashlib.sha256(str(fields.get("content", "")).encode()).hexdigest()
        if fields.setdefault("content_digest", digest) != digest:
            raise wrong(
                one.where,
                "content_digest must be the SHA-256 of content",
                fields["content_digest"],
                "Leave it out.",
            )
    return fields


def _decoded(one: Written, fields: dict[str, Any]) -> Kind:
    try:
        return decode(one.kind, fields)
    except RecordError as problem:
        raise RecordError(problem.code, problem.rule, where=one.where, value=problem.value, remedy="docs/reference/records.md lists the fields.") from problem  # fmt: skip


def _same(earlier: Kind, body: Kind, one: Written) -> bool:
    """Whether a record says again what stands; a time that was not written is the time of the first."""
    for name, kind in _SAID.items():
        if isinstance(body, kind) and name not in one.fields:
            body = decode(one.kind, one.fields | _plain(body) | {name: getattr(earlier, name)})
    return earlier == body


def _plain(body: Kind) -> dict[str, Any]:
    return {name: getattr(body, name) for name in body.__struct_fields__}


def _id_of(body: Kind) -> str:
    names = body.__struct_fields__
    return str(getattr(body, names[0])) if names and names[0] == f"{word_of(body)}_id" else ""


def _author(mission: Mission, body: Kind) -> str:
    """Who signs a record unless it says otherwise: whoever it speaks for."""
    match body:
        case Reply() | Consent():
            return body.party
        case Complaint():
            return body.by
        case Review():
            return body.reviewer_role
        case Correction():
            return body.by_role
        case Decision():
            return "commission"
        case _:
            return ""


def _taken(one: Written, ident: str) -> UsageError:
    return UsageError(
        "MIS-113", f"an id must name one {one.kind.replace('_', ' ')}, and this one stands with other words", where=one.where,
        value=ident, remedy="Choose another id; what is on the log is never rewritten.",
    )  # fmt: skip


class _Known:
    """What a record may refer to."""

    def __init__(self, mission: Mission) -> None:
        genesis = mission.genesis
        self.parties = [party.id for party in genesis.parties]
        self.speakers = [*self.parties, *(actor.id for actor in genesis.actors)]
        self.mission = mission
        self.now_ms = mission.clock_ms()
        self.sides = ["", *self.parties, *(one.id for one in genesis.alignments)]
        self.notices = {body.notice_id: body for _, body in mission.of(Notice)}
        self.findings = _column(mission, "findings", "finding_id", Findings)
        self.incidents = _column(mission, "incidents", "incident_id", Incidents)

    def judge(self, where: str, body: Kind) -> None:
        """Raises UsageError MIS-112 at the first field that cannot stand."""
        for name in _TIMES if not isinstance(body, Fact) else ():
            value = getattr(body, name, "")
            if value:
                _time(where, name, value)
        match body:
            case Complaint():
                one_of(where, "by", body.by, self.speakers)
                one_of(where, "about", body.about, self.sides)
            case Consent():
                one_of(where, "party", body.party, self.parties)
            case Decision():
                short = mechanism.short_of_quorum(self.mission, body.votes, self.now_ms)
                if short:
                    raise UsageError(
                        "MIS-195", "a decision needs the quorum of the agreed mechanism", where=where, value=short,
                        remedy="`truceline mechanism status` shows what is agreed.",
                    )  # fmt: skip
            case Fact():
                for name in ("at", "until"):
                    if getattr(body, name):
                        _day_or_time(where, name, getattr(body, name))
                self._fact(where, body)
            case Notice():
                if sorted(body.to) != sorted(self.parties):
                    raise wrong(
                        where, "a notice must go to all parties alike", list(body.to), "Leave `to` out."
                    )
            case Reply():
                one_of(where, "party", body.party, self.parties)
                one_of(where, "position", body.position, POSITIONS)
                if body.to not in self.findings and body.to not in self.incidents:
                    one_of(where, "to", body.to, self.notices)
            case Review():
                one_of(where, "word", body.word, REVIEW_WORDS)
                one_of(where, "finding_id", body.finding_id, self.findings)
            case _:
                stance = getattr(body, "stance", None)
                if stance is not None:
                    one_of(where, "stance", stance, _STANCES)

    def _fact(self, where: str, body: Fact) -> None:
        one_of(where, "fact", body.fact, FACT_KINDS)
        one_of(where, "stance", body.stance, ("report", "denial"))
        for name in ("by", "to"):
            one_of(where, name, getattr(body, name), self.sides + self.speakers)
        one_of(where, "told_by", body.told_by, ("", *self.speakers))
        one_of(where, "weapon", body.weapon, ("", *WEAPONS))
        if not body.at:
            raise wrong(where, "a fact must say when it happened", None, "Add `at`.")
        if earliest_ms(body.at) > self.now_ms:
            raise UsageError(
                "MIS-194", "a fact must lie in the past", where=where, value=body.at,
                remedy="What is still to come is a step of the plan or a notice; record it when it has happened.",
            )  # fmt: skip
        if body.until and latest_ms(body.until) < earliest_ms(body.at):
            raise wrong(where, "a fact must end after it begins", body.until, "Swap or correct the times.")
        for name in ("count", "calibre_um", "distance_m"):
            number = getattr(body, name)
            if number is not None and not 0 <= number < 2**31:
                raise wrong(where, f"{name} must be a whole number, 0 or more", number)
        if body.fact in COUNTED and body.count is None:
            raise wrong(where, f"a fact of kind {body.fact} must have a count", None, "Add `count`.")
        if body.sealed:
            raise wrong(where, "what is sealed is not written by hand", body.sealed, "Leave `sealed` out.")


def _time(where: str, name: str, value: str) -> None:
    if name in _EXACT:
        moment_ms(where, name, value)
    else:
        _day_or_time(where, name, value)


def _day_or_time(where: str, name: str, value: str) -> None:
    if len(value) == 10:
        try:
            dt.date.fromisoformat(value)
        except ValueError:
            raise wrong(where, f"{name} must be a date or a time with its offset", value) from None
        return
    moment_ms(where, name, value)


def _column(mission: Mission, view: str, name: str, kind: type[Incidents] | type[Findings]) -> frozenset[str]:
    path = mission.root / "views" / f"{view}.parquet"
    if not mission.of(kind) or not is_whole(path):
        return frozenset()
    return frozenset(read_table(path, [name])[name].to_pylist())
