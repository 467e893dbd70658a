"""The kinds of record that the log can hold: their bodies, one struct a kind.

The log treats a kind as an opaque word; here is what it means. A body is plain JSON without floats; `encode` and
`decode` are exact inverses, and `decode` refuses unknown fields. Readers upcast old versions in `decode`.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from truceline.errors import RecordError
from truceline.records.parties import Actor, Alignment, Party

KINDS_VERSION: Final = 1


class Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of all bodies; the kind is the lower-case word registered in `KINDS`."""


class Source(Kind, frozen=True):
    """Where a fact that is not ours comes from."""

    url: str = ""
    title: str = ""
    publisher: str = ""
    published: str = ""  # ISO date or time as published
    confidence: str = ""  # "seen", "general knowledge"


class Genesis(Kind, frozen=True):
    """First entry: who, which keys, which settings."""

    name: str
    exercise: bool
    parties: tuple[Party, ...]
    alignments: tuple[Alignment, ...]
    actors: tuple[Actor, ...]
    keys: dict[str, str]  # role or author -> verifier key line
    settings: dict[str, str | int | bool]
    # reporting_cutoff "19:30", reporting_zone "Europe/Kyiv", disclosure_delay_ms, batch_size, ...
    geometry: str = ""  # digest of the blob with line, sectors, places and terrain as GeoJSON
    posts: str = ""  # digest of the sealed file with the features that never leave the mission
    succeeds: tuple[str, ...] = ()  # checkpoints of the log that this one continues, as others held them
    policies: dict[
        str, str
    ] = {}  # receipt, final: whose cosignatures make a checkpoint good (c2sp.org/tlog-policy)


class Settings(Kind, frozen=True):
    """What operator and commission change of what the genesis entry says; what is not named stays."""

    settings: dict[
        str, str | int | bool
    ] = {}  # disclosure_delay_ms, batch_size, commit_cadence_ms, publish_sides
    policies: dict[str, str] = {}  # receipt, final: their new texts
    reason: str = ""


class Key(Kind, frozen=True):
    """Enrolment, rotation or revocation of a key."""

    act: str  # enrol, rotate, revoke
    author: str
    vkey: str
    role: str = ""
    reason: str = ""
    pseudonyms: str = (
        ""  # of an observer, inside a sealed payload: the secret of its pseudonyms, 32 bytes in hex
    )


class Refusal(Kind, frozen=True):
    """One submission that its authors signed and the log refused."""

    digest: str  # SHA-256 of the note as it came
    author: str
    code: str  # the error that refused it


class Refused(Kind, frozen=True):
    """What the log refused since its last entry of this kind, signed by the log itself."""

    refused: tuple[Refusal, ...]
    unsigned: int = 0  # submissions in the same batch that nobody had signed


class Import(Kind, frozen=True):
    """One file or batch of a feed: what came and what was made of it."""

    digest: str
    bytes: int
    format: str
    format_version: int
    mapping_digest: str
    rows: int
    accepted: int
    duplicates: int
    superseded: int
    rejected: int
    rejected_digest: str
    row_root: str
    sealed: bool
    stored: str  # digest of the bytes as they stand: the blob, or the ciphertext of a sealed original
    name: str = ""
    rejected_stored: str = ""  # digest of the rejected rows' file as it stands
    settings: dict[
        str, str
    ] = {}  # what the parser was told besides the mapping, e.g. {"zone": "Europe/Kyiv"}


class Commitments(Kind, frozen=True):
    """A batch of sealed records: one 32-byte commitment each, padded with dummies to a fixed number."""

    commitments: tuple[str, ...]
    payloads_digest: str


class Disclosure(Kind, frozen=True):
    """Disclosed rows opened to all parties at once; the rows stand in the blob."""

    of: str  # entry id of the import, commitments or incidents entry
    blob: str
    rows: int
    root: str


class Custody(Kind, frozen=True):
    """One step in the custody of evidence: who had it, what was done, who has it now."""

    of: str  # entry id of the import or commitments entry
    action: str  # received, copied, opened, handed_over, returned, exported, sealed, destroyed
    by: str
    to: str = ""
    note: str = ""
    records: tuple[int, ...] = ()  # of a batch: which; all when empty


class Shred(Kind, frozen=True):
    """Keys and salts of sealed evidence deleted for ever; two people sign. What it was stays committed to.

    Which records it was is sealed as well: in the open it would link the commitments of one source.
    """

    reason: str
    sealed: str  # digest of the sealed file: {entry id of the import or batch: [numbers of records; all when empty]}
    closed: tuple[str, ...] = ()  # digests of the ciphertexts that nothing opens any more


class Anchor(Kind, frozen=True):
    """A time stamp of somebody else (RFC 3161) over a checkpoint: it stood no later than that."""

    size: int
    root: str
    checkpoint: str  # digest of the blob with the note that was stamped
    response: str  # digest of the blob with the authority's answer
    stamped: str  # time in the answer


class Audit(Kind, frozen=True):
    """What the agreed auditor found, who opened everything that is sealed and recomputed what was computed from it."""

    size: int  # the log that was audited
    root: str
    replayed: bool  # everything came out as logged
    problems: tuple[str, ...] = ()  # codes of what was wrong
    method: str = ""  # program and version


class Observation(Kind, frozen=True):
    """A record of one observer, inside a sealed payload: a row of the columnar schema (`columns.OBSERVATIONS`)."""

    row: dict[str, str | int | bool]
    duress: str = (
        ""  # "1": said under force; "0": not; as long as each other. "" in records of older versions
    )
    media: tuple[str, ...] = ()  # SHA-256 of the original bytes of photos and voice notes
    capture: dict[
        str, str | int | bool
    ] = {}  # how a device took it: clock, place, confidence (docs/reference/field.md)


class Watch(Kind, frozen=True):
    """Who watched where and when; a row of `columns.WATCHES`, inside a sealed payload."""

    row: dict[str, str | int | bool]
    duress: str = ""  # as of an observation
    capture: dict[str, str | int | bool] = {}


class Clock(Kind, frozen=True):
    """How far a device's clock was off when it met the mission's again, inside a sealed payload, signed by the device.

    Times of its records from `since_seq` on, before this one, may be wrong by up to that.
    """

    since_seq: int
    off_ms: int  # the mission's clock minus the device's, as the device had corrected it until then


class Complaint(Kind, frozen=True):
    """Lodged by a party with the mission."""

    complaint_id: str
    by: str
    about: str  # party or alignment accused; "" where nobody is
    claim: str
    occurred_from: str
    occurred_to: str
    place: str = ""
    source: Source = Source()


class Statement(Kind, frozen=True):
    """What was said, by whom, reported by whom, how firmly, about what."""

    statement_id: str
    speaker: str  # public office-holder or office
    on_behalf_of: str  # actor or party id
    reported_by: str
    said_from: str  # ISO 8601 with offset, or a date
    said_to: str
    restatement: str  # in the project's own words, non-authoritative
    hedged: bool = False
    act: str = "states"  # states, proposes, appeals, claims, denies, accuses, rejects, offers, accepts
    reiterates: tuple[str, ...] = ()
    rejects: tuple[str, ...] = ()
    article: str = ""
    accused: str = ""
    cameo: str = ""
    source: Source = Source()


class Signal(Kind, frozen=True):
    """A call or message between capitals, from the public record: who called whom and what each side read out."""

    signal_id: str
    from_actor: str
    to_actor: str
    channel: str
    held_from: str
    held_to: str
    reported_by: str
    content: str
    readouts: dict[str, str] = {}  # actor -> statement_id
    confirmed: str = "unknown"
    mirrors: str = ""  # the signal_id to the other side that is said to carry the same content
    source: Source = Source()
    released: str = ""  # sealed_id under which it was kept until its release


class SealedSignal(Kind, frozen=True):
    """A private call, in the mediators' compartment: the log holds that there is one, and nothing of it."""

    sealed_id: str
    sealed: str  # digest of the sealed file that says it


class Appeal(Kind, frozen=True):
    """A call on the parties to stop, marked on the timeline without causal claim."""

    appeal_id: str
    by: tuple[str, ...]
    to: tuple[str, ...]
    made: str
    effective: str
    restatement: str
    source: Source = Source()


class Stance(Kind, frozen=True):
    """A party's stand on a proposal: offered, accepted, rejected, silent."""

    proposal: str
    about: str  # composition, mandate, access, quorum, ...
    party: str
    stance: str  # offered, accepted, rejected, conditional, silent
    statement_id: str = ""
    at: str = ""


class Proposal(Kind, frozen=True):
    """What somebody proposes about the mechanism: whose observers, with what mandate, access and quorum."""

    proposal_id: str
    about: str  # principle, composition, mandate, access, quorum
    by: str
    terms: dict[str, list[str] | int | bool]  # what it would set once all parties accept it
    restatement: str  # in the project's own words, non-authoritative
    made: str
    source: Source = Source()


class AgreedText(Kind, frozen=True):
    """A text that the parties agreed; its articles are statements that accept `text_id/number`."""

    text_id: str
    title: str
    in_force_from: str  # ISO 8601 with offset
    zone_note: str = ""  # how the zone of that time is known
    source: Source = Source()


class Passage(Kind, frozen=True):
    """One sentence of a document that asks something of a mission, restated, and the records that carry it."""

    passage_id: str
    number: int  # place in the document, from 1
    restatement: str  # in the project's own words, non-authoritative
    carried_by: tuple[str, ...]  # names of records: statement_id, signal_id, ...
    screen: str = ""  # where the product shows it
    command: str = ""  # what to type to see it
    source: Source = Source()


class Notice(Kind, frozen=True):
    """One notice to all parties: same content hash, same release time."""

    notice_id: str
    to: tuple[str, ...]
    content: str
    content_digest: str
    released: str
    answer_by: str = ""
    urgent: bool = False
    about: tuple[str, ...] = ()


class Reply(Kind, frozen=True):
    """A party's answer to a notice, or its dissent from a finding."""

    reply_id: str
    to: str
    party: str
    position: str  # accepts, contests, partly, informs
    text: str
    replied: str
    counter_observations: tuple[str, ...] = ()
    sealed: str = ""  # of a confidential reply: digest of the sealed file with its text, which is empty here


class Receipt(Kind, frozen=True):
    """A party has a notice before it; it repeats the digest, so that all can see that all got the same."""

    receipt_id: str
    notice_id: str
    party: str
    content_digest: str
    received: str


class Escalation(Kind, frozen=True):
    """A notice whose clock ran out, taken to the next who can act on it."""

    escalation_id: str
    notice_id: str
    level: int  # 1 the first
    to: str  # commission, or an actor of the mission
    because: str
    at: str


class Grouping(Kind, frozen=True):
    """What an officer decided about which observations belong together; fusion obeys it from then on.

    Which observations it was is sealed: in the open it would link the reports of one source.
    """

    grouping_id: str
    act: str  # merge, split, undo
    sealed: str  # digest of the sealed file: {"sets": [[obs_id, ...], ...], "reason": ...}
    by_role: str
    at: str
    undoes: str = ""  # of an undo: the grouping_id that holds no longer


class Withdrawal(Kind, frozen=True):
    """Observations that no longer stand: their source took them back, or they were never made. They stay on the log.

    Which ones and why is sealed. A newer version of one that comes afterwards stands again.
    """

    withdrawal_id: str
    sealed: str  # digest of the sealed file: {"sets": [[obs_id, ...]], "reason": ...}
    by_role: str
    at: str
    undoes: str = ""  # the withdrawal_id that holds no longer; then `sets` is empty


class Consent(Kind, frozen=True):
    """Given or withdrawn by a party for a task; nothing starts without it."""

    consent_id: str
    party: str
    task: str
    given: bool
    from_time: str
    until_time: str = ""
    conditions: str = ""


class Assignment(Kind, frozen=True):
    """A team put on the roster with the consent of every party; who, where and with what stay sealed."""

    assignment_id: str
    sealed: str  # digest of the sealed file that says it
    from_time: str
    until_time: str = ""


class Fact(Kind, frozen=True):
    """What was done, reported, counted or refused, that articles and the plan wait for.

    Whose word it is follows from who signs it or, where somebody else's word is written down, from `told_by`. What could
    be exploited (counts of forces, movements, visits) stands in a sealed file, and then all but the id is empty here.
    """

    fact_id: str
    fact: str = ""  # one of codes.FACT_KINDS
    at: str = ""  # when it happened
    until: str = ""
    subject: str = ""
    by: str = ""  # party or alignment that did it
    to: str = ""
    count: int | None = None
    weapon: str = ""
    calibre_um: int | None = None
    distance_m: int | None = None  # from the line that the article names
    stance: str = "report"  # report, denial
    told_by: str = ""  # party or actor whose word it is; the signer's where empty
    note: str = ""
    source: Source = Source()
    sealed: str = ""  # digest of the sealed file that says it


class Review(Kind, frozen=True):
    """One person's reading of one finding; 'verified' needs two."""

    review_id: str
    finding_id: str
    reviewer_role: str
    word: str  # verified, refuted, unverifiable, needs_more
    reason: str
    reviewed: str


class Decision(Kind, frozen=True):
    """What the joint commission decided, with votes and dissent."""

    decision_id: str
    about: str
    outcome: str
    votes: dict[str, str]
    dissent: dict[str, str] = {}
    decided: str = ""
    meeting: str = ""  # meeting_id
    agreed: str = ""  # what nobody contests
    disputed: str = ""  # what stays contested
    perceptions: dict[str, str] = {}  # party -> how it sees it, side by side and not resolved
    path: str = ""  # of a deadlock: who takes it up next, and by when


class Meeting(Kind, frozen=True):
    """A sitting of the joint commission: when, what is on its agenda, who is there, and how many it takes."""

    meeting_id: str
    held: str
    agenda: tuple[str, ...]  # findings, notices, or items in words
    present: dict[str, int] = {}  # party or actor -> members there
    quorum: int = 0  # parties that must be there
    place: str = ""


class PlanStep(Kind, frozen=True):
    """A step of the plan, or an act about one; every other state of a step is computed from these."""

    step_id: str
    title: str
    object: str
    owner: str
    state: str  # an act: begun, reported, verified, disputed, retracted, lapsed, restored; new terms: amended; a step as agreed or recalled: waiting, open, not_agreed
    deadline: str = ""
    preconditions: tuple[str, ...] = ()
    while_holds: tuple[str, ...] = ()
    because: str = ""
    at: str = ""  # when it took place, or since when new terms hold
    source: Source = Source()
    evidence: tuple[str, ...] = ()  # ids of records or digests that show it


class AgreementVersion(Kind, frozen=True):
    """The agreement folder in force from now on, by digest of its blob."""

    agreement_id: str
    version: str
    blob: str
    title: str
    in_force_from: str = ""
    source: Source = Source()


class Parameters(Kind, frozen=True):
    """Learned parameters of a method, as integers."""

    method: str
    version: int
    values: dict[str, int]


class Incidents(Kind, frozen=True):
    """Result of `fuse`: what it was computed from, and the digest of the canonical result."""

    inputs: int  # log size it was computed from
    as_of: str
    parameters: str  # entry id
    method: str
    observations: int
    incidents: int
    result: str  # SHA-256 over canonical incidents
    disclosed: str  # digest of the blob with the disclosed rows


class Findings(Kind, frozen=True):
    """Result of `assess`."""

    incidents: str  # entry id of the incidents entry
    agreement: str  # entry id of the agreement version
    as_of: str
    findings: int
    result: str


class Report(Kind, frozen=True):
    """A published report of one reporting day and the digest of its figures."""

    date: str
    findings: str
    figures: str  # SHA-256 over canonical figures
    files: dict[str, str]  # name -> digest
    checkpoint_size: int
    as_of: str


class Correction(Kind, frozen=True):
    """A published figure or finding that turned out wrong, corrected in public."""

    correction_id: str
    of: str
    was: str
    now: str
    reason: str
    by_role: str
    at: str


KINDS: Final[dict[str, type[Kind]]] = {
    "genesis": Genesis, "settings": Settings, "key": Key, "refused": Refused, "import": Import, "commitments": Commitments, "disclosure": Disclosure,
    "custody": Custody, "shred": Shred, "audit": Audit, "anchor": Anchor,
    "observation": Observation, "watch": Watch, "clock": Clock, "complaint": Complaint, "statement": Statement, "signal": Signal,
    "appeal": Appeal, "stance": Stance, "notice": Notice, "reply": Reply, "consent": Consent, "review": Review,
    "decision": Decision, "plan_step": PlanStep, "agreement": AgreementVersion, "parameters": Parameters,
    "incidents": Incidents, "findings": Findings, "report": Report, "correction": Correction, "agreed_text": AgreedText,
    "passage": Passage, "proposal": Proposal, "assignment": Assignment, "sealed_signal": SealedSignal, "receipt": Receipt,
    "escalation": Escalation, "grouping": Grouping, "withdrawal": Withdrawal, "meeting": Meeting,
    "fact": Fact,
}  # fmt: skip
_WORDS: Final = {struct: word for word, struct in KINDS.items()}


def kind_word(kind: type[Any]) -> str:
    """The kind word of a type of body."""
    return _WORDS[kind]


def word_of(body: Kind) -> str:
    """The kind word of a body."""
    return kind_word(type(body))


def encode(body: Kind) -> dict[str, Any]:
    """A body as plain JSON."""
    plain: dict[str, Any] = msgspec.to_builtins(body)
    return plain


def decode(kind: str, plain: dict[str, Any]) -> Kind:
    """The body of `kind`.

    Raises:
        RecordError: REC-010 an unknown kind, REC-011 a body that does not fit it.
    """
    struct = KINDS.get(kind)
    if struct is None:
        raise RecordError(
            "REC-010", "the kind must be known", value=kind, remedy=f"Known: {', '.join(sorted(KINDS))}."
        )
    try:
        return msgspec.convert(plain, struct)
    except msgspec.ValidationError as problem:
        raise RecordError(
            "REC-011",
            f"the body must fit kind {kind}",
            value=str(problem),
            remedy="Correct the fields named.",
        ) from problem
